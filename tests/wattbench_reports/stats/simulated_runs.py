"""Simulated runs of eight systems on a noisy machine, in blocks or system after system, whose truth is known.

Systems come in pairs that are alike: 0 and 1 cost and know the same, 2 and 3 cost twice that, and so on. Hard items
take long and are more often answered wrongly, by all systems.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tests.made_up.noisy_machine import Measured, Noise, Schedule, expected_slowdown, measure

SYSTEMS = 8
WATTS = 20.0
BASE_S = np.repeat([0.25, 0.5, 1.0, 2.0], 2)
ACCURACY = np.repeat([0.4, 0.5, 0.6, 0.8], 2)
ALIKE = ((0, 1), (2, 3), (4, 5), (6, 7))


@dataclass(frozen=True)
class Answers:
    """What the systems do with some items on a still machine. All of shape (items, systems)."""

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
    length_s: float
    block_of: NDArray[np.int64]
    """Shape (items,)."""


def answers_to(rng: np.random.Generator, items: int, log_sd: float = 0.5) -> Answers:
    """Draw items, and what each system does with them."""
    hard = rng.normal(size=(items, 1))
    own = rng.normal(size=(items, SYSTEMS))
    log_s = log_sd * (0.9 * hard + 0.19**0.5 * own)
    room = np.minimum(ACCURACY, 1 - ACCURACY)
    chance = ACCURACY + room * (1 - 2 * ndtr(hard))
    return Answers(BASE_S * np.exp(log_s - log_sd**2 / 2), (rng.random((items, SYSTEMS)) < chance).astype(np.float64))


def run(rng: np.random.Generator, noise: Noise, answers: Answers, *, blocks: int = 8) -> Run:
    """Ask all items in one session: in blocks of all systems in a random order; of one block, system after system."""
    items = len(answers.seconds)
    block_of = np.empty(items, dtype=np.int64)
    orders: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for number, dealt in enumerate(np.array_split(rng.permutation(items), blocks)):
        block_of[dealt] = number
        orders += [(np.full(len(dealt), system), dealt) for system in rng.permutation(SYSTEMS).tolist()]
    system, item = (np.concatenate(column) for column in zip(*orders, strict=True))
    seconds = answers.seconds[item, system]
    measured: Measured = measure(Schedule(system, item, seconds, WATTS * seconds), noise, rng)
    item_joules = np.empty((items, SYSTEMS))
    item_joules[item, system] = measured.joules
    joules, correct = np.zeros((blocks, SYSTEMS)), np.zeros((blocks, SYSTEMS))
    np.add.at(joules, block_of, item_joules)
    np.add.at(correct, block_of, answers.correct)
    return Run(joules, correct, item_joules, answers, float(seconds.sum()), block_of)


def true_j_per_correct(noise: Noise, length_s: float) -> NDArray[np.float64]:
    """What each system needs per correct answer on this machine, over all items and sessions."""
    return WATTS * BASE_S * expected_slowdown(noise, length_s) / ACCURACY


def log_j_per_request(each: Run) -> NDArray[np.float64]:
    """What a history keeps of a session, for each system."""
    return np.asarray(np.log(each.item_joules.mean(axis=0)))
