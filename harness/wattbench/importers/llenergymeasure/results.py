"""Read the results of LLenergyMeasure: joules, tokens and seconds of an experiment, and requests of its server mode.

An experiment's folder has ``result.json`` (`ExperimentResult`, of 0.7 and 0.8), ``timeseries.parquet`` where it was
asked for, which `power_series` reads, and in server mode ``requests.parquet``, which `requests` reads. Joules are those
of GPUs; `energy_adjusted_j` is above their draw when idle. Which program read them, and its own warnings, are in the
record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.files import head, mapping, read_object, text
from wattbench.importers.imported import Imported
from wattbench.importers.llenergymeasure.power_series import FILE as SERIES
from wattbench.importers.llenergymeasure.power_series import read_series
from wattbench.importers.llenergymeasure.requests import FILE as LOG
from wattbench.importers.llenergymeasure.requests import answers_of_window
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated, is_figure, leaves, statistic
from wattbench.importers.system_names import AT_ONCE, RATE, system_name

FILE = "result.json"
CONFIG = "config.json"
TRAFFIC = {"rate": RATE, "concurrency_cap": AT_ONCE, "arrival": "arrivals", "burstiness": "burstiness"}
"""A setting of how requests are sent, to its name in the record."""
MS = 1e-3
TOTALS = {
    "total_energy_j": "energy",
    "total_inference_time_sec": "duration",
    "input_tokens": "prompt_tokens",
    "output_tokens": "output_tokens",
}
TIMES = {"ttft": "first_token", "itl": "token_gap"}
HASHES = ("measurement_config_hash", "declared_config_hash")
"""One of them is in every result: of 0.8, and of 0.7."""
SETTINGS = (
    "effective_config", "environment_snapshot", "environment", "schema_version", "bundle_version", "process_results",
    "steady_state_window", "runner_provenance", "session", "server",
)  # fmt: skip
UNITS = {
    "_j": "J", "_w": "W", "_sec": "s", "_ms": "ms", "_mb": "MB", "tokens": "tokens", "_per_second": "1/s", "_c": "C",
    "_pct": "%", "_samples": "samples",
}  # fmt: skip
MOST_DEVICES = 1024


def looks_like(source: Path) -> bool:
    """Return whether a folder has a result, or a file is one."""
    path = source / FILE if source.is_dir() else source
    if path.suffix != ".json" or not path.is_file():
        return False
    start = head(path)
    named = all(f'"{key}"' in start for key in ("experiment_id", "total_energy_j"))
    return named and any(f'"{key}"' in start for key in HASHES)


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read some results. Each experiment is a system.

    Args:
        sources: folders of experiments, or files of results.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is damaged, or is no result.
    """
    stated = Stated()
    configs: dict[str, Mapping[str, Any]] = {}
    machines: dict[str, Mapping[str, Any]] = {}
    remarks: list[str] = []
    unjudged: list[str] = []
    left_out: Counter[str] = Counter()
    versions: dict[str, None] = {}
    files: list[Path] = []
    logs: dict[str, Path] = {}
    scenario: dict[str, Mapping[str, Any]] = {}
    for path in (source / FILE if source.is_dir() else source for source in sources):
        files.append(path)
        result = read_object(path)
        if not is_figure(result.get("total_energy_j")) or not any(key in result for key in HASHES):
            raise UserError(f"{path}: it has no total_energy_j; this is no result of LLenergyMeasure")
        used = mapping(result.get("effective_config"))
        model = text(used.get("model") or result.get("model_name") or result.get("experiment_id")) or path.parent.name
        engine = text(result.get("backend") or result.get("engine"))
        server = mapping(result.get("server"))
        load, declared = _load(server, path.with_name(CONFIG)) if server else ({}, False)
        files += [path.with_name(CONFIG)] if declared else []
        system = system_name(f"{model} {engine}".strip(), load, configs)
        kept = ("precision", "n", "dataset", "max_input_tokens", "max_output_tokens")
        configs[system] = {"engine": engine or "llenergymeasure", "model": model} | {
            name: used[name] for name in kept if isinstance(used.get(name), str | int | float)
        }
        version = result.get("llenergymeasure_version") or _environment(result).get("tool_version")
        versions |= dict.fromkeys([version] if isinstance(version, str) else [])
        machines |= {system: machine} if (machine := _machine(result)) else {}
        warnings = result.get("measurement_warnings")
        said = [text(each) for each in warnings] if isinstance(warnings, list) else []
        remarks += [f"{system}: {each[:300]}" for each in said[:20]]
        scenario |= {system: load} if load else {}
        if server.get("level_valid") is False:
            remarks.append(f"{system}: its level is not valid ({text(server.get('invalid_reason'))[:300]})")
        if (log := path.with_name(LOG)).is_file():
            files.append(log)
            logs[system] = log
        series = path.with_name(SERIES)  # the name in a result may lead anywhere: the program itself reads this one
        if series.is_file():
            files.append(series)
            unjudged += _add_series(stated, system, result, series)
        elif result.get("timeseries") is not None:
            left_out[f"series of power that the result names, and that are not next to it ({SERIES})"] += 1
        listed = result.get("process_results")
        left_out["results of single processes, which the experiment's are made of"] += (
            len(listed) if isinstance(listed, list) else 0
        )
        _add(stated, system, result, path)
    return Imported(
        format="llenergymeasure",
        version=", ".join(versions) or None,
        files=tuple(files),
        answers=Spool.of(_answers(logs, left_out), scratch),
        left_out=left_out,
        scenario=scenario,
        configs=configs,
        machines=machines,
        remarks={code: f"{said}: {'; '.join(each)}" for code, said, each in _remarks(remarks, unjudged) if each},
        summaries=stated.rows,
    )


def _answers(logs: Mapping[str, Path], left_out: Counter[str]) -> Iterator[Answer]:
    for system, log in logs.items():
        yield from answers_of_window(log, system, left_out)


def _load(server: Mapping[str, Any], config: Path) -> tuple[dict[str, Any], bool]:
    """Return the load of a window, and whether it is what the configuration declared: a result has its number alone."""
    if config.is_file():
        declared = mapping(mapping(read_object(config).get("declared_config")).get("server"))
        traffic = mapping(declared.get("traffic"))
        if is_figure(traffic.get("rate")):
            known = {name: traffic.get(key) for key, name in TRAFFIC.items()}
            return {name: value for name, value in known.items() if isinstance(value, str | int | float)}, True
    level = server.get("level_index")
    return ({"number of the rate": level} if is_figure(level) else {}), False


def _remarks(warnings: list[str], unjudged: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    yield "source-warnings", "LLenergyMeasure warns", warnings
    yield "series-without-joules", "These series of power carry no joules", unjudged


def _add_series(stated: Stated, system: str, result: Mapping[str, Any], path: Path) -> list[str]:
    """Add what wattbench makes of a series, and return why of some GPUs it makes no joules."""
    seconds, limit_w = result.get("total_inference_time_sec"), _limit_w(result)
    powers = read_series(path, seconds if is_figure(seconds) else None, limit_w)
    unjudged = [] if powers else [f"{system}: it has no rows"]
    for gpu in powers:
        source = f"power_w of GPU {gpu.gpu}"
        stated.add(system, f"least power of GPU {gpu.gpu}", "minimum", gpu.least_w, source=source, where=path, unit="W")
        stated.add(system, f"most power of GPU {gpu.gpu}", "maximum", gpu.most_w, source=source, where=path, unit="W")
        if gpu.energy_j is None:
            unjudged.append(f"{system}: {gpu.why}")
            continue
        source += ", integrated by wattbench"
        stated.add(system, f"power of GPU {gpu.gpu}", "mean", gpu.mean_w, source=source, where=path, unit="W")
        stated.add(system, f"energy of GPU {gpu.gpu}", "total", gpu.energy_j, source=source, where=path, unit="J")
    return unjudged


def _limit_w(result: Mapping[str, Any]) -> float | None:
    limit_w: Any = mapping(mapping(_environment(result).get("hardware")).get("thermal")).get("power_limit_w")
    return limit_w if is_figure(limit_w) and limit_w > 0 else None


def _environment(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(result.get("environment_snapshot") or result.get("environment"))


def _machine(result: Mapping[str, Any]) -> dict[str, Any]:
    hardware = mapping(_environment(result).get("hardware"))
    name = mapping(hardware.get("gpu")).get("name")
    limit_w = _limit_w(result)
    devices = result.get("energy_per_device_j")
    number = len(devices) if isinstance(devices, list) and devices else 1
    if not isinstance(name, str) or number > MOST_DEVICES:
        return {}
    return {"gpus": [{"name": name} | ({} if limit_w is None else {"power_limit_w": limit_w})] * number}


def _add(stated: Stated, system: str, result: Mapping[str, Any], path: Path) -> None:
    for route, value in leaves({key: each for key, each in result.items() if key not in SETTINGS}, path):
        if not is_figure(value):
            continue
        key = route[-1]
        unit = next((unit for end, unit in UNITS.items() if key.endswith(end)), "")
        if len(route) == 1 and key in TOTALS:
            stated.add(system, TOTALS[key], "total", value, source=key, where=path)
        elif route[0] == "latency_stats" and (parts := key.split("_"))[0] in TIMES and len(parts) == 3:
            which = statistic(parts[1]) or "mean"
            stated.add(system, TIMES[parts[0]], which, value, source=".".join(route), where=path, scale=MS)
        else:
            stated.add(system, ".".join(route), "total", value, source=".".join(route), where=path, unit=unit)
