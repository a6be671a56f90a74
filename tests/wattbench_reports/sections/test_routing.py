"""The section on routing: what it says of made-up studies, its place on the page, and its figures as files."""

from __future__ import annotations

import csv
import dataclasses
import importlib
import itertools
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from matplotlib.figure import Figure as Canvas

from tests.made_up import routing_studies as studies
from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import as_text, table, without_own_scripts
from wattbench_reports.export.routing.routing_figures import write_routing_figures
from wattbench_reports.figures.drawing import complete
from wattbench_reports.html import report
from wattbench_reports.routing.model import Misrouting, RoutingStudy, WorthBuilding
from wattbench_reports.sections.routing import routing_section
from wattbench_reports.sections.routing.tolerance import MOST_DOMAINS
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing.pictures import drawn_choices, tradeoff_picture

HOSTILE = '<script>alert("x")</script>'
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="session")
def candidates(analysed, fake):
    """An analysis of a run that has the systems of the made-up studies."""
    return analysed(fake.Run(tuple(fake.System(name) for name in studies.ACCURACY), items=4, name="candidates"))


def everything() -> RoutingStudy:
    made = studies.worth_building()
    faster = dataclasses.replace(made.choices[0], amount_gains={"seconds": studies.within(-0.2, 0.1)})
    return dataclasses.replace(
        made, choices=(faster, *made.choices[1:]), verdict=dataclasses.replace(made.verdict, choice=faster),
        cascades=studies.not_worth_it().cascades, tolerance=studies.tolerance(),
        residents=studies.residents(0.0031, 0.0003, 2.0), why_no_residents="",
    )  # fmt: skip


def headings(section) -> list[str]:
    return [passage.heading for passage in section.passages]


def test_golden(candidates, golden) -> None:
    golden("routing.txt", as_text(call_on(routing_section, candidates, everything())))


def test_what_there_is_nothing_of_has_no_passage(candidates) -> None:
    said = call_on(routing_section, candidates, studies.no_router_judged())
    assert headings(said) == [
        "What a router would gain", "A cheaper system first, then a better one", "What stays loaded",
        "How routers were judged",
    ]  # fmt: skip
    assert said.passages[2].tables == ()


def test_why_there_is_no_study_is_said(candidates, analysed, fake) -> None:
    section = call_on(routing_section, candidates, "fewer than two systems answered the same items")
    assert "fewer than two systems answered the same items" in section.lead
    assert section.passages == ()
    alone = analysed(fake.Run((fake.System("alone"),), items=4, name="alone"))
    assert call_on(routing_section, alone, "there is one system") is None


def test_what_hybrids_did_comes_last(analysed, fake) -> None:
    family = analysed(fake.family())
    section = call_on(routing_section, family, "no two systems are candidates")
    assert headings(section)[0] == "What the hybrids of this run did"
    assert len(section.passages) > 1


def test_every_choice_has_all_units_and_its_difference_from_the_best_system(candidates) -> None:
    every = table(call_on(routing_section, candidates, everything()), "Every choice in all units")
    assert {"gpt-4", "llama", "perfect router", "by domain, accurate"} <= set(every)
    best, other = every["gpt-4"], every["classifier, 1/2"]
    assert best["Correct, against gpt-4"] == "–"
    assert other["Correct, against gpt-4"].startswith("2.7 points [")
    assert other["Requests to"] == "52% to haiku and 48% to gpt-4"
    assert {"Seconds", "Seconds, against gpt-4", "Cost per 1,000 requests", "p95"} <= set(best)
    assert other["Seconds, against gpt-4"] == "−200 [−300, −100] ms"


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("file",), "Rings: the routers of the file."),
        (("file", "domain"), "not fitted to, and those of the file."),
        ((), "Triangles:"),
    ],
)
def test_the_caption_says_what_rings_are(candidates, kinds: tuple[str, ...], said: str) -> None:
    choices = tuple(studies.choice(kind, 0.7, 0.01, name="mine" if kind == "file" else "") for kind in kinds)
    study = dataclasses.replace(
        studies.no_router_judged(), choices=choices,
        verdict=studies.verdict(WorthBuilding.NO, choices[0] if choices else None),
    )  # fmt: skip
    drawing = call_on(routing_section, candidates, study).passages[0].figure
    assert said in drawing.caption
    assert ("Rings" in drawing.caption) == bool(kinds)


def test_a_matrix_of_few_domains_and_the_costliest_errors_of_many(candidates) -> None:
    few = table(call_on(routing_section, candidates, everything()), "Loss per request of taking one domain for another")
    assert few["code"]["Taken for text"] == "12.0 points"
    assert few["code"]["Taken for code"] == "–"
    names = tuple(f"domain-{number}" for number in range(MOST_DOMAINS + 1))
    many = dataclasses.replace(
        studies.tolerance(), domains=names, assigned=("gpt-4",) * len(names),
        worst=tuple(Misrouting(name, names[0], 0.1) for name in names[1:] * 2),
    )  # fmt: skip
    section = call_on(routing_section, candidates, dataclasses.replace(everything(), tolerance=many))
    assert len(table(section, "The costliest errors")) == MOST_DOMAINS
    assert "6 more errors are not shown." in as_text(section)


def test_one_point_of_each_router_is_drawn_and_every_router_of_a_file() -> None:
    drawn = [(each.kind, each.setting) for each in drawn_choices(studies.worth_building())]
    assert drawn == [("classifier", "0.5"), ("domain", "accurate"), ("nearest", "0.5")]
    assert len(list(drawn_choices(studies.many()))) == 14


def test_many_systems_are_dots_and_labels_stay_apart() -> None:
    (axes,) = complete(tradeoff_picture(studies.many()), Canvas(layout="constrained"))
    dots, *_ = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert len(dots.get_xdata()) == 27
    boxes = [text.get_window_extent().padded(-0.5) for text in axes.texts]
    assert len(boxes) > 3
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_the_first_screen_says_whether_a_router_pays(make_run, fake, monkeypatch) -> None:
    hostile = dataclasses.replace(
        everything(), tolerance=dataclasses.replace(studies.tolerance(), domains=(HOSTILE, "text"), worst=()),
        left_out={HOSTILE: "it is a hybrid"},
    )  # fmt: skip
    monkeypatch.setattr(importlib.import_module("wattbench_reports.html.report"), "routing_study", lambda *_: hostile)
    page = report(make_run(fake.Run(tuple(fake.System(name) for name in studies.ACCURACY), items=4, name="routed")))
    first = page.partition('<div class="deciding">')[2].partition('id="decision-evidence"')[0]
    assert "Worth building: a text classifier" in first and '<a href="#routing">Routing</a>' in first
    assert 'id="routing-tradeoff"' in page and 'id="routing-cascades"' in page
    assert "<script" not in without_own_scripts(page)
    assert "style=" not in page


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_figures_are_files_with_their_numbers(tmp_path) -> None:
    written = write_routing_figures(everything(), tmp_path / "figures")
    assert sorted(path.name for path in written) == [
        "routing-cascades.csv", "routing-cascades.svg", "routing-tradeoff.csv", "routing-tradeoff.svg",
    ]  # fmt: skip
    for path in written[::2]:
        assert ET.fromstring(path.read_text(encoding="utf-8")).tag == f"{SVG}svg"
    by = {(row["kind"], row["name"], row["setting"]): row for row in rows(tmp_path / "figures/routing-tradeoff.csv")}
    best = by["single", "gpt-4", ""]
    assert (best["accuracy"], best["cost"], best["cost_unit"]) == ("0.706", "0.0123", "USD")
    assert (best["mixed"], best["recommended"]) == ("true", "false")
    assert by["classifier", "", "0.5"]["recommended"] == "true"
    assert by["classifier", "", "curve"]["cost"] == "0.0067"
    assert {"item", "pair", "triple"} <= {kind for kind, *_ in by}
    cascades = rows(tmp_path / "figures/routing-cascades.csv")
    assert [row["quality"] for row in cascades if row["first"] == "haiku"] == ["0.5", "0.75", "1.0"]


def test_without_cascades_no_picture_of_any(tmp_path) -> None:
    written = write_routing_figures(studies.without_costs(), tmp_path)
    assert [path.name for path in written] == ["routing-tradeoff.svg", "routing-tradeoff.csv"]
    assert rows(tmp_path / "routing-tradeoff.csv")[0]["cost_unit"] == "share of requests to the best single system"
    assert "share of requests to gpt-4-1106-preview" in (tmp_path / "routing-tradeoff.svg").read_text(encoding="utf-8")


def test_names_are_no_formulas_and_no_markup_in_files(tmp_path) -> None:
    study = dataclasses.replace(
        studies.worth_building(),
        choices=(studies.choice("file", 0.7, 0.01, name="=cmd|' /C calc'!A0<b>", gain=Interval(0.01, 0.0, 0.02)),),
    )  # fmt: skip
    write_routing_figures(study, tmp_path)
    assert any(row["name"].startswith("'=cmd") for row in rows(tmp_path / "routing-tradeoff.csv"))
    assert "<b>" not in (tmp_path / "routing-tradeoff.svg").read_text(encoding="utf-8")
