"""Say before anything is loaded how a run will be divided into blocks, and how long it will take at least."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.config import Measure
from wattbench.measure.number_of_blocks import LEAST, MOST, bounds, choose_number
from wattbench.records.shards import part_in_words

_RESIDENT = {
    "auto": "all systems stay loaded if memory allows, else one is loaded at a time",
    "all": "all systems stay loaded",
    "one": "one system is loaded at a time, anew in every block",
}
_BUSY = {
    "retry": "a block that other work disturbs is asked again, at most twice",
    "mark": "windows that other work disturbs are marked",
    "refuse": "no start on a busy machine, and the run ends at a block that other work disturbs",
}


def plan_of_blocks(
    measure: Measure, systems: int, items: int | None, shard: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the lines of a plan on blocks; empty for the scenario `load`, which has none.

    Args:
        measure: the suite's settings.
        systems: how many.
        items: of all tasks together; None if not known.
        shard: the blocks that are asked here, as `RunHeader.shard` has them; None: all.
    """
    if measure.load is not None:
        return []
    if shard is not None:
        asked_s = systems * len(shard["blocks"]) * measure.min_window_s + measure.idle_s
        return [
            f"blocks: {part_in_words(shard['blocks'], shard['of'])} here, dealt by the seed {shard['seed']}; in each "
            "all systems in a random order",
            f"resident: {_RESIDENT[measure.resident]}; busy: {_BUSY[measure.busy]}",
            f"time: at least {asked_s / 60:.1f} min here; what else this plan expects is of all {shard['of']} blocks",
        ]
    if measure.blocks == 1:
        return ["blocks: 1: one system after another, so that no interval holds time"]
    least, how_many = _how_many(measure, items)
    asked_s = systems * least * measure.min_window_s + measure.idle_s
    return [
        f"blocks: {how_many}; in each all systems in a random order",
        f"resident: {_RESIDENT[measure.resident]}; busy: {_BUSY[measure.busy]}",
        f"time: at least {asked_s / 60:.1f} min: {systems} systems x {least} blocks x windows of "
        f"{measure.min_window_s:g} s, and idle; loading, warm-up and items that take longer come on top",
    ]


def least_blocks(measure: Measure, items: int | None) -> int:
    """Return the least number of blocks that a run has.

    Args:
        measure: the suite's settings.
        items: of all tasks together; None if not known.
    """
    return 1 if measure.blocks == 1 else _how_many(measure, items)[0]


def _how_many(measure: Measure, items: int | None) -> tuple[int, str]:
    """Return the least number of blocks, and what is known of the number in words."""
    if measure.blocks != "auto":
        number = measure.blocks if items is None else choose_number(items, measure).blocks
        return number, str(number)
    least, most = (LEAST, MOST) if items is None else bounds(items, measure)
    if most <= LEAST:
        return most, f"{most}, as many as {items} items make in batches of {measure.batch}"
    return least, (
        f"auto: {least} to {most}, chosen when all systems have been loaded and timed, by what a switch costs against "
        "an item (Kalibera and Jones 2013), and so that items fill the windows"
    )
