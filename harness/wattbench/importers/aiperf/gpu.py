"""Read ``gpu_telemetry_export.jsonl``: AIPerf's readings of GPUs, a line per GPU and moment (`TelemetryRecord`).

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
from wattbench.importers.files import mapping, read_objects, text
from wattbench.importers.imported import ImportDraft
from wattbench.importers.telemetry import Telemetry
from wattbench.meters.base import COUNTER, INTEGRATED, Reading
from wattbench.records.rows.components import at_host
from wattbench.records.rows.schema import LARGEST_NUMBER

READINGS = "gpu_telemetry_export.jsonl"

POWER = ("nvidia_power_usage", "gpu_power_usage", "amd_power")
ENERGY = ("nvidia_energy_consumption", "energy_consumption", "amd_energy_consumption")
TEMPERATURE = ("nvidia_temperature", "gpu_temperature", "amd_temperature")
LIMIT = ("power_management_limit", "nvidia_power_limit")
HEAT_LIMITED = "thermal_violation"
"""A count that advances while a GPU is slowed down by heat."""

MEGAJOULE_J = 1e6
NVML_STEP_S = 0.1
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
        step_s[component] = NVML_STEP_S if collector.startswith("pynvml") else _step_s(component, of_component)
        limit_w = next((limit for _, figures, _ in rows if (limit := _figure(figures, LIMIT)) is not None), None)
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
    heat = [_figure(figures, (HEAT_LIMITED,)) for _, figures, _ in rows]
    slowed = [before is not None and after is not None and after > before for before, after in itertools.pairwise(heat)]
    for (where, figures, at_s), hot in zip(rows, [False, *slowed], strict=True):
        power_w = number(_figure(figures, POWER), "power", where)
        energy_mj = number(_figure(figures, ENERGY), "energy", where)
        heat_c = _figure(figures, TEMPERATURE)
        gap = not power_w and not energy_mj
        readings.append(
            Reading(
                at_s=at_s,
                energy_j={component: energy_mj * MEGAJOULE_J} if energy_mj else {},
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
    return max(NVML_STEP_S, round(statistics.median(apart_s), 3)) if apart_s else NVML_STEP_S


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
