"""Judged answers: how often corrected figures are right, with judges of many faults and labels drawn in many ways.

A system has a quality on each item, normal with a variance of 1: half of it is the item's, which all systems share.
People cut the quality into a scale; a judge cuts the quality as it sees it. What is true is the mean of people's scores
over all items that could be asked. The figures are those of a report: intervals by item, and of a run of blocks the
outer ends of those between blocks; the paired test of two systems; the bound at a requirement.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from benchmarks.adversaries.claim import Claim, Outcomes, World
from wattbench_reports.comparison.paired_tests import EqualPairs
from wattbench_reports.decision.bounds import BoundedShare
from wattbench_reports.stats import Interval, accuracy_interval, block_mean_intervals
from wattbench_reports.stats.intervals import ratio_se
from wattbench_reports.stats.label_correction import TaskAnswers, corrected_scores
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels

RISK = 0.1
"""Of a bound at a requirement."""
TRUE_SHARE = 0.75
"""Of good answers on the scale pass, of every system unless one is worse."""
FAVOUR = 0.1
"""By how much the mean verdict on the favoured system is higher than by the quality of its answers."""

_ASSUMED = "labels are drawn at random from all answers of a system, and a label is right"
_SEEN = (
    "`wattbench label` draws at random; of labels that were given otherwise it is said that this is assumed. What "
    "people disagree on is in their agreement, alpha."
)

CLAIMS = (
    Claim(
        "judged-interval",
        "The interval of a corrected accuracy holds the accuracy by people's labels in 93% or more.",
        "the mean score that people would give to a system's answers to all items of this kind",
        _ASSUMED,
        _SEEN,
        least=0.93,
    ),
    Claim(
        "judged-opinion",
        "An interval of the mean verdict, as if it were a score, holds it this often.",
        "the same",
        "none",
        "A figure without labels is called the judge's opinion.",
    ),
    Claim(
        "judged-alike",
        "Two alike systems are told apart in at most 5% of runs.",
        "the difference of their accuracies by people's labels, which is 0",
        _ASSUMED,
        _SEEN,
        most=0.05,
    ),
    Claim(
        "judged-flip",
        "A system that the judge favours by 10 points is shown to be more accurate, though it is not, in at most 5%.",
        "the difference of accuracies by people's labels, which is 0 or 5 points in favour of the other",
        _ASSUMED,
        _SEEN,
        most=0.05,
    ),
    Claim(
        "judged-opinion-flips",
        "By the mean verdict, as if it were a score, the same system is shown to be more accurate this often.",
        "the same",
        "none",
        "A figure without labels is ranked with nothing.",
    ),
    Claim(
        "judged-meets",
        "A system that misses a required accuracy by a hair is said to meet it in at most 10% of runs.",
        "the accuracy by people's labels of all answers",
        _ASSUMED,
        _SEEN,
        most=0.1,
    ),
)

Scale = Literal["pass", "1..5", "pair"]
_CUTS: dict[Scale, tuple[float, ...]] = {"pass": (0.0,), "1..5": (-1.2, -0.4, 0.4, 1.2), "pair": (-0.3, 0.3)}
_SHARED, _BLOCK = 0.5, 0.3
"""The part of the variance of a quality that is the item's; the standard deviation of what a block adds."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judge:
    """How a judge sees the quality of an answer."""

    bias: float = 0.0
    noise: float = 0.5
    """Standard deviation."""
    by_system: float = 0.0
    """Added for the first system, taken from the last, and in proportion between."""
    by_length: float = 0.0
    """Added per standard deviation of the length, in which systems differ too."""
    by_position: float = 0.0
    """Of a pair: added to the answer that is shown first."""


JUDGES = {
    "exact": Judge(noise=0.0),
    "good": Judge(noise=0.1),
    "biased": Judge(bias=0.8),
    "biased by system": Judge(bias=0.2, by_system=0.6),
    "noisy": Judge(noise=2.0),
    "length-loving": Judge(by_system=0.4, by_length=0.7),
    "position-loving": Judge(by_position=0.8),
    "useless": Judge(noise=1000.0),
}


@dataclass(frozen=True)
class Setup:
    """What is simulated many times."""

    judge: str
    scale: Scale = "pass"
    items: int = 300
    labels: tuple[int, ...] = (50, 50)
    """Of each system."""
    repeats: int = 1
    blocks: int = 1
    drawn: Literal["evenly", "by verdict", "easy ones first"] = "evenly"
    label_noise: float = 0.0
    """The share of labels that are drawn by lot."""
    favour: float = 0.0
    """Of the first system, in points of its mean verdict."""
    behind: float = 0.0
    """By how much the first system is truly less accurate."""


@dataclass(frozen=True)
class JudgedRun:
    """The answers of a simulated run, in arrays of shape (items, systems, repeats)."""

    labels: Floats
    """What people would say of every answer."""
    verdicts: Floats
    quality: Floats
    block: NDArray[np.int64]
    """Shape (items,)."""
    truth: tuple[float, ...]
    """Of each system."""


def simulated(setup: Setup, rng: np.random.Generator) -> JudgedRun:
    """Simulate the answers of a run, and a judge's verdicts."""
    judge, systems = JUDGES[setup.judge], len(setup.labels)
    spread = math.hypot(1.0, _BLOCK if setup.blocks > 1 else 0.0)
    level = spread * float(ndtri(TRUE_SHARE))
    levels = np.full(systems, level)
    levels[0] = spread * float(ndtri(TRUE_SHARE - setup.behind))
    block = rng.permutation(np.arange(setup.items) % setup.blocks)
    of_block = rng.normal(0, _BLOCK, setup.blocks)[block] if setup.blocks > 1 else np.zeros(setup.items)
    own = 1 - _SHARED
    within = own / 2 if setup.repeats > 1 else 0.0
    quality = (
        levels[:, None]
        + (of_block + rng.normal(0, math.sqrt(_SHARED), setup.items))[:, None, None]
        + rng.normal(0, math.sqrt(own - within), (setup.items, systems, 1))
        + rng.normal(0, math.sqrt(within), (setup.items, systems, setup.repeats))
    )
    tilt = np.linspace(1, -1, systems)
    seen = quality + judge.bias + judge.by_system * tilt[:, None]
    if setup.favour:
        seen[:, 0] += _favouring(setup, levels[0] + judge.bias, math.hypot(spread, judge.noise))
    if judge.by_length:
        seen += judge.by_length * (rng.normal(0, 1, quality.shape) + tilt[:, None] / 2)
    verdicts = np.mean(
        [
            _cut(seen + side * judge.by_position + judge.noise * rng.normal(0, 1, quality.shape), setup.scale)
            for side in ((1, -1) if setup.scale == "pair" else (0,))
        ],
        axis=0,
    )
    truth = tuple(_mean_score(setup.scale, float(each), spread) for each in levels)
    return JudgedRun(_cut(quality, setup.scale), verdicts, quality, block, truth)


def _mean_score(scale: Scale, level: float, spread: float) -> float:
    """Return the mean score of a quality with this mean and standard deviation."""
    return float(np.mean(ndtr((level - np.array(_CUTS[scale])) / spread)))


def _favouring(setup: Setup, level: float, spread: float) -> float:
    """Return what is added to a quality as the judge sees it, so that its mean verdict is as much higher as it is."""
    wanted = _mean_score(setup.scale, level, spread) + setup.favour
    return float(brentq(lambda added: _mean_score(setup.scale, level + added, spread) - wanted, 0.0, 5.0))


def _cut(quality: Floats, scale: Scale) -> Floats:
    cuts = np.array(_CUTS[scale])
    return np.asarray(np.searchsorted(cuts, quality) / len(cuts))


def labelled(setup: Setup, run: JudgedRun, rng: np.random.Generator) -> TaskAnswers:
    """Draw labels, the same items for all systems, and return the answers of the run as one array."""
    items, systems, repeats = run.labels.shape
    said = run.labels
    if setup.label_noise:
        by_lot = rng.random(said.shape) < setup.label_noise
        said = np.where(by_lot, rng.permuted(_cut(rng.normal(0, 1, said.shape), setup.scale)), said)
    labels, chances = np.full(said.shape, np.nan), np.ones(said.shape)
    order = rng.random((items, repeats))
    for system, number in enumerate(setup.labels):
        keys = order - np.abs(run.quality[:, system]) / 2 if setup.drawn == "easy ones first" else order
        place = np.argsort(np.argsort(keys, axis=None)).reshape(keys.shape)
        taken = place < number
        if setup.drawn == "by verdict":
            taken, chances[:, system] = _by_verdict(run.verdicts[:, system], order, number)
        labels[:, system][taken] = said[:, system][taken]
    return TaskAnswers(
        np.broadcast_to(np.arange(systems)[None, :, None], said.shape).ravel(),
        np.broadcast_to(np.arange(items)[:, None, None], said.shape).ravel(),
        run.verdicts.ravel(),
        labels.ravel(),
        chances.ravel(),
    )


def _by_verdict(verdicts: Floats, order: Floats, number: int) -> tuple[NDArray[np.bool_], Floats]:
    """Draw half of the labels evenly over the verdicts that occur, half in proportion to them."""
    values, which, counts = np.unique(verdicts, return_inverse=True, return_counts=True)
    which = which.reshape(verdicts.shape)
    wanted = number / 2 * (counts / counts.sum() + 1 / len(values))
    taken, chances = np.zeros(verdicts.shape, dtype=bool), np.ones(verdicts.shape)
    for stratum, count in enumerate(counts.tolist()):
        own = which == stratum
        drawn = min(count, max(2, round(wanted[stratum])))
        last = np.sort(order[own])[drawn - 1]
        taken |= own & (order <= last)
        chances[own] = drawn / count
    return taken, chances


def outcomes(setup: Setup, seed: int) -> Outcomes:
    """Simulate a run, and count what its figures say."""
    rng = np.random.default_rng([zlib.crc32(repr(setup).encode()), seed])
    run = simulated(setup, rng)
    answers = labelled(setup, run, rng)
    corrected = _sums(
        [corrected_scores(*_of(answers, each), system=f"s{each}").scores for each in range(len(setup.labels))], setup
    )
    opinion = run.verdicts.sum(axis=2)
    counted = {
        "judged-interval": _held(corrected, run, setup),
        "judged-opinion": _held(opinion, run, setup),
        "judged-meets": _said_to_meet(corrected, run, setup),
    }
    if setup.favour:
        counted["judged-flip"] = (int(_first_ahead(corrected, run, setup)), 1)
        counted["judged-opinion-flips"] = (int(_first_ahead(opinion, run, setup)), 1)
    else:
        counted["judged-alike"] = _told_apart(corrected, run, setup)
    return counted


def _of(answers: TaskAnswers, system: int) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    own = answers.where(answers.systems == system)
    assert own.chances is not None
    return own.verdicts, own.labels, own.chances, own.items


def _sums(scores: list[Floats], setup: Setup) -> Floats:
    """Return the sum of the scores of each item, shape (items, systems)."""
    return np.column_stack([each.reshape(setup.items, setup.repeats).sum(axis=1) for each in scores])


def _intervals(sums: Floats, run: JudgedRun, setup: Setup) -> list[Interval]:
    trials = np.full(setup.items, float(setup.repeats))
    by_item = [accuracy_interval(each, trials) for each in sums.T]
    if setup.blocks > 1:
        scores, counts = (np.stack([np.bincount(run.block, each) for each in of.T], axis=1)
                          for of in (sums, np.full(sums.shape, float(setup.repeats))))  # fmt: skip
        by_item = block_mean_intervals(scores, counts, by_item=by_item)
    return [each for each in by_item if each is not None]


def _held(sums: Floats, run: JudgedRun, setup: Setup) -> tuple[int, int]:
    intervals = _intervals(sums, run, setup)
    return sum(each.low <= true <= each.high for each, true in zip(intervals, run.truth, strict=True)), len(intervals)


def _said_to_meet(sums: Floats, run: JudgedRun, setup: Setup) -> tuple[int, int]:
    """Count the systems that are said to have a higher accuracy than they have."""
    met = 0
    for each, true in zip(sums.T, run.truth, strict=True):
        share = float(np.clip(each.sum() / (setup.items * setup.repeats), 0.0, 1.0))
        if setup.blocks > 1:
            of_block = np.bincount(run.block, each - each.mean()) / (setup.items * setup.repeats)
            variance = setup.blocks / (setup.blocks - 1) * float(of_block @ of_block)
        else:
            variance = (ratio_se(each, np.full(setup.items, float(setup.repeats))) or 0.0) ** 2
        df = (setup.blocks if setup.blocks > 1 else setup.items) - 1.0
        low, _ = BoundedShare(
            lambda risk, share=share: (share, share), lambda share, variance=variance: variance, true,
            float(setup.items * setup.repeats), df,
        ).bounds(RISK)  # fmt: skip
        met += low > true
    return met, len(run.truth)


def _pairs(sums: Floats, run: JudgedRun, setup: Setup) -> EqualPairs:
    shape = sums.shape
    trials, none = np.full(shape, float(setup.repeats)), np.zeros(shape)
    names = tuple(f"s{each}" for each in range(shape[1]))
    task = Labels.of(np.repeat("task", shape[0]))
    blocks = np.broadcast_to(run.block[:, None], shape).astype(np.int64) if setup.blocks > 1 else None
    return EqualPairs(ItemTable(names, task, task, trials, sums, none, none, none, blocks))


def _told_apart(sums: Floats, run: JudgedRun, setup: Setup) -> tuple[int, int]:
    """Count the pairs of alike systems, each in one pair, that are called different."""
    pairs = _pairs(sums, run, setup)
    apart = 0
    for first in range(0, len(setup.labels) - 1, 2):
        gap = pairs.accuracy(f"s{first}", f"s{first + 1}", detectable=False)
        apart += gap is not None and gap.p_value <= 0.05
    return apart, len(setup.labels) // 2


def _first_ahead(sums: Floats, run: JudgedRun, setup: Setup) -> bool:
    gap = _pairs(sums, run, setup).accuracy("s0", "s1", detectable=False)
    return gap is not None and gap.p_value <= 0.05 and gap.difference.estimate > 0


def _world(name: str, setup: Setup, *, holds: bool = True, runs: int = 400) -> World:
    return World(name, holds, partial(outcomes, setup), runs)


def _sizes() -> list[World]:
    """Return every judge with 50 labels of 300 answers, and some with other numbers."""
    return [
        _world(f"{judge} judge, {scale}, {labels} of {items} labelled", Setup(judge, scale, items, (labels, labels)))
        for labels, items in ((20, 100), (20, 2000), (50, 300), (100, 1000), (500, 2000))
        for scale in _CUTS
        for judge in JUDGES
        if (judge != "position-loving" or scale == "pair")
        and (items == 300 or judge in ("good", "biased by system", "position-loving"))
    ]


def _favoured() -> list[World]:
    return [
        _world(
            f"favoured by 10 points, {behind:.0%} behind, {scale}, 100 of 500 labelled",
            Setup("good", scale, 500, (100, 100), favour=FAVOUR, behind=behind),
            runs=1000,
        )
        for scale in _CUTS
        for behind in (0.0, 0.05)
    ]


_EASY, _BY_LOT = Setup("biased", drawn="easy ones first"), Setup("biased", label_noise=0.1)

WORLDS = (
    *_sizes(),
    *(
        _world(
            f"8 systems, {judge} judge, {scale}, 50 of 300 labelled", Setup(judge, scale, labels=(50,) * 8), runs=300
        )
        for judge, scale in (("biased by system", "pass"), ("length-loving", "1..5"), ("position-loving", "pair"))
    ),
    _world("10 of 300 labelled, biased judge, pass", Setup("biased", labels=(10, 10))),
    _world("10 of 300 labelled, biased judge, 1..5", Setup("biased", "1..5", labels=(10, 10))),
    _world("5 repeats, biased judge, pass, 50 of 500 labelled", Setup("biased", items=100, repeats=5)),
    _world("5 repeats, noisy judge, 1..5, 50 of 500 labelled", Setup("noisy", "1..5", items=100, repeats=5)),
    _world("8 blocks whose answers are alike, biased judge, pass", Setup("biased", blocks=8)),
    _world("8 blocks whose answers are alike, biased judge, 1..5", Setup("biased", "1..5", blocks=8)),
    _world("drawn by verdict, biased judge, pass", Setup("biased", drawn="by verdict")),
    _world("drawn by verdict, good judge, 1..5", Setup("good", "1..5", drawn="by verdict")),
    _world("drawn by verdict, position-loving judge, pair", Setup("position-loving", "pair", drawn="by verdict")),
    *_favoured(),
    _world("easy answers labelled first, biased judge, pass", _EASY, holds=False),
    _world("easy answers labelled first, biased judge, 1..5", replace(_EASY, scale="1..5"), holds=False),
    _world("10% of labels by lot, 50 of 300 labelled", _BY_LOT, holds=False),
    _world("10% of labels by lot, 500 of 2000 labelled", replace(_BY_LOT, items=2000, labels=(500, 500)), holds=False),
)
