"""Bound joules and grams, for each request and for each correct answer, for all items or for a mix of domains.

They speak of *other items* of the same tasks. In a run of two blocks or more they are clustered by block and so hold
what the machine did meanwhile: the log of the ratio ± t standard errors. In a run without blocks the items are drawn
again, and the outer of two bounds is taken: the percentile of the draws, and the log of the ratio ± t standard errors
of the draws, as a percentile alone is too narrow with few items and heavy tails; time is then in no interval.

Four things that no spread shows are added. Joules of few items: see `FEW_ITEMS` and `OPEN_ITEMS`. A domain of
one item: nothing bounds the figure. A domain in which all answers are wrong, or all right: half an answer more, or
less, as accuracies have it. Modelled joules next to other work: fewer, by what that may have added. The browser does
the same sums (`reports/wattbench_reports/html/whatif/script/`).

Source: blocks: `wattbench_reports.stats.block_ratios`; the variance of a ratio of draws: W. G. Cochran,
"Sampling Techniques" (1977), 6.3; half an answer after A. Agresti and B. Caffo, The American Statistician 54 (2000).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import combined, factors, per_request
from wattbench_reports.metrics.other_work import TOO_MANY
from wattbench_reports.stats import BlockRatio, Interval, block_ratio, percentile_interval, ratios
from wattbench_reports.stats.intervals import log_interval
from wattbench_reports.stats.student import t_quantile

FEW_ITEMS = 30
"""Below this effective number of items an interval of a ratio is marked."""
OPEN_ITEMS = 10
"""Below this effective number of items a ratio has no upper bound: a few items then hold most of what was spent, and
the spread among the others says nothing of the next such item."""
LONE = 0.01
"""With a larger share of requests in domains of a single item nothing bounds a figure."""


def intervals(
    basis: Basis, parts: Mapping[str, float], shares: Shares | None, *, per_correct: bool, scored: bool = True
) -> list[Interval | None]:
    """Return each system's sum of kinds per request, or per correct answer, with its interval.

    Args:
        basis: a run.
        parts: kind to what one of it counts for: ``{"energy_j": 1}`` is joules.
        shares: the mix; None: every request counts the same.
        per_correct: over the correct answers, which vary with the rest; else over the requests.
        scored: they are scores of 0 to 1. Else ``correct`` is the sum of something else, such as tokens.

    Returns:
        None for a system without joules, without any correct answer to divide by, or without items where there are
        shares. An upper bound may be infinite.
    """
    totals = _totals(basis, parts, shares, per_correct=per_correct)
    if basis.blocks is None:
        spread = _by_draws(basis, parts, shares, totals, per_correct=per_correct)
    else:
        blocks = block_ratios(basis, parts, shares, per_correct=per_correct)
        spread = [_by_blocks(float(total), block) for total, block in zip(totals, blocks, strict=True)]
    alone, worth, sure = lone_share(basis, shares), items_worth(basis, shares), _surely(basis, parts, shares)
    low = high = np.ones(len(totals))
    if per_correct and scored:
        low, high = _half_an_answer(basis, shares)
    bounded: list[Interval | None] = []
    for system, interval in enumerate(spread):
        if interval is None:
            bounded.append(None)
        elif alone[system] > LONE:
            bounded.append(Interval(interval.estimate, 0.0, math.inf))
        else:
            upper = interval.high * float(high[system]) if worth[system] >= OPEN_ITEMS else math.inf
            few = bool(worth[system] < FEW_ITEMS)
            bounded.append(replace(interval, low=interval.low * float(low[system] * sure[system]), high=upper, few=few))
    return bounded


def block_ratios(
    basis: Basis, parts: Mapping[str, float], shares: Shares | None, *, per_correct: bool
) -> list[BlockRatio | None]:
    """Return the ratio of each system over the blocks, with the variance of its log; None as for `intervals`.

    Args:
        basis: of a run with blocks. The other arguments are those of `intervals`.
    """
    assert basis.blocks is not None
    kinds = basis.blocks.kinds
    above = per_request(basis, combined(parts, kinds), shares)
    below = per_request(basis, kinds["correct" if per_correct else "metered"], shares)
    there = per_request(basis, kinds["metered"], shares) > 0  # false too where a system has no figure at all
    return [
        block_ratio(above[there[:, system], system], below[there[:, system], system])
        for system in range(len(basis.systems))
    ]


def item_ratios(
    basis: Basis, parts: Mapping[str, float], shares: Shares | None, *, per_correct: bool
) -> list[BlockRatio | None]:
    """Return the ratios of `block_ratios` for a run without blocks: items are the clusters, and time is left out."""
    totals = _totals(basis, parts, shares, per_correct=per_correct)
    errors = _standard_errors(drawn_errors(basis, parts, shares, per_correct=per_correct))
    items = basis.metered_items.sum(axis=0)
    return [
        BlockRatio(float(total), float(error) ** 2, float(number) - 1)
        if math.isfinite(total) and math.isfinite(error) and total > 0 and number > 1
        else None
        for total, error, number in zip(totals, errors, items, strict=True)
    ]


def drawn_errors(
    basis: Basis, parts: Mapping[str, float], shares: Shares | None, *, per_correct: bool
) -> NDArray[np.float64]:
    """Return the deviation of each draw in the log of each system's ratio, linearised: shape (draws, systems).

    A draw without a correct answer has an infinite ratio, and a finite value here.
    """
    return _errors_of(basis, parts, shares, *_drawn(basis, parts, shares, per_correct=per_correct))


_Drawn = tuple[NDArray[np.float64], NDArray[np.float64] | None]
"""A sum of kinds in each draw, and the correct answers where they are divided by; each of shape (draws, systems)."""


def _drawn(basis: Basis, parts: Mapping[str, float], shares: Shares | None, *, per_correct: bool) -> _Drawn:
    above = per_request(basis, combined(parts, {kind: basis.drawn.of(kind) for kind in parts}), shares)
    return above, per_request(basis, basis.drawn.of("correct"), shares) if per_correct else None


def _errors_of(
    basis: Basis,
    parts: Mapping[str, float],
    shares: Shares | None,
    above: NDArray[np.float64],
    below: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    error = np.asarray(ratios(above, per_request(basis, combined(parts, basis.totals), shares)))
    if below is None:
        return error
    with np.errstate(invalid="ignore"):
        return np.asarray(error - ratios(below, per_request(basis, basis.totals["correct"], shares)))


def _totals(
    basis: Basis, parts: Mapping[str, float], shares: Shares | None, *, per_correct: bool
) -> NDArray[np.float64]:
    totals = per_request(basis, combined(parts, basis.totals), shares)
    return ratios(totals, per_request(basis, basis.totals["correct"], shares)) if per_correct else totals


def _standard_errors(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.asarray(errors.std(axis=0))


def _by_draws(
    basis: Basis,
    parts: Mapping[str, float],
    shares: Shares | None,
    totals: NDArray[np.float64],
    *,
    per_correct: bool,
) -> list[Interval | None]:
    above, below = _drawn(basis, parts, shares, per_correct=per_correct)
    drawn = above if below is None else ratios(above, below)
    errors = _standard_errors(_errors_of(basis, parts, shares, above, below))
    counted = basis.metered_items if shares is None else basis.metered_items * (shares[:, None] > 0)
    spread: list[Interval | None] = []
    for system, items in enumerate(counted.sum(axis=0).tolist()):
        total = float(totals[system])
        if not math.isfinite(total):
            spread.append(None)
            continue
        interval = percentile_interval(total, drawn[:, system], few=items < 2)
        half = t_quantile(items - 1) * float(errors[system]) if items >= 2 else 0.0
        spread.append(_outer_log_t(interval, half))
    return spread


def _outer_log_t(interval: Interval, half: float) -> Interval:
    """Return the outer ends of an interval of a ratio and of estimate x exp(+- half)."""
    other = log_interval(interval.estimate, half)
    return replace(interval, low=min(interval.low, other.low), high=max(interval.high, other.high))


def _by_blocks(total: float, ratio: BlockRatio | None) -> Interval | None:
    if not math.isfinite(total):
        return None
    if ratio is None:
        return Interval(total, 0.0, math.inf)
    return replace(ratio.interval(), estimate=total)


def items_worth(basis: Basis, shares: Shares | None) -> NDArray[np.float64]:
    """Return the number of equal items that each system's joules are worth: (sum J)^2 / (sum of J^2), shape (systems,).

    Source: L. Kish, "Survey Sampling" (1965), 11.2C: the effective number of a weighted sample.
    """
    worth = factors(basis, shares)
    squares = (worth**2 * basis.energy_squares).sum(axis=0)
    spent = (worth * basis.totals["energy_j"]).sum(axis=0)
    return np.asarray(np.divide(spent**2, squares, out=np.full(len(spent), np.inf), where=squares > 0))


def lone_share(basis: Basis, shares: Shares | None) -> NDArray[np.float64]:
    """Return the share of each system's requests that are in domains where a single item has joules."""
    part = factors(basis, shares) * basis.metered
    return np.asarray(np.where(basis.metered_items == 1, part, 0.0).sum(axis=0))


def _surely(basis: Basis, parts: Mapping[str, float], shares: Shares | None) -> NDArray[np.float64]:
    """Return the share of each figure that other work cannot have added (`wattbench_reports.metrics.other_work`)."""
    if TOO_MANY not in basis.totals or "energy_j" not in parts:
        return np.ones(len(basis.systems))
    whole = per_request(basis, combined(parts, basis.totals), shares)
    too_many = parts["energy_j"] * per_request(basis, basis.totals[TOO_MANY], shares)
    return 1.0 - np.divide(too_many, whole, out=np.zeros(len(whole)), where=whole > 0)


def _half_an_answer(basis: Basis, shares: Shares | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the factors on both bounds of joules per correct answer, for domains whose answers all agree."""
    worth, right = factors(basis, shares), basis.totals["correct"]
    all_right = per_request(basis, right, shares)
    more = np.where((right == 0) & (basis.metered > 0), worth / 2, 0.0).sum(axis=0)
    less = np.where((right == basis.metered) & (basis.metered > 0), worth / 2, 0.0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = all_right / (all_right + more), all_right / (all_right - less)
    return low, np.where(all_right > less, high, np.inf)
