"""Record a cell in windows: opened before the first batch, divided where they grow long, filled where they are short.

A window must be long against its sensor's step. Where the items of a cell take less than that, they are asked
again until they fill it; the answers that count are the first ones, and the window says how many passes it held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from wattbench.config import Measure
from wattbench.measure.concurrency import keep_in_flight
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.timed_lm import ItemRequests, answer_items
from wattbench.meters import OpenWindow
from wattbench.records import AnswerRow, Purpose
from wattbench.systems import Engine


class CellRecorder:
    """Write a cell's answers to disk as they come, inside windows. A `wattbench.measure.timed_lm.Recorder`."""

    def __init__(
        self,
        context: MeasuringContext,
        engine: Engine,
        *,
        system: str,
        task: str,
        idle_w: Mapping[str, float],
        measure: Measure | None = None,
    ) -> None:
        """Prepare; nothing is asked and no window is opened yet.

        Args:
            context: of the run.
            engine: the loaded system.
            system: its name.
            task: its name.
            idle_w: watts per component of the loaded, idle system, where they are known.
            measure: settings that replace the suite's.
        """
        self._context, self._engine = context, engine
        self._measure = measure or context.measure
        self._min_window_s = max(self._measure.min_window_s, context.metering.shortest_window_s)
        self._system, self._task = system, task
        self._idle_w = idle_w
        self._window: OpenWindow | None = None
        self._batches: list[Sequence[ItemRequests]] = []
        self._asked = 0
        self._warm = False

    def warm_up(self, asks: Sequence[ItemRequests]) -> None:
        """Ask the last few items before anything is measured: no cache has then seen the first ones."""
        if not self._measure.warmup or self._warm:
            return
        self._warm = True
        window = self._open(Purpose.WARM_UP)
        for ask in asks[-self._measure.warmup :]:
            answer_items(self._engine, [ask])
        self._context.writer.append_window(window.close())

    def before_batch(self) -> str:
        """Return the id of the window of the next batch, which is opened if there is none."""
        if self._window is None:
            self._window = self._open(Purpose.MEASURED)
            self._batches, self._asked = [], 0
        return self._window.label.window

    def after_batch(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow], left: int) -> None:
        """Write the batch to disk; end the window if it is long enough and the items left would fill another."""
        self.keep(asks, rows)
        self.end_round(left)

    def keep(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow]) -> None:
        """Write some items to disk, while others of the window are under way."""
        for row in rows:
            self._context.writer.append_answer(self._system, self._task, row)
        self._batches.append(asks)
        self._asked += len(asks)
        self._context.progress.advance(len(rows))

    def full(self, left: int) -> bool:
        """Return whether the window is long enough, and the items left would fill another."""
        if self._window is None or not self._asked:
            return False
        rest_s = self._window.elapsed_s / self._asked * left
        shortest_s = self._min_window_s
        return self._window.elapsed_s >= max(self._measure.window_s, shortest_s) and rest_s >= shortest_s

    def end_round(self, left: int) -> None:
        """End the window if it is full. Nothing is under way."""
        if self.full(left):
            self._close(passes=1)

    def done(self) -> None:
        """Ask the last window's items again until it is long enough, and close it."""
        if self._window is None:
            return
        passes = 1
        while self._window.elapsed_s < self._min_window_s:
            self._ask_again()
            passes += 1
        self._close(passes)

    def _ask_again(self) -> None:
        """Ask all items of the window again, under the load under which they were first asked."""
        together = self._measure.batch if self._engine.concurrent else 1
        calls = [partial(answer_items, self._engine, batch) for batch in self._batches]
        if together == 1:
            for call in calls:
                call()
        else:
            for _ in keep_in_flight(iter(calls), together):
                """The first answers are those that count."""

    def _open(self, purpose: Purpose) -> OpenWindow:
        return self._context.open_window(self._system, self._task, purpose)

    def _close(self, passes: int) -> None:
        assert self._window is not None
        row = self._window.close(idle_w=self._idle_w, passes=passes, min_window_s=self._measure.min_window_s)
        self._context.writer.append_window(row)
        self._window = None
