"""Load, warm up and time every system before the first block, and lay out the run accordingly."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.measure.ask_items import ItemRequests, answer_items, batches
from wattbench.measure.concurrency import keep_in_flight
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.number_of_blocks import NumberOfBlocks, choose_number, item_spread
from wattbench.records import BlockPlan, Purpose
from wattbench.scenarios.blocks.residency import Needs, free_memory, why_never_together, why_not_resident
from wattbench.scenarios.residents import ItemKey, Resident, Residents

SEED_BITS = 32


@dataclass
class _Timings:
    """The seconds that loading, windows and items of every system took."""

    load_s: dict[str, float] = field(default_factory=dict)
    edges_s: dict[str, float] = field(default_factory=dict)
    """Seconds for opening and closing a window."""
    items_s: dict[str, list[float]] = field(default_factory=dict)
    """Seconds of each item of the warm-up."""

    def item_s(self) -> dict[str, float]:
        """Return the mean seconds of an item of each system that was warmed up."""
        return {name: sum(seconds) / len(seconds) for name, seconds in self.items_s.items() if seconds}

    def switch_s(self, *, one_at_a_time: bool, warmup: int) -> dict[str, float]:
        """Return the seconds of a turn beyond its items, by system: two windows' edges, warm-up, perhaps loading."""
        item_s = self.item_s()
        return {
            name: 2 * self.edges_s.get(name, 0.0)
            + (load_s + warmup * item_s.get(name, 0.0) if one_at_a_time else min(warmup, 1) * item_s.get(name, 0.0))
            for name, load_s in self.load_s.items()
        }


def survey(context: MeasuringContext, residents: Residents, items: Sequence[ItemKey]) -> BlockPlan:
    """Load every system once, choose the systems that stay loaded and the number of blocks, and record both.

    Args:
        context: of the run.
        residents: nothing is loaded yet. Afterwards all systems are, or only one at a time can be.
        items: all items of the run.

    Raises:
        UserError: a system cannot be loaded, or the suite demands that all stay loaded and one does not fit.
    """
    timings, measure = _Timings(), context.measure
    why_resident = _undecided(residents, measure.resident)
    needs, at_first = Needs(residents.configs), free_memory()
    for name in residents.configs:
        before = free_memory()
        if measure.resident == "auto" and not residents.one_at_a_time:
            why = why_not_resident(needs.of(name), before, at_first)
            if why is not None:
                residents.release_all()
                residents.one_at_a_time, why_resident = True, why
        _try_out(context, residents, name, items, timings)
        needs.note(name, before, free_memory())
    context.progress.note(
        f"{'one system is loaded at a time' if residents.one_at_a_time else 'all systems stay loaded'}: {why_resident}"
    )
    switch_s = timings.switch_s(one_at_a_time=residents.one_at_a_time, warmup=measure.warmup)
    shard = context.records.header.shard
    chosen = (
        NumberOfBlocks(shard["of"], f"{shard['of']} blocks: set for all shards of the suite")
        if shard is not None
        else choose_number(
            len(items),
            measure,
            context.effort,
            switch_s=switch_s,
            item_s=timings.item_s(),
            item_sd=item_spread(timings.items_s),
        )
    )
    context.progress.note(chosen.why)
    plan = _plan(context, residents, chosen, why_resident, switch_s, timings.item_s())
    context.writer.write_block_plan(plan)
    return plan


def _undecided(residents: Residents, resident: str) -> str:
    """Decide, before any system is loaded, which systems stay loaded, and return the reason.

    Raises:
        UserError: the suite demands that all stay loaded, and they cannot.
    """
    why = why_never_together(residents.configs)
    if resident == "all" and why is not None and why.impossible:
        raise UserError(f"measure.resident: all: {why.text}. Set resident: one")
    if resident == "auto" and why is not None:
        residents.one_at_a_time = True
        return why.text
    residents.one_at_a_time = resident == "one"
    return "set by the suite" if resident != "auto" else "they fit into memory together"


def _plan(
    context: MeasuringContext,
    residents: Residents,
    chosen: NumberOfBlocks,
    why_resident: str,
    switch_s: Mapping[str, float],
    item_s: Mapping[str, float],
) -> BlockPlan:
    shard = context.records.header.shard
    return BlockPlan(
        blocks=chosen.blocks,
        seed=secrets.randbits(SEED_BITS) if shard is None else shard["seed"],
        resident="one" if residents.one_at_a_time else "all",
        chosen_by="shards" if shard is not None else "auto" if context.measure.blocks == "auto" else "suite",
        why=chosen.why,
        why_resident=why_resident,
        switch_s=dict(switch_s),
        item_s=dict(item_s),
        variance_ratio=chosen.variance_ratio,
    )


def _try_out(
    context: MeasuringContext, residents: Residents, name: str, items: Sequence[ItemKey], timings: _Timings
) -> None:
    """Load a system and warm it up. On return only the residents refer to the system."""
    resident = residents.get(name)
    timings.load_s[name] = resident.load_s
    _warm_up(context, resident, items, timings)
    residents.record_peak(resident)


def _warm_up(context: MeasuringContext, resident: Resident, items: Sequence[ItemKey], timings: _Timings) -> None:
    """Ask the items of a warm-up and one batch more, the last of each task first, and time all but the first batch.

    The first call of a system sets up what all others use.
    """
    measure = context.measure
    if not measure.warmup:
        return
    started_s = now_s()
    window = context.open_window(resident.name, None, Purpose.WARM_UP)
    count = max(measure.warmup, measure.batch) + measure.batch
    chosen = [resident.asks[key] for key in last_of_each_task(items)[:count]]
    seconds = _timed(resident, chosen, measure.batch)
    context.writer.append_window(window.close())
    timings.edges_s[resident.name] = max(now_s() - started_s - sum(seconds), 0.0)
    timings.items_s[resident.name] = seconds[measure.batch :] or seconds
    resident.warm = True


def _timed(resident: Resident, asks: Sequence[ItemRequests], batch: int) -> list[float]:
    """Ask items in batches, and return the seconds of each item: an equal share of its batch's seconds."""
    seconds: list[float] = []
    if resident.engine.concurrent and batch > 1:
        started_s = now_s()
        calls = [lambda ask=ask: answer_items(resident.engine, [ask]) for ask in asks]
        for _ in keep_in_flight(iter(calls), batch):
            """Only the time counts."""
        return [(now_s() - started_s) / len(asks)] * len(asks)
    for chunk in batches(asks, batch):
        started_s = now_s()
        answer_items(resident.engine, chunk)
        seconds += [(now_s() - started_s) / len(chunk)] * len(chunk)
    return seconds


def last_of_each_task(items: Iterable[ItemKey]) -> list[ItemKey]:
    """Return the items in their order as warm-up: the tasks in turn, the last document first."""
    by_task: dict[str, list[ItemKey]] = {}
    for key in items:
        by_task.setdefault(key[0], []).append(key)
    longest = max((len(keys) for keys in by_task.values()), default=0)
    return [keys[-1 - depth] for depth in range(longest) for keys in by_task.values() if depth < len(keys)]
