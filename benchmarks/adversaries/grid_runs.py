"""Simulated runs of a grid of 24 arms whose truth is known, as the sums that a look is made from.

The arms are four quantisations x three efforts x two power caps of one model. Items are of four domains of unlike
accuracy and length; an item is as hard, and asks for as long an answer, for all arms, and each arm adds chance of its
own: arms of effort ``low`` decode greedily and differ less from item to item than those that sample. Blocks hold items
of all domains; in a block the arms are asked in a random order. What slows the machine is an AR(1) process over the
turns of arms, with bursts. Money is paid for seconds of the machine and for electricity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri

from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.metrics.carbon.sci import SECONDS
from wattbench_reports.metrics.costs import LATENCY_S, MONEY, PRICED, TIMED, Costs, CostUnit
from wattbench_reports.metrics.domain_sums import Basis, BlockSums

Floats = NDArray[np.float64]

QUANTISATIONS: Mapping[str, tuple[float, float, float]] = {
    "q8": (1.00, 1.00, 0.000), "q6": (0.90, 0.91, -0.003), "q4": (0.82, 0.84, -0.010), "q3": (0.80, 0.82, -0.120),
}  # fmt: skip
"""Joules and seconds of a token as shares of those of the first, and what it adds to the accuracy."""
EFFORTS: Mapping[str, tuple[float, float, float, float]] = {
    "low": (100.0, 0.50, 0.15, 0.8), "medium": (210.0, 0.83, 0.3, 0.6), "high": (460.0, 0.89, 0.4, 0.6),
}  # fmt: skip
"""Tokens of an answer, accuracy, the standard deviation of the logarithm of an answer's own length, and the part of the
variance of what makes an item hard that is the same for all arms."""
CAPS: Mapping[str, tuple[float, float]] = {"none": (1.0, 1.0), "capped": (0.98, 1.03)}
"""Factors of joules and seconds."""
DOMAINS: Mapping[str, tuple[float, float]] = {
    "code": (1.6, -0.5), "facts": (0.5, 0.4), "maths": (1.3, -0.2), "text": (0.6, 0.3),
}  # fmt: skip
"""Factor of the length of an answer, and what is added to the normal quantile of an accuracy."""
JOULES_PER_TOKEN, SECONDS_PER_TOKEN = 1.0, 0.02
GRAMS_PER_KWH, GRAMS_PER_HOUR = 400.0, 10.0
MONEY_PER_HOUR, MONEY_PER_KWH = 0.5, 0.3
ITEM_SD = 0.5
"""Of the logarithm of an item's length, as `wattbench.measure.number_of_blocks.ITEM_SD` has it."""


@dataclass(frozen=True)
class Arms:
    """What is true of some arms, arrays of shape (arms,)."""

    names: tuple[str, ...]
    tokens: Floats
    joules: Floats
    """Per token."""
    seconds: Floats
    """Per token."""
    accuracy: Floats
    """In a domain of middling difficulty."""
    own_sd: Floats
    shared: Floats

    def only(self, numbers: NDArray[np.int64], names: tuple[str, ...]) -> Arms:
        """Return arms like some of these, by their numbers."""
        arrays = (self.tokens, self.joules, self.seconds, self.accuracy, self.own_sd, self.shared)
        return Arms(names, *(each[numbers] for each in arrays))


def grid() -> Arms:
    """Return the 24 arms."""
    cells = list(product(QUANTISATIONS, EFFORTS, CAPS))
    rows = [(QUANTISATIONS[q], EFFORTS[e], CAPS[c]) for q, e, c in cells]
    return Arms(
        tuple(" ".join(cell) for cell in cells),
        np.array([effort[0] for _, effort, _ in rows]),
        np.array([JOULES_PER_TOKEN * quantisation[0] * cap[0] for quantisation, _, cap in rows]),
        np.array([SECONDS_PER_TOKEN * quantisation[1] * cap[1] for quantisation, _, cap in rows]),
        np.array([effort[1] + quantisation[2] for quantisation, effort, _ in rows]),
        np.array([effort[2] for _, effort, _ in rows]),
        np.array([effort[3] for _, effort, _ in rows]),
    )


@dataclass(frozen=True)
class Machine:
    """What slows a machine, by the turns of arms: in one block each arm has one."""

    sd: float = 0.05
    """Of the logarithm of the slowdown: an AR(1) process. As `wattbench.measure.number_of_blocks.BLOCK_SD`."""
    kept: float = 0.9
    """Of the slowdown from one turn to the next."""
    bursts: float = 0.005
    """Chance of a turn that other work starts."""
    slower: float = 0.2
    """What other work adds."""
    ends: float = 0.2
    """Chance of a turn that it ends."""
    drift: float = 0.0
    """Of the logarithm, over the whole run, of every other arm alone."""
    tail_sd: float = 0.1
    """Of the logarithm of what each request has of its own."""

    def slowdowns(self, rng: np.random.Generator, turns: int) -> Floats:
        """Return the factor of each turn; on average 1 but for bursts."""
        steps = rng.normal(size=turns) * self.sd * (1 - self.kept**2) ** 0.5
        steps[0] /= (1 - self.kept**2) ** 0.5
        slow = np.exp(lfilter([1.0], [1.0, -self.kept], steps) - self.sd**2 / 2)
        busy, state = np.zeros(turns), rng.random() < self.busy
        for turn, chance in enumerate(rng.random(turns).tolist()):
            state = chance >= self.ends if state else chance < self.bursts
            busy[turn] = state
        return np.asarray(slow * (1 + self.slower * busy))

    @property
    def busy(self) -> float:
        """Return the share of turns with other work."""
        return self.bursts / (self.bursts + self.ends) if self.bursts else 0.0

    @property
    def mean(self) -> float:
        """Return the expected slowdown."""
        return 1 + self.slower * self.busy


@dataclass(frozen=True)
class GridRun:
    """One simulated run of which all arms are asked all items. Arrays are of shape (items, arms)."""

    arms: Arms
    block: NDArray[np.int64]
    """Shape (items,): of each."""
    domain: NDArray[np.int64]
    """Shape (items,)."""
    right: Floats
    joules: Floats
    seconds: Floats

    @property
    def blocks(self) -> int:
        """Return how many blocks there are."""
        return int(self.block.max()) + 1

    def sums(self) -> Mapping[str, Floats]:
        """Return the sums by block, shape (blocks, domains, arms), of each kind of a basis."""
        ones = np.ones_like(self.right)
        money = self.seconds * MONEY_PER_HOUR / 3600 + self.joules * MONEY_PER_KWH / JOULES_PER_KWH
        kinds = {
            "trials": ones, "scores": self.right, "correct": self.right, "metered": ones, "energy_j": self.joules,
            SECONDS: self.seconds, LATENCY_S: self.seconds, TIMED: ones, MONEY: money, PRICED: ones,
        }  # fmt: skip
        shape = self.blocks, len(DOMAINS), len(self.arms.names)
        return {name: self._by_cell(each).reshape(shape) for name, each in kinds.items()}

    def _by_cell(self, values: Floats) -> Floats:
        sums = np.zeros((self.blocks * len(DOMAINS), values.shape[1]))
        np.add.at(sums, self.block * len(DOMAINS) + self.domain, values)
        return sums


def grid_run(rng: np.random.Generator, arms: Arms, machine: Machine, items: int, blocks: int) -> GridRun:
    """Simulate a run.

    Args:
        rng: of everything drawn.
        arms: that are asked.
        machine: that answers.
        items: of all domains, which have the same number.
        blocks: how many.
    """
    number = len(arms.names)
    domain = np.arange(items) % len(DOMAINS)
    block = np.concatenate([_dealt(rng, int((domain == each).sum()), blocks) for each in range(len(DOMAINS))])
    domain = np.sort(domain)
    length, easier = (np.array(each) for each in zip(*DOMAINS.values(), strict=True))
    hard = rng.normal(size=(items, 1)) * arms.shared**0.5 + rng.normal(size=(items, number)) * (1 - arms.shared) ** 0.5
    right = (hard < ndtri(arms.accuracy) + easier[domain][:, None]).astype(np.float64)
    own = np.exp(arms.own_sd * rng.normal(size=(items, number)) - arms.own_sd**2 / 2)
    of_item = length[domain] * np.exp(ITEM_SD * rng.normal(size=items) - ITEM_SD**2 / 2)
    turn = np.argsort(rng.random((blocks, number)), axis=1).argsort(axis=1) + number * np.arange(blocks)[:, None]
    slow = machine.slowdowns(rng, blocks * number)[turn]
    drifting = machine.drift * (np.arange(blocks)[:, None] / max(blocks - 1, 1) - 0.5) * (np.arange(number) % 2)
    each = np.exp(machine.tail_sd * rng.normal(size=(items, number)) - machine.tail_sd**2 / 2)
    tokens = arms.tokens * own * of_item[:, None] * each * (slow * np.exp(drifting))[block]
    return GridRun(arms, block, domain, right, tokens * arms.joules, tokens * arms.seconds)


def _dealt(rng: np.random.Generator, items: int, blocks: int) -> NDArray[np.int64]:
    """Deal the items of a domain into blocks of about one size, at random."""
    return np.asarray(rng.permutation(blocks)[rng.permutation(items) % blocks])


def true_accuracies(arms: Arms) -> Floats:
    """Return the true accuracy of each arm over all domains, shape (arms,)."""
    return np.mean([ndtr(ndtri(arms.accuracy) + easier) for _, easier in DOMAINS.values()], axis=0)


def true_costs(arms: Arms, machine: Machine, unit: CostUnit) -> Floats:
    """Return the true cost of a request of each arm, shape (arms,)."""
    length = float(np.mean([each for each, _ in DOMAINS.values()]))
    joules, seconds = (arms.tokens * length * machine.mean * each for each in (arms.joules, arms.seconds))
    return {
        CostUnit.JOULES: joules,
        CostUnit.SECONDS: seconds,
        CostUnit.GRAMS: joules * GRAMS_PER_KWH / JOULES_PER_KWH + seconds * GRAMS_PER_HOUR / 3600,
        CostUnit.MONEY: seconds * MONEY_PER_HOUR / 3600 + joules * MONEY_PER_KWH / JOULES_PER_KWH,
    }[unit]


def costs_of(arms: Arms, unit: CostUnit) -> Costs:
    """Return what makes up a cost, as the product has it."""
    ones = np.ones(len(arms.names))
    parts = {
        CostUnit.JOULES: {"energy_j": 1.0},
        CostUnit.SECONDS: {LATENCY_S: 1.0},
        CostUnit.GRAMS: {"energy_j": GRAMS_PER_KWH / JOULES_PER_KWH, SECONDS: GRAMS_PER_HOUR / 3600},
        CostUnit.MONEY: {MONEY: 1.0},
    }[unit]
    return Costs(unit, str(unit), {kind: each * ones for kind, each in parts.items()}, {})


def basis_of(run: GridRun, sums: Mapping[str, Floats], blocks: int) -> Basis:
    """Return the sums of the first blocks of a run, as a look of the product has them."""
    kinds = {name: each[:blocks] for name, each in sums.items()}
    totals = {name: each.sum(axis=0) for name, each in kinds.items()}
    trials, scores = totals["trials"], totals["scores"]
    return Basis(
        systems=run.arms.names, domains=tuple(DOMAINS), items=trials, trials=trials, correct=scores, means=scores,
        squares=scores, metered_items=trials, metered=trials, totals=totals, energy_squares=np.zeros_like(trials),
        draw=_no_draws, draw_count=0, blocks=BlockSums(kinds),
    )  # fmt: skip


def _no_draws() -> NoReturn:
    raise AssertionError("a run in blocks draws no items")
