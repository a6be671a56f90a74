"""The windows of one cell: opened before the first batch, divided where they grow long, filled where they are short.

A window must be long against its sensor's step. Where the items of a cell take less than that, they are asked
again until they fill it; the answers that count are the first ones, and the window says how many passes it held.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from wattbench.config import Measure
from wattbench.measure.concurrency import keep_in_flight
from wattbench.measure.timed_lm import Ask, answer_items
from wattbench.meters import Metering, OpenWindow
from wattbench.records import AnswerRow, Purpose, RunWriter, WindowLabel
from wattbench.systems import Engine


class WindowNames:
    """Ids for windows, unique within a run and across its resumptions: ``w0001``, ``w0002``, ..."""

    def __init__(self, run: str, taken: int) -> None:
        self._run = run
        self._numbers: Iterator[int] = itertools.count(taken + 1)

    def label(self, system: str, task: str | None, purpose: Purpose) -> WindowLabel:
        """The label of the next window."""
        name = f"w{next(self._numbers):04d}"
        return WindowLabel(window=name, run=self._run, system=system, task=task, purpose=purpose)


def open_window(metering: Metering, writer: RunWriter, label: WindowLabel) -> OpenWindow:
    """Open a window and put down that it was opened, so that a kill leaves word of it."""
    window = metering.open(label)
    writer.append_open_window(window.label)
    return window


class CellRecorder:
    """Puts a cell's answers on disk as they come, inside windows. A `wattbench.measure.timed_lm.Recorder`."""

    def __init__(
        self,
        engine: Engine,
        writer: RunWriter,
        metering: Metering,
        measure: Measure,
        *,
        label: Callable[[Purpose], WindowLabel],
        system: str,
        task: str,
        idle_w: Mapping[str, float],
        advance: Callable[[int], None],
    ) -> None:
        self._engine, self._writer, self._metering, self._measure = engine, writer, metering, measure
        self._min_window_s = max(measure.min_window_s, metering.shortest_window_s)
        self._label = label
        self._system, self._task = system, task
        self._idle_w = idle_w
        self._advance = advance
        self._window: OpenWindow | None = None
        self._batches: list[Sequence[Ask]] = []
        self._asked = 0
        self._warm = False

    def warm_up(self, asks: Sequence[Ask]) -> None:
        """Ask a few items before anything is measured. The last ones, so that no cache has seen the first."""
        if not self._measure.warmup or self._warm:
            return
        self._warm = True
        window = self._open(Purpose.WARM_UP)
        for ask in asks[-self._measure.warmup :]:
            answer_items(self._engine, [ask])
        self._writer.append_window(window.close())

    def before_batch(self) -> str:
        """The window the next batch falls in, opened if there is none."""
        if self._window is None:
            self._window = self._open(Purpose.MEASURED)
            self._batches, self._asked = [], 0
        return self._window.label.window

    def after_batch(self, asks: Sequence[Ask], rows: Sequence[AnswerRow], left: int) -> None:
        """Put the batch on disk, and end the window if it is long enough and what is left would fill another."""
        self.keep(asks, rows)
        self.end_round(left)

    def keep(self, asks: Sequence[Ask], rows: Sequence[AnswerRow]) -> None:
        """Put some items on disk, while others of the window are under way."""
        for row in rows:
            self._writer.append_answer(self._system, self._task, row)
        self._batches.append(asks)
        self._asked += len(asks)
        self._advance(len(rows))

    def full(self, left: int) -> bool:
        """Whether the window is long enough, and what is left would fill another."""
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
        """All items of the window, under the load under which they were first asked."""
        together = self._measure.batch if self._engine.concurrent else 1
        calls = [partial(answer_items, self._engine, batch) for batch in self._batches]
        if together == 1:
            for call in calls:
                call()
        else:
            for _ in keep_in_flight(iter(calls), together):
                """The first answers are those that count."""

    def _open(self, purpose: Purpose) -> OpenWindow:
        return open_window(self._metering, self._writer, self._label(purpose))

    def _close(self, passes: int) -> None:
        assert self._window is not None
        row = self._window.close(idle_w=self._idle_w, passes=passes, min_window_s=self._measure.min_window_s)
        self._writer.append_window(row)
        self._window = None
