"""Read what requests took in earlier runs of the same systems, asked the same way on the same machine.

Read too, of the newest run that shows it, which items tell nothing between systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wattbench.api.plans.concordant_items import ConcordantItems, count_concordant
from wattbench.api.run_folder import FINISHED, runs_in
from wattbench.config.loader import systems_as_measured
from wattbench.errors import UserError
from wattbench.machine.environment import machine
from wattbench.records import read_run
from wattbench.redaction import hide_settings
from wattbench_reports.tables.run_tables import Frames, frames_of, load_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattbench.config import Resolved
    from wattbench.records import RunHeader
    from wattbench.tasks.loading import LoadedTask

MOST_RUNS = 10
"""As many are read, the newest first."""

_OF_MACHINE = ("cpu", "cpus_usable", "cpus_quota")
_MEASURING = ("run", "night")
"""The kinds of runs from which time and joules are expected."""
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
    concordant: ConcordantItems | None = None
    """Items that tell nothing between systems, of the newest run with two planned systems; else, where runs are named,
    of the newest with two."""
    no_concordant: str = ""
    """Why these are not known, of the newest run that was read; empty where they are."""


def find_earlier(
    resolved: Resolved, tasks: Iterable[LoadedTask], folder: Path, *, any_machine: bool = False
) -> Earlier:
    """Read the seconds and joules of a suite's requests from the earlier runs in a folder.

    A cell counts where the run asked the same system (but for its price and what describes it) the same task in the
    same scenario and batch. Runs that are damaged, not finished, imported or rescored are left out. Items are counted
    of these runs and, with `any_machine`, of those of any kind and of other systems too.

    Args:
        resolved: the suite.
        tasks: of it, loaded: one that is asked or scored otherwise now does not count.
        folder: of runs, or one run.
        any_machine: whether runs on other machines count too.

    Raises:
        UserError: there is no such folder.
    """
    earlier = Earlier()
    loaded = list(tasks)
    settings = _systems(resolved.as_record()["systems"])
    asking = {each.choice.task: each.asking_sha256 for each in loaded}
    measure = resolved.suite.measure.model_dump(mode="json")
    here = _of_machine(machine())
    looked_at, why = 0, f"no finished run in {folder} asked these tasks, and scored them, as they are now"
    for listed in reversed(runs_in(folder)):
        if len(earlier.runs) == MOST_RUNS:
            break
        if listed.state != FINISHED or not (any_machine or listed.kind in _MEASURING):
            continue
        try:
            run = read_run(listed.path)
            elsewhere = _of_machine(run.header.environment) != here
            if elsewhere and not any_machine:
                continue
            cells, alike = _same_cells(run.header, asking), _same_systems(run.header, settings)
            timed = listed.kind in _MEASURING and _same_scenario(run.header, measure)
            wanted = {cell for cell in cells if cell[0] in alike} if timed else set()
            to_count = _to_count(earlier, cells, alike, any_machine=any_machine) and looked_at < MOST_RUNS
            if not wanted and not to_count:
                continue
            frames = load_frames(run)
            if to_count:
                looked_at += 1
                _count(earlier, _concordant(frames, resolved, loaded, cells, alike), listed.path)
            if wanted and _read(frames_of(run) if frames.left_out else frames, wanted, earlier):
                earlier.runs.append(listed.path)
                earlier.other_machine |= elsewhere
        except UserError:  # damaged: `wattbench runs list` says how
            continue
    if earlier.concordant is None:
        earlier.no_concordant = earlier.no_concordant or why
    return earlier


def _to_count(earlier: Earlier, cells: set[tuple[str, str]], alike: set[str], *, any_machine: bool) -> bool:
    """Return whether a run may show better which items tell nothing between systems than those read before it."""
    if earlier.concordant is not None and earlier.concordant.planned:
        return False
    planned = {system for system, _ in cells} & alike
    return len(planned) > 1 or (any_machine and earlier.concordant is None and bool(cells))


def _count(earlier: Earlier, items: ConcordantItems | str, run: Path) -> None:
    if isinstance(items, str):
        earlier.no_concordant = earlier.no_concordant or f"{run}: {items}"
    elif earlier.concordant is None or items.planned:
        earlier.concordant, earlier.no_concordant = items, ""


def _concordant(
    frames: Frames,
    resolved: Resolved,
    tasks: Sequence[LoadedTask],
    cells: set[tuple[str, str]],
    alike: set[str],
) -> ConcordantItems | str:
    there = {task for _, task in cells}
    others = [choice.task for choice in resolved.tasks if choice.task not in there]
    loaded = [each for each in tasks if each.choice.task in there]
    return count_concordant(frames, _seconds(frames), loaded, others, alike)


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


def _same_scenario(header: RunHeader, measure: Mapping[str, Any]) -> bool:
    suite = header.suite.get("suite")
    recorded = suite.get("measure") if isinstance(suite, Mapping) else None
    return isinstance(recorded, Mapping) and all(recorded.get(key) == measure.get(key) for key in _AS_ASKED)


def _same_systems(header: RunHeader, settings: Mapping[str, Any]) -> set[str]:
    """Return the systems of a run whose seconds and joules would be the same in the suite."""
    systems = header.suite.get("systems")
    then = _systems(systems) if isinstance(systems, Mapping) else {}
    return {name for name, now in settings.items() if then.get(name) == now}


def _same_cells(header: RunHeader, asking: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return the cells of a run, by system and task, whose task the suite asks and scores in the same way."""
    return {
        (cell["system"], cell["task"])
        for cell in header.cells
        if cell["task"] in asking and cell.get("task_sha256") in (None, "", asking[cell["task"]])
    }


def _seconds(frames: Frames) -> pd.Series:
    """Return the seconds of each answer: its share of the seconds of its window; NaN where they are not known."""
    windows, items = frames.windows.set_index("window"), frames.items
    latency_s = items["finished_s"] - items["started_s"]
    window_s = (windows["finished_s"] - windows["started_s"]) / windows["passes"]
    of_item = items["window"].astype(str)
    in_window_s = latency_s.groupby(of_item).transform("sum")
    seconds: pd.Series = of_item.map(window_s) * (latency_s / in_window_s.where(in_window_s > 0))
    return seconds


def _read(frames: Frames, wanted: set[tuple[str, str]], earlier: Earlier) -> bool:
    """Add a run's requests for some cells to `earlier`, and return whether there are any."""
    items, seconds = frames.items[~frames.items["failed"]], _seconds(frames)
    read = False
    for system, task in sorted(wanted):
        rows = (items["system"] == system) & (items["task"] == task)
        if not rows.any():
            continue
        cell_s, cell_j = seconds[items.index[rows]].to_numpy(float), items.loc[rows, "energy_j"].to_numpy(float)
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
