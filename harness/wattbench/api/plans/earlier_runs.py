"""Read what requests took in earlier runs of the same systems, asked the same way on the same machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wattbench.api.run_folder import FINISHED, runs_in
from wattbench.config.loader import systems_as_measured
from wattbench.errors import UserError
from wattbench.machine.environment import machine
from wattbench.records import read_run
from wattbench.redaction import hide_settings
from wattbench_reports.tables.run_tables import load_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattbench.config import Resolved
    from wattbench.records import RunHeader, RunRecords
    from wattbench.tasks.loading import LoadedTask

MOST_RUNS = 10
"""As many are read, the newest first."""

_OF_MACHINE = ("cpu", "cpus_usable", "cpus_quota")
_AS_ASKED = ("scenario", "batch")
_DESCRIBING = frozenset({"canary", "description", "domain", "kind", "parameters", "teacher", "training"})
"""Settings of a system that say what it is, and change nothing of what its requests take."""


@dataclass(frozen=True)
class EarlierRequests:
    """The seconds and joules of one system's requests for one task in one run."""

    seconds: NDArray[np.float64]
    """Of each answered request: its share of the seconds of its window, shape (requests,)."""
    joules: NDArray[np.float64]
    """Of each request in a valid window, shape (requests in valid windows,)."""
    provenance: frozenset[str]
    """Of these joules."""


@dataclass
class Earlier:
    """The requests and loading times that were read of earlier runs."""

    cells: dict[tuple[str, str], list[EarlierRequests]] = field(default_factory=dict)
    """(System, task) to its requests, run by run."""
    loading_s: dict[str, list[float]] = field(default_factory=dict)
    """System to how long its loading took, run by run."""
    runs: list[Path] = field(default_factory=list)
    """That these are from, the newest first."""
    other_machine: bool = False
    """Whether one of them was on another machine."""


def find_earlier(
    resolved: Resolved, tasks: Iterable[LoadedTask], folder: Path, *, any_machine: bool = False
) -> Earlier:
    """Read the seconds and joules of a suite's requests from the earlier runs in a folder.

    A cell counts where the run asked the same system (but for its price and what describes it) the same task in the
    same scenario and batch. Runs that are damaged, not finished, imported or rescored are left out.

    Args:
        resolved: the suite.
        tasks: of it, loaded: one that is asked or scored otherwise now does not count.
        folder: of runs, or one run.
        any_machine: whether runs on other machines count too.

    Raises:
        UserError: there is no such folder.
    """
    earlier = Earlier()
    settings = _systems(resolved.as_record()["systems"])
    asking = {loaded.choice.task: loaded.asking_sha256 for loaded in tasks}
    measure = resolved.suite.measure.model_dump(mode="json")
    here = _of_machine(machine())
    for listed in reversed(runs_in(folder)):
        if len(earlier.runs) == MOST_RUNS:
            break
        if listed.state != FINISHED or listed.kind not in ("run", "night"):
            continue
        try:
            run = read_run(listed.path)
            elsewhere = _of_machine(run.header.environment) != here
            wanted = _same_cells(run.header, settings, asking, measure)
            if wanted and (any_machine or not elsewhere) and _read(run, wanted, earlier):
                earlier.runs.append(listed.path)
                earlier.other_machine |= elsewhere
        except UserError:  # damaged: `wattbench runs list` says how
            continue
    return earlier


def _of_machine(environment: Mapping[str, Any]) -> tuple[Any, ...]:
    gpus = environment.get("gpus")
    names = [gpu.get("name") for gpu in gpus if isinstance(gpu, Mapping)] if isinstance(gpus, list) else []
    return (*(environment.get(key) for key in _OF_MACHINE), names)


def _systems(systems: Mapping[str, Any]) -> dict[str, Any]:
    """Return, by system, the settings that change its seconds or joules, without secrets, as a record has them."""
    hidden = {name: each for name, each in hide_settings(systems).items() if isinstance(each, Mapping)}
    return {
        name: {key: value for key, value in settings.items() if key not in _DESCRIBING}
        for name, settings in systems_as_measured(hidden).items()
    }


def _same_cells(
    header: RunHeader, settings: Mapping[str, Any], asking: Mapping[str, str], measure: Mapping[str, Any]
) -> set[tuple[str, str]]:
    """Return the cells of a run that the suite would ask in the same way."""
    suite, systems = header.suite.get("suite"), header.suite.get("systems")
    recorded = suite.get("measure") if isinstance(suite, Mapping) else None
    if not isinstance(recorded, Mapping) or not isinstance(systems, Mapping):
        return set()
    if any(recorded.get(key) != measure.get(key) for key in _AS_ASKED):
        return set()
    then = _systems(systems)
    alike = {name for name, now in settings.items() if then.get(name) == now}
    return {
        (cell["system"], cell["task"])
        for cell in header.cells
        if cell["system"] in alike
        and cell["task"] in asking
        and cell.get("task_sha256") in (None, "", asking[cell["task"]])
    }


def _read(run: RunRecords, wanted: set[tuple[str, str]], earlier: Earlier) -> bool:
    """Add a run's requests for some cells to `earlier`, and return whether there are any.

    Raises:
        UserError: the record is damaged.
    """
    frames = load_frames(run)
    windows = frames.windows.set_index("window")
    items = frames.items[~frames.items["failed"]]
    latency_s = items["finished_s"] - items["started_s"]
    window_s = (windows["finished_s"] - windows["started_s"]) / windows["passes"]
    of_item = items["window"].astype(str)
    in_window_s = latency_s.groupby(of_item).transform("sum")
    seconds = of_item.map(window_s) * (latency_s / in_window_s.where(in_window_s > 0))
    read = False
    for system, task in sorted(wanted):
        rows = (items["system"] == system) & (items["task"] == task)
        if not rows.any():
            continue
        cell_s, cell_j = seconds[rows].to_numpy(float), items.loc[rows, "energy_j"].to_numpy(float)
        measured = np.isfinite(cell_j)
        provenance = frozenset(items.loc[rows, "energy_provenance"].astype(str)[measured])
        requests = EarlierRequests(cell_s[np.isfinite(cell_s)], cell_j[measured], provenance)
        earlier.cells.setdefault((system, task), []).append(requests)
        read = True
    loads = frames.windows[frames.windows["purpose"] == "load"]
    for system, seconds_of in (loads["finished_s"] - loads["started_s"]).groupby(loads["system"].astype(str)):
        if any(system == name for name, _ in wanted):
            earlier.loading_s.setdefault(str(system), []).append(float(seconds_of.iloc[0]))
    return read
