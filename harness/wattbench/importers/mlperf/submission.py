"""Read results of MLPerf Inference: throughput and latencies of LoadGen, watts at the wall, accuracy; no answers.

A result is ``<division>/<submitter>/results/<system>/<benchmark>/<scenario>/`` with ``performance/run_1/`` (LoadGen's
logs and, of a submission with power, ``spl.txt``) and ``accuracy/accuracy.txt``; the hardware is in
``<submitter>/systems/<system>.json``. This reads rounds 4.0 to 5.1, and a folder with LoadGen's logs alone.

Power is that of the performance run alone, of everything that the meter was plugged into. Its accuracy was measured in
another run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.files import read_object
from wattbench.importers.imported import Imported
from wattbench.importers.mlperf.accuracy import add_scores
from wattbench.importers.mlperf.loadgen import VALIDITY, add_results, read_detail, read_summary, samples
from wattbench.importers.mlperf.power import Power, read_power
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated
from wattbench.importers.system_names import RATE, unique

DETAIL, SUMMARY, METER = "mlperf_log_detail.txt", "mlperf_log_summary.txt", "spl.txt"
DEPTH = 4
"""How many folders down results are looked for: from that of a submitter on."""
MOST_RESULTS = 10_000
MOST_DEVICES = 1024
_WITHOUT = f"These runs have no results of LoadGen, as {DETAIL} and {SUMMARY} are missing, empty or cut: "
HARDWARE = (
    "accelerator_model_name", "accelerators_per_node", "number_of_nodes", "host_processor_model_name",
    "host_processors_per_node", "framework", "other_software_stack", "operating_system", "system_name", "hw_notes",
)  # fmt: skip
"""What is kept of a system's description."""


@dataclass(frozen=True)
class _Performance:
    """The logs of one performance run."""

    run: Path
    scenario_folder: Path | None
    """None: the logs are in no submission."""

    @property
    def names(self) -> tuple[str, ...]:
        """System, benchmark and scenario, as far as the path has them."""
        if self.scenario_folder is None:
            return (self.run.resolve().name,)
        parts = self.scenario_folder.resolve().parts
        return parts[-3:] if len(parts) > 3 else parts[1:]

    @property
    def logs(self) -> list[Path]:
        """Those of LoadGen that have its results, the better first."""
        return [path for path in (self.run / DETAIL, self.run / SUMMARY) if path.is_file()]

    @property
    def accuracy(self) -> Path | None:
        path = None if self.scenario_folder is None else self.scenario_folder / "accuracy" / "accuracy.txt"
        return path if path is not None and path.is_file() else None

    @property
    def hardware(self) -> Path | None:
        if self.scenario_folder is None:
            return None
        results = self.scenario_folder.resolve().parents[2:3]
        path = results[0].parent / "systems" / f"{self.names[0]}.json" if results else None
        return path if path is not None and path.is_file() else None

    @property
    def files(self) -> list[Path]:
        paths = (self.run / DETAIL, self.run / METER, self.accuracy, self.hardware)
        return [path for path in paths if path is not None and path.is_file()]


def looks_like(source: Path) -> bool:
    """Return whether a folder has LoadGen's logs, or results of a submission."""
    return source.is_dir() and any(each.logs for each in _performances(source))


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read every result under some folders. Each is a system: a machine, with a benchmark, in a scenario.

    Args:
        sources: folders.
        scratch: not used: no result lists its answers.

    Raises:
        UserError: no folder has results, or a file is damaged.
    """
    stated = Stated()
    scenario: dict[str, Mapping[str, Any]] = {}
    configs: dict[str, Mapping[str, Any]] = {}
    machines: dict[str, Mapping[str, Any]] = {}
    invalid: list[str] = []
    by_summary: list[str] = []
    without: list[str] = []
    unjudged: list[str] = []
    gaps: list[str] = []
    versions: dict[str, None] = {}
    files: list[Path] = []
    for each in _listed(sources):
        values, detail = _results(each)
        name = " ".join(each.names)
        if not _scenario(values):
            without.append(name)
            continue
        system = unique(name, scenario)
        if VALIDITY not in values:
            without.append(system)
        elif detail.name == SUMMARY:
            by_summary.append(system)
        scenario[system] = _load(values)
        configs[system], machines[system] = _described(each)
        versions |= {str(values["loadgen_version"]): None} if "loadgen_version" in values else {}
        add_results(stated, system, values, detail)
        if values.get(VALIDITY) not in ("VALID", None) or values.get("num_errors") not in (0, None):
            invalid.append(system)
        if (each.run / METER).is_file() and (power := read_power(each.run / METER, values, detail)) is not None:
            _add_power(stated, system, power, each.run / METER, samples(values))
            unjudged += [] if power.why is None else [f"{system}: {power.why}"]
            gaps += [f"{system}: {power.left_out} of {power.left_out + power.readings}"] if power.left_out else []
        if each.accuracy is not None:
            add_scores(stated, system, each.accuracy)
        files += [detail, *each.files]
    if not scenario:
        raise UserError(f"{sources[0]}: {_WITHOUT}{'; '.join(without)}")
    remarks = {
        "mlperf-no-results": f"{_WITHOUT}{'; '.join(without)}" if without else "",
        "mlperf-summary": f"{DETAIL} of these runs is missing, empty or cut: their figures are those of LoadGen's "
        f"summary, and watts and joules may be missing: {'; '.join(by_summary)}"
        if by_summary
        else "",
        "mlperf-invalid": f"LoadGen found these runs not valid: {'; '.join(invalid)}" if invalid else "",
        "mlperf-power": "The meter's readings carry no joules, and watts that are a mean of what was read: "
        + "; ".join(unjudged)
        if unjudged
        else "",
        "mlperf-readings": "Readings of 0 W or less are gaps, and left out of the mean, as MLCommons has it: "
        + "; ".join(gaps)
        if gaps
        else "",
    }
    return Imported(
        format="mlperf",
        version=", ".join(versions) or None,
        files=tuple(dict.fromkeys(files)),
        answers=Spool.of((), scratch),
        scenario=scenario,
        configs=configs,
        machines={system: machine for system, machine in machines.items() if machine},
        remarks={code: text for code, text in remarks.items() if text},
        summaries=stated.rows,
    )


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


def _described(each: _Performance) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings and the machine of a result."""
    config: dict[str, Any] = {"engine": "loadgen"}
    if len(each.names) > 1:
        config["model"] = each.names[-2]
    if each.hardware is None:
        return config, {}
    hardware = read_object(each.hardware)
    kept = {key: hardware[key] for key in HARDWARE if isinstance(hardware.get(key), str | int) and hardware[key] != ""}
    name, number = kept.get("accelerator_model_name"), kept.get("accelerators_per_node")
    machine: dict[str, Any] = {}
    if isinstance(name, str) and str(number).isdecimal() and len(str(number)) < 5 and int(str(number)) <= MOST_DEVICES:
        machine = {"gpus": [{"name": name}] * int(str(number))}
    return config | {"hardware": kept}, machine


def _add_power(stated: Stated, system: str, power: Power, path: Path, requests: int | None) -> None:
    for which, watts in (("mean", power.mean_w), ("minimum", power.least_w), ("maximum", power.most_w)):
        stated.add(system, "power", which, watts, source="Watts from power_begin to power_end", where=path)
    stated.add(system, "duration", "total", power.seconds, source="power_end - power_begin", where=path)
    if power.energy_j is not None:
        source = "Watts, integrated from power_begin to power_end by wattbench"
        stated.add(system, "energy", "total", power.energy_j, source=source, where=path, requests=requests)
