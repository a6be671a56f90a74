"""Attribute a window's joules to the items that were in flight in it.

Each item pays for its share of the window (`wattbench.meters.windows.in_flight`), so the items of a window always sum
to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from wattbench.meters.windows.in_flight import shares
from wattbench.records import AnswerRow, WindowRow


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
