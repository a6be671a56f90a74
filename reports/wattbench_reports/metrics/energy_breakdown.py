"""Divide a system's joules: by component, by phase, into idle and more than idle, and those of loading."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.records import PhaseRow, Purpose, Split, SystemRow, WindowRow
from wattbench.records.rows.components import added, is_container
from wattbench.records.rows.phases import TOTAL
from wattbench_reports.comparability.joules import same_provenance
from wattbench_reports.stats import Interval
from wattbench_reports.tables import provenance
from wattbench_reports.tables.answer_access import Column, Lengths
from wattbench_reports.tables.run_tables import Frames

ONE_PERCENT = 0.01

_Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """One part of the machine, over the metered requests of one system."""

    name: str
    provenance: str
    j_per_request: float
    idle_j_per_request: float | None
    """What it drew anyway in that time, with the system loaded and nothing asked of it; None where not measured."""
    in_total: bool
    """Whether the total is made up of it. One inside another (a GPU behind a meter at the wall) is not added."""

    @property
    def above_idle_j_per_request(self) -> float | None:
        """Return the joules above idle. Below 0 where the idle window happened to draw more."""
        return None if self.idle_j_per_request is None else self.j_per_request - self.idle_j_per_request


@dataclass(frozen=True)
class _Metered:
    """The answers of a system that have joules; arrays of shape (answers,)."""

    windows: frozenset[str]
    """In which they were asked."""
    provenance: str
    tasks: tuple[str, ...]
    """All of the run."""
    task: NDArray[np.integer[Any]]
    """Which of `tasks`."""
    energy_j: _Numbers
    above_idle_j: _Numbers
    router_j: _Numbers
    prompt_tokens: _Numbers
    output_tokens: _Numbers
    members: NDArray[np.int64] | None
    """How many members of a hybrid were asked; None where no phases are recorded."""

    def __len__(self) -> int:
        return len(self.energy_j)

    def of_tasks(self, names: Iterable[str | None]) -> NDArray[np.bool_]:
        """Return which answers belong to some tasks, shape (answers,)."""
        chosen = set(names)
        return np.asarray(np.array([name in chosen for name in self.tasks], dtype=np.bool_)[self.task])


@dataclass(frozen=True)
class Phases:
    """One component's joules (or all of them) by phase, over the tasks in which they could be divided."""

    component: str
    provenance: str
    method: str
    """A `Split`: of several tasks the weakest."""
    tasks: int
    """The number of tasks."""
    missing: int
    """Tasks whose joules could not be divided."""
    reasons: tuple[str, ...]
    energy_j: float
    prefill: Interval
    """Joules. Bounds are not numbers where the split is by time."""
    decode: Interval
    other_j: float
    prompt_tokens: int | None
    """Of the answers that these joules are of; None where they were not all counted, or where a hybrid asked several
    members and only the last one's phases are known."""
    output_tokens: int | None

    @property
    def j_per_prompt_token(self) -> Interval | None:
        """Return prefill joules over prompt tokens."""
        return _over(self.prefill, self.prompt_tokens)

    @property
    def j_per_output_token(self) -> Interval | None:
        """Return decode joules over output tokens. An answer's first token is prefill's, and is counted all the
        same."""
        return _over(self.decode, self.output_tokens)


@dataclass(frozen=True)
class Load:
    """The seconds and joules of loading a system."""

    energy_j: float
    provenance: str
    valid: bool
    requests: float | None
    """The number of requests after which loading is 1% of their joules; None where their provenances differ."""


@dataclass(frozen=True)
class SystemSplit:
    """One system's joules, divided."""

    system: str
    requests: int
    """With joules: what every figure per request is over."""
    j_per_request: float | None
    above_idle_j_per_request: float | None
    """None where some component's idle was not measured."""
    components: tuple[Component, ...]
    phases: tuple[Phases, ...]
    """The total first. Empty for a run from before phases were recorded."""
    load: Load | None
    router_j_per_request: float | None
    """Of a hybrid: choosing. Part of `j_per_request`."""
    provenance: str

    @property
    def idle_j_per_request(self) -> float | None:
        """Return the idle joules per request: the total less what is above idle."""
        if self.j_per_request is None or self.above_idle_j_per_request is None:
            return None
        return self.j_per_request - self.above_idle_j_per_request


def splits(frames: Frames) -> dict[str, SystemSplit]:
    """Return each system's division, in the order of `frames.systems`, from the records alone."""
    columns = {name: frames.further(name) for name in ("prompt_tokens", "router_energy_j")}
    windows, rows, known = frames.window_rows, frames.run.phases(), frames.run.systems()
    phases = {name: [row for row in rows if row.system == name] for name in frames.systems}
    members = frames.further_lengths("route_asked") if rows else None
    return {
        name: _of_system(
            name,
            _metered(frames, name, columns, members),
            [window for window in windows if window.system == name],
            phases[name],
            known.get(name),
        )
        for name in frames.systems
    }


def _metered(frames: Frames, system: str, more: Mapping[str, Column], members: Lengths | None) -> _Metered:
    """Return the answers of a system that have joules, with further columns."""
    of_system = frames.answers_of(system)
    energy_j = frames.figures("energy_j", of_system)
    kept = ~np.isnan(energy_j)
    rows = of_system if kept.all() else frames.positions(of_system)[kept]
    return _Metered(
        windows=frozenset(frames.labels("window", rows)),
        provenance=provenance.joined(frames.labels("energy_provenance", rows)),
        tasks=tuple(frames.categories("task")),
        task=frames.codes("task", rows),
        energy_j=energy_j[kept],
        above_idle_j=frames.figures("energy_above_idle_j", rows),
        router_j=more["router_energy_j"](rows),
        prompt_tokens=more["prompt_tokens"](rows),
        output_tokens=frames.figures("output_tokens", rows),
        members=None if members is None else members(rows),
    )


def _of_system(
    name: str, answers: _Metered, windows: Sequence[WindowRow], rows: Sequence[PhaseRow], known: SystemRow | None
) -> SystemSplit:
    requests = len(answers)
    per_request = float(answers.energy_j.mean()) if requests else None
    above = answers.above_idle_j
    router = answers.router_j[~np.isnan(answers.router_j)]
    return SystemSplit(
        system=name,
        requests=requests,
        j_per_request=per_request,
        above_idle_j_per_request=float(above.mean()) if requests and not np.isnan(above).any() else None,
        components=tuple(_components(answers, windows)),
        phases=tuple(_phases(answers, rows)),
        load=_load(windows, known, per_request, answers.provenance),
        router_j_per_request=float(router.sum()) / requests if len(router) else None,
        provenance=answers.provenance,
    )


def _components(answers: _Metered, windows: Sequence[WindowRow]) -> Iterable[Component]:
    """Return the components of the windows that the metered items fell in: one pass of each."""
    measured = [w for w in windows if w.window in answers.windows and w.purpose == Purpose.MEASURED and w.valid]
    names = list(dict.fromkeys(name for window in measured for name in window.energy_j))
    counted = set(added(names))
    for name in names:
        holding = [window for window in measured if name in window.energy_j]
        idle_j = [w.idle_w[name] * w.duration_s / w.passes for w in holding if name in w.idle_w]
        yield Component(
            name=name,
            provenance=provenance.joined(window.provenance.get(name, "") for window in holding),
            j_per_request=math.fsum(window.energy_j[name] / window.passes for window in holding) / len(answers),
            idle_j_per_request=math.fsum(idle_j) / len(answers) if len(idle_j) == len(holding) else None,
            in_total=name in counted,
        )


def contained(components: Sequence[Component]) -> bool:
    """Return whether the total was read by one meter around the other components."""
    return any(is_container(each.name) for each in components if each.in_total)


def _phases(answers: _Metered, rows: Sequence[PhaseRow]) -> Iterable[Phases]:
    names = sorted(dict.fromkeys(row.component for row in rows), key=lambda name: name != TOTAL)
    for name in names:
        matching = [row for row in rows if row.component == name]
        divided = [row for row in matching if row.prefill_j is not None]
        together = any(row.task is None for row in divided)  # a run with blocks: a row is of all tasks
        of = slice(None) if together else answers.of_tasks(row.task for row in divided)
        one_each = answers.members is None or bool((answers.members[of] <= 1).all())
        yield Phases(
            component=name,
            provenance=provenance.joined(row.provenance for row in divided),
            method=_weakest(divided),
            tasks=len(divided),
            missing=len(matching) - len(divided),
            reasons=tuple(dict.fromkeys(row.reason for row in matching if row.reason)),
            energy_j=math.fsum(row.energy_j or 0.0 for row in divided),
            prefill=_sum([(row.prefill_j, row.prefill_low_j, row.prefill_high_j) for row in divided]),
            decode=_sum([(row.decode_j, row.decode_low_j, row.decode_high_j) for row in divided]),
            other_j=math.fsum(row.other_j or 0.0 for row in divided),
            prompt_tokens=_count(answers.prompt_tokens[of]) if one_each else None,
            output_tokens=_count(answers.output_tokens[of]) if one_each else None,
        )


_STRENGTH = (Split.NONE, Split.BY_TIME, Split.PARTLY, Split.FITTED, Split.ONE_PHASE)


def _weakest(rows: Sequence[PhaseRow]) -> str:
    methods = {row.method for row in rows}
    return next((str(method) for method in _STRENGTH if method in methods), "")


def _sum(figures: Sequence[tuple[float | None, float | None, float | None]]) -> Interval:
    """Sum figures of tasks that were measured apart, with their errors in quadrature.

    The sum has no bounds where one figure has none.
    """
    estimate = math.fsum(figure or 0.0 for figure, _, _ in figures)
    below, above = 0.0, 0.0
    for figure, low, high in figures:
        if figure is None or low is None or high is None:
            return Interval(estimate, math.nan, math.nan)
        below, above = math.hypot(below, figure - low), math.hypot(above, high - figure)
    return Interval(estimate, max(0.0, estimate - below), estimate + above)


def _over(joules: Interval, count: int | None) -> Interval | None:
    return Interval(joules.estimate / count, joules.low / count, joules.high / count) if count else None


def _count(known: _Numbers) -> int | None:
    return int(known.sum()) if len(known) and np.isfinite(known).all() else None


def _load(windows: Sequence[WindowRow], known: SystemRow | None, per_request: float | None, label: str) -> Load | None:
    wanted = None if known is None else known.load_window
    window = next((window for window in windows if window.window == wanted), None)
    if window is None or window.total_j is None:
        return None
    same = window.valid and same_provenance((window.provenance_label, label))
    requests = window.total_j / (ONE_PERCENT * per_request) if same and per_request and per_request > 0 else None
    return Load(window.total_j, window.provenance_label, window.valid, requests)
