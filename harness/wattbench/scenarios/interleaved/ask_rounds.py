"""Ask one side of a gate a round of items of all tasks, and measure it in a window."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.measure.ask_items import ask_items
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.records import AnswerRow
from wattbench.scenarios.interleaved.schedule import Item, PlannedRound
from wattbench.scenarios.residents import Resident, items_in


@dataclass(frozen=True)
class RoundAnswers:
    """The answers of one system in a round."""

    window: str
    by_task: Mapping[str, Sequence[AnswerRow]]
    """Repeats included."""


@dataclass
class GateTurns:
    """Asks the two systems of a gate in turns."""

    context: MeasuringContext
    idle_w: Mapping[str, float]
    """With both systems loaded."""
    numbers: Mapping[str, int]
    """System to the number of its next call."""
    asked_before: tuple[Item, ...]
    """Items to warm up with: no cache has then seen those that are measured."""
    _calls: dict[str, Iterator[int]] = field(default_factory=dict)
    _last: str | None = None
    """The system that was asked last."""

    def ask(self, resident: Resident, planned: PlannedRound) -> RoundAnswers:
        """Ask a round in a window of its own, and write the answers to disk."""
        context = self.context
        context.trace_to(resident.name, None)
        recorder = self._recorder(resident, long=planned.long)
        recorder.warm_up(items_in(resident, [(item, 0) for item in self.asked_before]))
        resident.warm, self._last = True, resident.name
        asks = items_in(
            resident, [(item, repeat) for repeat in range(context.measure.repeats) for item in planned.items]
        )
        numbers = self._calls.setdefault(resident.name, itertools.count(self.numbers[resident.name]))
        for _ in ask_items(resident.engine, recorder, asks, batch=context.measure.batch, numbers=numbers):
            """The recorder keeps the answers."""
        recorder.done()
        return RoundAnswers(recorder.window, recorder.rows)

    def _recorder(self, resident: Resident, *, long: bool) -> CellRecorder:
        """Return a recorder for a round, with the number of items to warm up with.

        A system is warmed up after it was loaded, and with one item where the other system was asked last: the cost of
        a switch would else be part of the seconds of a short round.
        """
        measure = self.context.measure
        most = measure.warmup if not resident.warm else 0 if self._last == resident.name else 1
        # Its part of a round is one window, however long it takes.
        one_window = measure.model_copy(update={"window_s": float("inf"), "warmup": min(most, measure.warmup)})
        return CellRecorder(
            self.context,
            resident.engine,
            system=resident.name,
            task=None,
            idle_w=self.idle_w,
            measure=one_window,
            fill=long,
        )
