"""Attribute a window's joules to the items that were in flight in it.

At each moment the window's energy is split evenly among the items in flight; what was drawn while none was (writing
the record, between two requests) is spread over them in proportion. So the items of a window always sum to it,
and an item answered in a batch of eight pays for an eighth of the batch's time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench.records import AnswerRow, WindowRow


def shares(started_s: NDArray[np.float64], finished_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each item's share of a window, by the time it was in flight.

    Args:
        started_s: shape (items,), seconds.
        finished_s: shape (items,), seconds, none before its start.

    Returns:
        Shape (items,), summing to 1. Equal shares where no item took any time at all.
    """
    weights = alone_s(started_s, finished_s)
    occupied_s = weights.sum()
    return np.asarray(weights / occupied_s) if occupied_s > 0 else np.full(len(started_s), 1.0 / len(started_s))


def alone_s(started_s: NDArray[np.float64], finished_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds attributed to each item, where each moment is split evenly among the items in flight.

    Args:
        started_s: shape (items,), seconds.
        finished_s: shape (items,), seconds, none before its start.

    Returns:
        Shape (items,), seconds; they sum to the time in which any item was in flight.
    """
    edges = np.unique(np.concatenate([started_s, finished_s]))
    # In flight during the segment after each edge: starts so far minus finishes so far.
    begun = np.searchsorted(np.sort(started_s), edges[:-1], side="right")
    ended = np.searchsorted(np.sort(finished_s), edges[:-1], side="right")
    in_flight = begun - ended
    split_s = np.where(in_flight > 0, np.diff(edges) / np.maximum(in_flight, 1), 0.0)
    cumulative_s = np.concatenate([[0.0], np.cumsum(split_s)])
    return np.asarray(
        cumulative_s[np.searchsorted(edges, finished_s)] - cumulative_s[np.searchsorted(edges, started_s)]
    )


def attribute(
    answers: Sequence[AnswerRow], windows: Mapping[str, WindowRow]
) -> list[tuple[float | None, float | None]]:
    """Return each answer's joules, in total and above idle, in the order of the answers.

    An answer whose window is missing or not valid gets None: no figure is better than a wrong one.
    Where a window's items were asked several times to fill it, each gets its share of one pass, so that the items'
    energies times the window's passes are the window's energy.
    """
    energies: list[tuple[float | None, float | None]] = [(None, None)] * len(answers)
    for window, index, share in _shares_of_windows(answers, windows):
        if not window.valid or window.total_j is None:
            continue
        above_idle_j = window.above_idle_j
        energies[index] = (
            window.total_j * share / window.passes,
            None if above_idle_j is None else above_idle_j * share / window.passes,
        )
    return energies


def attribute_cpu(answers: Sequence[AnswerRow], windows: Mapping[str, WindowRow]) -> list[float | None]:
    """Return each answer's own CPU seconds, in the order of the answers: shared out as joules are.

    They are known of a window that is not valid too.
    """
    seconds: list[float | None] = [None] * len(answers)
    for window, index, share in _shares_of_windows(answers, windows):
        if window.own_cpu_s is not None:
            seconds[index] = window.own_cpu_s * share / window.passes
    return seconds


def _shares_of_windows(
    answers: Sequence[AnswerRow], windows: Mapping[str, WindowRow]
) -> Iterator[tuple[WindowRow, int, float]]:
    """Yield the window, the position and the share of each answer whose window is there."""
    by_window: dict[str, list[int]] = {}
    for index, answer in enumerate(answers):
        by_window.setdefault(answer.window, []).append(index)
    for name, members in by_window.items():
        window = windows.get(name)
        if window is None:
            continue
        item_shares = shares(
            np.array([answers[i].started_s for i in members]),
            np.array([answers[i].finished_s for i in members]),
        )
        for index, share in zip(members, item_shares.tolist(), strict=True):
            yield window, index, share
