"""Load, warm up and time every system before the first block, and lay out the run accordingly."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.clock import now_s
from wattbench.config import EndpointSystem, HybridSystem, LocalModel, SystemBase, repeats_of
from wattbench.errors import UserError
from wattbench.measure.ask_items import ItemRequests, answer_items, batches
from wattbench.measure.concurrency import keep_in_flight
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.number_of_blocks import NumberOfBlocks, choose_number, item_spread
from wattbench.records import BlockPlan, Purpose
from wattbench.scenarios.residents import ItemKey, Resident, Residents
from wattbench.systems import base_key
from wattbench.systems.memory import available_bytes, device_available_bytes
from wattbench.systems.weights import bytes_on_disk

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
    needs, at_first = Needs(residents.configs), _free_memory()
    for name in residents.configs:
        before = _free_memory()
        if measure.resident == "auto" and not residents.one_at_a_time:
            why = why_not_resident(needs.of(name), before, at_first)
            if why is not None:
                residents.release_all()
                residents.one_at_a_time, why_resident = True, why
        _try_out(context, residents, name, items, timings)
        needs.note(name, before, _free_memory())
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
            repeats={name: repeats_of(config, measure) for name, config in residents.configs.items()},
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
    with context.limited(name):  # its seconds are then those of its turns
        _warm_up(context, resident, items, timings)
    residents.record_peak(resident)


def _warm_up(context: MeasuringContext, resident: Resident, items: Sequence[ItemKey], timings: _Timings) -> None:
    """Ask the items of a warm-up and one batch more, the last of each task first, and time all but the first batch.

    The first call of a system sets up what all others use.
    """
    measure = context.measure
    if not measure.warmup or resident.engine.asked_once:
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


_MARGIN = 1.25
"""A system is expected to need this many times what one like it needed: no two are alike."""
_RESERVE = 0.10
"""This share of the memory that was available at first stays free: for caches of files, and for answering."""


@dataclass(frozen=True)
class Memory:
    """Bytes that can still be used; None if not known."""

    process: int | None
    device: int | None = None
    """Of the accelerator that the systems use."""


@dataclass(frozen=True)
class Need:
    """Bytes that a system needs."""

    process: int = 0
    device: int = 0


@dataclass(frozen=True)
class Together:
    """The reason why systems do not stay loaded together."""

    text: str
    impossible: bool
    """False: they might, but it is better not tried."""


@dataclass
class Needs:
    """The memory that systems are expected to need, by the needs of the systems loaded before."""

    configs: Mapping[str, SystemBase]
    _of_new_base: Need = Need()
    _of_shared_base: Need | None = None
    _bases: set[object] = field(default_factory=set)

    def of(self, name: str) -> Need:
        """Return the memory that a system is expected to need."""
        config = self.configs[name]
        key = base_key(config)
        if key is not None and key in self._bases:
            return self._of_shared_base or self._of_new_base
        weights = config.weights if isinstance(config, LocalModel) else None
        stored = bytes_on_disk(weights) if weights is not None else None
        return Need(max(self._of_new_base.process, stored or 0), self._of_new_base.device)

    def note(self, name: str, before: Memory, after: Memory) -> None:
        """Record the memory that a system needed: free memory before loading, minus that after its warm-up."""
        need = Need(_less(before.process, after.process), _less(before.device, after.device))
        key = base_key(self.configs[name])
        if key is not None and key in self._bases:
            self._of_shared_base = _larger(self._of_shared_base or Need(), need)
        else:
            self._of_new_base = _larger(self._of_new_base, need)
        self._bases.add(key)


def _free_memory() -> Memory:
    """Return the memory that can be used now."""
    return Memory(available_bytes(), device_available_bytes())


def why_not_resident(need: Need, free: Memory, at_first: Memory) -> str | None:
    """Return why a system cannot be kept loaded next to the others; None if it can be.

    Args:
        need: what it is expected to need.
        free: what can be used now.
        at_first: what could be used before any system was loaded.
    """
    for what, needed, left, whole in (
        ("memory", need.process, free.process, at_first.process),
        ("GPU memory", need.device, free.device, at_first.device),
    ):
        if needed and left is not None and whole is not None and needed * _MARGIN > left - _RESERVE * whole:
            return (
                f"the next one may need {_gb(needed * _MARGIN)} of {what}; {_gb(left)} are free, of which "
                f"{_gb(_RESERVE * whole)} are kept in reserve"
            )
    return None


def why_never_together(configs: Mapping[str, SystemBase]) -> Together | None:
    """Return why systems cannot stay loaded together, as far as is known without loading; None if they may."""
    served = [each for each in _endpoints(configs) if each.serve is not None and each.serve.command is not None]
    ports = [each.base_url for each in served if each.base_url is not None and "{port}" not in each.base_url]
    if len(set(ports)) < len(ports):
        shared = next(url for url in ports if ports.count(url) > 1)
        return Together(f"several systems are served at {shared}", impossible=True)
    if len(served) > 1:
        return Together(
            "several are servers that a command starts, each of which may take a whole GPU", impossible=False
        )
    return None


def _endpoints(configs: Mapping[str, SystemBase]) -> Iterator[EndpointSystem]:
    """Yield every endpoint, including the endpoints that hybrids keep loaded."""
    for config in configs.values():
        members = [config.pool[name] for name in config.resident] if isinstance(config, HybridSystem) else [config]
        yield from (member for member in members if isinstance(member, EndpointSystem))


def _less(before: int | None, after: int | None) -> int:
    return 0 if before is None or after is None else max(before - after, 0)


def _larger(first: Need, second: Need) -> Need:
    return Need(max(first.process, second.process), max(first.device, second.device))


def _gb(amount: float) -> str:
    return f"{amount / 1e9:.1f} GB"
