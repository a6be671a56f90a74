"""A grid and dropped systems in every format: golden texts, and hostile labels."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import jsonschema
import pytest

import wattbench
from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import grid_run
from tests.wattbench_reports.sectiontext import as_text
from wattbench.api.outputs import output_schema
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import ComparedRuns, compare_runs
from wattbench_reports.export.comparison.ending import ending_as_markdown, ending_as_text
from wattbench_reports.html import report
from wattbench_reports.html.report import page_sections
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.presenter.model import RICH
from wattbench_reports.sections.grid import grid_sections

CHOICE = Assumptions(decision=DecisionChoice(min_accuracy="0.4", minimise="joules"))
"""By which the made-up run dropped systems."""
HOSTILE = "::error::a\u202e\x1b[2J ##[group]@octocat [x](z) <img src=x>|`$b$"


@pytest.fixture
def compared(make_run) -> ComparedRuns:
    return compare_runs([make_run(grid_run())], assumptions=CHOICE)


def test_golden_page(make_run, golden) -> None:
    """The sections of a page on a grid and on dropped systems."""
    sections = page_sections(analyse(make_run(grid_run()), CHOICE), "it has a golden file of its own")
    assert [each.id for each in sections[:2]] == ["grid-1", "not-asked"]
    golden("grid.txt", "".join(map(as_text, sections[:2])))


def test_golden_texts(compared, golden) -> None:
    """What `wattbench decide` and the end of a run show."""
    of = compared.comparison, compared.decided, None
    golden("grid-ending.txt", ending_as_text(*of))
    golden("grid-ending.md", ending_as_markdown(*of))


def test_a_comparison_shows_the_same(compared) -> None:
    text = render(compared.comparison, "table", compared.decided)
    for line in ending_as_text(compared.comparison, compared.decided, None).splitlines():
        assert line in text
    assert "Not asked to the end" in render(compared.comparison, "markdown", compared.decided)


def test_json_is_of_its_schema_and_has_the_figures(compared) -> None:
    document = json.loads(render(compared.comparison, "json", compared.decided))
    for command in ("runs compare", "decide"):
        jsonschema.validate(document, output_schema(command))
    (grid,) = document["grids"]
    assert (grid["grid"], [axis["name"] for axis in grid["axes"]]) == ("llama", ["effort", "n_ctx"])
    by_system = {each["system"]: each for each in document["decision"]["systems"]}
    for arm in grid["arms"]:
        if arm["dropped_after"] is None:
            assert arm["accuracy"][0] == by_system[arm["system"]]["accuracy"]["estimate"]
    dropped = {each["system"]: each["after_blocks"] for each in document["dropped"]["systems"]}
    assert dropped == {arm["system"]: arm["dropped_after"] for arm in grid["arms"] if arm["dropped_after"] is not None}
    assert len(grid["effects"]["settings"]) == 5
    assert (document["dropped"]["began"], document["dropped"]["blocks"]) == (7, 8)


def test_the_decision_says_how_many_systems_were_dropped_and_by_what(compared) -> None:
    assert (
        "3 of 7 systems were dropped during the run: they could not be the choice for the least joules, "
        "with an accuracy of at least 40%. Under other requirements, or another objective, one of them might be."
    ) in compared.decided.evidence


def test_the_page_counts_the_systems_that_the_run_began_with(make_run) -> None:
    assert "7 systems, 3 of them not asked to the end, 160 items" in report(make_run(grid_run()), CHOICE)


def test_a_cell_says_of_a_system_what_the_table_of_systems_says(make_run) -> None:
    """Without requirements the table says which systems may be best."""
    figures = {"a": (0.3, 2.0), "b": (0.5, 4.0), "c": (0.52, 4.2), "d": (0.2, 9.0), "e": (0.8, 12.0)}
    systems = [
        FakeSystem(name, accuracy=accuracy, energy_j=energy_j, arm={"grid": "g", "labels": {"n": name}})
        for name, (accuracy, energy_j) in figures.items()
    ]
    decided = compare_runs([make_run(FakeRun(tuple(systems), items=60, blocks=6))]).decided
    assert decided.decision.objective == "prices"
    (section,) = grid_sections(decided.grids, decided.decision)
    (matrix,) = [each for each in section.passages[0].tables if each.media is RICH]
    cells = {name.text: cell.detail.partition("; ")[2] for name, cell in matrix.rows}
    table = {row[0].text: row[-1].text for row in decided.table.rows}
    ends = {decided.decision.between.cheaper, decided.decision.between.dearer}
    assert "dominated" in table["d"] and len(set(table) - ends - {"d"}) == 2
    for name, said in table.items():
        expected = "one of two to choose between" if name in ends else "" if "dominated" in said else "may be best"
        assert cells[name] == expected, (name, said)


def test_a_run_without_either_says_nothing_of_it(make_run, fake) -> None:
    run = make_run(fake.golden())
    compared = compare_runs([run])
    document = json.loads(render(compared.comparison, "json", compared.decided))
    assert not {"grids", "dropped"} & document.keys()
    text = render(compared.comparison, "table", compared.decided)
    assert "Not asked to the end" not in text and "Main effects" not in text


def of_labels(*labels: dict[str, str], grid: str = "g", dropped: int | None = None) -> FakeRun:
    last = len(labels) - 1
    systems = [
        FakeSystem(
            f"arm-{number}", energy_j=4.0 + number, accuracy=0.4 + 0.1 * number, arm={"grid": grid, "labels": each},
            dropped_after=dropped if number == last else None,
        )
        for number, each in enumerate(labels)
    ]  # fmt: skip
    return FakeRun(tuple(systems), items=20, blocks=4)


@pytest.mark.parametrize(
    "labels",
    [
        [{"n": str(number)} for number in range(4)],
        [{"a": a, "b": b, "c": c} for a in "12" for b in "xy" for c in "pq"],
        [{"a": a, "b": "only"} for a in "12"],
        [{"a": "1", "b": "1"}, {"a": "2", "b": "2"}],
    ],
    ids=["one-axis", "three-axes", "a-constant-axis", "no-common-combination"],
)
def test_every_arm_has_one_cell(make_run, labels) -> None:
    compared = compare_runs([make_run(of_labels(*labels))], assumptions=CHOICE)
    text = ending_as_text(compared.comparison, compared.decided, None)
    matrix = text.partition("Accuracy and joules per request:\n")[2].partition("\n\n")[0]
    assert len(re.findall(r"\d%, ", matrix)) == len(labels)
    assert text.count("Main effects, grid g") == 1


def test_hostile_names_and_labels_are_text(make_run) -> None:
    labels = [{HOSTILE: f"{HOSTILE} {a}", "b": b} for a in "12" for b in ("x", "<script>alert(1)</script>")]
    run = make_run(of_labels(*labels, grid=HOSTILE, dropped=2))
    compared = compare_runs([run], assumptions=CHOICE)
    for form in ("table", "markdown"):
        lines = render(compared.comparison, form, compared.decided).split("\n")
        assert all(line.isprintable() for line in lines)
        assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert "<img" not in render(compared.comparison, "markdown", compared.decided)
    page = report(run, CHOICE)
    assert "<script>alert" not in page and "<img src=x" not in page and "\u202e" not in page
    json.loads(render(compared.comparison, "json", compared.decided))


def test_long_labels_are_cut_where_people_read_them(make_run) -> None:
    labels = [{"path": f"{letter}{'x' * 100_000}", "axis" * 10_000: "1"} for letter in "abc"]
    compared = compare_runs([make_run(of_labels(*labels))], assumptions=CHOICE)
    text = ending_as_text(compared.comparison, compared.decided, None)
    assert len(text) < 10_000
    document = json.loads(render(compared.comparison, "json", compared.decided))
    assert document["grids"][0]["arms"][0]["labels"][0] == labels[0]["path"]


def test_the_frame_of_dropped_systems(make_run) -> None:
    run = wattbench.read(make_run(grid_run()).layout.root)
    frame = run.dropped().set_index("system")
    assert frame["after_blocks"].to_dict() == {"llama-high-2048": 5, "llama-high-4096": 5, "llama-medium-2048": 6}
    assert (frame["accuracy_low"] <= frame["accuracy"]).all()
    assert len(run.dropped("all").columns) == 18
    assert "is required" in frame.loc["llama-high-2048", "why"]
    other = make_run(replace(grid_run(), systems=grid_run().systems[:2], id="none"))
    none = wattbench.read(other.layout.root).dropped()
    assert len(none) == 0
    assert list(none) == list(run.dropped())
