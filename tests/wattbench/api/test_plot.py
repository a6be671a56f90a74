"""The figures of a run in Python: on axes of one's own or new ones, as on the page, and as a PDF."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot

import wattbench
from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import family_run
from wattbench_reports.html import report

SINGLE = ("decision", "tradeoff", "latency", "energy", "lifecycle", "routing")
PANELS = {"domains": 3, "experts": 4, "co_activation": 4, "misroutes": 2, "retention": 1}


@pytest.fixture(scope="module")
def run(api_runs, tmp_path_factory) -> wattbench.Run:
    return wattbench.read(api_runs.write(tmp_path_factory.mktemp("plots"), family_run(20)))


@pytest.fixture(autouse=True)
def _without_windows():
    with mpl.rc_context({"backend": "agg"}):
        yield
    pyplot.close("all")


@pytest.mark.parametrize("name", SINGLE)
def test_a_figure_is_drawn_on_given_axes_and_on_new_ones(run: wattbench.Run, name: str) -> None:
    _, (mine, other) = pyplot.subplots(1, 2)
    draw = getattr(run.plot, name)
    assert draw(mine) is mine
    new = draw()
    assert not other.has_data()
    for axes in (mine, new):
        assert axes.has_data()
        assert axes.get_xlabel()
    assert mine.get_xlabel() == new.get_xlabel()
    assert len(mine.lines) == len(new.lines)


@pytest.mark.parametrize(("name", "panels"), PANELS.items())
def test_small_multiples_take_and_return_an_axes_per_panel(run: wattbench.Run, name: str, panels: int) -> None:
    _, mine = pyplot.subplots(1, panels, squeeze=False)
    draw = getattr(run.plot, name)
    assert draw(mine) == tuple(mine.flat)
    assert len(draw()) == panels
    with pytest.raises(wattbench.UserError, match=f"it has {panels} panel"):
        draw(pyplot.subplots(1, panels + 1)[1])


def test_a_figure_shows_what_the_page_shows(run: wattbench.Run) -> None:
    page = report(run.records)
    axes = run.plot.tradeoff()
    drawing = page.partition('id="tradeoff-figure"')[2].partition("</svg>")[0]
    on_page = {text.strip() for text in re.findall(r"<text[^>]*>([^<]+)", drawing)}
    legend = axes.figure.legends[0]
    assert {axes.get_xlabel(), axes.get_ylabel(), *(text.get_text() for text in legend.get_texts())} <= on_page


def test_a_pdf_has_its_text_as_text(run: wattbench.Run, tmp_path: Path) -> None:
    axes = run.plot.latency()
    with mpl.rc_context({"pdf.compression": 0}):
        axes.figure.savefig(tmp_path / "latency.pdf")
    pdf = (tmp_path / "latency.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    shown = {b"".join(re.findall(rb"\((.)\)", text)) for text in re.findall(rb"\nBT\n.*?\nET", pdf, re.DOTALL)}
    assert b"seconds from request to last token" in shown


def test_what_a_run_lacks_is_named(api_runs, tmp_path: Path) -> None:
    run = wattbench.read(api_runs.write(tmp_path, FakeRun((FakeSystem("alone"),), items=4)))
    missing = {
        "tradeoff": "two systems", "power": "no power readings", "arrival_rates": "scenario: load",
        "retention": "no student", "experts": "no recorded selections", "frontier": "no hybrid",
        "gate": "not the run of a gate",
    }  # fmt: skip
    for name, why in missing.items():
        with pytest.raises(wattbench.UserError, match=why) as error:
            getattr(run.plot, name)()
        assert run.name in str(error.value)
    with pytest.raises(wattbench.UserError, match="joules, money, latency"):
        run.plot.tradeoff(cost="grams")  # type: ignore[arg-type]
