"""Describe before a run how it will be divided into blocks, and what bounds its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.config import Measure
from wattbench.measure.effort import LEAST, NORMAL_S, NORMAL_SHARE, QUICK_S, Effort
from wattbench.measure.number_of_blocks import bounds, choose_number
from wattbench.records.shards import part_in_words

_RESIDENT = {
    "auto": "all systems stay loaded if memory allows, else one is loaded at a time",
    "all": "all systems stay loaded",
    "one": "one system is loaded at a time, anew in every block",
}
_MARKED = "windows that other work disturbs are marked"
_BUSY = {
    "retry": "a block whose joules hold other work is asked again, in half as much time again at most",
    "mark": _MARKED,
    "refuse": "no start on a busy machine, and the run ends at a block that other work disturbs",
}
_TIME = {
    "quick": (QUICK_S, f"; at most the answering time and {QUICK_S:g} s, and what is around the blocks"),
    "normal": (NORMAL_S, f"; at most {NORMAL_SHARE:g} times the answering time and {NORMAL_S / 60:g} min, and loading"),
}
"""Effort to the seconds that it adds to answering, and its promise in words."""


def plan_of_blocks(
    measure: Measure, effort: Effort, systems: int, items: int | None, shard: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the lines of a plan that describe its blocks. Empty for the scenario `load`, which has no blocks.

    Args:
        measure: the suite's settings.
        effort: what they come to here.
        systems: how many.
        items: of all tasks together; None if not known.
        shard: the blocks that are asked here, as `RunHeader.shard` has them; None: all.
    """
    if measure.load is not None:
        return []
    if measure.blocks == 1 and shard is None:
        return ["blocks: 1: one system after another, so that no interval holds time"]
    busy = _BUSY[measure.busy] if effort.asks_again or measure.busy != "retry" else _MARKED
    if shard is not None:
        which = f"{part_in_words(shard['blocks'], shard['of'])} here, dealt by the seed {shard['seed']}"
        blocks = len(shard["blocks"])
    else:
        blocks, which = _how_many(measure, effort, items)
    least_s = systems * blocks * effort.min_window_s + effort.idle_s
    added_s, promise = _TIME.get(effort.name, (0.0, ""))
    kept = measure.blocks == "auto" and shard is None and least_s <= added_s
    return [
        f"blocks: {which}; in each all systems in a random order",
        f"resident: {_RESIDENT[measure.resident]}; busy: {busy}",
        f"time: at least {_minutes(least_s)}, and what answers and loading take{promise if kept else ''}",
    ]


def least_blocks(measure: Measure, effort: Effort, items: int | None) -> int:
    """Return the least number of blocks that the run will have.

    Args:
        measure: the suite's settings.
        effort: what they come to here.
        items: of all tasks together; None if not known.
    """
    return 1 if measure.blocks == 1 else _least_and_most(measure, effort, items)[0]


def most_blocks(measure: Measure, effort: Effort, items: int | None) -> int:
    """Return the largest number of blocks that the run can have, of the arguments of `least_blocks`."""
    return 1 if measure.blocks == 1 else _least_and_most(measure, effort, items)[1]


def _least_and_most(measure: Measure, effort: Effort, items: int | None) -> tuple[int, int]:
    if measure.blocks != "auto":
        number = measure.blocks if items is None else choose_number(items, measure, effort).blocks
        return number, number
    least, most = (LEAST, effort.most_blocks) if items is None else bounds(items, measure, effort)
    return (most, most) if most <= LEAST else (least, most)


def _how_many(measure: Measure, effort: Effort, items: int | None) -> tuple[int, str]:
    """Return the least number of blocks, and a text for the number or its range."""
    least, most = _least_and_most(measure, effort, items)
    if measure.blocks == "auto" and least < most:
        return least, f"auto: {least} to {most}, chosen when all systems have been loaded and timed"
    batches = f", as many as {items} items make in batches of {measure.batch}"
    return most, f"{most}" + (batches if measure.blocks == "auto" and items == most else "")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
