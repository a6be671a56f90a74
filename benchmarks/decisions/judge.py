"""Decide on one simulated run, as `wattbench compare` does, and keep what it said next to the truth.

Systems, requirement and worth are drawn anew for every run, so that the truth of a run is a sample of what the
probabilities are about: accuracies and costs are spread widely, or as narrowly as the noise, or not at all (`SPREADS`),
and are of a population of one of three shapes (`Shape`). `wattbench_reports.decision.partial_pooling` takes it for a
normal one; the others show what that costs where it is wrong.

There are two truths of a cost. **This run's**: of other items, on the machine as it was in this run, whose mean factor
over the run's time is alike for all systems. **Another run's**: on the machine in the long run, over all sessions. A
decision of one session says the first, and one with earlier sessions on record the second. What a decision of one
session says is held against the second, too: that is what it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tests.made_up.noisy_machine import NOISES, Noise, expected_slowdown
from tests.made_up.noisy_runs import NAMES, SYSTEMS, Answers, Run, log_j_per_request, run
from wattbench_reports.decision.best import chances
from wattbench_reports.decision.model import FAILS, MEETS
from wattbench_reports.decision.partial_pooling import PooledBy, pooled
from wattbench_reports.decision.prices import hull_of, steps
from wattbench_reports.decision.run_figures import RunFigures
from wattbench_reports.decision.session_moves import SessionMoves, moves_in
from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.metrics.costs import joule_costs
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.tables.session_record import SessionRecord

LOG_SD = 0.5
"""Of the seconds of an item."""
BASE_W, BASE_S = 20.0, 0.5
OWN = 0.19**0.5
"""The part of that which is a system's own; the other part is how long its items take all of them."""
WITHIN = (0.02, 0.98)
"""An accuracy that is not uniform is no further out."""
HELD = 2
"""Systems of a run that are held against exactly their true accuracy: which are alike but for chance."""


class Shape(Enum):
    """What the population looks like that true systems are drawn from."""

    UNIFORM = "uniform"
    NORMAL = "normal"
    CROWDED = "crowded"
    """Exponential: most systems are near the best that is possible, none is beyond it."""


@dataclass(frozen=True)
class Spread:
    """How widely the true systems of a run differ."""

    accuracy: tuple[float, float]
    """Bounds, of each system and of the requirement; of another shape than a uniform one, those with its variance."""
    log_cost: float
    """Costs are BASE_W x BASE_S x exp(x), x from -log_cost to log_cost; so is the highest cost allowed."""
    of_noise: bool = False
    """Both are the widest: a run's own are half-Cauchy, with the scale of the noise of its items, as the prior of
    `wattbench_reports.decision.partial_pooling` has them."""
    shape: Shape = Shape.UNIFORM

    def drawn(self, rng: np.random.Generator, items: int) -> Spread:
        """Return the spread of one run."""
        if not self.of_noise:
            return self
        shares = np.abs(np.tan(np.pi * (rng.random(2) - 0.5))) * math.sqrt(3 / items)
        middle, most = sum(self.accuracy) / 2, (self.accuracy[1] - self.accuracy[0]) / 2
        half = min(float(shares[0]) * math.sqrt(middle * (1 - middle)), most)
        log_cost = min(float(shares[1]) * LOG_SD * OWN, self.log_cost)
        return replace(self, accuracy=(middle - half, middle + half), log_cost=log_cost)

    def accuracies(self, rng: np.random.Generator, number: int) -> NDArray[np.float64]:
        """Draw accuracies; shape (number,)."""
        drawn = _values(rng, self.shape, *self.accuracy, number)
        return drawn if self.shape is Shape.UNIFORM else np.clip(drawn, *WITHIN)

    def log_costs(self, rng: np.random.Generator, number: int) -> NDArray[np.float64]:
        """Draw logarithms of costs; shape (number,)."""
        drawn = _values(rng, self.shape, -self.log_cost, self.log_cost, number)
        return -drawn if self.shape is Shape.CROWDED else drawn


def _values(rng: np.random.Generator, shape: Shape, low: float, high: float, number: int) -> NDArray[np.float64]:
    """Draw values with the mean and the variance of uniform ones from low to high, of which more is better."""
    middle, deviation = (low + high) / 2, (high - low) / math.sqrt(12)
    if shape is Shape.NORMAL:
        return rng.normal(middle, deviation, size=number)
    if shape is Shape.CROWDED:
        return middle + deviation - rng.exponential(deviation, size=number)
    return rng.uniform(low, high, size=number)


SPREADS = {
    "differ widely": Spread((0.45, 0.95), math.log(3)),
    "are nearly alike": Spread((0.66, 0.74), math.log(1.1)),
    "are nearly always right": Spread((0.95, 1.0), math.log(1.1)),
    "are hardly ever right": Spread((0.0, 0.05), math.log(1.1)),
    "are equal": Spread((0.7, 0.7), 0.0),
    "differ by any amount": Spread((0.45, 0.95), math.log(3), of_noise=True),
    "are of a normal population": Spread((0.45, 0.95), math.log(3), of_noise=True, shape=Shape.NORMAL),
    "are of a narrow normal population": Spread((0.66, 0.74), math.log(1.1), shape=Shape.NORMAL),
    "crowd near the best": Spread((0.45, 0.95), math.log(3), of_noise=True, shape=Shape.CROWDED),
}


@dataclass(frozen=True)
class Setup:
    """What is simulated many times."""

    spread: str
    noise: str
    """Of the machine."""
    items: int
    blocks: int
    """1: without blocks."""
    systems: int = SYSTEMS
    few: bool = False
    """An eighth of the items is a domain that has half of the workload."""
    priced: bool = False
    """Costs are a price per request, and exact."""
    sessions: int = 1
    """Of the same items on the same machine: this run alone, or earlier ones on record besides it."""

    @property
    def earlier(self) -> int:
        """Count the sessions on record; 0: another run is not known."""
        return self.sessions if self.sessions > 1 else 0


MACHINES: Mapping[str, Noise] = NOISES | {
    "sessions of 10%, 5% of its own": Noise(drift_sd=0.03, session_sd=0.10, own_session_sd=0.05),
}
"""Machines by their noise; that of the last one differs between systems."""


@dataclass(frozen=True)
class Decided:
    """What one run said, and what is true. Lists are by system."""

    p_met: tuple[float, ...]
    """That the accuracy required is met."""
    met: tuple[bool, ...]
    p_within: tuple[float, ...]
    """That the highest cost allowed is kept, on the machine of which the decision is."""
    within: tuple[bool, ...]
    p_within_long: tuple[float, ...]
    """The same of a bound that is as far from the costs in the long run, so that `within` says whether it is kept."""
    p_best_cost: tuple[float, ...]
    """Of the least cost among those that meet the accuracy."""
    best_cost: tuple[bool, ...]
    p_best_benefit: tuple[float, ...]
    """Of the most net benefit."""
    best_benefit: tuple[bool, ...]
    called_met: float
    """Of `HELD` systems against exactly their true accuracy: the share that is said to meet it."""
    called_not_met: float
    """The same: said not to meet it."""
    price_held: float
    """Of the prices along the hull: the share of intervals that hold the true price of their two systems; 1 without
    any."""
    regret: float
    """Expected, of choosing by net benefit; in units of the mean true cost, so that runs can be put together."""
    realised: float
    """What the choice truly loses."""


def decided(setup: Setup, number: int) -> Decided:
    """Simulate a run of a number, which is its seed, and decide on it."""
    noise, items, systems = MACHINES[setup.noise], setup.items, setup.systems
    kind = [list(SPREADS).index(setup.spread), list(MACHINES).index(setup.noise)]
    rng = np.random.default_rng([*kind, items, setup.blocks, systems, setup.few, setup.priced, number])
    truth = SPREADS[setup.spread].drawn(rng, items)
    accuracies = truth.accuracies(rng, systems)
    seconds = BASE_S * np.exp(truth.log_costs(rng, systems))
    answers = answers_of(rng, items, accuracies, seconds)

    def session() -> Run:
        watts, first = np.full(systems, BASE_W), items // 8 if setup.few else None
        return run(rng, noise, answers, blocks=setup.blocks, watts=watts, first=first)

    each = session()
    long = BASE_W * expected_slowdown(noise, each.length_s)
    usual = long if setup.earlier else BASE_W * each.mean_slowdown
    required = float(truth.accuracies(rng, 1)[0])
    bound = float(BASE_S * np.exp(truth.log_costs(rng, 1)[0]))
    worth = float(np.exp(rng.uniform(math.log(0.3), math.log(30.0)))) * float(usual * seconds.mean())
    if setup.priced:
        each = replace(each, item_joules=np.broadcast_to(usual * seconds, each.item_joules.shape).copy())
    moves = _moves([session() for _ in range(setup.earlier)])
    figures = RunFigures(basis(each.table), np.array([0.5, 0.5]) if setup.few else None, moves)
    return _judged(figures, accuracies, seconds, _Asked(required, bound, worth, usual, long))


@dataclass(frozen=True)
class _Asked:
    """What a decision is asked."""

    required: float
    bound_s: float
    """The highest cost allowed, in seconds on a still machine."""
    worth: float
    usual_w: float
    """What a second on a still machine costs, on the machine of which the decision is."""
    long_w: float
    """The same, in the long run."""


def _moves(earlier: Sequence[Run]) -> SessionMoves | None:
    """Return what sessions on record say, as a report reads them; None without any."""
    if not earlier:
        return None
    systems = NAMES[: earlier[0].item_joules.shape[1]]
    joules = np.exp([log_j_per_request(each) for each in earlier])
    by_system = {name: tuple(joules[:, number].tolist()) for number, name in enumerate(systems)}
    runs = tuple(str(number) for number in range(len(earlier)))
    record = SessionRecord("simulated", "", {}, "", runs, by_system, {})
    return moves_in(record, systems, np.zeros(len(systems)))


def answers_of(
    rng: np.random.Generator, items: int, accuracies: NDArray[np.float64], seconds: NDArray[np.float64]
) -> Answers:
    """Draw items, and what systems of these accuracies and mean seconds do with them: hard items take all longer."""
    hard, own = rng.normal(size=(items, 1)), rng.normal(size=(items, len(accuracies)))
    log_s = LOG_SD * (0.9 * hard + OWN * own)
    room = np.minimum(accuracies, 1 - accuracies)
    chance = accuracies + room * (1 - 2 * ndtr(hard))
    right = (rng.random(chance.shape) < chance).astype(np.float64)
    return Answers(seconds * np.exp(log_s - LOG_SD**2 / 2), right)


def _judged(
    figures: RunFigures, accuracies: NDArray[np.float64], seconds: NDArray[np.float64], asked: _Asked
) -> Decided:
    draws, systems, costs = figures.draws, len(seconds), asked.usual_w * seconds
    required, worth = asked.required, asked.worth
    accuracy, cost = figures.accuracy, figures.cost(joule_costs(NAMES[:systems], figures.basis.metered))
    joules, able = pooled(cost, draws, PooledBy.COST), [True] * systems
    meeting = pooled(accuracy, draws, PooledBy.ACCURACY, required) >= required
    by_cost = chances(joules, meeting, able)
    by_benefit = chances(joules - worth * pooled(accuracy, draws, PooledBy.ACCURACY), np.ones_like(meeting), able)
    p_met = meeting.mean(axis=0)
    kept = seconds <= asked.bound_s
    allowed, allowed_long = asked.bound_s * asked.usual_w, asked.bound_s * asked.long_w
    p_within, p_within_long = (
        (pooled(cost, draws, PooledBy.COST, bound) <= bound).mean(axis=0) for bound in (allowed, allowed_long)
    )
    at_truth = np.array(
        [
            (pooled(accuracy, draws, PooledBy.ACCURACY, true)[:, system] >= true).mean()
            for system, true in enumerate(accuracies[:HELD].tolist())
        ]
    )
    chosen = int((cost.estimates - worth * accuracy.estimates).argmin())
    true_loss = costs - worth * accuracies
    regret = by_benefit.regret[chosen]
    assert regret is not None
    qualified = np.where(accuracies >= required, costs, np.inf)
    least = qualified == qualified.min() if np.isfinite(qualified).any() else np.zeros(systems, dtype=bool)
    return Decided(
        p_met=tuple(p_met.tolist()),
        met=tuple((accuracies >= required).tolist()),
        p_within=tuple(p_within.tolist()),
        within=tuple(kept.tolist()),
        p_within_long=tuple(p_within_long.tolist()),
        p_best_cost=tuple(by_cost.p_best.tolist()),
        best_cost=tuple(least.tolist()),
        p_best_benefit=tuple(by_benefit.p_best.tolist()),
        best_benefit=tuple((true_loss == true_loss.min()).tolist()),
        called_met=float((at_truth >= MEETS).mean()),
        called_not_met=float((at_truth < FAILS).mean()),
        price_held=_prices_held(figures, cost, accuracies, costs),
        regret=float(regret / costs.mean()),
        realised=float((true_loss[chosen] - true_loss.min()) / costs.mean()),
    )


def _prices_held(
    figures: RunFigures, cost: VaryingFigure, accuracies: NDArray[np.float64], costs: NDArray[np.float64]
) -> float:
    """Return how many intervals of prices hold the truth: infinite where the dearer system is truly no better."""
    estimates = cost.estimates.tolist(), figures.accuracy.estimates.tolist()
    chain = hull_of(*estimates, range(len(costs)), ())
    held = []
    for step in steps(NAMES[: len(costs)], cost, figures.accuracy, figures.draws, chain):
        cheaper, dearer = NAMES.index(step.cheaper), NAMES.index(step.dearer)
        gain, extra = accuracies[dearer] - accuracies[cheaper], costs[dearer] - costs[cheaper]
        true = max(float(extra / gain), 0.0) if gain > 0 else math.inf
        held.append(step.price.low <= true <= step.price.high)
    return float(np.mean(held)) if held else 1.0
