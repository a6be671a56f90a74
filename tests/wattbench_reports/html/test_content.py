"""No section, table, figure or column of any page is without content, and none of a terminal's or Markdown's tables."""

from __future__ import annotations

import itertools
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure as Canvas

from tests.made_up.records import call_on
from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import family_run, golden_run, hostile_run, many_systems, plain_systems, recorded
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.export import render
from wattbench_reports.figures.drawing import complete
from wattbench_reports.html.report import page_sections
from wattbench_reports.html.whatif import WHAT_IF
from wattbench_reports.presenter.content import is_empty
from wattbench_reports.presenter.model import Section
from wattbench_reports.routing.study import routing_study

ONE_TASK = (("chain_sum", "arithmetic"),)
BUSY = ("the machine was busy: other processes used 40% of the processor (limit 10%)",)
RUNS = {
    "plain": FakeRun(plain_systems()),
    "one system": FakeRun(plain_systems()[:1]),
    "one task": FakeRun(plain_systems(), tasks=ONE_TASK),
    "one of each": FakeRun(plain_systems()[:1], tasks=ONE_TASK),
    "no joules": FakeRun((FakeSystem("a", energy_j=None), FakeSystem("b", energy_j=None, latency_s=0.2))),
    "no joules, one system, blocks": FakeRun((FakeSystem("a", energy_j=None),), tasks=ONE_TASK, blocks=4),
    "money": FakeRun(
        plain_systems(), workload={"price_per_kwh": 0.3, "currency": "EUR", "requests_per_year": 1000}
    ),
    "modelled": FakeRun(
        (FakeSystem("a", provenance="modelled"), FakeSystem("b", accuracy=0.7, provenance="modelled")),
        blocks=4, own_cpu=True,
    ),
    "nothing right": FakeRun((FakeSystem("a", accuracy=0.0), FakeSystem("b", accuracy=0.0)), blocks=4),
    "no window valid": FakeRun(
        (FakeSystem("a", energy_j=None, invalid=BUSY), FakeSystem("b", energy_j=None, invalid=("lasted 1 s",)))
    ),
    "few items": FakeRun(plain_systems(), items=2),
    "hostile": hostile_run(), "golden": golden_run(), "family": family_run(12), "many": many_systems(),
    "recorded": recorded(),
}  # fmt: skip


def sections_of(analysis: Analysis) -> list[Section]:
    return page_sections(analysis, call_on(routing_study, analysis.by_item))


def without_content(analysis: Analysis) -> list[str]:
    """Name everything on a page that holds nothing."""
    joules = any(each.j_per_request is not None for each in analysis.measured.systems.values())
    found = []
    for section in sections_of(analysis):
        if not section.passages and section.id != WHAT_IF:
            found.append(section.id)
        for passage in section.passages:
            figure = passage.figure
            if not (passage.sentences or passage.tables or passage.folded or figure or passage.commands
                    or passage.examples or passage.rate):  # fmt: skip
                found.append(f"{section.id}: {passage.heading}")
            if figure is not None and not all(axes.has_data() for axes in complete(figure.drawing, Canvas())):
                found.append(f"{section.id}: {figure.label}")
            for table in (*passage.tables, *passage.folded):
                if not table.rows:
                    found.append(f"{section.id}: {table.caption}")
                for index, column in enumerate(table.columns[1:], start=1):
                    if is_empty([row[index] for row in table.rows], joules=joules):
                        found.append(f"{section.id}: {table.caption}: {column.label}")
    return found


@pytest.mark.parametrize("name", RUNS)
def test_nothing_on_a_page_is_without_content(analysed, name: str) -> None:
    assert without_content(analysed(RUNS[name])) == []


def test_what_is_without_content_is_found(analysed, monkeypatch) -> None:
    monkeypatch.setattr(import_module("wattbench_reports.html.report"), "with_content", lambda section, **_: section)
    found = without_content(analysed(RUNS["no joules"]))
    assert "comparison: All systems over all items: Joules per correct answer" in found


SYSTEMS = st.builds(
    FakeSystem,
    st.just("system"),
    st.sampled_from(["generalist", "specialist", "moe"]),
    accuracy=st.sampled_from([0.0, 0.5, 1.0]),
    latency_s=st.sampled_from([2e-6, 0.5]),
    energy_j=st.sampled_from([None, 3e-7, 8.0]),
    provenance=st.sampled_from(["counter", "modelled", "counter+modelled"]),
    invalid=st.sampled_from([(), BUSY]),
    unmetered=st.sampled_from([0, 1]),
    skip_docs=st.sampled_from([0, 1]),
    price=st.none(),
)


@st.composite
def runs(draw: st.DrawFn) -> FakeRun:
    systems = draw(st.lists(SYSTEMS, min_size=1, max_size=3))
    named = tuple(FakeSystem(**{**vars(each), "name": f"s{place}"}) for place, each in enumerate(systems))
    return FakeRun(
        named,
        tasks=draw(st.sampled_from([ONE_TASK, (*ONE_TASK, ("spell", "text"))])),
        items=draw(st.sampled_from([2, 4, 30])),
        blocks=draw(st.sampled_from([0, 2])),
        own_cpu=draw(st.booleans()),
        carbon=draw(st.sampled_from([{}, {"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25}])),
        workload=draw(st.sampled_from([{}, {"price_per_kwh": 0.3, "currency": "EUR", "requests_per_year": 1000}])),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made_up=runs())
def test_nothing_on_any_page_is_without_content(run_store, tmp_path_factory, made_up: FakeRun) -> None:
    from wattbench.records import read_run
    from wattbench_reports.comparison.analysis import analyse

    root = run_store.write(tmp_path_factory.mktemp("run"), made_up)
    assert without_content(analyse(read_run(root))) == []


def markdown_tables(text: str) -> list[list[list[str]]]:
    """Return each table as rows of cells, its head and its rule first."""
    tables = [
        list(lines) for is_row, lines in itertools.groupby(text.splitlines(), lambda line: line[:1] == "|") if is_row
    ]
    return [[[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines] for lines in tables]


@pytest.mark.parametrize("name", RUNS)
def test_no_column_of_markdown_is_without_content(analysed, name: str) -> None:
    tables = markdown_tables(render(analysed(RUNS[name]).comparison, "markdown"))
    assert tables
    for head, _, *rows in tables:
        for label, *cells in zip(head[1:], *(row[1:] for row in rows), strict=True):
            assert set(cells) - {"–", "", "no energy"}, label
