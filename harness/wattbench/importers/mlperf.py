"""Read a submission of MLPerf Inference: LoadGen's logs, and the power that SPEC PTDaemon logged.

Read LoadGen's ``mlperf_log_detail.txt``, or its ``mlperf_log_summary.txt`` in its place, and name its results.

Each line is ``:::MLLOG {"key": ..., "value": ...}``. Latencies are in nanoseconds. Of a run of several samples per
query the throughput is per sample. `result_token_throughput` is a rate per nanosecond of another count and is kept
under its own name; the tokens per second that MLCommons publishes are `result_tokens_per_second` (Offline) and
`result_completed_tokens_per_second` (Server).

Read ``spl.txt``, the log of the power meter that MLPerf's power server writes.

A line per reading: ``Time,08-01-2025 00:04:32.348,Watts,2493.6,Volts,...``, one about every second, also before and
after the run. The watts that MLCommons publishes are the plain mean of the readings above 0 W from ``power_begin`` to
``power_end`` of LoadGen's log: some meters give negative ones now and then, of a machine that draws power. Both clocks
are those of the machines there, without a time zone.

Read results of MLPerf Inference: throughput and latencies of LoadGen, watts at the wall, accuracy; no answers.

A result is ``<division>/<submitter>/results/<system>/<benchmark>/<scenario>/`` with ``performance/run_1/`` (LoadGen's
logs and, of a submission with power, ``spl.txt``) and ``accuracy/accuracy.txt``; the hardware is in
``<submitter>/systems/<system>.json``. This reads rounds 4.0 to 5.1, and a folder with LoadGen's logs alone.

Power is that of the performance run alone, of everything that the meter was plugged into. Its accuracy was measured in
another run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number
from wattbench.importers.files import read_lines, read_object
from wattbench.importers.imported import RATE, Format, ImportDraft
from wattbench.importers.stated import Total, Totals
from wattbench.importers.telemetry import joules_of_series
from wattbench.records.rows.schema import LARGEST_NUMBER

_MARK = ":::MLLOG"
_NS = 1e-9
_TOTALS = Totals(
    {
        "result_tokens_per_second": Total("output_tokens_per_s", "mean"),
        "result_completed_tokens_per_second": Total("output_tokens_per_s", "mean"),
        "result_samples_per_second": Total("requests_per_s", "mean"),
        "result_completed_samples_per_sec": Total("requests_per_s", "mean"),
        "result_*_latency_ns": Total("latency", scale=_NS),
        "result_first_token_*_latency_ns": Total("first_token", scale=_NS),
        "result_time_to_output_token_*": Total("token", scale=_NS),
        "result_#_percentile_latency_ns": Total("latency", scale=_NS),
        "result_first_token_#_percentile_latency_ns": Total("first_token", scale=_NS),
        "result_time_per_output_token_#_percentile_ns": Total("token", scale=_NS),
    },
    units={
        "_ns": "ns", "_per_sec": "samples/s", "_per_second": "samples/s", "_overhead": "queries/s",
        "_count": "queries", "_duration": "ns",
    },
)  # fmt: skip
"""A key that begins with ``result_`` to the figure that it is."""
_OTHERS = ("num_errors", "num_warnings")
"""Keys of other figures that are kept."""
_VALIDITY = "result_validity"
"""The first key of the results, which are at the end of a detail log."""
_SUMMARY = (
    (re.compile(r"Scenario *: (\w+)"), "effective_scenario"),
    (re.compile(r"Result is *: (\w+)"), _VALIDITY),
    (re.compile(r"Samples per second *: ([\d.e+]+)"), "result_samples_per_second"),
    (re.compile(r"Tokens per second *: ([\d.e+]+)"), "result_tokens_per_second"),
    (re.compile(r"Completed samples per second *: ([\d.e+]+)"), "result_completed_samples_per_sec"),
    (re.compile(r"Completed tokens per second *: ([\d.e+]+)"), "result_completed_tokens_per_second"),
    (re.compile(r"(Min|Max|Mean) latency \(ns\) *: (\d+)"), "result_{}_latency_ns"),
    (re.compile(r"(Min|Max|Mean) First Token latency \(ns\) *: (\d+)"), "result_first_token_{}_latency_ns"),
    (re.compile(r"(Min|Max|Mean) Time per Output Token \(ns\) *: (\d+)"), "result_time_to_output_token_{}"),
    (re.compile(r"(\d+\.\d+) percentile latency \(ns\) *: (\d+)"), "result_{}_percentile_latency_ns"),
    (re.compile(r"(\d+\.\d+) percentile first token latency \(ns\) *: (\d+)"),
     "result_first_token_{}_percentile_latency_ns"),
    (re.compile(r"(\d+\.\d+) percentile time to output token \(ns\) *: (\d+)"),
     "result_time_per_output_token_{}_percentile_ns"),
)  # fmt: skip
"""A line of the summary to the key of the detail log that has the same figure, with more digits."""


def read_detail(path: Path) -> dict[str, Any]:
    """Read a detail log: map its keys to values. The last line of a key counts; a torn last line is left out.

    Raises:
        UserError: the file is damaged.
    """
    values: dict[str, Any] = {}
    torn: UserError | None = None
    for where, line in read_lines(path):
        if torn is not None:
            raise torn
        if not line.startswith(_MARK):
            continue
        try:
            entry = json.loads(line[len(_MARK) :])
        except (ValueError, RecursionError) as error:
            torn = UserError(f"{where}: not valid JSON ({error})")
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
            raise UserError(f"{where}: it has no key; this is no line of LoadGen")
        values[entry["key"]] = entry.get("value")
    return values


def read_summary(path: Path) -> dict[str, Any]:
    """Return the figures of a summary under the keys of the detail log.

    Raises:
        UserError: the file is damaged.
    """
    values: dict[str, Any] = {}
    for where, line in read_lines(path):
        for pattern, key in _SUMMARY:
            if (matched := pattern.fullmatch(line.strip())) is not None:
                *named, value = matched.groups()
                known = key.format(*(name.lower() for name in named))
                values[known] = number(value, known, where) if key not in ("effective_scenario", _VALIDITY) else value
    return values


def _samples(values: Mapping[str, Any]) -> int | None:
    """Return the number of samples of a run: its queries times the samples per query."""
    queries, each = values.get("generated_query_count"), values.get("generated_samples_per_query")
    if isinstance(queries, int) and isinstance(each, int) and 0 <= queries * each < 2**63:
        return queries * each
    return None


def results(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return LoadGen's results that are numbers."""
    return {
        key: value
        for key, value in values.items()
        if (key.startswith("result_") or key in _OTHERS) and not isinstance(value, str | bool | list | dict)
    }


_STAMP = "%m-%d-%Y %H:%M:%S.%f"
_STEP_S = 1.0
"""How often the meter is read."""
MOST_READINGS = 5_000_000
"""Of one log: two months of readings."""


def _add_power(
    draft: ImportDraft, system: str, path: Path, values: Mapping[str, Any], detail: Path, requests: Any
) -> tuple[str, str]:
    """Add the power of a run: watts as they are published, and joules where the readings carry some.

    Args:
        draft: where they go.
        system: whose they are.
        path: the meter's log.
        values: of LoadGen's log; nothing is added if it does not say when the run began and ended.
        detail: that log, for messages.
        requests: over how many samples the run is.

    Returns:
        Why there are no joules, and how many readings are gaps; each empty if there is nothing to say.

    Raises:
        UserError: a file is damaged, or no reading above 0 W is of the run.
    """
    begin, end = values.get("power_begin"), values.get("power_end")
    if begin is None or end is None:
        return "", ""
    began_s, ended_s = _moment(begin, f"{detail}: power_begin"), _moment(end, f"{detail}: power_end")
    if ended_s <= began_s:
        raise UserError(f"{detail}: power_end is {end!r:.40}, which is not after power_begin ({begin!r:.40})")
    readings = list(_readings(path))
    during = [watts for at_s, watts in readings if began_s <= at_s <= ended_s]
    within = [watts for watts in during if watts > 0]
    if not within:
        raise UserError(
            f"{path}: no reading is from {begin!r:.40} to {end!r:.40}, when the run was ({detail}), and above 0 W"
        )
    source = "Watts from power_begin to power_end"
    for which, watts in (("mean", sum(within) / len(within)), ("minimum", min(within)), ("maximum", max(within))):
        draft.stated.add(system, Total("power", which), watts, source=source, where=path)
    draft.stated.add(system, Total("duration"), ended_s - began_s, source="power_end - power_begin", where=path)
    energy_j, why = joules_of_series(
        "wall", readings, (began_s, ended_s), step_s=_STEP_S, of="a machine", read_by="MLPerf's power server"
    )
    source = "Watts, integrated from power_begin to power_end by wattbench"
    draft.stated.add(system, Total("energy"), energy_j, source=source, where=path, requests=requests)
    gaps = len(during) - len(within)
    return why or "", f"{gaps} of {len(during)}" if gaps else ""


def _readings(path: Path) -> Iterator[tuple[float, float]]:
    """Yield when the meter was read, in seconds, and its watts."""
    count = 0
    for where, line in read_lines(path):
        if not line.strip():
            continue
        if count >= MOST_READINGS:
            raise UserError(f"{where}: more than {MOST_READINGS:,} readings")
        fields = line.split(",", 4)
        if len(fields) < 4 or fields[0] != "Time" or fields[2] != "Watts":
            raise UserError(f"{where}: it must begin with Time,<time>,Watts,<watts>; this is no line of spl.txt")
        watts = number(fields[3], "Watts", where, least=-LARGEST_NUMBER)
        if watts is not None:
            count += 1
            yield _moment(fields[1], where), watts


def _moment(stamp: Any, where: str) -> float:
    try:
        return datetime.strptime(str(stamp), _STAMP).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise UserError(f"{where}: {stamp!r:.60} is no time such as 08-01-2025 00:04:32.348") from error


_DETAIL, SUMMARY, METER = "mlperf_log_detail.txt", "mlperf_log_summary.txt", "spl.txt"
_DEPTH = 4
"""How many folders down results are looked for: from that of a submitter on."""
MOST_RESULTS = 10_000
_WITHOUT = f"These runs have no results of LoadGen, as {_DETAIL} and {SUMMARY} are missing, empty or cut: "
_HARDWARE = (
    "accelerator_model_name", "accelerators_per_node", "number_of_nodes", "host_processor_model_name",
    "host_processors_per_node", "framework", "other_software_stack", "operating_system", "system_name", "hw_notes",
)  # fmt: skip
"""What is kept of a system's description."""
_NUMBER = r"(-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)"
_SCORES = (
    re.compile(rf"'([A-Za-z_][\w-]{{0,60}})':\s?'?{_NUMBER}()'?"),
    re.compile(rf"\b([A-Za-z_]\w{{0,60}})={_NUMBER}(?![\w.])(%?)"),
    re.compile(rf"^([A-Z][\w ]{{2,60}}): {_NUMBER}(?![\w.])(%?)"),
)
"""How the script of each benchmark prints its scores in ``accuracy.txt``: ``{'rouge1': '38.4099', ...}``,
``accuracy=71.678%, good=35839``, ``Word Error Rate: 2.2155%``. Other lines are its log."""
_SHARES = ("accuracy", "exact_match")
"""Scores that are the share of right answers, in percent."""
_REMARKS = {
    "mlperf-no-results": _WITHOUT,
    "mlperf-summary": f"{_DETAIL} of these runs is missing, empty or cut: their figures are those of LoadGen's "
    "summary, and watts and joules may be missing: ",
    "mlperf-invalid": "LoadGen found these runs not valid: ",
    "mlperf-power": "The meter's readings carry no joules, and watts that are a mean of what was read: ",
    "mlperf-readings": "Readings of 0 W or less are gaps, and left out of the mean, as MLCommons has it: ",
}


@dataclass(frozen=True)
class _Performance:
    """The logs of one performance run."""

    run: Path
    scenario_folder: Path | None
    """None: the logs are in no submission."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return system, benchmark and scenario, as far as the path has them."""
        if self.scenario_folder is None:
            return (self.run.resolve().name,)
        parts = self.scenario_folder.resolve().parts
        return parts[-3:] if len(parts) > 3 else parts[1:]

    @property
    def logs(self) -> list[Path]:
        """Return the logs of LoadGen with the results of the run, the more detailed one first."""
        return [path for path in (self.run / _DETAIL, self.run / SUMMARY) if path.is_file()]

    @property
    def accuracy(self) -> Path | None:
        path = None if self.scenario_folder is None else self.scenario_folder / "accuracy" / "accuracy.txt"
        return path if path is not None and path.is_file() else None

    @property
    def hardware(self) -> Path | None:
        if self.scenario_folder is None:
            return None
        folder = self.scenario_folder.resolve().parents[2:3]
        path = folder[0].parent / "systems" / f"{self.names[0]}.json" if folder else None
        return path if path is not None and path.is_file() else None

    @property
    def files(self) -> list[Path]:
        paths = (self.run / _DETAIL, self.run / METER, self.accuracy, self.hardware)
        return [path for path in paths if path is not None and path.is_file()]


def _looks_like(source: Path) -> bool:
    return source.is_dir() and any(each.logs for each in _performances(source))


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read every result under some folders. Each is a system: a machine, with a benchmark, in a scenario."""
    remarks: dict[str, list[str]] = {code: [] for code in _REMARKS}
    for each in _listed(sources):
        values, detail = _results(each)
        name = " ".join(each.names)
        if not _scenario(values):
            remarks["mlperf-no-results"].append(name)
            continue
        system = draft.unique(name)
        _add_system(draft, system, each, values)
        if _VALIDITY not in values:
            remarks["mlperf-no-results"].append(system)
        elif detail.name == SUMMARY:
            remarks["mlperf-summary"].append(system)
        if "loadgen_version" in values:
            draft.add_version(str(values["loadgen_version"]))
        requests = _samples(values)
        draft.stated.add(system, Total("requests"), requests, source="generated samples", where=detail)
        sent = "generated_query_duration"
        draft.stated.add(system, Total(sent), values.get(sent), source=sent, where=detail, unit="ns")
        draft.stated.add_all(system, _TOTALS, results(values), detail, requests)
        if values.get(_VALIDITY) not in ("VALID", None) or values.get("num_errors") not in (0, None):
            remarks["mlperf-invalid"].append(system)
        if (each.run / METER).is_file():
            why, gaps = _add_power(draft, system, each.run / METER, values, detail, requests)
            remarks["mlperf-power"] += [f"{system}: {why}"] if why else []
            remarks["mlperf-readings"] += [f"{system}: {gaps}"] if gaps else []
        if each.accuracy is not None:
            _add_scores(draft, system, each.accuracy)
        draft.files += [detail, *each.files]
    if not draft.configs:
        raise UserError(f"{sources[0]}: {_WITHOUT}{'; '.join(remarks['mlperf-no-results'])}")
    draft.remarks |= {code: f"{_REMARKS[code]}{'; '.join(each)}" for code, each in remarks.items() if each}
    yield from ()


def _performances(source: Path) -> Iterator[_Performance]:
    if (source / _DETAIL).is_file() or (source / SUMMARY).is_file():
        inside = source.resolve()
        submitted = inside.parent.name == "performance" and inside.name.startswith("run_")
        yield _Performance(source, inside.parents[1] if submitted else None)
        return
    for depth in range(_DEPTH + 1):
        for run in sorted(source.glob("*/" * depth + "performance/run_*")):
            if run.is_dir():
                yield _Performance(run, run.parents[1])


def _listed(sources: Sequence[Path]) -> list[_Performance]:
    listed: list[_Performance] = []
    for source in sources:
        before = len(listed)
        for each in _performances(source):
            listed.append(each)
            if len(listed) > MOST_RESULTS:
                raise UserError(f"{source}: more than {MOST_RESULTS:,} results; import the systems separately")
        if len(listed) == before:
            raise UserError(
                f"{source}: there is no performance/run_1/{_DETAIL} and no {_DETAIL}; name the folder of a submitter, "
                "of a system or of a scenario, or of LoadGen's logs"
            )
    return listed


def _results(each: _Performance) -> tuple[dict[str, Any], Path]:
    """Return what LoadGen states of a run, and the file that has its results."""
    values: dict[str, Any] = {}
    path = each.run / _DETAIL
    for path in each.logs:
        values |= read_detail(path) if path.name == _DETAIL else read_summary(path)
        if _VALIDITY in values:
            break
    return values, path


def _scenario(values: Mapping[str, Any]) -> Any:
    return values.get("effective_scenario", values.get("requested_scenario"))


def _load(values: Mapping[str, Any]) -> dict[str, Any]:
    name = _scenario(values)
    load: dict[str, Any] = {"scenario": str(name)[:200]}
    rate = values.get("effective_target_qps")
    if name == "Server" and isinstance(rate, int | float) and 0 < rate < float("inf"):
        load[RATE] = rate
    return load


def _add_system(draft: ImportDraft, system: str, each: _Performance, values: Mapping[str, Any]) -> None:
    """Add the load, the settings and the machine of a result."""
    hardware = {} if each.hardware is None else read_object(each.hardware)
    kept = {key: hardware[key] for key in _HARDWARE if isinstance(hardware.get(key), str | int) and hardware[key] != ""}
    model = each.names[-2] if len(each.names) > 1 else None
    draft.add_system(system, _load(values), engine="loadgen", model=model, hardware=kept or None)
    number = str(kept.get("accelerators_per_node"))
    if number.isdecimal() and len(number) < 5:
        draft.add_gpus(system, kept.get("accelerator_model_name"), int(number))


def _add_scores(draft: ImportDraft, system: str, path: Path) -> None:
    for where, line in read_lines(path):
        for matched in (each for pattern in _SCORES for each in pattern.finditer(line[:100_000])):
            name, value, sign = matched[1], float(matched[2]), matched[3]
            total = Total("accuracy", "mean", 0.01) if name in _SHARES else Total(name, "mean")
            draft.stated.add(system, total, value, source=name, where=where, unit=sign)


MLPERF = Format(
    "mlperf", _looks_like, _read, needs="a folder with logs of LoadGen, mlperf_log_summary.txt or mlperf_log_detail.txt"
)
