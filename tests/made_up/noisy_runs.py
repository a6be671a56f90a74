"""Simulated runs of eight systems on a noisy machine, as wattbench lays them out, whose truth is known.

Items are dealt, and systems ordered, by the functions that a run uses (`wattbench.scenarios.blocks`). With one block
systems are asked one after another in the order of the suite, each all tasks.

Systems come in pairs that are alike: 0 and 1 cost and know the same, 2 and 3 cost twice that, and so on. Hard items
take long and are more often answered wrongly, by all systems.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tests.made_up.noisy_machine import NOISES, Noise, Schedule, expected_slowdown, measure
from wattbench.scenarios.blocks.turn import deal, order_of
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels

SYSTEMS = 8
NAMES = tuple("abcdefgh")
TASKS = ("first", "second")
"""Each with half of the items, in a domain of its own."""
WATTS = np.full(SYSTEMS, 20.0)
BASE_S = np.repeat([0.25, 0.5, 1.0, 2.0], 2)
ACCURACY = np.repeat([0.4, 0.5, 0.6, 0.8], 2)
EVEN_WATTS = 20.0 * ACCURACY / BASE_S
"""With these all eight need the same joules for a correct answer."""
ALIKE = ((0, 1), (2, 3), (4, 5), (6, 7))


def error(rate: float, cases: int) -> float:
    """Return twice the binomial error of a rate."""
    return 2 * math.sqrt(rate * (1 - rate) / cases)


def seeded(noise: str, *more: int) -> np.random.Generator:
    """Return a generator of its own for each noise and case."""
    return np.random.default_rng([list(NOISES).index(noise), *more])


@dataclass(frozen=True)
class Answers:
    """The systems' answers to some items on a machine without noise. Arrays are of shape (items, systems)."""

    seconds: NDArray[np.float64]
    correct: NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One run. Sums are of shape (blocks, systems)."""

    joules: NDArray[np.float64]
    correct: NDArray[np.float64]
    item_joules: NDArray[np.float64]
    """Shape (items, systems)."""
    answers: Answers
    block_of: NDArray[np.int64]
    """Shape (items,)."""
    length_s: float
    session: float
    """The factor of its session on all joules and seconds."""
    mean_slowdown: float
    """The mean factor on joules and seconds over its time, alike for all systems; that of its session included."""

    @property
    def table(self) -> ItemTable:
        """Return the run as the reports sum it; without blocks, where it has one."""
        shape = self.item_joules.shape
        tasks, one = Labels.of(np.repeat(TASKS, _of_task(shape[0]))), np.ones(shape)
        blocks = None if len(self.joules) == 1 else np.broadcast_to(self.block_of[:, None], shape)
        correct = self.answers.correct
        return ItemTable(NAMES[: shape[1]], tasks, tasks, one, correct, one, correct, self.item_joules, blocks)


def answers_to(rng: np.random.Generator, items: int, log_sd: float = 0.5) -> Answers:
    """Draw items, and what each system does with them."""
    hard = rng.normal(size=(items, 1))
    own = rng.normal(size=(items, SYSTEMS))
    log_s = log_sd * (0.9 * hard + 0.19**0.5 * own)
    room = np.minimum(ACCURACY, 1 - ACCURACY)
    chance = ACCURACY + room * (1 - 2 * ndtr(hard))
    return Answers(BASE_S * np.exp(log_s - log_sd**2 / 2), (rng.random((items, SYSTEMS)) < chance).astype(np.float64))


def suite_order(rng: np.random.Generator, systems: int = SYSTEMS) -> list[str]:
    """Draw in which order a suite names the systems."""
    return [NAMES[number] for number in rng.permutation(systems)]


def run(
    rng: np.random.Generator,
    noise: Noise,
    answers: Answers,
    *,
    blocks: int = 8,
    suite: list[str] | None = None,
    watts: NDArray[np.float64] = WATTS,
    deals: int = 2**32,
) -> Run:
    """Ask all items in one session.

    Args:
        rng: of the machine, and of the seed by which items are dealt.
        noise: of the machine.
        answers: to the items, of as many systems as there are columns.
        blocks: into how many the items are dealt.
        suite: the systems in the order of the suite; None: drawn for this run.
        watts: shape (systems,).
        deals: from how many the deal of the items, with the orders of the systems, is drawn. Where items are drawn anew
            for each run, it is all one which of them come together: with few deals, these are made once.
    """
    items, systems = answers.seconds.shape
    suite = suite or suite_order(rng, systems)
    block_of, place, item = _layout(_of_task(items), blocks, systems, int(rng.integers(deals)))
    system = np.array([NAMES.index(name) for name in suite])[place]
    cell = item * systems + system
    seconds = answers.seconds.ravel()[cell]
    measured = measure(Schedule(system, item, seconds, watts[system] * seconds), noise, rng)
    item_joules = np.empty(items * systems)
    item_joules[cell] = measured.joules
    item_joules = item_joules.reshape(items, systems)
    joules, correct = (_by_block(each, block_of, blocks) for each in (item_joules, answers.correct))
    factors = measured.session, measured.mean_slowdown
    return Run(joules, correct, item_joules, answers, block_of, float(seconds.sum()), *factors)


def _of_task(items: int) -> tuple[int, int]:
    """Return how many items each task has: those of the first come first."""
    return items // 2, items - items // 2


def _by_block(values: NDArray[np.float64], block_of: NDArray[np.int64], blocks: int) -> NDArray[np.float64]:
    """Sum values of shape (items, systems) over the items of each block. `np.add.at` takes ten times as long."""
    systems = values.shape[1]
    place = block_of[:, None] * systems + np.arange(systems)
    return np.bincount(place.ravel(), values.ravel(), minlength=blocks * systems).reshape(blocks, systems)


@lru_cache(maxsize=128)
def _layout(of_task: tuple[int, int], blocks: int, systems: int, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Return the block of each item, and of each request in turn the place in the suite of its system and its item."""
    items, places = sum(of_task), [str(place) for place in range(systems)]
    block_of = np.zeros(items, dtype=np.int64)
    if blocks == 1:
        return _read_only(block_of, np.repeat(np.arange(systems), items), np.tile(np.arange(items), systems))
    before = dict(zip(TASKS, (0, of_task[0]), strict=True))
    asked: list[NDArray[np.int64]] = []
    dealt_to: list[NDArray[np.int64]] = []
    for block in deal(dict(zip(TASKS, of_task, strict=True)), blocks, seed):
        dealt = np.array([before[task] + doc_id for task, doc_id in block.items])
        block_of[dealt] = block.number
        order = [int(place) for place in order_of(places, seed, block.number, attempt=0)]
        asked.append(np.repeat(order, len(dealt)))
        dealt_to.append(np.tile(dealt, systems))
    return _read_only(block_of, np.concatenate(asked), np.concatenate(dealt_to))


def _read_only(*arrays: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    for array in arrays:
        array.setflags(write=False)
    return arrays


def true_j_per_correct(noise: Noise, length_s: float, watts: NDArray[np.float64] = WATTS) -> NDArray[np.float64]:
    """Return each system's true joules per correct answer on a machine, over all items and sessions."""
    return watts * BASE_S * expected_slowdown(noise, length_s) / ACCURACY


def log_j_per_request(each: Run) -> NDArray[np.float64]:
    """Return each system's log joules per request of a session, as a history keeps them."""
    return np.asarray(np.log(each.item_joules.mean(axis=0)))
