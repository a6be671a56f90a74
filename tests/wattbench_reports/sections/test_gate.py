"""The verdict on the page of a gate's run: above all else, the same on every later day, and absent for other runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.made_up.gate_results import GATES, drill, passed, regressed, waived
from tests.made_up.gates import FakeGate, FakeSide, write_gate
from tests.made_up.records import read_again
from tests.wattbench_reports.sectiontext import as_text, table, without_own_scripts
from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.figures import Looks, gate
from wattbench_reports.figures.drawing import complete
from wattbench_reports.figures.svg import page_svg
from wattbench_reports.gate.decision.judge import SequentialBounds
from wattbench_reports.gate.result import GateResult
from wattbench_reports.html import report, write_report
from wattbench_reports.presenter.content import with_content
from wattbench_reports.sections.gate import gate_section, section_of

Make = Callable[..., RunRecords]
WORSE = FakeGate(
    candidate=FakeSide("new <b>", accuracy=0.3),
    items=80,
    policy={"metrics": {"latency_p50": {"margin": "10%", "blocks": False}, "accuracy": {"margin": "5 points"}}},
)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda fake: read_run(write_gate(tmp_path, fake))


def bounds(result: GateResult) -> dict[str, SequentialBounds]:
    items = np.array([16, 32, 64])
    return {
        each.metric: SequentialBounds(
            items, np.array([0.2, 0.1, each.change]), np.array([-1.0, -0.1, each.low]), np.array([4.0, 0.3, each.high])
        )
        for each in result.metrics
        if each.change is not None
    }


def test_a_gates_run_is_judged_by_its_own_policy(make: Make) -> None:
    section = gate_section(analyse(make(WORSE)).measured)
    assert section.title == "Gate: regressed"
    rows = table(section, "Each metric, worst first")
    assert list(rows) == ["accuracy", "latency p50"]
    details = [row[0].detail for row in section.passages[0].tables[0].rows]
    assert details == ["", "not blocking"]
    assert "in 40 rounds" in as_text(section)


def test_golden(golden) -> None:
    golden("gate.txt", as_text(section_of(waived(), bounds(waived()))))


@pytest.mark.slow
def test_a_waiver_counts_on_the_day_of_the_run(make: Make) -> None:
    until = {"metric": "accuracy", "reason": "known"}
    counted = replace(WORSE, id="a", policy={**WORSE.policy, "waivers": [until | {"until": "2026-01-02"}]})
    section = gate_section(analyse(make(counted)).measured)
    assert section is not None
    assert table(section, "Each metric, worst first")["accuracy"]["Verdict"] == "regressed, waived"
    ended = replace(WORSE, id="b", policy={**WORSE.policy, "waivers": [until | {"until": "2026-01-01"}]})
    section = gate_section(analyse(make(ended)).measured)
    assert section.title == "Gate: regressed"
    assert "expired on 2026-01-01" in as_text(section)


def test_a_record_of_no_day_is_damaged(make: Make) -> None:
    analysis = analyse(make(WORSE))
    run = analysis.measured.frames.run
    broken = replace(run, header=replace(run.header, created_utc="yesterday"))
    with pytest.raises(UserError, match="its creation date is not a date"):
        gate_section(read_again(analysis, frames=replace(analysis.measured.frames, run=broken)).measured)


@pytest.mark.slow
def test_it_stands_before_everything_else_on_the_page(make: Make) -> None:
    page = without_own_scripts(report(make(WORSE)))
    places = [page.index(f'<section id="{name}"') for name in ("gate", "verdict", "comparison")]
    assert places == sorted(places)
    assert page.count('<section id="gate"') == 1
    assert page.index('<a href="#gate">') < page.index('<a href="#verdict">')
    assert 'class="skip" href="#gate"' in page
    assert "<b>" not in page


def test_other_pages_begin_with_their_verdict(reported, fake) -> None:
    _, page = reported(fake.plain())
    assert 'class="skip" href="#verdict"' in page
    assert "#gate" not in page


def test_items_that_flipped_come_after_the_metrics_and_before_the_evidence(make: Make) -> None:
    section = section_of(regressed(), bounds(regressed()))
    assert [each.heading for each in with_content(section).passages] == [
        "", "Items that flipped", "", "Reasons by metric", "Data and policy", "Evidence"
    ]  # fmt: skip
    lost, won = section.passages[1].tables
    assert (lost.caption, len(lost.rows)) == ("7 lost items: only specialist is right", 7)
    assert (won.caption, len(won.rows)) == ("4 won items: only specialist-next is right", 4)
    assert [each.caption for each in section.passages[1].examples] == [
        "7 lost items, at length",
        "4 won items, at length",
    ]
    shown = section.passages[1].examples[0].items[0]
    assert [each.verdict for each in shown.sides] == ["right", "wrong"]
    assert shown.sides[1].quotes[0].label == "Output (the first 400 of 920 characters)"


def test_the_page_of_a_gate_lists_what_flipped_with_its_texts(make: Make) -> None:
    page = without_own_scripts(report(make(WORSE)))
    gate_of_page = page[page.index('<section id="gate"') : page.index('<section id="verdict"')]
    assert "only the baseline is right" in gate_of_page
    assert "20 of " in gate_of_page
    assert "What is it?" in gate_of_page


def test_texts_of_items_are_no_markup_on_the_page(tmp_path: Path, make: Make) -> None:
    run = make(WORSE)
    write_report(run.layout.root, tmp_path / "page.html", gate=regressed())
    page = without_own_scripts((tmp_path / "page.html").read_text())
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_the_page_shows_the_verdict_of_the_command_that_writes_it(tmp_path: Path, make: Make, run_store, fake) -> None:
    for run in (make(WORSE), run_store.read(fake.plain())):  # of a gate, and of two records
        write_report(run.layout.root, tmp_path / "page.html", gate=waived())
        page = (tmp_path / "page.html").read_text()
        assert waived().headline in page
        assert "Gate: pass" in page


@pytest.mark.parametrize("name", GATES)
def test_every_verdict_makes_a_section(name: str) -> None:
    result = GATES[name]()
    section = section_of(result, bounds(result) if name != "many" else {})
    assert result.headline in section.lead
    rows = [row for each in section.passages[0].tables for row in each.rows]
    assert len(rows) == len(result.metrics)


def test_what_fails_is_marked_and_what_is_let_through_is_doubtful() -> None:
    styles = {
        name: [row[-1].style for row in section_of(make(), {}).passages[0].tables[0].rows]
        for name, make in (("regressed", regressed), ("waived", waived), ("passed", passed))
    }
    assert styles == {
        "regressed": ["badge-bad", "badge", "badge"],
        "waived": ["badge-warn", "badge", "badge"],
        "passed": ["badge"] * 3,
    }


def test_a_drill_says_so_first() -> None:
    assert section_of(drill(), {}).lead.startswith("This is a drill with delay of 20% planted")


def test_what_has_no_course_is_not_drawn() -> None:
    assert section_of(passed(), {}).passages[-1].figure is None
    nothing = np.array([])
    empty = {"accuracy": SequentialBounds(nothing.astype(int), nothing, nothing, nothing)}
    assert section_of(passed(), empty).passages[-1].figure is None
    passage = section_of(passed(), {"accuracy": bounds(passed())["accuracy"]}).passages[-1]
    assert [each.caption for each in passage.folded] == ["accuracy over the items, 3 looks"]
    assert [cell.text for cell in passage.folded[0].rows[-1]] == ["64", "+0.5 points [-4.1, +5.1]"]


def known(**changed: object) -> Looks:
    made = Looks(
        "accuracy <x>", "points", np.array([8, 16]), np.array([0.5, -1.0]), np.array([np.nan, -3.0]),
        np.array([np.nan, 1.0]), (-5.0,), "-1.0 points [-3.0, +1.0], margin 5 points",
    )  # fmt: skip
    return replace(made, **changed)


def test_the_figure_is_read_aloud_metric_by_metric() -> None:
    drawing = gate([known(), known(label="latency p50", margins=(10.0, -10.0))])
    assert "accuracy <x>: -1.0 points [-3.0, +1.0], margin 5 points; latency p50:" in drawing.description
    assert drawing.panels == 2


def drawn(looks: Looks) -> Axes:
    (axes,) = complete(gate([looks]), Figure(layout="constrained"))
    return axes


def test_the_margin_is_in_the_plot_however_wide_the_bounds_were() -> None:
    low, high = drawn(known(low=np.array([-100.0, -3.0]))).get_ylim()
    assert -100.0 < low < -5.0 < high


def test_a_look_without_a_change_or_bounds_is_left_out() -> None:
    axes = drawn(known(change=np.array([np.nan, -1.0])))
    assert np.isfinite(axes.lines[-1].get_ydata()).tolist() == [False, True]
    svg = page_svg(gate([known(change=np.array([np.nan, -1.0]), high=np.array([np.inf, 1.0]))]))
    assert not re.search(r"[ML] ?[\d.-]* ?(nan|inf)", svg)


def test_one_look_can_be_drawn() -> None:
    one = known(items=np.array([8]), change=np.array([0.0]), low=np.array([-1.0]), high=np.array([1.0]))
    low, high = drawn(one).get_xlim()
    assert low < 8 < high
