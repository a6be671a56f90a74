"""Runs that stop asking arms which cannot be chosen: whether the best arm is advised, and how many requests are asked.

Runs are those of `benchmarks.adversaries.grid_runs`: 1,000 items in 64 blocks, as `wattbench` deals them where arms
stay loaded. Each look makes its statements by the product's functions, from the sums of all complete blocks, and so
does the decision at the end; `tests/benchmarks/test_stopping_rates.py` holds both against whole runs.

An arm is *tied in truth* with the best if it meets the requirements and its cost is at most `MARGIN` above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.adversaries.claim import Claim, Outcomes, World
from benchmarks.adversaries.grid_runs import (
    Arms,
    GridRun,
    Machine,
    basis_of,
    costs_of,
    grid,
    grid_run,
    true_accuracies,
    true_costs,
)
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision.best import pairwise, tied
from wattbench_reports.decision.bounds import BoundedFigure, BoundedShare
from wattbench_reports.decision.checks import Checked, bounded_accuracy, bounded_costs, check_figure
from wattbench_reports.decision.covarying import VaryingFigure
from wattbench_reports.decision.dropping import Drop, LookLevels, Shown, choose, levels_of, looks_at
from wattbench_reports.decision.latency_limit import BEYOND, SystemLatency, design_effect
from wattbench_reports.decision.model import SHARE, Objective, Qualifies, outcome_by_bounds
from wattbench_reports.decision.run_figures import RunFigures, Trials
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import RISK, Requirement
from wattbench_reports.stats.percentiles import grid as grid_of

Floats = NDArray[np.float64]
Yes = NDArray[np.bool_]

ERROR = 0.05
ITEMS, BLOCKS, RUNS = 1000, 64, 500
LEAST_ACCURACY, LIMIT_S, WORTH = 0.7, 15.0, 0.004
MARGIN = 0.01
LATENCY_RUNS = 4000
"""Requests of each domain by which the true share within the limit of a p95 is counted."""


@dataclass(frozen=True)
class Wanted:
    """What an arm is chosen by."""

    objective: Objective
    unit: CostUnit
    requirements: tuple[Requirement, ...] = (Requirement("accuracy", LEAST_ACCURACY),)
    """Of the accuracy over all domains, and of a p95."""
    worth: float = 0.0
    """Of a right answer."""


@dataclass(frozen=True)
class Setup:
    """A kind of run."""

    wanted: Wanted
    arms: Arms = field(default_factory=grid)
    machine: Machine = field(default_factory=Machine)
    items: int = ITEMS
    blocks: int = BLOCKS


@dataclass(frozen=True)
class Figures:
    """What the first blocks of a run show. The product's functions make each figure."""

    run: GridRun
    figures: RunFigures
    wanted: Wanted
    blocks: int

    @cached_property
    def trials(self) -> Trials:
        """Return the trials of the accuracies."""
        return self.figures.accuracy_trials(None)

    @cached_property
    def cost(self) -> VaryingFigure:
        """Return the cost per request."""
        return self.figures.cost(costs_of(self.run.arms, self.wanted.unit))

    @property
    def loss(self) -> VaryingFigure:
        """Return what is minimised."""
        if self.wanted.objective != "benefit":
            return self.cost
        return self.cost.plus(self.figures.accuracy.times(-self.wanted.worth))

    def tested(self, requirement: Requirement, arm: int) -> BoundedFigure:
        """Return an arm's figure that a requirement bounds."""
        df = self.figures.covarying.df
        if requirement.quantity == "accuracy":
            return bounded_accuracy(self.trials, arm, requirement.bound, df)
        latency = self._latency(arm)
        within = latency.share_within(requirement.bound) or 0.0
        return BoundedShare(lambda risk: (within, within), latency.variance_of_share, SHARE, latency.most, df)

    def _latency(self, arm: int) -> SystemLatency:
        seen = self.run.block < self.blocks
        seconds, domain, block = self.run.seconds[seen, arm], self.run.domain[seen], self.run.block[seen]
        each = [seconds[domain == number] for number in range(int(domain.max()) + 1)]
        requests = np.array([float(len(one)) for one in each])
        return SystemLatency(
            tuple(grid_of(one) for one in each),
            requests,
            np.array([one.max() for one in each]),
            requests / requests.sum(),
            tuple(design_effect(seconds, block, beyond) for beyond in BEYOND),
        )


def _outcome(requirement: Requirement, tested: BoundedFigure, level: float) -> Qualifies:
    low, high = tested.bounds(level)
    needed = requirement.bound if requirement.quantity == "accuracy" else SHARE
    return outcome_by_bounds(needed, low, high, is_least=True)


def dropped_at(seen: Figures, levels: LookLevels, asked: Yes) -> Mapping[int, Drop]:
    """Return the arms that a look drops, of those that are still asked."""
    wanted, covarying, number = seen.wanted, seen.figures.covarying, len(asked)
    fails, p_values = np.zeros(number, dtype=np.bool_), pairwise(seen.loss, covarying)
    if wanted.objective == "prices":
        p_values = np.maximum(p_values, pairwise(seen.figures.accuracy.times(-1.0), covarying))
    for requirement in wanted.requirements:
        meets = np.ones(number)  # in place of p-values: 0 where they are at most the level
        for arm in np.flatnonzero(asked).tolist():
            tested = seen.tested(requirement, arm)
            fails[arm] |= _outcome(requirement, tested, levels.requirement or levels.rival) is Qualifies.NO
            meets[arm] = float(_outcome(requirement, tested, levels.rival) is not Qualifies.YES)
        p_values = np.maximum(p_values, meets)
    shown = Shown(seen.loss.estimates, asked, asked, fails, np.nan_to_num(p_values, nan=1.0))
    rates = np.where(asked, seen.figures.accuracy.estimates, -1.0)
    return choose(shown, levels, lambda: int(rates.argmax()))


@dataclass(frozen=True)
class Chosen:
    """What the decision at the end of a run says."""

    best: int | None
    """The arm to run; None where none is shown to meet the requirements."""
    tied: tuple[int, ...]
    """It and those that are tied with it."""


def decided(seen: Figures, asked: Yes, alpha: float) -> Chosen:
    """Decide at the end of a run, as `wattbench_reports.decision.decide` does."""
    rows = []
    for arm in range(len(asked)):
        checks = []
        for requirement in seen.wanted.requirements if asked[arm] else ():
            tested = seen.tested(requirement, arm)
            checks.append(check_figure(requirement, None, tested, 0.0, RISK))
        rows.append(tuple(checks))
    checked, able = Checked(tuple(rows)), asked.tolist()
    levels = checked.levels(able, RISK)
    among = [
        arm
        for arm, some in enumerate(able)
        if some and checked.outcomes[arm] is Qualifies.YES and checked.is_met(arm, levels[arm])
    ]
    if not among:
        return Chosen(None, ())
    loss = seen.loss
    best = min(among, key=lambda arm: float(loss.estimates[arm]))
    return Chosen(best, tied(loss, seen.figures.covarying, best, among, 1.0, alpha).systems)


@dataclass(frozen=True)
class Truth:
    """What is true of the arms of a run."""

    accuracy: Floats
    cost: Floats
    best: int
    as_good: frozenset[int]
    """The best, and those that are tied with it in truth."""
    front: frozenset[int]
    """Those that no other excels in accuracy and cost."""


@cache
def truth_of(setup: str) -> Truth:
    """Return the truth of a setup of `SETUPS`."""
    made = SETUPS[setup]
    accuracy, cost = true_accuracies(made.arms), true_costs(made.arms, made.machine, made.wanted.unit)
    loss = cost - made.wanted.worth * accuracy
    meets = np.ones(len(cost), dtype=np.bool_)
    for requirement in made.wanted.requirements:
        if requirement.quantity == "accuracy":
            meets &= accuracy >= requirement.bound
        else:
            meets &= _shares_within(setup, requirement.bound) >= SHARE
    best = min(np.flatnonzero(meets).tolist(), key=lambda arm: float(loss[arm]))
    as_good = np.flatnonzero(meets & (loss <= loss[best] + MARGIN * cost[best]))
    excelled = ((cost[:, None] > cost) & (accuracy[:, None] < accuracy)).any(axis=1)
    return Truth(accuracy, cost, best, frozenset(as_good.tolist()), frozenset(np.flatnonzero(~excelled).tolist()))


@cache
def _shares_within(setup: str, limit_s: float) -> Floats:
    """Count the requests of a long run that are answered within a limit."""
    made = SETUPS[setup]
    run = grid_run(np.random.default_rng(0), made.arms, made.machine, 4 * LATENCY_RUNS, 200)
    return np.asarray((run.seconds <= limit_s).mean(axis=0))


def figures_of(run: GridRun, sums: Mapping[str, Floats], wanted: Wanted, blocks: int) -> Figures:
    """Return what the first blocks of a run show."""
    return Figures(run, RunFigures(basis_of(run, sums, blocks), None), wanted, blocks)


def outcomes(seed: int, setup: str) -> Outcomes:
    """Simulate a run that stops asking arms, and decide at its end; and decide as if all had been asked all."""
    made, truth = SETUPS[setup], truth_of(setup)
    run = grid_run(np.random.default_rng([seed, *map(ord, setup)]), made.arms, made.machine, made.items, made.blocks)
    sums, wanted, number = run.sums(), made.wanted, len(made.arms.names)
    asked, requests, held = np.ones(number, dtype=np.bool_), np.zeros(number), [0, 0]
    planned = looks_at(made.blocks)
    levels = levels_of(ERROR, len(planned), number, len(wanted.requirements), wanted.objective)
    for blocks in planned:
        seen = figures_of(run, sums, wanted, blocks)
        for arm, drop in dropped_at(seen, levels, asked).items():
            asked[arm] = False
            requests[arm] = float((run.block < blocks).sum())
            _count(held, _are_held(seen, arm, drop.level, truth))
    requests[asked] = made.items
    whole = figures_of(run, sums, wanted, made.blocks)
    survived = [0, 0]
    for arm in np.flatnonzero(asked).tolist():
        _count(survived, _are_held(whole, arm, ALPHA / 2, truth))
    counts: dict[str, tuple[int, int]] = {
        "requests": (int(requests.sum()), made.items * number),
        "bounds": (held[0], held[1]),
        "survivors": (survived[0], survived[1]),
    }
    if wanted.objective == "prices":
        lost = any(not asked[arm] for arm in truth.front)
        return _named(counts | {"front": (int(lost), 1)}, setup)
    at_end, of_all = decided(whole, asked, ERROR / 2), decided(whole, np.ones(number, dtype=np.bool_), ALPHA)
    if setup in ALIKE:
        return _named({"alike": (int(len(at_end.tied) == 1), 1)} | counts, setup)
    counts |= {
        "best": (int(_is_right(at_end, truth)), 1),
        "full-grid": (int(_is_right(of_all, truth)), 1),
        "lost": (int(not asked[truth.best]), 1),
    }
    return _named(counts, setup)


def _named(counts: Mapping[str, tuple[int, int]], setup: str) -> Outcomes:
    """Return counts by claim: shares of requests are held to a limit only where the arms of a grid are apart."""
    renamed = {"requests": "requests" if setup in APART else "requests-elsewhere"}
    return {f"stopping-{renamed.get(name, name)}": each for name, each in counts.items()}


def _is_right(chosen: Chosen, truth: Truth) -> bool:
    return chosen.best in truth.as_good or truth.best in chosen.tied


def _are_held(seen: Figures, arm: int, level: float, truth: Truth) -> Sequence[bool]:
    """Return whether the bounds of an arm's accuracy and cost hold what is true."""
    trials = bounded_accuracy(seen.trials, arm, 0.5, seen.figures.covarying.df)
    cost = bounded_costs(seen.figures.covarying, seen.cost, 1.0)[arm]
    both = zip((trials.bounds(level), cost.bounds(level)), (truth.accuracy[arm], truth.cost[arm]), strict=True)
    return [low <= true <= high for (low, high), true in both]


def _count(totals: list[int], held: Sequence[bool]) -> None:
    totals[0] += sum(held)
    totals[1] += len(held)


_BY_JOULES = Wanted("cost", CostUnit.JOULES)
_P95 = (Requirement("accuracy", LEAST_ACCURACY), Requirement("p95", LIMIT_S))


def _alike(number: int) -> Arms:
    return grid().only(np.full(number, 2), tuple(f"arm {each}" for each in range(number)))


SETUPS: Mapping[str, Setup] = {
    "joules": Setup(_BY_JOULES),
    "grams": Setup(Wanted("cost", CostUnit.GRAMS)),
    "money": Setup(Wanted("cost", CostUnit.MONEY)),
    "seconds, with a p95": Setup(Wanted("cost", CostUnit.SECONDS, _P95)),
    "net benefit": Setup(Wanted("benefit", CostUnit.MONEY, (), WORTH)),
    "no requirement": Setup(Wanted("prices", CostUnit.JOULES, ())),
    "24 alike": Setup(_BY_JOULES, arms=_alike(24)),
    "2 alike": Setup(_BY_JOULES, arms=_alike(2), machine=Machine(kept=Machine.kept**12)),
    "joules, 32 blocks": Setup(_BY_JOULES, blocks=32),
    "joules, 400 items": Setup(_BY_JOULES, items=400),
    "joules, required accuracy 6 points below the best": Setup(
        Wanted("cost", CostUnit.JOULES, (Requirement("accuracy", 0.745),))
    ),
    "joules, 8 blocks": Setup(_BY_JOULES, blocks=8),
    "joules, 160 items": Setup(_BY_JOULES, items=160, blocks=32),
    "joules, every other arm drifts by 20%": Setup(_BY_JOULES, machine=Machine(drift=0.2)),
    "joules, noise of 20% that lasts for blocks": Setup(_BY_JOULES, machine=Machine(sd=0.2, kept=0.999)),
    "joules, heavy tails": Setup(_BY_JOULES, machine=Machine(tail_sd=1.5)),
}
APART = ("joules", "grams", "money", "seconds, with a p95", "net benefit")
"""Where the arms of the grid are apart, and items are many."""
ALIKE = ("24 alike", "2 alike")
OUTSIDE = tuple(SETUPS)[-5:]

_ASSUMPTION = "blocks are alike but for chance, and no arm drifts over the run on its own"
_SEEN_BY = "Look at joules by block: an arm that drifts has a slope that others do not have."
_BEST = "the arm of least cost, or most benefit, among those that truly meet the requirements"

CLAIMS = (
    Claim(
        "stopping-best",
        "A run that stops asking arms advises the best arm, or one tied with it, in at least 95% of runs.",
        _BEST,
        _ASSUMPTION,
        _SEEN_BY,
        least=0.95,
    ),
    Claim(
        "stopping-full-grid",
        "A run that asks all arms to the end advises the best arm, or one tied with it, in at least 95% of runs.",
        _BEST,
        _ASSUMPTION,
        _SEEN_BY,
        least=0.95,
    ),
    Claim(
        "stopping-lost",
        "The best arm is dropped before the end in at most 2.5% of runs.",
        _BEST,
        _ASSUMPTION,
        _SEEN_BY,
        most=0.025,
    ),
    Claim(
        "stopping-front",
        "An arm that no other excels in accuracy and cost is dropped in at most 2.5% of runs.",
        "the arms that no other truly excels in both",
        _ASSUMPTION,
        _SEEN_BY,
        most=0.025,
    ),
    Claim(
        "stopping-alike",
        "One of alike arms is called the best in at most 5% of runs.",
        "arms of one accuracy and one cost",
        _ASSUMPTION,
        _SEEN_BY,
        most=0.05,
    ),
    Claim(
        "stopping-bounds",
        "The bounds that are printed of a dropped arm hold its accuracy and its cost in at least 95% of cases.",
        "the accuracy over all items of the kind, and the cost on this machine",
        _ASSUMPTION,
        _SEEN_BY,
        least=0.95,
    ),
    Claim(
        "stopping-survivors",
        "The 95% intervals of arms that are asked to the end hold their accuracy and their cost in 95% of cases.",
        "the accuracy over all items of the kind, and the cost on this machine",
        _ASSUMPTION,
        _SEEN_BY,
        least=0.94,
    ),
    Claim(
        "stopping-requests",
        "A run that stops asking arms asks at most 42% of the requests, where the arms of a grid are apart.",
        "requests of all arms",
        "a best arm that keeps the required accuracy by 10 points, 1,000 items, and few near-ties",
        "The end of the run says how many requests it saved.",
        most=0.42,
    ),
    Claim(
        "stopping-requests-elsewhere",
        "It asks more where arms are alike, blocks or items are few, or no requirement is named.",
        "requests of all arms",
        "none",
        "The end of the run says how many requests it saved.",
    ),
)

WORLDS = tuple(World(name, name not in OUTSIDE, partial(outcomes, setup=name), RUNS) for name in SETUPS)
