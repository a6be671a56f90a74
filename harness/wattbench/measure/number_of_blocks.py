"""Choose the number of blocks of a run: by the cost of switching systems and the precision that it buys.

All figures vary from item to item, and from block to block: with time, as a machine warms up or does other work. With
costs `c_switch` of a further block and `c_item` of a further item, and variances `var_block` and `var_item`, the
variance of a mean is least for a given time at

    m* = sqrt(c_switch / c_item x var_item / var_block)

items per block (T. Kalibera and R. Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013, section 6, with two
levels of repetition). Here the number of items is given, so that m* decides how many blocks they are dealt into. The
formula holds where blocks vary independently, which blocks of less than about half a minute do only in part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wattbench.config import Measure
from wattbench.measure.effort import LEAST, MOST, Effort

LEAST_OF_SLOW_SWITCHES = 3
SLOW_SWITCH_S = 60.0
"""From this on a switch costs minutes. There are then from 3 to 5 blocks, and the spread is known less well."""
ITEM_SD = 0.5
"""Relative standard deviation of the joules (or seconds) of one request between items of several tasks: answers of a
few to some dozen tokens behind prompts of unlike length. A choice; .3 to 1 is usual."""
BLOCK_SD = 0.05
"""Relative standard deviation between blocks. Measured on a quiet virtual machine of two cores: means over 20 s scatter
by 5.0%, where the scatter of 1 s means alone would give 0.7%."""
VARIANCE_RATIO = (ITEM_SD / BLOCK_SD) ** 2
MIN_SAMPLE = 8
"""From this many timed items on, their own spread replaces `ITEM_SD`."""


@dataclass(frozen=True)
class NumberOfBlocks:
    """The number of blocks, and the reason for it."""

    blocks: int
    why: str
    """A sentence."""
    variance_ratio: float | None = None
    """None: it was not needed."""


def choose_number(
    items: int,
    measure: Measure,
    effort: Effort,
    *,
    switch_s: Mapping[str, float] = MappingProxyType({}),
    item_s: Mapping[str, float] = MappingProxyType({}),
    item_sd: float | None = None,
    repeats: Mapping[str, int] = MappingProxyType({}),
) -> NumberOfBlocks:
    """Choose the number of blocks.

    Args:
        items: of all tasks, each counted once.
        measure: the suite's settings; `blocks: N` settles it.
        effort: how long windows last, and how long all blocks may take.
        switch_s: system to the seconds that a turn costs beyond its items.
        item_s: system to the seconds of an answer, for those systems where it is known.
        item_sd: the relative standard deviation between items, where it was measured.
        repeats: system to how often it is asked each item; once where it is not named.

    Returns:
        At least 1 and at most `items` blocks.
    """
    if measure.blocks != "auto":
        return _as_set(measure.blocks, items)
    least, most = bounds(items, measure, effort)
    switch_of_all_s = sum(switch_s.values()) / max(len(switch_s), 1)
    slow = switch_of_all_s >= SLOW_SWITCH_S
    if slow:
        least, most = min(LEAST_OF_SLOW_SWITCHES, most), min(LEAST, most)
    if not item_s:
        without = "agents are not warmed up" if measure.warmup else "warmup: 0"
        why = f"{least} blocks: the least that show a spread, as no item was timed ({without})"
        return NumberOfBlocks(least, why)
    item_s = {name: each_s * repeats.get(name, 1) for name, each_s in item_s.items()}
    item_of_all_s = sum(item_s.values()) / len(item_s)
    ratio = ((item_sd or ITEM_SD) / BLOCK_SD) ** 2
    best = math.sqrt(max(switch_of_all_s, 0.0) / max(item_of_all_s, 1e-9) * ratio)
    wanted = math.ceil(items / max(best, 1.0))
    filled = _most_for_windows(items, item_s, effort.watched_s, least)
    in_time = _most_in_time(items, item_s, switch_s, effort, least, most)
    blocks = int(max(least, min(wanted, filled, in_time, most)))
    return NumberOfBlocks(
        blocks,
        f"{blocks} blocks: a switch costs {_seconds(switch_of_all_s)} and an item {_seconds(item_of_all_s)}, so about "
        f"{max(best, 1.0):.3g} items per block are best (Kalibera and Jones 2013)"
        + _limit(wanted, filled, in_time, most, least, items, effort, slow=slow),
        ratio,
    )


def bounds(items: int, measure: Measure, effort: Effort) -> tuple[int, int]:
    """Return the fewest and the most blocks that `auto` may choose if switching systems does not take minutes.

    A block holds at least one batch.
    """
    most = max(1, min(items // measure.batch, effort.most_blocks))
    return min(LEAST, most), most


def item_spread(seconds: Mapping[str, list[float]]) -> float | None:
    """Return the relative standard deviation of the seconds of items, over all systems; None if too few were timed.

    Args:
        seconds: system to the seconds of each timed item.
    """
    squares, freedom, count = 0.0, 0, 0
    for own_s in seconds.values():
        mean_s = sum(own_s) / len(own_s) if own_s else 0.0
        if len(own_s) < 2 or mean_s <= 0:
            continue
        squares += sum((each / mean_s - 1.0) ** 2 for each in own_s)
        freedom += len(own_s) - 1
        count += len(own_s)
    return math.sqrt(squares / freedom) if count >= MIN_SAMPLE and squares > 0 else None


def _as_set(blocks: int, items: int) -> NumberOfBlocks:
    if blocks <= items:
        return NumberOfBlocks(blocks, f"{blocks} blocks: set by the suite")
    return NumberOfBlocks(items, f"{items} blocks of one item each: the suite sets {blocks}, but has no more items")


def _most_for_windows(items: int, item_s: Mapping[str, float], watched_s: float, least: int) -> float:
    """Return the most blocks for which each system's items fill a window of `watched_s`.

    A system whose items do not fill it in the fewest blocks either is left out.
    """
    fits = [items * each_s // watched_s for each_s in item_s.values()]
    return min((each for each in fits if each >= least), default=math.inf)


def _most_in_time(
    items: int, item_s: Mapping[str, float], switch_s: Mapping[str, float], effort: Effort, least: int, most: int
) -> int:
    """Return the most blocks whose windows and switches fit into the effort's time."""
    answering_s = {name: items * each_s for name, each_s in item_s.items()}
    most_s = effort.most_asking_s(sum(answering_s.values()))

    def asking_s(blocks: int) -> float:
        windows_s = sum(max(each_s, blocks * effort.min_window_s) for each_s in answering_s.values())
        return windows_s + blocks * sum(switch_s.values())

    return next((blocks for blocks in range(most, least, -1) if asking_s(blocks) <= most_s), least)


def _limit(
    wanted: int,
    filled: float,
    in_time: int,
    most: int,
    least: int,
    items: int,
    effort: Effort,
    *,
    slow: bool,
) -> str:
    """Return a clause on why the number differs from the formula's; empty if it does not."""
    if wanted < least:
        if least == most < LEAST:
            return f"; {items} items make no more"
        return f"; fewer than {least} would show no spread" + (", and each more costs minutes" if slow else "")
    if wanted <= min(filled, in_time, most):
        return ""
    if in_time < min(filled, most):
        return f"; more would take longer than effort: {effort.name} allows"
    if filled < most:
        return f"; in more blocks the items of a system would not fill a window of {effort.watched_s:g} s"
    if slow and most == LEAST:
        return f"; more than {LEAST} cost minutes each"
    if most == effort.most_blocks < MOST:
        return f"; effort: {effort.name} takes no more"
    return f"; more than {most} bring little" if most == effort.most_blocks else f"; {items} items make no more"


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"
