"""Record answers in windows: long ones are divided, and items are asked again to fill short ones.

A window must be long against its sensor's step. Where the items of a cell (or of a system's turn in a block) take less
than that, they are asked again until they fill it; the answers that count are the first ones, the window says how many
passes it held, and each pass is on record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from wattbench.clock import now_s
from wattbench.config import Measure
from wattbench.measure.ask_items import ItemRequests, answer_items
from wattbench.measure.concurrency import keep_in_flight
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.meters import OpenWindow
from wattbench.meters.windows.in_flight import alone_s
from wattbench.records import AnswerRow, PassRow, Purpose
from wattbench.systems import Engine

SHORTEST_PASS_S = 0.1
"""Passes are compared from this length on: ten time slices of the scheduler, so that one lost slice is 10%."""

LEAST_ASKED = 0.5
"""Items are in flight for at least this share of the shortest window: the rest is the harness's, between them."""

SHORTEST_ROW_S = 0.05
"""Passes of less than this are recorded together."""


class CellRecorder:
    """Write each answer to disk as it comes, inside windows. A `wattbench.measure.ask_items.Recorder`."""

    def __init__(
        self,
        context: MeasuringContext,
        engine: Engine,
        *,
        system: str,
        task: str | None,
        idle_w: Mapping[str, float],
        measure: Measure | None = None,
        block: int | None = None,
        attempt: int = 0,
        fill: bool = True,
    ) -> None:
        """Set up the recorder, without a request and without an open window.

        Args:
            context: of the run.
            engine: the loaded system.
            system: its name.
            task: its name; None if the items are of several tasks, and each names its own.
            idle_w: watts per component of the loaded, idle system, where they are known.
            measure: settings that replace the suite's.
            block: the block in which it is asked, where the run has blocks.
            attempt: of the block.
            fill: ask the items again until a window is long enough. False where only their seconds count.
        """
        self._context, self._engine = context, engine
        self._measure = measure or context.measure
        fills = fill and not engine.paid and not engine.asked_once
        self._min_window_s = context.effort.min_window_s if fills else 0.0
        self._system, self._task = system, task
        self._idle_w = idle_w
        self._block, self._attempt = block, attempt
        self.rows: dict[str, list[AnswerRow]] = {}
        """Task to its answers so far, repeats included."""
        self.window = ""
        """The id of the last window."""
        self._window: OpenWindow | None = None
        self._batches: list[Sequence[ItemRequests]] = []
        self._asked = 0
        self._in_flight_s: list[tuple[float, float]] = []
        """When each item of the first pass was sent and answered."""
        self._warm = False

    def warm_up(self, asks: Sequence[ItemRequests]) -> None:
        """Send the last few items as a warm-up, so that no cache has seen the first items when they are measured."""
        if not self._measure.warmup or self._warm or self._engine.asked_once:
            return
        self._warm = True
        window = self._open(Purpose.WARM_UP)
        for ask in asks[-self._measure.warmup :]:
            answer_items(self._engine, [ask])
        self._context.writer.append_window(window.close())

    def before_batch(self) -> str:
        """Return the id of the window for the next batch; open a window if there is none."""
        if self._window is None:
            self._window = self._open(Purpose.MEASURED)
            self._batches, self._asked, self._in_flight_s = [], 0, []
            self.window = self._window.label.window
        return self.window

    def after_batch(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow], left: int) -> None:
        """Write the batch to disk, and end the window if it is full."""
        self.keep(asks, rows)
        self.end_round(left)

    def keep(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow]) -> None:
        """Write answered items to disk while other items of the window are in flight.

        Raises:
            UserError: too many requests have failed one after the other.
        """
        for ask, row in zip(asks, rows, strict=True):
            task = ask.task or self._task
            assert task is not None  # items of several tasks name theirs
            self._context.writer.append_answer(
                self._system, task, replace(row, block=self._block, attempt=self._attempt)
            )
            self.rows.setdefault(task, []).append(row)
            self._in_flight_s.append((row.started_s, row.finished_s))
            self._context.note_remark(self._system, row)
            self._context.failures.count(self._system, row)
        self._batches.append(asks)
        self._asked += len(asks)
        latencies_s = [row.finished_s - row.started_s if row.failure is None else None for row in rows]
        self._context.progress.answered(self._system, latencies_s)

    def full(self, left: int) -> bool:
        """Return whether the window is long enough to end, and the remaining items can fill another window."""
        if self._window is None or not self._asked:
            return False
        rest_s = self._window.elapsed_s / self._asked * left
        shortest_s = self._min_window_s
        return self._window.elapsed_s >= max(self._measure.window_s, shortest_s) and rest_s >= shortest_s

    def end_round(self, left: int) -> None:
        """End the window if it is full. No item may be in flight."""
        if self.full(left):
            self._close([])  # long enough: its items are not asked again

    def done(self) -> None:
        """Send the last window's items again until the window is long enough, and close the window.

        Where items take microseconds, writing their records to disk would else be most of the window.
        """
        if self._window is None:
            return
        again_s: list[tuple[float, float]] = []
        asked_s = self._first_pass_s()
        while self._window.elapsed_s < self._min_window_s or asked_s < LEAST_ASKED * self._min_window_s:
            again_s.append(self._ask_again())
            asked_s += again_s[-1][1] - again_s[-1][0]
        self._close(again_s)

    def _ask_again(self) -> tuple[float, float]:
        """Send all items of the window again, with as many in flight as the first time.

        Returns:
            When that began, and when it ended.
        """
        started_s = now_s()
        together = self._measure.batch if self._engine.concurrent else 1
        calls = [partial(answer_items, self._engine, batch) for batch in self._batches]
        if together == 1:
            for call in calls:
                call()
        else:
            for _ in keep_in_flight(iter(calls), together):
                """The first answers are those that count."""
        return started_s, now_s()

    def _open(self, purpose: Purpose) -> OpenWindow:
        return self._context.open_window(self._system, self._task, purpose, self._block, self._attempt)

    def _close(self, again_s: Sequence[tuple[float, float]]) -> None:
        """Close the window.

        Args:
            again_s: when each further pass over its items began and ended.
        """
        assert self._window is not None
        row = self._window.close(
            idle_w=self._idle_w,
            passes=1 + len(again_s),
            min_window_s=self._measure.least_window_s,
            pass_s=self._pass_s(again_s),
        )
        if again_s:
            first_s = min(start for start, _ in self._in_flight_s), max(end for _, end in self._in_flight_s)
            self._context.writer.append_passes(_pass_rows(row.window, first_s, again_s))
        self._context.writer.append_window(row)
        self._context.progress.window_closed(self._system, row.power_w, row.provenance_label)
        self._window = None

    def _first_pass_s(self) -> float:
        """Return the seconds in which any item of the first pass was in flight."""
        starts, ends = (np.array(column) for column in zip(*self._in_flight_s, strict=True))
        return float(alone_s(starts, ends).sum())

    def _pass_s(self, again_s: Sequence[tuple[float, float]]) -> list[float]:
        """Return the seconds of each pass over the window's items.

        Empty where the first pass was so short that a comparison with it would say nothing.
        """
        first_s = self._first_pass_s()
        if first_s < SHORTEST_PASS_S:
            return []
        return [first_s, *(finished_s - started_s for started_s, finished_s in again_s)]


def _pass_rows(window: str, first_s: tuple[float, float], again_s: Sequence[tuple[float, float]]) -> Iterator[PassRow]:
    """Yield the rows of a window's passes. Short later passes share a row."""
    yield PassRow(window=window, number=0, started_s=first_s[0], finished_s=first_s[1])
    number = count = 1
    for index, (_, finished_s) in enumerate(again_s):
        begun_s = again_s[index - count + 1][0]
        if finished_s - begun_s < SHORTEST_ROW_S and index + 1 < len(again_s):
            count += 1
            continue
        yield PassRow(window=window, number=number, started_s=begun_s, finished_s=finished_s, passes=count)
        number, count = number + count, 1
