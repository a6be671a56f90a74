"""Whole synthetic runs of eight systems whose truth is known, as the analysis that a decision is made from.

A run of the wanted size is written to disk and read once (`tests.made_up.runs`). In each simulated run the scores,
seconds, joules and blocks of its answers take the place of those; all that follows, from the sums by domain to the
decision, is the product's. Machines are those of `tests.made_up.noisy_machine`.

The truth of an accuracy is over all items of the kind. That of joules and of a p95 is over other items on the machine
as it was in the run, as a decision of one session says it; or in the long run, which one session cannot know.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtrit

from tests.made_up.noisy_machine import NOISES, Noise, expected_slowdown
from tests.made_up.noisy_runs import NAMES, SYSTEMS, Answers, Run
from tests.made_up.noisy_runs import run as ask_all
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import Analysis, analyse, analyse_read
from wattbench_reports.comparison.read_run import read_frames
from wattbench_reports.metrics.assumptions import AS_IN_SUITE

Floats = NDArray[np.float64]

BASE_W, BASE_S = 20.0, 0.5
"""Of every system, and of the middle one."""
SECONDS_PER_ACCURACY = 1.5
"""Log seconds between two systems, in log seconds per unit of accuracy between systems as far apart in the population:
with a standard deviation of 4 points seconds have one of 6%."""
WITHIN = (0.02, 0.98)
"""No accuracy is further out."""
COMMON = 0.9
"""Part of the log seconds of an item that all systems share; the rest is each system's."""
SHARE = 0.95
"""Of the latency percentile."""
COPIES = 4

POPULATIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "N(70%, 4 points)": lambda share: 0.70 + 0.04 * ndtri(share),
    "U(60%, 90%)": lambda share: 0.60 + 0.30 * share,
    "t3 around 70%": lambda share: 0.70 + 0.04 * stdtrit(3, share),
    "crowded below 80%": lambda share: 0.80 + 0.06 * np.log(share),
    "all 70%": lambda share: np.full_like(share, 0.70),
}
"""Quantile functions of accuracies; of seconds they have the same shape."""


@dataclass(frozen=True)
class Machine:
    """The machine of a run, and its items."""

    noise: Noise
    blocks: int
    """1: without blocks."""
    log_sd: float = 0.5
    """Of the seconds of an item."""
    moody: float = 0.0
    """Part of the variance of what makes an item hard that is shared by a block."""
    copies: int = 1
    """Of each item, which no record names as such."""
    long_run: bool = False
    """Whether joules and p95 are held against the long run."""


MACHINES: Mapping[str, Machine] = {
    "still": Machine(NOISES["still"], 1),
    "bursty": Machine(NOISES["bursts"], 8),
    "heavy-tailed": Machine(NOISES["still"], 8, log_sd=1.5),
    "moody": Machine(NOISES["still"], 8, moody=0.5),
    "drifting": Machine(NOISES["drift over 30 s"], 8),
    f"still, {COPIES} copies of each item": Machine(NOISES["still"], 1, copies=COPIES),
    "bursty, held against the long run": Machine(NOISES["bursts"], 8, long_run=True),
    "sessions of 15%, held against the long run": Machine(NOISES["sessions of 15%"], 8, long_run=True),
}


@dataclass(frozen=True)
class WholeRun:
    """One simulated run, with what is true. Arrays are of shape (systems,), in the order of `NAMES`."""

    analysis: Analysis
    accuracy: Floats
    joules: Floats
    """Per request."""
    p95_s: Floats


def whole_run(rng: np.random.Generator, machine: Machine, items: int, accuracy: Floats, seconds: Floats) -> WholeRun:
    """Simulate a run.

    Args:
        rng: of everything drawn.
        machine: that asks.
        items: how many, in two tasks of equal size.
        accuracy: shape (systems,): true ones.
        seconds: shape (systems,): of the mean item on a still machine.
    """
    answers, hard = _answers(rng, machine, items, accuracy, seconds)
    measured = ask_all(rng, machine.noise, answers, blocks=machine.blocks, watts=np.full(SYSTEMS, BASE_W))
    right = _right(rng, machine, hard, measured.block_of, accuracy) if machine.moody else answers.correct
    slowdown = expected_slowdown(machine.noise, measured.length_s) if machine.long_run else measured.mean_slowdown
    factors = _factors(machine, measured, answers)
    return WholeRun(
        analysis_of(machine.blocks, measured.item_joules / BASE_W, measured.item_joules, right, measured.block_of),
        accuracy,
        BASE_W * seconds * slowdown,
        seconds * _quantile(machine.log_sd, *factors),
    )


def costs_of(accuracies: Callable[[Floats], Floats], share: Floats) -> Floats:
    """Return the seconds of systems which are faster than a share of a population."""
    return np.asarray(BASE_S * np.exp(SECONDS_PER_ACCURACY * (accuracies(np.full(1, 0.5)) - accuracies(share))))


def _answers(
    rng: np.random.Generator, machine: Machine, items: int, accuracy: Floats, seconds: Floats
) -> tuple[Answers, Floats]:
    """Draw items, and what systems do with them: hard ones take longer and are more often answered wrongly, by all."""
    distinct = items // machine.copies
    which = rng.permutation(np.repeat(np.arange(distinct), machine.copies))
    hard, alone = rng.normal(size=(distinct, 1)), rng.normal(size=(distinct, SYSTEMS))
    right = _right(rng, replace(machine, moody=0.0), hard, np.zeros(distinct, dtype=np.int64), accuracy)
    log_s = machine.log_sd * (COMMON * hard + (1 - COMMON**2) ** 0.5 * alone)
    return Answers((seconds * np.exp(log_s - machine.log_sd**2 / 2))[which], right[which]), hard[which]


def _right(
    rng: np.random.Generator, machine: Machine, hard: Floats, block_of: NDArray[np.int64], accuracy: Floats
) -> Floats:
    """Draw which items, shape (items, systems), are answered correctly: on average the accuracy of each system."""
    mood = rng.normal(size=int(block_of.max()) + 1)[block_of][:, None]
    how_hard = (1 - machine.moody) ** 0.5 * hard + machine.moody**0.5 * mood
    chance = accuracy + np.minimum(accuracy, 1 - accuracy) * (1 - 2 * ndtr(how_hard))
    return (rng.random(chance.shape) < chance).astype(np.float64)


def _factors(machine: Machine, measured: Run, answers: Answers) -> tuple[Floats, Floats]:
    """Return the factors by which the machine slows requests, and how often each occurs."""
    if not machine.long_run:
        each = (measured.item_joules / BASE_W / answers.seconds).ravel()
        return each, np.full(len(each), 1 / len(each))
    noise = machine.noise
    busy = expected_slowdown(replace(noise, warming=0.0), 1.0) - 1
    share = busy / noise.burst_slowdown if noise.burst_slowdown else 0.0
    return np.array([1.0, 1.0 + noise.burst_slowdown]), np.array([1 - share, share])


def _quantile(log_sd: float, factors: Floats, weights: Floats) -> float:
    """Return the `SHARE` quantile of log-normal seconds of mean 1, each times one of some factors."""

    def below(log_s: float) -> float:
        return float(weights @ ndtr((log_s - np.log(factors)) / log_sd + log_sd / 2)) - SHARE

    return float(np.exp(brentq(below, -20.0, 20.0)))


@lru_cache(maxsize=16)
def _template(items: int, blocks: int) -> Analysis:
    """Write a run of this size, read it and analyse it, once in a process."""
    fake = FakeRun(tuple(FakeSystem(name) for name in NAMES), items=items // 2, blocks=0 if blocks == 1 else blocks)
    _folders.append(tempfile.TemporaryDirectory(prefix="wattbench-whole-run-"))
    return analyse(read_run(write_run(Path(_folders[-1].name), fake)))


_folders: list[tempfile.TemporaryDirectory[str]] = []
"""Of the runs on disk: they are removed when the process ends."""


def analysis_of(blocks: int, seconds: Floats, joules: Floats, right: Floats, block_of: NDArray[np.int64]) -> Analysis:
    """Return the analysis of a run of eight systems.

    Args:
        blocks: how many; 1: it is without blocks.
        seconds: shape (items, systems), as are `joules` and `right`, the scores. The first half of the items is of the
            first task.
        joules: of each request.
        right: 0 or 1.
        block_of: shape (items,).
    """
    template = _template(len(right), blocks)
    rows = template.measured.frames.items
    system, task = (rows[name].cat.codes.to_numpy(np.int64) for name in ("system", "task"))
    item = task * (len(right) // 2) + rows["doc_id"].to_numpy()
    of = item, system
    changed: dict[str, object] = {
        "correct": right[of], "energy_j": joules[of], "energy_above_idle_j": joules[of],
        "finished_s": rows["started_s"].to_numpy() + seconds[of],
    }  # fmt: skip
    if blocks > 1:
        windows = {name: code for code, name in enumerate(rows["window"].cat.categories)}
        names = np.array([[windows[f"w{each}b{block}"] for block in range(blocks)] for each in range(SYSTEMS)])
        codes = names[system, block_of[item]]
        changed["window"] = pd.Categorical.from_codes(codes, dtype=rows["window"].dtype)
        changed["block"] = block_of[item].astype(np.float64)
    frames = replace(template.measured.frames, items=rows.assign(**changed))
    return analyse_read(read_frames(frames, None), AS_IN_SUITE)
