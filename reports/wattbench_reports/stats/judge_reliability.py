"""Compare a judge's verdicts with people's labels: agreement, error rates, and what the judge is biased by.

Over answers that have a verdict and a label, each with the weight 1 / chance of its draw:

- **agreement**: the share of answers whose verdict and label are less than half a step of the scale apart. A label that
  is the mean of several people's may lie between steps. Cohen's **kappa** is agreement beyond chance; of grades the
  **correlation** says more.
- **sensitivity** and **specificity** on the scale pass: the share of good answers that pass, and of bad ones that fail.
- **biases**, each with an interval and a p-value that is adjusted by Holm over all of them: the mean of verdict - label
  (*overall*); that of a system less that of the others (*system*), which can flip a choice, while what is common to all
  cannot; the slope of verdict - label per doubling of an answer's length, between answers of one system (*length*); in
  pairs the share of verdicts for the answer that was shown first, less a half (*position*), which needs no label.

All errors are clustered by item. Where verdict and label agree on all n answers, a disagreement in n + 1 is assumed.

Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960);
position: L. Zheng et al., "Judging LLM-as-a-judge with MT-Bench and Chatbot Arena" (2023, arXiv 2306.05685); length: Y.
Dubois et al., "Length-controlled AlpacaEval" (2024, arXiv 2404.04475).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import Interval, accuracy_interval
from wattbench_reports.stats.item_jackknife import ItemEstimate, jackknife
from wattbench_reports.stats.label_correction import TaskAnswers
from wattbench_reports.stats.multiple_testing import holm

BiasKind = Literal["overall", "system", "length", "position"]
_NO_BIAS_BY_POSITION = 0.5
_WIDEST = 2.0
"""From -1 to 1, which are all biases that there can be: one with a wider interval is not known."""


@dataclass(frozen=True)
class JudgeBias:
    """Something that moves a judge's verdicts."""

    kind: BiasKind
    size: Interval
    """In scores of 0 to 1; of a length per doubling."""
    p_value: float
    """That it is 0, adjusted over all biases of the judge that are named with it."""
    system: int | None = None
    """Of the kind system."""


@dataclass(frozen=True)
class OrderFigures:
    """What a judge of pairs does when both answers change places."""

    answers: int
    """That have a verdict in both orders."""
    contradicting: Interval
    """The share of answers whose two verdicts differ."""
    chose_first: Interval
    """The share of verdicts for the answer that was shown first; a tie counts as half. A half without a bias."""


@dataclass(frozen=True)
class JudgeReliability:
    """How a judge's verdicts compare with people's labels."""

    answers: int
    """That have a verdict and a label."""
    agreement: Interval | None
    """None without an answer that has both; so are the figures below where they are not defined."""
    kappa: Interval | None
    correlation: Interval | None
    sensitivity: Interval | None
    specificity: Interval | None
    orders: OrderFigures | None
    biases: tuple[JudgeBias, ...]


def judge_reliability(
    answers: TaskAnswers,
    steps: int,
    lengths: NDArray[np.float64] | None = None,
    orders: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> JudgeReliability:
    """Return how a judge's verdicts on a task compare with people's labels.

    Args:
        answers: of all systems to the task.
        steps: of the scale between 0 and 1: 1 of pass, 2 of pair, 4 of 1..5.
        lengths: shape (answers,), above 0: of each answer, in any unit; NaN: not known. None: of none.
        orders: of pairs, each of shape (answers,): the verdict when the answer was shown first, and when second; NaN:
            not judged.
    """
    both = answers.known & answers.judged
    some = answers.where(both)
    weights, gaps = some.weights, some.verdicts - some.labels
    pass_scale = steps == 1
    good = some.labels > 0.5
    agrees = np.abs(gaps) < 0.5 / steps - 1e-9
    return JudgeReliability(
        answers=len(gaps),
        agreement=_share(agrees, weights, some.items),
        kappa=_kappa(some, steps),
        correlation=_correlation(some),
        sensitivity=_share((some.verdicts > 0.5)[good], weights[good], some.items[good]) if pass_scale else None,
        specificity=_share((some.verdicts <= 0.5)[~good], weights[~good], some.items[~good]) if pass_scale else None,
        orders=None if orders is None else _orders(answers.items, *orders),
        biases=_biases(some, None if lengths is None else lengths[both], answers.items, orders),
    )


def _biases(
    some: TaskAnswers,
    lengths: NDArray[np.float64] | None,
    all_items: NDArray[np.int64],
    orders: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
) -> tuple[JudgeBias, ...]:
    named = [
        (kind, system, each)
        for kind, system, each in _tested(some, lengths)
        if each is not None and each.interval.high - each.interval.low <= _WIDEST
    ]
    if orders is not None and (first := _chose_first(all_items, *orders)) is not None:
        away = replace(first, estimate=first.estimate - _NO_BIAS_BY_POSITION)
        named.append(("position", None, away))
    p_values = holm([each.p_value() for _, _, each in named])
    return tuple(
        JudgeBias(kind, each.interval, 1.0 if p_value is None else p_value, system)
        for (kind, system, each), p_value in zip(named, p_values, strict=True)
    )


def _tested(
    some: TaskAnswers, lengths: NDArray[np.float64] | None
) -> Iterator[tuple[BiasKind, int | None, ItemEstimate | None]]:
    weights, gaps = some.weights, some.verdicts - some.labels
    yield "overall", None, _mean(gaps, weights, some.items)
    systems = np.unique(some.systems)
    for system in systems.tolist() if len(systems) > 1 else ():
        ours = (some.systems == system).astype(np.float64)
        yield "system", system, _difference(gaps, weights * ours, weights * (1 - ours), some.items)
        if len(systems) == 2:
            break  # the other's is the same, with the other sign
    if lengths is not None:
        known = np.isfinite(lengths) & (lengths > 0)
        doublings = np.log2(lengths[known])
        yield "length", None, _slope(some.where(known), doublings, gaps[known])


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64], items: NDArray[np.int64]) -> ItemEstimate | None:
    features = np.column_stack([weights, weights * values])
    return jackknife(features, items, lambda sums: sums[:, 1] / sums[:, 0], _least_error(values))


def _difference(
    values: NDArray[np.float64], ours: NDArray[np.float64], theirs: NDArray[np.float64], items: NDArray[np.int64]
) -> ItemEstimate | None:
    features = np.column_stack([ours, ours * values, theirs, theirs * values])
    least = math.hypot(_least_error(values[ours > 0]), _least_error(values[theirs > 0]))
    return jackknife(features, items, lambda sums: sums[:, 1] / sums[:, 0] - sums[:, 3] / sums[:, 2], least)


def _slope(some: TaskAnswers, doublings: NDArray[np.float64], gaps: NDArray[np.float64]) -> ItemEstimate | None:
    """Return the slope of verdict - label per doubling of the length, within systems."""
    _, system = np.unique(some.systems, return_inverse=True)
    weights = some.weights
    total = np.bincount(system, weights)
    x, y = (values - (np.bincount(system, weights * values) / total)[system] for values in (doublings, gaps))
    if not np.any(np.abs(x) > 0) or not np.any(np.abs(y) > 0):
        return None
    features = np.column_stack([weights * x * x, weights * x * y])
    return jackknife(features, some.items, lambda sums: sums[:, 1] / sums[:, 0])


def _least_error(gaps: NDArray[np.float64]) -> float:
    """Return the standard error of a mean of which one in n + 1 would differ, where all n are equal; else 0."""
    number = len(gaps)
    return 1 / math.sqrt(number * (number + 1)) if number and np.ptp(gaps) == 0 else 0.0


def _share(hits: NDArray[np.bool_], weights: NDArray[np.float64], items: NDArray[np.int64]) -> Interval | None:
    if not len(hits):
        return None
    _, item = np.unique(items, return_inverse=True)
    scaled = weights * len(weights) / weights.sum()
    right, all_of_item = (np.bincount(item, values).astype(np.float64) for values in (scaled * hits, scaled))
    return accuracy_interval(right, all_of_item)


def _kappa(some: TaskAnswers, steps: int) -> Interval | None:
    """Return Cohen's kappa of verdicts and labels, each as the nearest step of the scale."""
    levels = np.arange(steps + 1)
    verdict, label = (
        np.floor(values * steps + 0.5)[:, None] == levels for values in (some.verdicts, some.labels)
    )  # halves go up, in both alike
    agree = (verdict & label).any(axis=1)
    features = np.column_stack([np.ones(len(agree)), agree, verdict, label]) * some.weights[:, None]
    number = len(levels)

    def kappa(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = sums / sums[:, :1]
        chance = (shares[:, 2 : 2 + number] * shares[:, 2 + number :]).sum(axis=1)
        return np.asarray((shares[:, 1] - chance) / (1 - chance))

    estimate = jackknife(features, some.items, kappa)
    if estimate is None:
        return None
    interval = estimate.interval
    return replace(interval, low=max(-1.0, interval.low), high=min(1.0, interval.high))


def _correlation(some: TaskAnswers) -> Interval | None:
    verdicts, labels = some.verdicts, some.labels
    powers = np.column_stack([np.ones(len(labels)), verdicts, labels, verdicts**2, labels**2, verdicts * labels])

    def transformed(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Fisher's z of the correlation, whose distribution is nearer to normal."""
        _, x, y, xx, yy, xy = (sums / sums[:, :1]).T
        return np.asarray(np.arctanh((xy - x * y) / np.sqrt((xx - x * x) * (yy - y * y))))

    estimate = jackknife(powers * some.weights[:, None], some.items, transformed)
    if estimate is None:
        return None
    z = estimate.interval
    return Interval(math.tanh(z.estimate), math.tanh(z.low), math.tanh(z.high))


def _orders(items: NDArray[np.int64], first: NDArray[np.float64], second: NDArray[np.float64]) -> OrderFigures | None:
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return None
    ones = np.ones(int(known.sum()))
    contradicting = _share(first[known] != second[known], ones, items[known])
    chosen = (first[known] + 1 - second[known]) / 2
    _, item = np.unique(items[known], return_inverse=True)
    of_items = (np.bincount(item, values).astype(np.float64) for values in (chosen, np.ones(len(item))))
    chose_first = accuracy_interval(*of_items)
    assert contradicting is not None and chose_first is not None
    return OrderFigures(len(ones), contradicting, chose_first)


def _chose_first(
    items: NDArray[np.int64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> ItemEstimate | None:
    known = np.isfinite(first) & np.isfinite(second)
    chosen = (first[known] + 1 - second[known]) / 2
    return _mean(chosen, np.ones(len(chosen)), items[known])
