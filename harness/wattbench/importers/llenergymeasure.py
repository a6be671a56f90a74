"""Read the results of LLenergyMeasure.

Read what LLenergyMeasure writes next to a result: the requests of its server mode, and a series of a GPU's power.

``requests.parquet`` has a row per request that was issued in a window. Traps: moments are seconds of a clock without a
date, so that requests are placed after the first one; `issued_at` is when a request was due, `dispatched_at` when it
was sent: LLenergyMeasure starts a latency at the former (`e2e_latency_ms`), and wattbench at the latter, with the wait
on record; requests outside of the measured span, such as those of the ramp, are left out, as in its own
`server_metrics`; output tokens are those of the server's usage where it stated one, else the pieces that the client
counted, which are the tokens of LLenergyMeasure's own figures.

``timeseries.parquet`` has a row per second and GPU: `timestamp_s`, whole seconds since its first reading, and the means
of what NVML said in that second every 0.1 s; null where it said nothing. Traps: the last second is a part of one, taken
to end with the inference (`total_inference_time_sec`); a mean over a second is in the place of its middle, and holds to
the edges of the experiment at its first and last second: the trapezoid rule over these is the sum of the means, each
times its second.

Read the results of LLenergyMeasure: joules, tokens and seconds of an experiment, and requests of its server mode.

An experiment's folder has ``result.json`` (`ExperimentResult`, of 0.7 and 0.8), ``timeseries.parquet`` where it was
asked for and, in server mode, ``requests.parquet``, which `parquet_files` reads. Joules are those of GPUs;
`energy_adjusted_j` is above their draw when idle. Which program read them, and its own warnings, are in the record.

Traps: a result may name a series at any path: only the file next to it is read; a window's result has the number of its
rate alone, which its configuration declares.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number
from wattbench.importers.fields import (
    MS,
    REQUESTS,
    at,
    count,
    figure,
    kept,
    listed,
    read_fields,
    section,
    words_or_none,
)
from wattbench.importers.files import digest, head, mapping, read_object, text
from wattbench.importers.imported import AT_ONCE, MOST_DEVICES, RATE, Format, ImportDraft
from wattbench.importers.stated import Total, Totals, is_figure
from wattbench.importers.table import parquetfile
from wattbench.importers.telemetry import joules_of_series

_LOG, SERIES = "requests.parquet", "timeseries.parquet"
_REQUEST = {
    "index": count("request_index"),
    "due_s": figure("issued_at"),
    "sent_s": figure("dispatched_at"),
    "prompt_tokens": count("server_prompt_tokens"),
    "output_tokens": count("server_completion_tokens"),
    "pieces": count("client_output_tokens"),
    "finish_reason": words_or_none("finish_reason"),
}
_OF_REQUESTS = (
    *(each.paths[0] for each in _REQUEST.values()),
    "first_token_at", "completed_at", "output_token_times", "status", "in_measurement_window",
)  # fmt: skip
_OUTSIDE = "requests that were issued outside of the measured span, such as those of the ramp"
_ANSWERED, FAILED = "ok", {"error": "error", "timeout": "not ended within its time"}

_SECOND = {"at_s": figure("timestamp_s"), "gpu": count("gpu_index"), "power_w": figure("power_w")}
_OF_SERIES = tuple(each.paths[0] for each in _SECOND.values())
_STEP_S = 1.0
"""Over how long a value of a series is a mean."""
_MOST_ROWS = 5_000_000
"""Of one series: two months of one GPU."""


def _answers_of_window(path: Path, system: str, left_out: Counter[str]) -> Iterator[Answer]:
    """Yield the answers of a window in the order in which they were due, and count what is left out.

    Raises:
        UserError: the file is damaged, or is no such log.
    """
    _check_columns(path, _OF_REQUESTS, "log of requests")
    due_s = _REQUEST["due_s"]
    first_s = min((due_s.of(row, where) or 0.0 for where, row in _rows(path, due_s.paths)), default=0.0)
    for where, row in _rows(path, _OF_REQUESTS):
        if row["in_measurement_window"] is False:
            left_out[_OUTSIDE] += 1
        else:
            yield _answer(system, row, first_s, where)


def _check_columns(path: Path, columns: Sequence[str], what: str) -> None:
    missing = [name for name in columns if name not in parquetfile.names_of(path)]
    if missing:
        raise UserError(f"{path}: it has no column {missing[0]}; this is no {what} of LLenergyMeasure")


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for arrays, lines, _ in parquetfile.blocks(path, columns):
        for position, line in enumerate(lines.to_pylist()):
            values = (array[position].as_py() for array in arrays)
            yield f"{path}: row {line}", dict(zip(columns, values, strict=True))


def _answer(system: str, row: Mapping[str, Any], first_s: float, where: str) -> Answer:
    fields = read_fields(_REQUEST, row, where)
    index, due_s, sent_s, pieces = (fields.pop(name) for name in ("index", "due_s", "sent_s", "pieces"))
    if index is None or due_s is None:
        raise UserError(f"{where}: request_index and issued_at must have values")
    status = row["status"]
    if not isinstance(status, str) or (status != _ANSWERED and status not in FAILED):
        raise UserError(f"{where}: status is {status!r:.60}: it must be {_ANSWERED}, {' or '.join(FAILED)}")

    def after(name: str, moment: Any) -> float | None:
        at_s = number(moment, name, where)
        return None if at_s is None or sent_s is None else number(at_s - sent_s, f"{name} less dispatched_at", where)

    fields["seconds"] = seconds = after("completed_at", row["completed_at"])
    if status == _ANSWERED:
        if seconds is None:
            raise UserError(f"{where}: a request that was answered has no dispatched_at or no completed_at")
        fields["first_token_seconds"] = first = after("first_token_at", row["first_token_at"])
        if fields["output_tokens"] is None:
            fields["output_tokens"] = pieces
        times = listed(row["output_token_times"], "output_token_times", where)
        ends = [after("a moment of output_token_times", each) for each in times]
        known = [each for each in ends if each is not None]
        in_order = all(a <= b for a, b in itertools.pairwise([*known, seconds or math.inf]))
        fields["token_seconds"] = known if in_order and first is not None else ()
    else:
        fields |= {"output_tokens": None, "failure": FAILED[status]}
    return Answer(
        where=where,
        system=system,
        task=REQUESTS,
        item=str(index),
        scheduled_s=due_s - first_s,
        started_s=None if sent_s is None else number(sent_s - first_s, "dispatched_at less the first issued_at", where),
        doc_hash=digest(str(index), str(fields["prompt_tokens"])),
        metrics={"pieces of output": pieces, "finish_reason": row["finish_reason"]},
        **fields,
    )


@dataclass(frozen=True)
class GpuPower:
    """The power of one GPU in an experiment."""

    gpu: int
    mean_w: float | None
    """Joules over seconds; None without joules."""
    least_w: float
    most_w: float
    """Of the means of seconds."""
    energy_j: float | None
    """wattbench's own integral; None if its judge finds that the series does not carry one."""
    why: str | None
    """The reasons of that."""


def read_series(path: Path, seconds: float | None, limit_w: float | None) -> list[GpuPower]:
    """Return the power of each GPU in a series, judged like a window that wattbench measured.

    Args:
        path: the file.
        seconds: of the inference, if the result states them.
        limit_w: the most that a GPU may draw, if the result states it.

    Raises:
        UserError: the file is damaged or no such series.
    """
    _check_columns(path, _OF_SERIES, "series")
    by_gpu: dict[int, list[tuple[float, float | None]]] = {}
    for position, (where, row) in enumerate(_rows(path, _OF_SERIES)):
        if position >= _MOST_ROWS:
            raise UserError(f"{path}: more than {_MOST_ROWS:,} rows")
        fields = read_fields(_SECOND, row, where)
        if fields["at_s"] is None or fields["gpu"] is None:
            raise UserError(f"{where}: timestamp_s and gpu_index must have values")
        if fields["gpu"] >= MOST_DEVICES:
            raise UserError(f"{where}: gpu_index is {fields['gpu']}: it must be below {MOST_DEVICES}")
        by_gpu.setdefault(fields["gpu"], []).append((fields["at_s"], fields["power_w"]))
    for gpu, rows in by_gpu.items():
        rows.sort(key=lambda row: row[0])
        if any(a[0] == b[0] for a, b in itertools.pairwise(rows)):
            raise UserError(f"{path}: GPU {gpu} has two rows of one second")
    return [_judged(gpu, rows, seconds, limit_w) for gpu, rows in sorted(by_gpu.items())]


def _judged(
    gpu: int, rows: Sequence[tuple[float, float | None]], seconds: float | None, limit_w: float | None
) -> GpuPower:
    first_s, last_s = rows[0][0], rows[-1][0]
    ends_s = last_s + _STEP_S
    if seconds is not None and last_s < first_s + seconds < ends_s:
        ends_s = first_s + seconds
    middles = [((at_s + min(at_s + _STEP_S, ends_s)) / 2.0, watts) for at_s, watts in rows]
    energy_j, why = joules_of_series(
        f"gpu{gpu}",
        [(first_s, rows[0][1]), *middles, (ends_s, rows[-1][1])],
        (first_s, ends_s),
        step_s=_STEP_S,
        of="a GPU",
        read_by="LLenergyMeasure, NVML",
        limit_w=limit_w,
    )
    known = [watts for _, watts in rows if watts]
    return GpuPower(
        gpu=gpu,
        mean_w=None if energy_j is None else energy_j / (ends_s - first_s),
        least_w=min(known, default=math.nan),
        most_w=max(known, default=math.nan),
        energy_j=energy_j,
        why=why,
    )


_FILE = "result.json"
_CONFIG = "config.json"
_TRAFFIC = {"rate": RATE, "concurrency_cap": AT_ONCE, "arrival": "arrivals", "burstiness": "burstiness"}
"""A setting of how requests are sent, to its name in the record."""
_USED = ("precision", "n", "dataset", "max_input_tokens", "max_output_tokens")
"""What is kept of a result's ``effective_config``."""
_TOTALS = Totals(
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
_HASHES = ("measurement_config_hash", "declared_config_hash")
"""One of them is in every result: of 0.8, and of 0.7."""


def _looks_like(source: Path) -> bool:
    path = source / _FILE if source.is_dir() else source
    if path.suffix != ".json" or not path.is_file():
        return False
    start = head(path)
    named = all(f'"{key}"' in start for key in ("experiment_id", "total_energy_j"))
    return named and any(f'"{key}"' in start for key in _HASHES)


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some results. Each experiment is a system."""
    warnings: list[str] = []
    unjudged: list[str] = []
    logs: dict[str, Path] = {}
    for path in (source / _FILE if source.is_dir() else source for source in sources):
        draft.files.append(path)
        result = read_object(path)
        if not is_figure(result.get("total_energy_j")) or not any(key in result for key in _HASHES):
            raise UserError(f"{path}: it has no total_energy_j; this is no result of LLenergyMeasure")
        system = _add_system(draft, result, path)
        said = result.get("measurement_warnings")
        warnings += [f"{system}: {text(each)[:300]}" for each in (said if isinstance(said, list) else [])[:20]]
        if at(result, "server.level_valid") is False:
            warnings.append(f"{system}: its level is not valid ({text(at(result, 'server.invalid_reason'))[:300]})")
        if (log := path.with_name(_LOG)).is_file():
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
        draft.stated.add_all(system, _TOTALS, result, path)
    for code, words, each in (
        ("source-warnings", "LLenergyMeasure warns", warnings),
        ("series-without-joules", "These series of power carry no joules", unjudged),
    ):
        draft.remarks |= {code: f"{words}: {'; '.join(each)}"} if each else {}
    for system, log in logs.items():
        yield from _answers_of_window(log, system, draft.left_out)


def _add_system(draft: ImportDraft, result: Mapping[str, Any], path: Path) -> str:
    used = section(result, "effective_config")
    model = text(used.get("model") or result.get("model_name") or result.get("experiment_id")) or path.parent.name
    engine = text(result.get("backend") or result.get("engine"))
    load = None
    if level := section(result, "server"):
        config = path.with_name(_CONFIG)
        traffic = section(read_object(config) if config.is_file() else {}, "declared_config.server.traffic")
        if is_figure(traffic.get("rate")):
            draft.files.append(config)
            load = kept(traffic, _TRAFFIC)
        elif is_figure(level.get("level_index")):
            load = {"number of the rate": level["level_index"]}
    name = draft.system_name(f"{model} {engine}".strip(), load or {})
    system = draft.add_system(name, load, engine=engine or "llenergymeasure", model=model, **kept(used, _USED))
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


LLENERGYMEASURE = Format(
    "llenergymeasure", _looks_like, _read, needs="result.json with experiment_id and total_energy_j"
)
