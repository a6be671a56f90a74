"""Read results of MLPerf Inference: throughput and latencies of LoadGen, watts at the wall, accuracy; no answers.

A result is ``<division>/<submitter>/results/<system>/<benchmark>/<scenario>/`` with ``performance/run_1/`` (LoadGen's
logs and, of a submission with power, ``spl.txt``) and ``accuracy/accuracy.txt``; the hardware is in
``<submitter>/systems/<system>.json``. This reads rounds 4.0 to 5.1, and a folder with LoadGen's logs alone.

Power is that of the performance run alone, of everything that the meter was plugged into. Its accuracy was measured in
another run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.files import read_lines, read_object
from wattbench.importers.imported import RATE, Format, ImportDraft
from wattbench.importers.mlperf.loadgen import TOTALS, VALIDITY, read_detail, read_summary, results, samples
from wattbench.importers.mlperf.power import add_power
from wattbench.importers.stated import Total

DETAIL, SUMMARY, METER = "mlperf_log_detail.txt", "mlperf_log_summary.txt", "spl.txt"
DEPTH = 4
"""How many folders down results are looked for: from that of a submitter on."""
MOST_RESULTS = 10_000
_WITHOUT = f"These runs have no results of LoadGen, as {DETAIL} and {SUMMARY} are missing, empty or cut: "
HARDWARE = (
    "accelerator_model_name", "accelerators_per_node", "number_of_nodes", "host_processor_model_name",
    "host_processors_per_node", "framework", "other_software_stack", "operating_system", "system_name", "hw_notes",
)  # fmt: skip
"""What is kept of a system's description."""
_NUMBER = r"(-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)"
SCORES = (
    re.compile(rf"'([A-Za-z_][\w-]{{0,60}})':\s?'?{_NUMBER}()'?"),
    re.compile(rf"\b([A-Za-z_]\w{{0,60}})={_NUMBER}(?![\w.])(%?)"),
    re.compile(rf"^([A-Z][\w ]{{2,60}}): {_NUMBER}(?![\w.])(%?)"),
)
"""How the script of each benchmark prints its scores in ``accuracy.txt``: ``{'rouge1': '38.4099', ...}``,
``accuracy=71.678%, good=35839``, ``Word Error Rate: 2.2155%``. Other lines are its log."""
SHARES = ("accuracy", "exact_match")
"""Scores that are the share of right answers, in percent."""
REMARKS = {
    "mlperf-no-results": _WITHOUT,
    "mlperf-summary": f"{DETAIL} of these runs is missing, empty or cut: their figures are those of LoadGen's summary, "
    "and watts and joules may be missing: ",
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
        return [path for path in (self.run / DETAIL, self.run / SUMMARY) if path.is_file()]

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
        paths = (self.run / DETAIL, self.run / METER, self.accuracy, self.hardware)
        return [path for path in paths if path is not None and path.is_file()]


def _looks_like(source: Path) -> bool:
    return source.is_dir() and any(each.logs for each in _performances(source))


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read every result under some folders. Each is a system: a machine, with a benchmark, in a scenario."""
    remarks: dict[str, list[str]] = {code: [] for code in REMARKS}
    for each in _listed(sources):
        values, detail = _results(each)
        name = " ".join(each.names)
        if not _scenario(values):
            remarks["mlperf-no-results"].append(name)
            continue
        system = draft.unique(name)
        _add_system(draft, system, each, values)
        if VALIDITY not in values:
            remarks["mlperf-no-results"].append(system)
        elif detail.name == SUMMARY:
            remarks["mlperf-summary"].append(system)
        if "loadgen_version" in values:
            draft.add_version(str(values["loadgen_version"]))
        requests = samples(values)
        draft.stated.add(system, Total("requests"), requests, source="generated samples", where=detail)
        sent = "generated_query_duration"
        draft.stated.add(system, Total(sent), values.get(sent), source=sent, where=detail, unit="ns")
        draft.stated.add_all(system, TOTALS, results(values), detail, requests)
        if values.get(VALIDITY) not in ("VALID", None) or values.get("num_errors") not in (0, None):
            remarks["mlperf-invalid"].append(system)
        if (each.run / METER).is_file():
            why, gaps = add_power(draft, system, each.run / METER, values, detail, requests)
            remarks["mlperf-power"] += [f"{system}: {why}"] if why else []
            remarks["mlperf-readings"] += [f"{system}: {gaps}"] if gaps else []
        if each.accuracy is not None:
            _add_scores(draft, system, each.accuracy)
        draft.files += [detail, *each.files]
    if not draft.configs:
        raise UserError(f"{sources[0]}: {_WITHOUT}{'; '.join(remarks['mlperf-no-results'])}")
    draft.remarks |= {code: f"{REMARKS[code]}{'; '.join(each)}" for code, each in remarks.items() if each}
    yield from ()


def _performances(source: Path) -> Iterator[_Performance]:
    if (source / DETAIL).is_file() or (source / SUMMARY).is_file():
        inside = source.resolve()
        submitted = inside.parent.name == "performance" and inside.name.startswith("run_")
        yield _Performance(source, inside.parents[1] if submitted else None)
        return
    for depth in range(DEPTH + 1):
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
                f"{source}: there is no performance/run_1/{DETAIL} and no {DETAIL}; name the folder of a submitter, of "
                "a system or of a scenario, or of LoadGen's logs"
            )
    return listed


def _results(each: _Performance) -> tuple[dict[str, Any], Path]:
    """Return what LoadGen states of a run, and the file that has its results."""
    values: dict[str, Any] = {}
    path = each.run / DETAIL
    for path in each.logs:
        values |= read_detail(path) if path.name == DETAIL else read_summary(path)
        if VALIDITY in values:
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
    kept = {key: hardware[key] for key in HARDWARE if isinstance(hardware.get(key), str | int) and hardware[key] != ""}
    model = each.names[-2] if len(each.names) > 1 else None
    draft.add_system(system, _load(values), engine="loadgen", model=model, hardware=kept or None)
    number = str(kept.get("accelerators_per_node"))
    if number.isdecimal() and len(number) < 5:
        draft.add_gpus(system, kept.get("accelerator_model_name"), int(number))


def _add_scores(draft: ImportDraft, system: str, path: Path) -> None:
    for where, line in read_lines(path):
        for matched in (each for pattern in SCORES for each in pattern.finditer(line[:100_000])):
            name, value, sign = matched[1], float(matched[2]), matched[3]
            total = Total("accuracy", "mean", 0.01) if name in SHARES else Total(name, "mean")
            draft.stated.add(system, total, value, source=name, where=where, unit=sign)


MLPERF = Format("mlperf", _looks_like, _read)
