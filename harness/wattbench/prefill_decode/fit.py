"""Fit watts per phase by least squares, divide a cell's joules by them, and give bounds.

Between two readings k a component spent E_k joules, and prefill took p_k seconds of it, decode d_k, choosing and other
c_k and o_k. Watts that are not negative are fitted to E_k = P_p p_k + P_d d_k + P_c c_k + P_o o_k. Times the seconds of
each phase they are joules, and these are scaled to sum to the cell's joules. Its bounds are from a bootstrap over
blocks of successive intervals (H. R. Kuensch, Annals of Statistics 17, 1989), as neighbours err together: thermal
drift, and a counter that gives one interval what it took from the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import ndtri, stdtrit

from wattbench.prefill_decode.timeline import CHOOSING, DECODE, OTHER, PREFILL
from wattbench.records import PhaseRow, Split

CONFIDENCE = 0.95
DRAWS = 400
SEED = 1
"""Of the bootstrap: the same record gives the same bounds."""
MIN_INTERVALS = 32
"""Eight blocks of four: with fewer, a bootstrap over blocks is not reliable."""
MAX_BLOCKS = 40
MIN_BLOCK = 4
"""Intervals: longer than a lagging counter carries joules over."""
NOT_FITTED = 0.001
"""A phase below this share of the time is charged at the mean power: its own cannot be fitted."""
MAX_WIDTH = 0.5
"""Bounds wider than this share of the joules of prefill and decode mean that the two cannot be distinguished."""
MAX_CONDITION = 1e3
"""Of the columns, scaled: beyond it every interval has the same mix of phases, to rounding."""
_SINGULAR = 1e-12
"""Eigenvalues below this share of the largest are rounding."""


@dataclass(frozen=True)
class Fit:
    """The joules of a cell by phase, with bounds."""

    energy_j: NDArray[np.float64]
    """Shape (4,), summing to the cell's joules. The bounds are of shape (4,) too."""
    low_j: NDArray[np.float64]
    high_j: NDArray[np.float64]


class IndistinguishableError(Exception):
    """The readings do not distinguish the phases; the message says why."""


def fit(
    energy_j: NDArray[np.float64],
    seconds: NDArray[np.float64],
    total_s: NDArray[np.float64],
    cell_j: float,
    *,
    steps_per_interval: float = 0.0,
    confidence: float = CONFIDENCE,
) -> Fit:
    """Fit the watts of each phase, and divide a cell's joules by them.

    Args:
        energy_j: shape (intervals,), in the order of time.
        seconds: shape (guesses, intervals, 4), the phases of each interval under each guess of the sensor's lag.
        total_s: shape (4,), seconds of each phase in the whole cell.
        cell_j: what is to be divided.
        steps_per_interval: how many intervals a reading of the sensor reaches back.
        confidence: the two-sided level of the bounds.

    Raises:
        IndistinguishableError: too few readings, or the phases are too similar in them.
    """
    fitted = fitted_phases(total_s)
    if len(energy_j) < MIN_INTERVALS:
        raise IndistinguishableError(
            f"too few readings: the power trace has fewer than {MIN_INTERVALS} intervals between them"
        )
    even = cell_j * total_s / total_s.sum()
    rest = [column for column in range(4) if column not in fitted]
    mean_w = energy_j.sum() / max(float(seconds[0].sum()), 1e-12)
    sums = _block_sums(energy_j - mean_w * seconds[:, :, rest].sum(axis=2), seconds[:, :, fitted], steps_per_interval)
    fitted_phases_j = cell_j - even[rest].sum()
    blocks = sums.products.shape[1]
    estimate = _joules(sums, np.ones((1, blocks)), total_s[fitted], fitted_phases_j)[0]
    times = np.random.default_rng(SEED).multinomial(blocks, np.full(blocks, 1.0 / blocks), size=DRAWS)
    draws = _joules(sums, times.astype(np.float64), total_s[fitted], fitted_phases_j)
    tail = (1.0 - confidence) / 2.0
    wider = _few_blocks(blocks, confidence)
    low, high = (estimate + (np.quantile(draws, at, axis=0) - estimate) * wider for at in (tail, 1.0 - tail))
    results = [even.copy() for _ in range(3)]
    for kept, fitted_j in zip(results, (estimate, np.minimum(low, estimate), np.maximum(high, estimate)), strict=True):
        kept[fitted] = np.clip(fitted_j, 0.0, fitted_phases_j)
    result = Fit(*results)
    _check_width(result)
    return result


def fitted_phases(total_s: NDArray[np.float64]) -> list[int]:
    """Return the phases that last long enough for watts of their own. `total_s` has shape (4,)."""
    return [int(phase) for phase in np.flatnonzero(total_s > NOT_FITTED * total_s.sum())]


@dataclass(frozen=True)
class _Sums:
    """The sums that least squares needs of each block of intervals, with columns scaled to similar size."""

    products: NDArray[np.float64]
    """Shape (guesses, blocks, columns, columns)."""
    moments: NDArray[np.float64]
    """Shape (guesses, blocks, columns)."""
    squares: NDArray[np.float64]
    """Shape (guesses, blocks)."""
    scale: NDArray[np.float64]
    """Shape (columns,)."""


def _block_sums(energy_j: NDArray[np.float64], seconds: NDArray[np.float64], steps_per_interval: float) -> _Sums:
    """Sum per block. `energy_j` has shape (guesses, intervals), `seconds` (guesses, intervals, columns)."""
    count = seconds.shape[1]
    blocks = max(2, min(MAX_BLOCKS, count // max(MIN_BLOCK, int(np.ceil(2 * steps_per_interval)))))
    starts = np.arange(blocks) * count // blocks
    scale = np.maximum(np.sqrt((seconds**2).mean(axis=(0, 1))), 1e-12)
    columns = seconds / scale
    products = np.add.reduceat(columns[:, :, :, None] * columns[:, :, None, :], starts, axis=1)
    if np.linalg.cond(products.sum(axis=1)).min() > MAX_CONDITION**2:
        raise IndistinguishableError("every interval between readings has the same mix of phases")
    moments = np.add.reduceat(columns * energy_j[:, :, None], starts, axis=1)
    return _Sums(products, moments, np.add.reduceat(energy_j**2, starts, axis=1), scale)


def _joules(
    sums: _Sums, times: NDArray[np.float64], total_s: NDArray[np.float64], fitted_phases_j: float
) -> NDArray[np.float64]:
    """Return the joules of each fitted phase in each draw of blocks, shape (draws, columns).

    A block counts as often as `times`, shape (draws, blocks), says.
    """
    products = np.einsum("db,gbij->dgij", times, sums.products)
    moments = np.einsum("db,gbi->dgi", times, sums.moments)
    squares = np.einsum("db,gb->dg", times, sums.squares)
    draws = np.arange(len(times))
    lower_by = np.einsum("dgi,dgij,dgj->dg", moments, np.linalg.pinv(products, _SINGULAR, hermitian=True), moments)
    guess = (squares - lower_by).argmin(axis=1)
    joules = _non_negative(products[draws, guess], moments[draws, guess]) / sums.scale * total_s
    sum_j = joules.sum(axis=1, keepdims=True)
    shares = np.where(sum_j > 0, joules / np.where(sum_j > 0, sum_j, 1.0), total_s / total_s.sum())
    return shares * fitted_phases_j


def _non_negative(products: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve least squares with non-negative coefficients from sums of products; shape (problems, columns)."""
    values, vectors = np.linalg.eigh(products)
    kept = values > _SINGULAR * values[:, -1:]
    roots = np.sqrt(np.where(kept, values, 1.0))
    matrices = (kept * roots)[:, :, None] * vectors.swapaxes(1, 2)
    fitted = kept / roots * np.einsum("pji,pj->pi", vectors, moments)
    return np.array([nnls(matrix, value)[0] for matrix, value in zip(matrices, fitted, strict=True)])


@lru_cache
def _few_blocks(blocks: int, confidence: float) -> float:
    """Return the factor that widens the bounds of a bootstrap over few blocks (Student's t)."""
    at = (1.0 + confidence) / 2.0
    return float(stdtrit(blocks - 1, at) / ndtri(at) * np.sqrt(blocks / (blocks - 1)))


def _check_width(result: Fit) -> None:
    """Raise an error if the bounds are too wide to be useful."""
    fitted_phases_j = result.energy_j[[PREFILL, DECODE]].sum()
    widths_j = (result.high_j - result.low_j)[[PREFILL, DECODE]]
    if fitted_phases_j <= 0 or widths_j.max() > MAX_WIDTH * fitted_phases_j:
        raise IndistinguishableError("the readings are too few or too alike: the bounds are too wide")


_REASONS = 4
"""Reasons that a row names."""


def add_phases(rows: Sequence[PhaseRow]) -> PhaseRow:
    """Add the joules by phase of one component over several parts of a run.

    Args:
        rows: of one system and component, each of answers of its own.
    """
    first = rows[0]
    total = replace(
        first,
        provenance=joined(part for row in rows for part in row.provenance.split("+")),
        items=sum(row.items for row in rows),
        energy_j=sum(row.energy_j or 0.0 for row in rows),
        prefill_s=_sum_of(row.prefill_s for row in rows),
        decode_s=_sum_of(row.decode_s for row in rows),
        other_s=_sum_of(row.other_s for row in rows),
        readings=sum(row.readings for row in rows),
    )
    return first if len(rows) == 1 else summed(total, rows)


def with_joules(
    row: PhaseRow,
    method: Split,
    energy_j: NDArray[np.float64] | None,
    low_j: NDArray[np.float64] | None = None,
    high_j: NDArray[np.float64] | None = None,
) -> PhaseRow:
    """Return the row with these joules by phase, arrays of shape (4,), and with the method of division."""

    def figure(of: NDArray[np.float64] | None, *phases: int) -> float | None:
        return None if of is None else float(of[list(phases)].sum())

    return replace(
        row,
        method=str(method),
        prefill_j=figure(energy_j, PREFILL),
        prefill_low_j=figure(low_j, PREFILL),
        prefill_high_j=figure(high_j, PREFILL),
        decode_j=figure(energy_j, DECODE),
        decode_low_j=figure(low_j, DECODE),
        decode_high_j=figure(high_j, DECODE),
        other_j=figure(energy_j, CHOOSING, OTHER),
    )


def summed(total: PhaseRow, counted: Sequence[PhaseRow]) -> PhaseRow:
    """Return the row of the total with the summed joules by phase of its parts.

    Bounds are added, as if all parts erred alike: the widest they can be. A part that is only divided by time may
    have spent anything from none to all of its joules on either phase.
    """
    if any(row.prefill_j is None for row in counted):
        reasons = dict.fromkeys(row.reason for row in counted if row.prefill_j is None)
        return replace(with_joules(total, Split.NONE, None), reason=_in_short(reasons))
    methods = {row.method for row in counted}
    energy_j = np.sum([_joules_of(row) for row in counted], axis=0)
    by_time = [row for row in counted if row.method == Split.BY_TIME]
    reason = _in_short(
        f"{', '.join(dict.fromkeys(row.component for row in by_time if row.reason == why))}: {why}"
        for why in dict.fromkeys(row.reason for row in by_time)
    )
    if len(by_time) == len(counted):
        return replace(with_joules(total, Split.BY_TIME, energy_j), reason=reason)
    low_j, high_j = (np.sum([_bounds_of(row)[side] for row in counted], axis=0) for side in (0, 1))
    if by_time and (high_j - low_j)[[PREFILL, DECODE]].max() > MAX_WIDTH * energy_j[[PREFILL, DECODE]].sum():
        # Figures that are by time for the greater part are by time.
        even_j = np.sum([_even_j(row) for row in counted], axis=0)
        return replace(with_joules(total, Split.BY_TIME, even_j), reason=reason)
    method = Split.PARTLY if by_time else Split(methods.pop()) if len(methods) == 1 else Split.FITTED
    return replace(with_joules(total, method, energy_j, low_j, high_j), reason=reason)


def _joules_of(row: PhaseRow) -> NDArray[np.float64]:
    """Return a row's joules by phase, shape (4,). The phase of choosing is 0: `other_j` includes its joules."""
    return np.array([row.prefill_j, row.decode_j, 0.0, row.other_j], dtype=np.float64)


def _bounds_of(row: PhaseRow) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper bounds of joules by phase, shape (4,) each; only prefill and decode have any."""
    if row.prefill_low_j is None:
        return np.zeros(4), np.array([row.energy_j, row.energy_j, 0.0, 0.0], dtype=np.float64)
    low_j = np.array([row.prefill_low_j, row.decode_low_j, 0.0, 0.0], dtype=np.float64)
    return low_j, np.array([row.prefill_high_j, row.decode_high_j, 0.0, 0.0], dtype=np.float64)


def _even_j(row: PhaseRow) -> NDArray[np.float64]:
    spent_s = np.array([row.prefill_s, row.decode_s, 0.0, row.other_s], dtype=np.float64)
    return np.asarray((row.energy_j or 0.0) * spent_s / spent_s.sum())


def joined(labels: Iterable[str]) -> str:
    """Join labels by ``+``, each once."""
    return "+".join(sorted({label for label in labels if label}))


def _in_short(reasons: Iterable[str]) -> str:
    """Join the first few reasons, and add how many more there are."""
    every = list(reasons)
    more = [f"and {len(every) - _REASONS} more reasons"] if len(every) > _REASONS else []
    return "; ".join([*every[:_REASONS], *more])


def _sum_of(values: Iterable[float | None]) -> float | None:
    """Return a sum; None if one of its parts is unknown."""
    known = list(values)
    return None if any(value is None for value in known) else sum(value for value in known if value is not None)
