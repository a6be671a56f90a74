"""Ask one system the items of a block: a turn, measured in a window of its own."""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattbench.config import repeats_of
from wattbench.measure.ask_items import ask_items
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.live_scores import LiveScores
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.progress import PlannedTurn
from wattbench.records import AnswerRow
from wattbench.scenarios.blocks.survey import last_of_each_task
from wattbench.scenarios.residents import ItemKey, Resident, Residents, items_in


@dataclass
class Turns:
    """Asks systems the items of blocks, except the items that are answered already."""

    context: MeasuringContext
    residents: Residents
    blocks: Sequence[Block]
    answered: set[tuple[str, int, int, str, int, int]]
    """System, block, attempt, task, document and repeat of every answer on record when this process began."""
    numbers: Mapping[str, int]
    """System to the number of its next call."""
    _calls: dict[str, Iterator[int]] = field(default_factory=dict)
    _scores: LiveScores = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to score answers as they come."""
        self._scores = LiveScores(self.context.resolved)

    def measure_idle(self, system: str) -> None:
        """Measure the idle draw with all systems loaded, and record it as the window of one of them."""
        loaded = list(self.residents.configs)
        self.residents.idle_w = dict.fromkeys(loaded, self._idle_power_w(system, "all loaded", loaded))

    def ask(self, name: str, block: Block, attempt: int) -> None:
        """Ask a system the items of an attempt of a block that are not answered yet."""
        context, measure = self.context, self.context.measure
        repeats = repeats_of(self.residents.configs[name], measure)
        wanted = [(key, repeat) for repeat in range(repeats) for key in block.items]
        missing = [
            (key, repeat) for key, repeat in wanted if (name, block.number, attempt, *key, repeat) not in self.answered
        ]
        title = f"block {block.number + 1} of {len(self.blocks)}, {name}" + (", asked again" if attempt else "")
        if missing:
            resident = self.residents.get(name)
            idle_w = self._idle_of(resident)
        context.progress.start_cell(title, PlannedTurn(name, len(wanted)), len(wanted) - len(missing))
        if missing:
            context.trace_to(name, None, block.number)
            warmup = min(measure.warmup, 1) if resident.warm else measure.warmup
            recorder = CellRecorder(
                context,
                resident.engine,
                system=name,
                task=None,
                idle_w=idle_w,
                measure=measure.model_copy(update={"warmup": warmup}),
                block=block.number,
                attempt=attempt,
            )
            numbers = self._calls.setdefault(name, itertools.count(self.numbers.get(name, 0)))
            asks = items_in(resident, missing)
            with context.limited(name):
                recorder.warm_up(items_in(resident, self._warm_up_items(block)))
                resident.warm = True
                # The recorder keeps the answers.
                deque(ask_items(resident.engine, recorder, asks, batch=measure.batch, numbers=numbers), maxlen=0)
                recorder.done()
            context.progress.score(name, lambda: self._scores.of(recorder.rows))
            if self.residents.one_at_a_time:
                self.residents.record_peak(resident)
        context.progress.end_cell()

    def _idle_of(self, resident: Resident) -> Mapping[str, float]:
        """Return the idle watts with the present systems loaded; a system that is loaded alone is measured once."""
        idle_w = self.residents.idle_w
        if resident.name not in idle_w:
            idle_w[resident.name] = self._idle_power_w(resident.name, resident.name)
        return idle_w[resident.name]

    def _idle_power_w(self, system: str, title: str, loaded: Sequence[str] = ()) -> Mapping[str, float]:
        """Measure idle watts, and repeat it if other work disturbed it, as all windows of the run use the result."""
        self.context.trace_to(system, None)
        watts = self.context.idle_power_w(system, title, loaded)
        effort = self.context.effort
        if watts or not effort.idle_s or not effort.asks_again or self.context.measure.busy != "retry":
            return watts
        return self.context.idle_power_w(system, title, loaded)

    def _warm_up_items(self, block: Block) -> list[tuple[ItemKey, int]]:
        """Return warm-up items from the block before, so that no cache has seen the items that are measured now."""
        before = self.blocks[block.number - 1]  # of the first block: the last one
        return [(key, 0) for key in reversed(last_of_each_task(before.items))]


def answered_in(system: str, task: str, rows: Sequence[AnswerRow]) -> set[tuple[str, int, int, str, int, int]]:
    """Return the keys of recorded answers, as in `Turns.answered`."""
    return {(system, row.block, row.attempt, task, row.doc_id, row.repeat) for row in rows if row.block is not None}


@dataclass(frozen=True)
class Block:
    """A group of items of all tasks, which every system answers."""

    number: int
    """From 0."""
    items: tuple[tuple[str, int], ...]
    """Task and document of each, in the order in which they are asked."""

    @property
    def doc_ids(self) -> dict[str, list[int]]:
        """Return the documents of the block by task."""
        by_task: dict[str, list[int]] = {}
        for task, doc_id in self.items:
            by_task.setdefault(task, []).append(doc_id)
        return by_task


def deal(items: Mapping[str, int], blocks: int, seed: int) -> list[Block]:
    """Divide the documents of all tasks at random into blocks, each document once.

    Of each task two blocks have the same number of documents, to within one; so do they of all tasks together. Which
    documents come together, which blocks have one more, and the order within a block are drawn by the seed.

    Args:
        items: task to how many documents it has.
        blocks: into how many; not more than there are documents.
        seed: of the draws.
    """
    draw = random.Random(f"{seed}: deal")  # noqa: S311 - a draw to repeat, no secret
    dealt: list[list[tuple[str, int]]] = [[] for _ in range(blocks)]
    position = 0
    for task, number in items.items():
        doc_ids = list(range(number))
        draw.shuffle(doc_ids)
        for doc_id in doc_ids:
            dealt[position % blocks].append((task, doc_id))
            position += 1
    draw.shuffle(dealt)  # else the first blocks would always be those with one more
    for of_block in dealt:
        draw.shuffle(of_block)
    return [Block(number, tuple(of_block)) for number, of_block in enumerate(dealt)]


def deal_documents(documents: Mapping[str, Sequence[int]], blocks: int, seed: int) -> list[Block]:
    """Divide given documents of each task at random into blocks, as `deal` does.

    Args:
        documents: task to its documents.
        blocks: into how many.
        seed: of the draws.
    """
    return [
        Block(block.number, tuple((task, documents[task][position]) for task, position in block.items))
        for block in deal({task: len(of_task) for task, of_task in documents.items()}, blocks, seed)
    ]


def blocks_to_ask(blocks: Sequence[Block], shard: Mapping[str, Any] | None) -> list[Block]:
    """Return the blocks that a run asks: all, or those of a shard, as `RunHeader.shard` names them."""
    return [block for block in blocks if shard is None or block.number in shard["blocks"]]


def order_of(systems: Iterable[str], seed: int, block: int, attempt: int) -> list[str]:
    """Draw the order in which the systems are asked an attempt of a block."""
    names = list(systems)
    random.Random(f"{seed}: order of block {block}, attempt {attempt}").shuffle(names)  # noqa: S311 - as above
    return names
