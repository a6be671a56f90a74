"""Read AIPerf's totals (``profile_export_aiperf.json``): the model, the servers, how requests were sent, and figures.

Traps: settings are in two layouts: sections ``endpoint`` and ``loadgen`` (to 0.11), and ``models``, ``endpoint`` and a
list of ``phases`` (0.12 and later); they hold a key; a figure that is a sum is under ``avg``.

Read ``gpu_telemetry_export.jsonl``: AIPerf's readings of GPUs, a line per GPU and moment (`TelemetryRecord`).

AIPerf reads every 0.33 s, from a DCGM exporter or (since 0.12) from the drivers themselves. Energies are in megajoules.
Its own totals take the mean of the power readings, and of the counter the difference between the readings around the
profile, however short that is: they are kept as what AIPerf states, and joules come from the readings.
"""

from __future__ import annotations

import itertools
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattbench.errors import UserError
from wattbench.importers.answer import number
from wattbench.importers.fields import at, section
from wattbench.importers.files import mapping, read_objects, text, without_credentials
from wattbench.importers.imported import ImportDraft
from wattbench.importers.stated import Total, is_figure, statistic
from wattbench.importers.telemetry import Telemetry
from wattbench.meters.base import COUNTER, INTEGRATED, Reading
from wattbench.records.rows.components import at_host
from wattbench.records.rows.schema import LARGEST_NUMBER
from wattbench.records.rows.summaries import FIGURES

READINGS = "gpu_telemetry_export.jsonl"

_POWER = ("nvidia_power_usage", "gpu_power_usage", "amd_power")
_ENERGY = ("nvidia_energy_consumption", "energy_consumption", "amd_energy_consumption")
_TEMPERATURE = ("nvidia_temperature", "gpu_temperature", "amd_temperature")
_LIMIT = ("power_management_limit", "nvidia_power_limit")
_HEAT_LIMITED = "thermal_violation"
"""A count that advances while a GPU is slowed down by heat."""

_MEGAJOULE_J = 1e6
_NVML_STEP_S = 0.1
"""How often NVML's counter advances; see `wattbench.meters.windows.thresholds`."""

_HERE = "localhost"
_NAMES_OF_HERE = ("", "localhost", "::1", "0.0.0.0")  # noqa: S104 - read, never listened on


@dataclass
class _Gpu:
    name: str
    host: str
    index: int
    readings: dict[str, list[tuple[str, Mapping[str, Any], float]]] = field(default_factory=lambda: defaultdict(list))
    """Collector to its readings: where, figures, and when."""

    @property
    def count(self) -> int:
        return sum(map(len, self.readings.values()))


def add_gpus(draft: ImportDraft, system: str, path: Path, servers: Sequence[str], version: str) -> None:
    """Record the GPUs of a profile's servers and their readings, if there is a file of them.

    GPUs of machines that did not answer are the client's: their joules are not the servers'.

    Args:
        draft: where they go.
        system: whose they are.
        path: of the readings.
        servers: addresses of the servers that answered.
        version: AIPerf's, for the record.

    Raises:
        UserError: a line is damaged.
    """
    gpus = _by_uuid(path) if path.is_file() else {}
    if not gpus:
        return
    answering = {_host(server) for server in servers} or {_HERE}
    unread = sorted(answering - {gpu.host for gpu in gpus.values()})
    if not unread:
        others = [gpu for gpu in gpus.values() if gpu.host not in answering]
        draft.left_out["readings of GPUs that are not the servers'"] += sum(gpu.count for gpu in others)
        gpus = {uuid: gpu for uuid, gpu in gpus.items() if gpu.host in answering}
    known = _by_component(gpus)
    readings: list[Reading] = []
    machine: list[dict[str, Any]] = []
    provenance: dict[str, str] = {}
    step_s: dict[str, float] = {}
    limits_w: dict[str, float] = {}
    collectors: dict[str, None] = {}
    for component, (uuid, gpu) in known.items():
        collector, rows = max(gpu.readings.items(), key=lambda pair: len(pair[1]))
        draft.left_out["readings of a GPU that another collector read too"] += gpu.count - len(rows)
        rows = sorted(rows, key=lambda row: row[2])
        of_component = _readings(component, rows)
        readings += of_component
        counted = any(component in reading.energy_j for reading in of_component)
        provenance[component] = COUNTER if counted else INTEGRATED
        step_s[component] = _NVML_STEP_S if collector.startswith("pynvml") else _step_s(component, of_component)
        limit_w = next((limit for _, figures, _ in rows if (limit := _figure(figures, _LIMIT)) is not None), None)
        machine.append({"name": gpu.name, "uuid": uuid} | ({} if limit_w is None else {"power_limit_w": limit_w}))
        limits_w |= {component: limit_w} if limit_w else {}
        scheme = collector.partition("://")[0]
        collectors["DCGM exporter" if scheme in ("http", "https") else scheme] = None
    several = f"all {len(known)} GPUs that AIPerf read are counted: which of them answered is not recorded"
    draft.telemetry[system] = Telemetry(
        readings=readings,
        provenance=provenance,
        step_s=step_s,
        read_by=f"AIPerf {version}, {', '.join(collectors)}".replace("  ", " "),
        limits_w=limits_w,
        distrusted={component: _why_not_theirs(gpu, unread) for component, (_, gpu) in known.items() if unread},
        remarks=(several,) if len(known) > 1 else (),
    )
    draft.machines[system] = {} if unread else {"gpus": machine}


def _by_component(gpus: Mapping[str, _Gpu]) -> dict[str, tuple[str, _Gpu]]:
    """Name each GPU: ``gpu0``, with its host where there are several."""
    ordered = sorted(gpus.items(), key=lambda pair: (pair[1].host, pair[1].index, pair[0]))
    several = len({gpu.host for gpu in gpus.values()}) > 1
    unique = len({(gpu.host, gpu.index) for gpu in gpus.values()}) == len(gpus)
    return {
        at_host(f"gpu{gpu.index if unique else number}", gpu.host if several else None): (uuid, gpu)
        for number, (uuid, gpu) in enumerate(ordered)
    }


def _why_not_theirs(gpu: _Gpu, servers: Sequence[str]) -> str:
    return f"read on {gpu.host}, and {', '.join(servers)} answered: what a client draws is not what a server draws"


def _by_uuid(path: Path) -> dict[str, _Gpu]:
    gpus: dict[str, _Gpu] = {}
    for where, record in read_objects(path):
        uuid, index = text(record.get("gpu_uuid")), record.get("gpu_index")
        nanoseconds = number(record.get("timestamp_ns"), "timestamp_ns", where, most=1e27)
        if not uuid or not isinstance(index, int) or isinstance(index, bool) or nanoseconds is None:
            raise UserError(f"{where}: no gpu_uuid, gpu_index and timestamp_ns; this is not a reading of AIPerf")
        collector = text(record.get("telemetry_source_url")) or text(record.get("dcgm_url"))
        gpu = gpus.setdefault(uuid, _Gpu(text(record.get("gpu_model_name")), _host(collector), index))
        gpu.readings[collector].append((where, mapping(record.get("telemetry_data")), nanoseconds / 1e9))
    return gpus


def _readings(component: str, rows: Sequence[tuple[str, Mapping[str, Any], float]]) -> list[Reading]:
    """Return the readings of a GPU. Zero watts and missing figures are gaps."""
    readings = []
    heat = [_figure(figures, (_HEAT_LIMITED,)) for _, figures, _ in rows]
    slowed = [before is not None and after is not None and after > before for before, after in itertools.pairwise(heat)]
    for (where, figures, at_s), hot in zip(rows, [False, *slowed], strict=True):
        power_w = number(_figure(figures, _POWER), "power", where)
        energy_mj = number(_figure(figures, _ENERGY), "energy", where)
        heat_c = _figure(figures, _TEMPERATURE)
        gap = not power_w and not energy_mj
        readings.append(
            Reading(
                at_s=at_s,
                energy_j={component: energy_mj * _MEGAJOULE_J} if energy_mj else {},
                power_w={component: power_w} if power_w else {},
                temperature_c={component: heat_c} if heat_c else {},
                notes=frozenset({f"{component}: throttled (thermal)"} if hot else ()),
                gaps={component: "the collector gave no figure, or 0"} if gap else {},
            )
        )
    return readings


def _step_s(component: str, readings: Sequence[Reading]) -> float:
    """Return the seconds between two changes of a figure: an exporter repeats a reading until the next one."""
    figures = [
        (reading.at_s, reading.energy_j.get(component, reading.power_w.get(component, 0.0))) for reading in readings
    ]
    changes_s = [at_s for (_, before), (at_s, after) in itertools.pairwise(figures) if after != before]
    apart_s = [after - before for before, after in itertools.pairwise(changes_s)]
    return max(_NVML_STEP_S, round(statistics.median(apart_s), 3)) if apart_s else _NVML_STEP_S


def _figure(figures: Mapping[str, Any], names: Sequence[str]) -> float | None:
    for name in names:
        value = figures.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER:
            return float(value)
    return None


def _host(address: str) -> str:
    """Return the host of an address; every name of this machine is ``localhost``."""
    try:
        host = urlsplit(address if "://" in address else f"http://{address}").hostname or ""
    except ValueError:
        return address
    return _HERE if host in _NAMES_OF_HERE or host.startswith("127.") else host


SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}
"""A unit of time, as AIPerf names it, in seconds."""
LOAD = {
    "concurrency": "concurrency",
    "prefill_concurrency": "prefill concurrency",
    "request_rate": "requests per second",
    "rate": "requests per second",
    "users": "users",
    "num_users": "users",
    "smoothness": "smoothness",
    "arrival_smoothness": "smoothness",
    "type": "arrivals",
    "arrival_pattern": "arrivals",
    "request_rate_mode": "arrivals",
    "concurrency_ramp": "concurrency ramp",
    "rate_ramp": "rate ramp",
    "rate_series": "rate series",
    "session_turn_delay": "delay between turns",
}
"""A setting of how requests are sent, as AIPerf names it, to its name in the record. Two profiles that differ in one of
them were measured under different loads."""
EARLIER_ARRIVALS = {"concurrency_burst": "concurrency"}
"""What earlier versions called the same."""
SENT = ("type", "streaming", "use_server_token_count", "use_legacy_max_tokens")
"""Settings of the endpoint that change what is sent or counted."""
FIGURES_OF_TAGS: Mapping[str, str] = {
    "request_latency": "latency",
    "time_to_first_token": "first_token",
    "inter_token_latency": "token",
    "inter_chunk_latency": "token_gap",
    "credit_to_start_latency": "schedule_delay",
    "benchmark_duration": "duration",
    "request_count": "requests",
    "error_request_count": "failed_requests",
    "request_throughput": "requests_per_s",
    "effective_concurrency": "in_flight",
    "input_sequence_length": "prompt_tokens",
    "output_sequence_length": "output_tokens",
    "input_token_throughput": "prompt_tokens_per_s",
    "output_token_throughput": "output_tokens_per_s",
    "total_token_throughput": "tokens_per_s",
    "nvidia_average_gpu_power": "power",
    "amd_average_gpu_power": "power",
    "nvidia_total_gpu_energy": "energy",
    "amd_total_gpu_energy": "energy",
}
"""AIPerf's tag to the figure that it is. All others keep their tag and unit."""
SUMS = ("benchmark_duration", "request_count", "error_request_count", "nvidia_total_gpu_energy", "amd_total_gpu_energy")
"""Tags whose one value, under ``avg``, is of all requests together."""
UNITS = {
    "requests/sec": ("requests/s", 1.0), "tokens/sec": ("tokens/s", 1.0), "tokens": ("tokens", 1.0),
    "requests": ("requests", 1.0), "J": ("J", 1.0), "kJ": ("J", 1e3), "MJ": ("J", 1e6), "W": ("W", 1.0),
    "kW": ("W", 1e3), **{name: ("s", scale) for name, scale in SECONDS.items()},
}  # fmt: skip
"""A unit of a total to ours, and by what its values are multiplied."""


def config_of(totals: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model, the servers and the settings of requests, from both layouts of the totals."""
    settings = section(totals, "input_config")
    endpoint = section(settings, "endpoint")
    items = at(settings, "models.items")
    models = [
        *_texts(endpoint.get("model_names")),
        *_texts([mapping(each).get("name") for each in (items if isinstance(items, list) else [])]),
    ]
    urls = [*_texts(endpoint.get("urls")), *_texts(endpoint.get("url"))]
    servers = [server for url in urls if (server := without_credentials(url)) is not None]
    extra = section(settings, "input").get("extra", endpoint.get("extra"))
    pairs = list(extra.items()) if isinstance(extra, Mapping) else extra if isinstance(extra, list) else []
    inputs = {f"input {pair[0]}": pair[1] for pair in pairs if isinstance(pair, list | tuple) and len(pair) == 2}
    return {
        "engine": "aiperf",
        "model": ", ".join(dict.fromkeys(models)),
        "base_url": ", ".join(dict.fromkeys(servers)),
        **{key: endpoint.get(key) for key in SENT},
        **inputs,
    }


def load_of(totals: Mapping[str, Any]) -> dict[str, Any]:
    """Return the load of the profiled phase; a list of loads where there are several phases."""
    settings = section(totals, "input_config")
    phases = settings.get("phases")
    every = [mapping(phase) for phase in (phases if isinstance(phases, list) else [])]
    profiled = [phase for phase in every if phase.get("kind", phase.get("name")) == "profiling"]
    loads = [_load(phase) for phase in profiled or [section(settings, "loadgen")]]
    return loads[0] if len(loads) == 1 else {"phases": loads}


def _load(phase: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: phase[key] for key, name in LOAD.items() if phase.get(key) is not None}
    return {
        name: EARLIER_ARRIVALS.get(value, value) if isinstance(value, str) else value
        for name, value in known.items()
        if not isinstance(value, bool)
    }


def _texts(value: Any) -> list[str]:
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [str(each) for each in given if each]


def add_totals(draft: ImportDraft, system: str, totals: Mapping[str, Any], where: str) -> None:
    """Add every figure in the totals of a profile.

    Raises:
        UserError: one is infinite, or beyond any machine's.
    """
    for tag, metric in totals.items():
        if not isinstance(metric, Mapping) or "unit" not in metric:
            continue
        stated = str(metric["unit"])
        unit, scale = UNITS.get(stated, (stated, 1.0))
        figure = FIGURES_OF_TAGS.get(tag)
        if figure is None or FIGURES[figure][1] != unit:
            figure, unit, scale = tag, *((unit, scale) if figure is None and unit == "s" else (stated, 1.0))
        for key, value in metric.items():
            which = "total" if tag in SUMS and key == "avg" else statistic(key)
            if which is not None and is_figure(value):
                source = f"{tag}.{key} ({stated})"
                draft.stated.add(
                    system, Total(figure, which, scale), value, source=source, where=where, unit=unit,
                    requests=metric.get("count"),
                )  # fmt: skip
