"""Say before a run how long it will take and how many joules its answers will need, as far as that is known.

It is known from earlier runs of the same systems and tasks, or, of arrivals at stated rates, from the suite. What is
not known is said to be so: a figure is never made up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from wattbench.measure.arrivals import offers
from wattbench.measure.effort import AGAIN, AROUND_S, QUICK_S
from wattbench.measure.plan import requests
from wattbench.measure.plan_of_blocks import least_blocks
from wattbench_reports.formatting.units import duration, plural, quantity
from wattbench_reports.presenter.model import Column, Passage, Table, numbers, text_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattbench.api.plans.earlier_runs import Earlier
    from wattbench.config import Measure, Resolved
    from wattbench.measure.effort import Effort
    from wattbench.measure.plan import Planned

LEAST_REQUESTS = 5
"""From fewer requests of a cell nothing is expected."""
_Z = 1.96
SLOWED = 2.0
"""By which share answers may take longer, for each share of the processor that others use. On two cores next to two
busy loops (all of it) answers of one thread took 1.5 to 3 times as long."""


@dataclass(frozen=True)
class Expectation:
    """An expected figure and its range in 95% of runs, by the spread of requests and, if known, of runs."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class SystemWork:
    """What one system is expected to need for all its items."""

    system: str
    requests: int | None
    asking_s: Expectation | None
    """Seconds in its windows; None: not known. They last at least as long as windows must."""
    loading_s: float | None
    """Of all its loadings; None: not known."""
    joules: Expectation | None
    """Of its answers, each asked once."""


@dataclass(frozen=True)
class ExpectedWork:
    """What a run is expected to need."""

    systems: tuple[SystemWork, ...]
    time_s: Expectation | None
    """Of the whole run; its upper end holds all that the effort admits. None if some cell's is not known."""
    joules: Expectation | None
    """Of all answers, each asked once; None if some cell's are not known."""
    provenance: tuple[str, ...]
    """How these joules came about in the earlier runs."""
    runs: tuple[Path, ...]
    """The earlier runs."""
    other_machine: bool
    by_rates: bool
    """The time follows from the rates of the suite."""
    at_most: bool = False
    """The run stops asking systems that cannot be chosen."""

    def as_record(self) -> dict[str, Any]:
        """Return the expected work as plain data."""
        return asdict(self) | {
            "systems": [asdict(each) for each in self.systems],
            "provenance": list(self.provenance),
            "runs": [str(run) for run in self.runs],
        }


def expected_work(
    resolved: Resolved, cells: Sequence[Planned], earlier: Earlier, effort: Effort, used_by_others: float = 0.0
) -> ExpectedWork:
    """Return what a run of a suite is expected to need.

    Args:
        resolved: the suite.
        cells: of its plan.
        earlier: what earlier runs took.
        effort: how much is asked for intervals and joules here.
        used_by_others: the share of the processor that other processes use now.
    """
    measure = resolved.suite.measure
    by_system: dict[str, list[Planned]] = {}
    for cell in cells:
        by_system.setdefault(cell.system, []).append(cell)
    items = [cell.items for cell in next(iter(by_system.values()), [])]
    least_s = _least_asking_s(measure, items, effort)
    systems = [_of_system(name, of_system, measure, earlier, least_s, effort) for name, of_system in by_system.items()]
    asking = _sum(each.asking_s for each in systems)
    around_s = effort.idle_s + sum(each.loading_s or 0.0 for each in systems)
    time_s = None if asking is None else _whole_time(asking, around_s, measure, effort, used_by_others, len(systems))
    used = [requests for cell in cells for requests in earlier.cells.get((cell.system, cell.choice.task), [])]
    return ExpectedWork(
        systems=tuple(systems),
        time_s=time_s,
        joules=_sum(each.joules for each in systems),
        provenance=tuple(sorted({label for requests in used for label in requests.provenance})),
        runs=tuple(earlier.runs),
        other_machine=earlier.other_machine,
        by_rates=measure.load is not None,
        at_most=measure.stop_rule is not None and len(by_system) > 1,
    )


def _whole_time(
    asking: Expectation, around_s: float, measure: Measure, effort: Effort, used_by_others: float, systems: int
) -> Expectation:
    """Return the expected seconds of a whole run: at least for its answers, at most for all that its effort admits."""
    if not measure.in_blocks:  # each cell once; rates decide how long arrivals take
        return Expectation(*(each + around_s for each in (asking.estimate, asking.low, asking.high + AROUND_S)))
    slowest_s = asking.high * (1.0 + SLOWED * used_by_others)
    windows_s = slowest_s + systems * effort.most_blocks * effort.min_window_s
    blocks_s = max(min(effort.most_asking_s(slowest_s), windows_s + QUICK_S), asking.high)
    again = 1.0 + (AGAIN if effort.asks_again else 0.0)
    high_s = again * blocks_s + max(AROUND_S, effort.idle_s) + around_s
    return Expectation(asking.estimate + around_s, asking.low + around_s, high_s)


def _of_system(
    name: str, cells: Sequence[Planned], measure: Measure, earlier: Earlier, least_s: float, effort: Effort
) -> SystemWork:
    times = least_blocks(measure, effort, None) if measure.in_blocks and measure.resident == "one" else 1
    numbers = [None if cell.items is None else requests(cell.items, measure, cell.config) for cell in cells]
    runs = [earlier.cells.get((name, cell.choice.task), []) for cell in cells]
    loads = earlier.loading_s.get(name)
    asking_s: Expectation | None
    if measure.load is not None:
        asking_s, joules = _at_rates(measure, cells), None
    else:
        asking_s = _sum(_total(number, [run.seconds for run in of]) for number, of in zip(numbers, runs, strict=True))
        joules = _sum(_total(number, [run.joules for run in of]) for number, of in zip(numbers, runs, strict=True))
        if asking_s is not None:
            asking_s = Expectation(*(max(each, least_s) for each in asdict(asking_s).values()))
    known = [number for number in numbers if number is not None]
    return SystemWork(
        system=name,
        requests=sum(known) if len(known) == len(numbers) else None,
        asking_s=asking_s,
        loading_s=times * sum(loads) / len(loads) if loads else None,
        joules=joules,
    )


def _at_rates(measure: Measure, cells: Iterable[Planned]) -> Expectation | None:
    """Return the seconds during which requests arrive at the suite's rates. The last answers come a little later."""
    assert measure.load is not None
    whole_s = 0.0
    for cell in cells:
        if cell.items is None:
            return None
        whole_s += sum(offer.duration_s for offer in offers(measure.load, cell.items))
    return Expectation(whole_s, whole_s, whole_s)


def _least_asking_s(measure: Measure, items: Sequence[int | None], effort: Effort) -> float:
    """Return the least seconds that all windows of a system take together."""
    known = [each for each in items if each is not None]
    whole = sum(known) if len(known) == len(items) else None
    windows = least_blocks(measure, effort, whole) if measure.in_blocks else len(items)
    return windows * effort.min_window_s


def _total(requests: int | None, runs: Sequence[NDArray[np.float64]]) -> Expectation | None:
    """Return the expected sum of a figure over a number of requests, from the requests of earlier runs."""
    counted = [run for run in runs if len(run)]
    if requests is None or not counted:
        return None
    pooled = np.concatenate(counted)
    if len(pooled) < LEAST_REQUESTS:
        return None
    within = float(pooled.var(ddof=1))
    between = 0.0
    if len(counted) > 1:
        means = np.asarray([run.mean() for run in counted])
        of_requests = float(np.mean([within / len(run) for run in counted]))
        between = max(0.0, float(means.var(ddof=1)) - of_requests)
    variance = requests * within * (1 + requests / len(pooled)) + requests**2 * between
    estimate, spread = requests * float(pooled.mean()), _Z * math.sqrt(variance)
    return Expectation(estimate, max(0.0, estimate - spread), estimate + spread)


def _sum(parts: Iterable[Expectation | None]) -> Expectation | None:
    """Add expectations: the estimates, and each end of the ranges, because what slows one system slows others."""
    known = list(parts)
    if not known or any(part is None for part in known):
        return None
    return Expectation(
        *(sum(getattr(part, end) for part in known if part is not None) for end in ("estimate", "low", "high"))
    )


def expected_passage(
    work: ExpectedWork, folder: str, grids: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Passage:
    """Make the passage on the expected time and joules of a run, and on what is not known of them.

    Args:
        work: as expected.
        folder: where earlier runs were looked for, in words.
        grids: the systems of each grid, which share a row.
    """
    source = "the rates of the suite" if work.by_rates else plural(len(work.runs), "earlier run")
    unknown = [each.system for each in work.systems if each.asking_s is None]
    if len(unknown) == len(work.systems):
        unknown_why = (
            f"time and joules are not known: no finished run {folder} asked these systems these tasks. A run with "
            "--limit 20 shows them; --like names other runs"
        )
        return Passage(sentences=(unknown_why,))
    where = f" ({', '.join(run.name for run in work.runs[:2])}{', ...' if len(work.runs) > 2 else ''})"
    machine = ", not all on this machine" if work.other_machine else ""
    rows = [
        (
            each.system,
            "?" if each.requests is None else f"{each.requests:,}",
            _time(each.asking_s),
            _joules(each.joules),
        )
        for each in _by_grid(work.systems, grids)
    ]
    every = [each.requests for each in work.systems if each.requests is not None]
    whole = f"{sum(every):,}" if len(every) == len(work.systems) else "?"
    rows.append(("all, with loading and idle", whole, _time(work.time_s), _joules(work.joules)))
    label = f" Joules: {', '.join(work.provenance)}." if work.provenance else ""
    if work.joules is None and work.runs:
        label += " Joules are not known where no window of these runs was valid, or a cell was not asked."
    top = "The upper end of all holds warm-up, scoring, blocks that are asked again, and what else runs now."
    spread = "requests and of runs" if len(work.runs) > 1 else "requests: that between runs is not known from one"
    ranges = "" if work.by_rates else f" Ranges are of 95%, by the spread of {spread}."
    at_most = " at most" if work.at_most else ""
    caption = f"expected{at_most}, from {source}{where if work.runs and not work.by_rates else ''}{machine}"
    heads = ("requests", "time", "joules of the answers")
    columns = (Column(""), *numbers(*heads))
    return Passage(tables=(Table(caption, columns, text_rows(rows), f"{top}{ranges}{label}"),))


def _by_grid(systems: Iterable[SystemWork], grids: Mapping[str, Sequence[str]]) -> list[SystemWork]:
    """Return the work of each system that is of no grid, and of all systems of each grid together."""
    grid_of = {name: grid for grid, names in grids.items() for name in names}
    together: dict[str, list[SystemWork]] = {}
    for each in systems:
        together.setdefault(grid_of.get(each.system, each.system), []).append(each)
    return [_together(name, works) if name in grids else works[0] for name, works in together.items()]


def _together(grid: str, works: Sequence[SystemWork]) -> SystemWork:
    known = [each.requests for each in works if each.requests is not None]
    return SystemWork(
        system=f"{grid} ({plural(len(works), 'system')})",
        requests=sum(known) if len(known) == len(works) else None,
        asking_s=_sum(each.asking_s for each in works),
        loading_s=None,
        joules=_sum(each.joules for each in works),
    )


def _time(expected: Expectation | None) -> str:
    if expected is None:
        return "not known"
    if expected.low == expected.high:
        return duration(expected.estimate)
    return f"{duration(expected.estimate)} ({duration(expected.low)} to {duration(expected.high)})"


def _joules(expected: Expectation | None) -> str:
    if expected is None:
        return "not known"
    low, high = quantity(expected.low, "J"), quantity(expected.high, "J")
    return f"{quantity(expected.estimate, 'J')} ({low} to {high})"
