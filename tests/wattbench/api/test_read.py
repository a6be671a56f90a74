"""A run, read as data frames."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import wattbench
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import golden_run
from wattbench.meters import Reading
from wattbench.meters.sampling.trace import TraceWriter
from wattbench_reports.export.frames.calls_frame import COLUMNS as CALLS
from wattbench_reports.export.frames.items_frame import COLUMNS as ITEMS
from wattbench_reports.export.frames.judged_frame import COLUMNS as JUDGED
from wattbench_reports.export.frames.machines_frame import COLUMNS as MACHINES
from wattbench_reports.export.frames.power_frame import COLUMNS as POWER
from wattbench_reports.export.frames.systems_frame import TYPES as SYSTEMS
from wattbench_reports.export.frames.windows_frame import COLUMNS as WINDOWS

Write = Callable[[FakeRun], Path]


FRAMES = {
    "systems": SYSTEMS, "items": ITEMS, "windows": WINDOWS, "calls": CALLS, "machines": MACHINES, "judged": JUDGED,
}  # fmt: skip
"""Method to its columns."""


class _Gpu:
    """What a trace needs to know of a meter."""

    name = "nvml"
    provenance = {"gpu0": "counter"}
    step_s = {"gpu0": 0.1}


def _write_trace(path: Path, *watts: float) -> None:
    trace = TraceWriter(path)
    for number, power_w in enumerate(watts):
        trace.write(_Gpu(), Reading(10.0 + number, {"gpu0": power_w * number}, {"gpu0": power_w}))  # type: ignore[arg-type]
    trace.close()


def test_a_run_knows_its_place_and_can_stand_for_it(write: Write) -> None:
    root = write(golden_run())
    run = wattbench.read(str(root))
    assert run.path == root
    assert run.name == root.name
    assert Path(run) == root
    advice = run.compare().advice
    head, *shown = repr(run).splitlines()
    assert head == f"<run {root.name}>"
    assert " ".join(map(str.strip, shown)).startswith(f"{advice} systems: generalist, specialist, regex, ")
    assert len(shown) < 6
    assert wattbench.read(run).name == run.name


def test_systems_are_over_all_items_and_then_by_domain(write: Write) -> None:
    run = wattbench.read(write(golden_run()))
    frame = run.systems()
    overall = frame[frame["domain"].isna()]
    assert list(overall["system"]) == ["generalist", "specialist", "regex", "never-right", "no-sensor"]
    assert set(frame["domain"].dropna()) == {"arithmetic", "text"}
    assert overall.set_index("system").loc["regex", "accuracy"] == run.compare()["regex"].accuracy


def test_items_have_a_row_per_answer(write: Write) -> None:
    frame = wattbench.read(write(golden_run())).items()
    assert len(frame) == 5 * 80
    metered = frame[frame["system"] == "specialist"]
    assert metered["joules"].sum() == pytest.approx(3.0 * 80, rel=0.2)
    assert frame[frame["system"] == "no-sensor"]["joules"].isna().sum() > 0


def test_windows_have_the_documented_types(write: Write) -> None:
    frame = wattbench.read(write(golden_run())).windows("all")
    assert {name: str(frame[name].dtype) for name in frame} == WINDOWS
    assert set(frame["purpose"]) == {"load", "measured"}


@pytest.mark.parametrize(("frame", "every"), FRAMES.items())
def test_a_frame_has_twelve_columns_and_others_on_request(write: Write, frame: str, every: dict[str, str]) -> None:
    run = wattbench.read(write(golden_run()))
    get = getattr(run, frame)
    few, whole = get(), get("all")
    assert len(few.columns) == 12
    assert list(whole) == list(every)
    pd.testing.assert_frame_equal(whole[list(few)], few)
    docstring = inspect.getdoc(get) or ""
    assert re.findall(r"`(\w+)`", docstring) == list(few)  # which says so
    assert f'"all"`` ({len(every)})' in docstring
    *_, last = whole
    assert list(get([last, "node" if frame == "machines" else "system"])) == [
        last, "node" if frame == "machines" else "system",
    ]  # fmt: skip
    assert list(get(last)) == [last]
    with pytest.raises(wattbench.UserError, match=f"columns: '{last}x' is not a column of this frame"):
        get([f"{last}x"])


def test_a_comparison_has_twelve_columns_too(write: Write) -> None:
    one, other = wattbench.read(write(golden_run())), wattbench.read(write(replace(golden_run(), id="def456")))
    for compared in (one.compare(), wattbench.compare([one, other])):
        few, whole = compared.frame(), compared.frame("all")
        assert len(few.columns) == 12 < len(whole.columns)
        named = re.findall(r"`(\w+)`", inspect.getdoc(compared.frame) or "")
        assert set(few) <= {*named, "accuracy_group", "latency_group", "joules_group"}


def test_a_notebook_shows_the_advice_without_a_style_of_its_own(write: Write) -> None:
    root = write(golden_run())
    run = wattbench.read(root)
    shown = run._repr_html_()
    assert shown is not None
    assert html.escape(run.compare().advice) in shown
    assert all(f">{system}<" in shown for system in run.compare())
    for each in (shown, run.compare()._repr_html_()):
        assert not re.search(r"color|class=|<style|<script|id=", each)  # whatever the theme of the notebook
    (root / "items.parquet").write_bytes(b"PAR1")
    damaged = wattbench.read(root)
    assert (repr(damaged), damaged._repr_html_()) == (f"<run {root.name}>", None)


def test_power_joins_the_traces_of_loading_and_of_every_task(write: Write) -> None:
    run = wattbench.read(write(golden_run()))
    task = run.items()["task"].iloc[0]
    _write_trace(run.records.layout.trace("generalist", None), 50.0)
    _write_trace(run.records.layout.trace("generalist", task), 60.0, 70.0)
    _write_trace(run.records.layout.trace("regex", task), 5.0)
    frame = run.power()
    assert {name: str(frame[name].dtype) for name in frame} == POWER
    assert list(frame["system"]) == ["generalist"] * 3 + ["regex"]
    assert list(frame["task"].fillna("loading")) == ["loading", task, task, task]
    assert list(frame["power_w"]) == [50.0, 60.0, 70.0, 5.0]
    pd.testing.assert_frame_equal(run.power("regex"), frame[3:].reset_index(drop=True))


def test_a_run_without_traces_has_an_empty_power_frame_with_its_columns(write: Write) -> None:
    frame = wattbench.read(write(golden_run())).power()
    assert frame.empty
    assert {name: str(frame[name].dtype) for name in frame} == POWER


def test_an_unknown_system_and_a_damaged_trace_are_errors(write: Write) -> None:
    run = wattbench.read(write(golden_run()))
    with pytest.raises(wattbench.UserError, match="'regx': not in this run; did you mean 'regex'"):
        run.power("regx")
    trace = run.records.layout.trace("regex", None)
    trace.parent.mkdir(parents=True)
    trace.write_text("this is no trace\n1\n")
    with pytest.raises(wattbench.UserError, match=r"load\.csv"):
        run.power()


def test_what_is_no_finished_run_is_an_error(write: Write, tmp_path: Path) -> None:
    root = write(golden_run())
    (root / "finished.json").unlink()
    with pytest.raises(wattbench.UserError, match=r"is not finished\. Finish it with: wattbench run --resume"):
        wattbench.read(root)
    (root / "run.json").write_text("{")
    with pytest.raises(wattbench.UserError, match="cannot be read"):
        wattbench.read(root)
    with pytest.raises(wattbench.UserError, match="no such run directory"):
        wattbench.read(tmp_path / "nowhere")


def test_a_damaged_table_is_an_error(write: Write) -> None:
    root = write(golden_run())
    (root / "items.parquet").write_bytes(b"PAR1")
    run = wattbench.read(root)
    for frame in (run.systems, run.items, run.windows, run.compare):
        with pytest.raises(wattbench.UserError, match=r"items.parquet: cannot be read .*the record is damaged"):
            frame()


def test_a_report_is_written_under_the_readers_assumptions(write: Write, tmp_path: Path) -> None:
    page = wattbench.read(write(golden_run())).report(tmp_path / "out" / "page.html", pue=1.75)
    assert page == tmp_path / "out" / "page.html"
    assert "PUE 1.75" in page.read_text()
    assert (tmp_path / "out" / "page.parquet").exists()


def test_routers_of_a_file_are_scored_in_the_report(write: Write, tmp_path: Path) -> None:
    with pytest.raises(wattbench.UserError, match=r"none\.csv"):
        wattbench.read(write(golden_run())).report(tmp_path / "page.html", routes=tmp_path / "none.csv")
