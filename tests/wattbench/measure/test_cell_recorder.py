"""A cell's windows: filled where its items are quick, divided where they are many."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from lm_eval.api.instance import Instance

from tests.made_up.engines import MadeUpEngine
from tests.made_up.meters import PlayedMeter
from tests.made_up.progress import Quiet
from wattbench.config import Measure, load_suite
from wattbench.measure.ask_items import ask_items, items_of
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.item_rows import attribute
from wattbench.measure.measuring_context import MeasuringContext, WindowNames
from wattbench.meters import Metering, Reading
from wattbench.records import RunRecords, RunWriter, read_run
from wattbench.systems import Reply

WATTS = 50.0
SUITE = Path(__file__).parents[2] / "data" / "suite.yaml"


def steady() -> PlayedMeter:
    """A counter behind which exactly 50 W are drawn, always."""
    meter = PlayedMeter(
        lambda at_s: Reading(at_s, {"gpu0": WATTS * at_s}, {"gpu0": WATTS}), component="gpu0", provenance="counter"
    )
    meter.period_s = 0.05
    return meter


class Sleeper(MadeUpEngine):
    """Takes a stated time for each request."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked: list[int] = []

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        self.asked += [int(request.doc_id) for request in requests]
        time.sleep(self.seconds)
        return [Reply("yes") for _ in requests]


def run_cell(
    writer: RunWriter,
    engine: Sleeper,
    items: int,
    shown: Quiet | None = None,
    meter: PlayedMeter | None = None,
    **measure: float,
) -> RunRecords:
    suite = load_suite(str(SUITE))
    suite = replace(suite, suite=suite.suite.model_copy(update={"measure": Measure(**measure)}))
    with Metering([meter or steady()]) as metering:
        context = MeasuringContext(suite, writer, metering, WindowNames("r", 0), shown or Quiet())
        context.trace_to("s", "t")
        recorder = CellRecorder(context, engine, system="s", task="t", idle_w={"gpu0": 20.0})
        requests = [Instance("generate_until", {}, ("?", {}), 0, ("t", i, 1)) for i in range(items)]
        asks = items_of("generate_until", requests)
        recorder.warm_up(asks)
        assert len(list(ask_items(engine, recorder, asks, batch=1, numbers=itertools.count()))) == items
        recorder.done()
        metering.trace_to(None)
    return read_run(writer.layout.root)


@pytest.mark.slow
@pytest.mark.alone
def test_a_quick_cell_is_asked_again_until_its_window_is_long_enough(writer: RunWriter) -> None:
    engine, shown = Sleeper(0.01), Quiet()
    records = run_cell(writer, engine, 4, shown, warmup=2, min_window_s=0.5)
    warm_up, measured = records.windows()
    assert (warm_up.purpose, measured.purpose) == ("warm-up", "measured")
    assert engine.asked[:2] == [2, 3]  # the last items, so that no cache has seen the first
    assert measured.passes > 1
    assert len(engine.asked) == 2 + 4 * measured.passes  # only whole passes
    assert measured.duration_s >= 0.5
    assert measured.valid, measured.reasons
    assert f"its items were asked {measured.passes} times to fill it" in measured.reasons
    assert measured.total_j == pytest.approx(WATTS * measured.duration_s, rel=0.02)
    assert [row.finished_s - row.started_s for row in records.answers("s", "t")] == shown.seconds["s"]
    assert shown.watts == {"s": [(measured.total_j / measured.duration_s, "counter")]}

    answers = records.answers("s", "t")
    assert [row.doc_id for row in answers] == [0, 1, 2, 3]  # recorded once each
    energies = attribute(answers, {measured.window: measured})
    assert sum(total for total, _ in energies) * measured.passes == pytest.approx(measured.total_j)
    # 20 of the 50 W were idle: three fifths are above it.
    assert [above / total for total, above in energies] == pytest.approx([0.6] * 4, rel=0.05)


@pytest.mark.slow
@pytest.mark.alone
def test_a_slow_sensor_makes_its_windows_longer_than_the_suite_asks(writer: RunWriter) -> None:
    slow = steady()
    slow.step_s = {"gpu0": 0.08}
    (measured,) = run_cell(writer, Sleeper(0.01), 4, meter=slow, warmup=0, min_window_s=0.1, window_s=0.2).windows()
    assert measured.duration_s >= 0.8  # ten of its steps
    assert measured.valid, measured.reasons


@pytest.mark.slow
@pytest.mark.alone
def test_a_long_cell_is_divided_and_the_last_window_is_never_too_short(writer: RunWriter) -> None:
    engine = Sleeper(0.02)
    records = run_cell(writer, engine, 40, warmup=0, min_window_s=0.15, window_s=0.2)
    windows = records.windows()
    assert len(windows) > 2
    assert all(window.passes == 1 for window in windows)
    assert all(window.duration_s >= 0.15 for window in windows)
    assert engine.asked == list(range(40))
    answers = records.answers("s", "t")
    assert [row.window for row in answers] == sorted(row.window for row in answers)
    assert {row.window for row in answers} == {window.window for window in windows}
    for row in answers:
        window = next(window for window in windows if window.window == row.window)
        assert window.started_s <= row.started_s <= row.finished_s <= window.finished_s


@pytest.mark.slow
@pytest.mark.alone
def test_a_cell_that_is_long_enough_is_asked_once(writer: RunWriter) -> None:
    engine = Sleeper(0.05)
    (window,) = run_cell(writer, engine, 4, warmup=0, min_window_s=0.1).windows()
    assert window.passes == 1
    assert len(engine.asked) == 4


def test_every_opened_window_is_closed(writer: RunWriter) -> None:
    records = run_cell(writer, Sleeper(0.0), 3, warmup=1, min_window_s=0.1)
    assert records.open_windows() == []
    assert [window.window for window in records.windows()] == ["w0001", "w0002"]
