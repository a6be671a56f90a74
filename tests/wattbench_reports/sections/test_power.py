"""Power traces: lines against the readings they come from, windows beside them, and every way a trace can be amiss."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wattbench_reports.sectiontext import as_text
from wattbench.errors import UserError
from wattbench.records import read_run, trace_rows
from wattbench.records.trace import COLUMNS
from wattbench_reports.analyses import power as power_module
from wattbench_reports.analyses.power import POINTS, PowerLine, read_lines, system_powers, thinned
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.figures import Band, Drawing, PowerTrace, TraceSpan, Watts, power
from wattbench_reports.figures.svg import page_svg
from wattbench_reports.html import report
from wattbench_reports.sections.power import power_section
from wattbench_reports.tables.power_trace import _of_rows, trace_table

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("x")</script>'
HEAD = ",".join(COLUMNS) + "\n"
START_S = 1_700_000_000.0


def trace(path: Path, rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return path


def counter(times_s, watts, component="gpu0", step_s=0.1) -> list[str]:
    """A counter that is read at some moments while a load of so many watts is drawn."""
    return [
        f"{at_s:.7f},nvml,{component},{500 + watts * (at_s - times_s[0]):.6f},,,,counter,{step_s}" for at_s in times_s
    ]


def between(path: Path, low=-np.inf, high=np.inf) -> list[PowerLine]:
    lines, problem = read_lines(path, low, high)
    assert problem is None
    return lines


@pytest.fixture
def traced(make_run, fake):
    """Two systems of two cells, one right after the other, each with a trace; with loading and idle before."""
    run = make_run(fake.Run((fake.System("big", energy_j=12.0), fake.System("small", energy_j=3.0)), items=12))
    path = run.layout.windows
    rows, now_s = [], START_S
    for row in map(json.loads, path.read_text().splitlines()):
        length_s = row["finished_s"] - row["started_s"]
        rows.append(row | {"started_s": now_s, "finished_s": now_s + length_s})
        times_s = np.arange(now_s, now_s + length_s + 0.25, 0.25)
        trace(run.layout.trace(row["system"], row["task"]), counter(times_s, 40.0, "part0"))
        now_s += length_s + 100.0
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_run(run.layout.root)


def section_of(run):
    section = power_section(analyse(read_run(run.layout.root)).measured)
    assert section is not None
    return section


def test_watts_are_differences_of_the_counter(tmp_path: Path) -> None:
    rows = [f"{at_s},m,cpu,{joules},99,,,rapl,0.001" for at_s, joules in ((1, 10), (2, 15), (4, 45), (5, 45))]
    (line,) = between(trace(tmp_path / "t.csv", rows))
    assert line.counted
    assert line.at_s.tolist() == [1, 2, 2, 4, 4, 5]
    assert line.power_w.tolist() == [5, 5, 15, 15, 0, 0]
    assert line.highest_w(1, 2) == 5.0
    assert line.highest_w(1, 5) == 15.0
    assert line.highest_w(7, 9) is None


def test_power_is_shown_where_no_joules_are_counted(tmp_path: Path) -> None:
    rows = [f"{at_s},m,gpu0,,{watts},,,integrated,0.1" for at_s, watts in ((1, 10), (2, 30), (3, 20))]
    (line,) = between(trace(tmp_path / "t.csv", rows))
    assert (line.counted, line.provenance) == (False, "integrated")
    assert line.power_w.tolist() == [10, 30, 20]
    assert line.highest_w(1.5, 2.5) == 30.0


def test_readings_within_a_step_of_each_other_make_no_spike(tmp_path: Path) -> None:
    # A counter that shows 100 W in steps of 0.1 s, read at 10 Hz and once more a millisecond before each step's end.
    times_s = sorted([*np.arange(0, 10, 0.1), *(np.arange(0, 10, 0.1) + 0.0999)])
    rows = [f"{at_s:.4f},nvml,gpu0,{100 * np.floor(at_s / 0.1 + 1e-9) * 0.1:.3f},,,,counter,0.1" for at_s in times_s]
    (line,) = between(trace(tmp_path / "t.csv", rows))
    assert np.nanmax(line.power_w) <= 121
    assert np.nanmin(line.power_w) >= 79


def test_a_line_breaks_where_a_component_was_lost_or_its_counter_fell(tmp_path: Path) -> None:
    rows = [*counter([1.0, 2.0, 3.0], 10.0), "3.5,nvml,gpu0,,,,gap: lost,counter,0.1", "4,nvml,gpu0,1,,,,counter,0.1",
            "5,nvml,gpu0,21,,,,counter,0.1"]  # fmt: skip
    (line,) = between(trace(tmp_path / "t.csv", rows))
    assert np.isnan(line.power_w[(line.at_s > 3) & (line.at_s < 4)]).all()
    assert line.highest_w(3, 4) is None
    assert np.nanmin(line.power_w) >= 10.0
    assert line.highest_w(4, 5) == pytest.approx(20.0)


@pytest.mark.parametrize("more", ["", "7.5,nvml,gpu0,5", "7.5,nvml,gpu0,,nan,,,counter,0.1"])
def test_both_ways_to_read_a_trace_agree(tmp_path: Path, more: str) -> None:
    rows = [*counter([1.0, 2.0, 3.0], 10.0), '3.5,nvml,gpu0,,,,"gap: lost, ""gone""",counter,0.1',
            "4,other,wall,,80.25,30,a note of a gap: none,integrated,1",
            '5,"o,o",wall,,70,,b | gap: x,integrated,1']  # fmt: skip
    path = trace(tmp_path / "t.csv", rows)
    slow = _of_rows(list(trace_rows(path)))
    with path.open("a") as file:
        file.write(more)
    table, problem = trace_table(path)
    assert (problem is None) == ("nan" not in more)
    pd.testing.assert_frame_equal(
        table.reset_index(drop=True).astype({"component": str, "provenance": str}),
        slow.astype({"component": str, "provenance": str}),
        check_dtype=False,
    )
    assert table["gap"].tolist() == [False, False, False, True, False, True]


def test_a_line_is_cut_to_spans_of_time() -> None:
    line = PowerLine("cpu", "rapl", False, np.array([0.0, 10.0, 20.0]), np.array([0.0, 100.0, 0.0]))
    cut = line.within([(5.0, 12.0), (15.0, 30.0)])
    assert cut.at_s.tolist() == [5, 10, 12, 12, 15, 20, 30, 30]
    assert cut.power_w.tolist()[:3] == [50, 100, 80]
    assert cut.power_w.tolist()[4:6] == [50, 0]
    assert np.isnan(cut.power_w[[3, 6, 7]]).all()


@given(
    watts=st.lists(st.one_of(st.floats(0, 1000), st.just(float("nan"))), min_size=1, max_size=400),
    points=st.integers(4, 60),
)
def test_thinning_keeps_the_highest_and_the_lowest_and_the_order(watts: list[float], points: int) -> None:
    at_s = np.cumsum(np.random.default_rng(len(watts)).random(len(watts)))
    thin = thinned(PowerLine("cpu", "rapl", True, at_s, np.array(watts)), points)
    assert len(thin.at_s) <= max(points, 4)
    assert np.all(np.diff(thin.at_s) > 0)
    known = np.array(watts)[~np.isnan(watts)]
    if len(known):
        assert (np.nanmax(thin.power_w), np.nanmin(thin.power_w)) == (known.max(), known.min())
    assert thin.complete == (len(watts) <= points)


def test_each_window_is_judged_on_its_own_readings(traced) -> None:
    big, small = system_powers(analyse(traced).measured)
    assert (big.system, small.system) == ("big", "small")
    assert [cell.task for cell in big.cells] == [None, "chain_sum", "spell_backward"]
    for cell in big.cells:
        (window,) = cell.windows
        assert window.highest_w == {"part0": pytest.approx(40.0, rel=1e-3)}
        assert window.mean_w == pytest.approx(window.row.energy_j["part0"] / window.row.duration_s)
        assert cell.spans == ((window.row.started_s, window.row.finished_s),)
        (line,) = cell.lines
        assert line.at_s[0] == window.row.started_s
        assert line.power_w[0] == pytest.approx(40.0, rel=1e-3)
    assert big.cells[1].windows[0].idle_w == pytest.approx(big.idle_w["part0"], rel=1)


def test_a_resumed_cell_has_two_stretches_and_nothing_of_the_night_between(traced) -> None:
    rows = [json.loads(line) for line in traced.layout.windows.read_text().splitlines()]
    first = next(row for row in rows if row["task"] == "chain_sum" and row["system"] == "big")
    later = first | {"window": "again", "started_s": first["started_s"] + 5e4, "finished_s": first["finished_s"] + 5e4}
    with traced.layout.windows.open("a") as file:
        file.write(json.dumps(later) + "\n")
    with traced.layout.trace("big", "chain_sum").open("a") as file:
        file.writelines(
            f"{row}\n" for row in counter(np.arange(later["started_s"], later["finished_s"], 0.5), 60.0, "part0")
        )
    big, _ = system_powers(analyse(read_run(traced.layout.root)).measured)
    (cell,) = [cell for cell in big.cells if cell.task == "chain_sum"]
    assert len(cell.spans) == 2
    assert cell.length_s == pytest.approx(2 * (first["finished_s"] - first["started_s"]))
    assert cell.windows[1].highest_w["part0"] == pytest.approx(60.0, rel=1e-3)
    assert "3 cells" in section_of(traced).passages[0].figure.drawing.description


def test_long_traces_are_thinned(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("big"),), items=12))
    (row,) = [row for row in run.windows() if row.task == "chain_sum"]
    rng = np.random.default_rng(1)
    rows = [
        f"{at_s:.4f},m,{component},,{rng.random() * 50:.3f},,,integrated,0.001"
        for at_s in np.linspace(row.started_s, row.finished_s, 20_000)
        for component in ("gpu0", "gpu1", "cpu", "dram")
    ]
    trace(run.layout.trace("big", "chain_sum"), rows)
    (big,) = system_powers(analyse(run).measured)
    assert sum(len(line.at_s) for cell in big.cells for line in cell.lines) <= 2 * POINTS
    assert not any(line.complete for cell in big.cells for line in cell.lines)
    shown, passage = section_of(run).passages
    assert len(page_svg(shown.figure.drawing)) < 60_000
    assert "Each span of time shows its lowest and highest reading." in shown.figure.caption
    assert passage.sentences == (
        "The trace of cells 1, loading and idle; 3, spell_backward is not shown (no trace was recorded).",
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not shown (power/big/chain_sum.csv: not a power trace"),
        (b"a,b\n1,2\n", "not shown (power/big/chain_sum.csv: not a power trace"),
        (HEAD.encode().replace(b"meter", b"m\xfbter"), "not shown (power/big/chain_sum.csv: not a power trace"),
        (HEAD.encode(), "not shown (it has no reading from the time of the windows)"),
        (HEAD.encode() + b"\xff\xfe\x00,\x00,,,,,,,x\n", "not shown (power/big/chain_sum.csv"),
        (
            HEAD.encode() + b"12,m,cpu,many,,,,rapl,0.1\n",
            "not shown (power/big/chain_sum.csv:2: energy_j: 'many' is not",
        ),
        (HEAD.encode() + b"1e308,m,cpu,1,1,,,rapl,0.1\n", "not shown (it has no reading from the time"),
    ],
)
def test_a_trace_that_is_amiss_is_said_and_the_others_are_shown(traced, content, expected) -> None:
    traced.layout.trace("big", "chain_sum").write_bytes(content)
    shown, passage, _ = section_of(traced).passages
    assert any(f"The trace of cell 2, chain_sum is {expected}" in sentence for sentence in passage.sentences)
    assert shown.figure.drawing.panels == 2
    assert len(passage.folded[0].rows) == 3
    assert "<svg" in report(read_run(traced.layout.root))


def test_what_can_be_read_before_the_damage_is_shown(traced) -> None:
    with traced.layout.trace("big", "chain_sum").open("a") as file:
        file.write(f"{START_S + 400},nvml,part0,oops,,,,counter,0.1\n")
    said = section_of(traced).passages[1].sentences
    assert any("is incomplete (power/big/chain_sum.csv:" in sentence for sentence in said)


def test_a_torn_last_line_is_nothing_to_speak_of(traced) -> None:
    path = traced.layout.trace("big", "chain_sum")
    path.write_bytes(path.read_bytes()[:-9])
    assert section_of(traced).passages[1].sentences == ()


def test_traces_beyond_the_budget_are_not_read(traced, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [traced.layout.trace("big", task).stat().st_size for task in (None, "chain_sum")]
    monkeypatch.setattr(power_module, "BUDGET_BYTES", sum(sizes))
    shown, first, second = section_of(traced).passages
    assert any(
        "cell 3, spell_backward is not shown (0 MB; at most 0 MB of traces are read" in said for said in first.sentences
    )
    assert shown.figure.drawing.panels == 1
    assert len(second.folded[0].rows) == 3


def add_window(run, started_s: float, finished_s: float) -> None:
    row = json.loads(run.layout.windows.read_text().splitlines()[1])
    with run.layout.windows.open("a") as file:
        file.write(json.dumps(row | {"window": "odd", "started_s": started_s, "finished_s": finished_s}) + "\n")


def test_a_window_of_no_length_is_left_out(traced) -> None:
    add_window(traced, 5.0, 5.0)
    assert len(section_of(traced).passages[1].folded[0].rows) == 3


@pytest.mark.parametrize(("started_s", "finished_s"), [(9.0, 1.0), (float("nan"), 3.0)])
def test_a_window_that_ends_before_it_starts_is_damage(traced, started_s: float, finished_s: float) -> None:
    add_window(traced, started_s, finished_s)
    with pytest.raises(UserError, match="the record is damaged"):
        section_of(traced)


def test_golden(traced, golden) -> None:
    golden("power.txt", as_text(section_of(traced)))


def test_invalid_windows_are_counted_and_said(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("hot", invalid=("throttled: <b>hot</b>",)),), items=4))
    trace(run.layout.trace("hot", "chain_sum"), counter(np.arange(START_S, START_S + 30, 0.5), 9.0))
    shown, passage = section_of(run).passages
    assert passage.sentences[-1].startswith("1 measured window not valid: hatched here")
    assert "measured, not valid" in page_svg(shown.figure.drawing)
    assert "NOT VALID" in [cell.text for row in passage.folded[0].rows for cell in row]


def drawing(system: str = "big", component: str = "cpu") -> Drawing:
    at_s = np.linspace(0, 10, 50)
    bands = [Band(0.0, 1.0, "load", True), Band(1.0, 4.0, "idle", True), Band(5.0, 6.0, "warm-up", False),
             Band(6.0, 10.0, "measured", True)]  # fmt: skip
    watts = [Watts(component, 0, at_s, 20 + at_s, 19.0), Watts("dram", 1, at_s, np.full(50, 5.0), None)]
    stretches = [TraceSpan(1, 0.0, 4.0), TraceSpan(2, 5.0, 10.0)]
    return power([PowerTrace(system, stretches, bands, watts), PowerTrace("small", stretches, bands[:2], watts[:1])])


def test_the_figure_names_what_it_shows_and_cuts_between_cells() -> None:
    svg = page_svg(drawing())
    texts = [element.text for element in ET.fromstring(svg).iter(f"{SVG}text")]
    named = {"measured", "warm-up, not valid", "idle", "load", "idle level", "cpu", "dram"}
    assert named | {"1", "2", "big", "small"} <= set(texts)
    assert texts.count("cpu") == 1, "one legend of all panels"
    assert texts.count("cell; 9.00 s in total, time between cells cut out") == 2
    assert "big: 2 cells; cpu from 20.0 W to 30.0 W, idle 19.0 W; dram from 5.00 W to 5.00 W." in drawing().description
    assert svg.count("<pattern") == 1, "hatched"


def test_hostile_names_are_text_on_the_page(traced, fake, make_run) -> None:
    run = make_run(fake.Run((dataclasses.replace(fake.System("x"), name=HOSTILE),), items=4, name="hostile"))
    trace(
        run.layout.trace(HOSTILE, "chain_sum"),
        counter(np.arange(START_S, START_S + 9, 0.5), 9.0, HOSTILE.replace('"', "'")),
    )
    page = report(run)
    assert '<section id="power"' in page
    assert "<script>alert" not in page
