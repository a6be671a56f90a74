"""Read AIPerf's totals (``profile_export_aiperf.json``): the model, the servers, how requests were sent, and figures.

Traps: settings are in two layouts: sections ``endpoint`` and ``loadgen`` (to 0.11), and ``models``, ``endpoint`` and a
list of ``phases`` (0.12 and later); they hold a key; a figure that is a sum is under ``avg``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.importers.fields import at, section
from wattbench.importers.files import mapping, without_credentials
from wattbench.importers.imported import ImportDraft
from wattbench.importers.stated import Total, is_figure, statistic
from wattbench.records.rows.summaries import FIGURES

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
