"""Read the results of LLenergyMeasure: joules, tokens and seconds of an experiment, and requests of its server mode.

An experiment's folder has ``result.json`` (`ExperimentResult`, of 0.7 and 0.8), ``timeseries.parquet`` where it was
asked for and, in server mode, ``requests.parquet``, which `parquet_files` reads. Joules are those of GPUs;
`energy_adjusted_j` is above their draw when idle. Which program read them, and its own warnings, are in the record.

Traps: a result may name a series at any path: only the file next to it is read; a window's result has the number of its
rate alone, which its configuration declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.fields import MS, at, kept, section
from wattbench.importers.files import head, mapping, read_object, text
from wattbench.importers.imported import AT_ONCE, RATE, Format, ImportDraft
from wattbench.importers.llenergymeasure.parquet_files import LOG, SERIES, answers_of_window, read_series
from wattbench.importers.stated import Total, Totals, is_figure

FILE = "result.json"
CONFIG = "config.json"
TRAFFIC = {"rate": RATE, "concurrency_cap": AT_ONCE, "arrival": "arrivals", "burstiness": "burstiness"}
"""A setting of how requests are sent, to its name in the record."""
USED = ("precision", "n", "dataset", "max_input_tokens", "max_output_tokens")
"""What is kept of a result's ``effective_config``."""
TOTALS = Totals(
    {
        "total_energy_j": Total("energy"),
        "total_inference_time_sec": Total("duration"),
        "input_tokens": Total("prompt_tokens"),
        "output_tokens": Total("output_tokens"),
        "latency_stats.ttft_*_ms": Total("first_token", scale=MS),
        "latency_stats.itl_*_ms": Total("token_gap", scale=MS),
    },
    units={
        "_j": "J", "_w": "W", "_sec": "s", "_ms": "ms", "_mb": "MB", "tokens": "tokens", "_per_second": "1/s",
        "_c": "C", "_pct": "%", "_samples": "samples",
    },
    settings=(
        "effective_config", "environment_snapshot", "environment", "schema_version", "bundle_version",
        "process_results", "steady_state_window", "runner_provenance", "session", "server",
    ),
)  # fmt: skip
HASHES = ("measurement_config_hash", "declared_config_hash")
"""One of them is in every result: of 0.8, and of 0.7."""


def _looks_like(source: Path) -> bool:
    path = source / FILE if source.is_dir() else source
    if path.suffix != ".json" or not path.is_file():
        return False
    start = head(path)
    named = all(f'"{key}"' in start for key in ("experiment_id", "total_energy_j"))
    return named and any(f'"{key}"' in start for key in HASHES)


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some results. Each experiment is a system."""
    warnings: list[str] = []
    unjudged: list[str] = []
    logs: dict[str, Path] = {}
    for path in (source / FILE if source.is_dir() else source for source in sources):
        draft.files.append(path)
        result = read_object(path)
        if not is_figure(result.get("total_energy_j")) or not any(key in result for key in HASHES):
            raise UserError(f"{path}: it has no total_energy_j; this is no result of LLenergyMeasure")
        system = _add_system(draft, result, path)
        said = result.get("measurement_warnings")
        warnings += [f"{system}: {text(each)[:300]}" for each in (said if isinstance(said, list) else [])[:20]]
        if at(result, "server.level_valid") is False:
            warnings.append(f"{system}: its level is not valid ({text(at(result, 'server.invalid_reason'))[:300]})")
        if (log := path.with_name(LOG)).is_file():
            draft.files.append(log)
            logs[system] = log
        if (series := path.with_name(SERIES)).is_file():
            draft.files.append(series)
            unjudged += _add_series(draft, system, result, series)
        elif result.get("timeseries") is not None:
            draft.left_out[f"series of power that the result names, and that are not next to it ({SERIES})"] += 1
        processes = result.get("process_results")
        draft.left_out["results of single processes, which the experiment's are made of"] += (
            len(processes) if isinstance(processes, list) else 0
        )
        draft.stated.add_all(system, TOTALS, result, path)
    for code, words, each in (
        ("source-warnings", "LLenergyMeasure warns", warnings),
        ("series-without-joules", "These series of power carry no joules", unjudged),
    ):
        draft.remarks |= {code: f"{words}: {'; '.join(each)}"} if each else {}
    for system, log in logs.items():
        yield from answers_of_window(log, system, draft.left_out)


def _add_system(draft: ImportDraft, result: Mapping[str, Any], path: Path) -> str:
    used = section(result, "effective_config")
    model = text(used.get("model") or result.get("model_name") or result.get("experiment_id")) or path.parent.name
    engine = text(result.get("backend") or result.get("engine"))
    load = None
    if level := section(result, "server"):
        config = path.with_name(CONFIG)
        traffic = section(read_object(config) if config.is_file() else {}, "declared_config.server.traffic")
        if is_figure(traffic.get("rate")):
            draft.files.append(config)
            load = kept(traffic, TRAFFIC)
        elif is_figure(level.get("level_index")):
            load = {"number of the rate": level["level_index"]}
    name = draft.system_name(f"{model} {engine}".strip(), load or {})
    system = draft.add_system(name, load, engine=engine or "llenergymeasure", model=model, **kept(used, USED))
    environment = _environment(result)
    draft.add_version(result.get("llenergymeasure_version") or environment.get("tool_version"))
    devices = result.get("energy_per_device_j")
    number = len(devices) if isinstance(devices, list) and devices else 1
    draft.add_gpus(system, at(environment, "hardware.gpu.name"), number, power_limit_w=_limit_w(result))
    return system


def _environment(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(result.get("environment_snapshot") or result.get("environment"))


def _limit_w(result: Mapping[str, Any]) -> float | None:
    limit_w: Any = at(_environment(result), "hardware.thermal.power_limit_w")
    return limit_w if is_figure(limit_w) and limit_w > 0 else None


def _add_series(draft: ImportDraft, system: str, result: Mapping[str, Any], path: Path) -> list[str]:
    """Add the figures that wattbench computes from a series, and return why some GPUs have no joules."""
    seconds = result.get("total_inference_time_sec")
    powers = read_series(path, seconds if is_figure(seconds) else None, _limit_w(result))
    for each in powers:
        gpu, source = f"of GPU {each.gpu}", f"power_w of GPU {each.gpu}"
        for total, value, unit in (
            (Total(f"least power {gpu}", "minimum"), each.least_w, "W"),
            (Total(f"most power {gpu}", "maximum"), each.most_w, "W"),
            (Total(f"power {gpu}", "mean"), each.mean_w, "W"),
            (Total(f"energy {gpu}"), each.energy_j, "J"),
        ):
            whose = source if total.statistic in ("minimum", "maximum") else f"{source}, integrated by wattbench"
            draft.stated.add(system, total, value, source=whose, where=path, unit=unit)
    return [f"{system}: {each.why}" for each in powers if each.why] if powers else [f"{system}: it has no rows"]


LLENERGYMEASURE = Format("llenergymeasure", _looks_like, _read)
