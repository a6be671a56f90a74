"""The family's report as a whole: golden text, and a page that keeps its promises with every section on it."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.wattbench_reports.sectiontext import as_text, lines_of, without_own_scripts
from wattbench_reports.html import report
from wattbench_reports.html.report import page_sections
from wattbench_reports.sections.verdict.verdict import choices_table, verdicts

ALWAYS = {
    "verdict", "evidence", "what-if", "comparison", "trade-off", "domains", "lifecycle", "latency", "systems",
    "answers", "wrong-answers", "validity", "reproduce",
}  # fmt: skip
"""Sections that every report has."""
HOSTILE = '<script>alert("x")</script>'


def as_texts(analysis) -> str:
    found = verdicts(analysis.measured)
    out = [f"{verdict.domain or 'all'}: {verdict.headline}" for verdict in found]
    table = choices_table(found)
    assert table is not None
    out += [*lines_of(table), ""]
    for section in page_sections(analysis, "it has a golden file of its own"):
        assert section.id not in {"estimated", "gate", "load", "machines", "power", "stated"}, "other runs have them"
        # The environment names the folder of the run; the others have tests of their own.
        if section.id not in {"reproduce", "items", "validity", "wrong-answers"}:
            out.append(as_text(section))
    return "\n".join(out)


@pytest.mark.slow
def test_golden(analysed, fake, golden) -> None:
    text = as_texts(analysed(fake.family()))
    golden("sections.txt", text)


@pytest.mark.slow
def test_every_section_is_on_the_page_and_in_its_contents(make_run, fake) -> None:
    html = report(make_run(fake.family(20)))
    contents = re.findall(r'<li><a href="#([a-z-]+)">', html)
    assert contents == [
        "verdict", "evidence", "what-if", "comparison", "trade-off", "domains", "routing", "experts", "distillation",
        "lifecycle", "latency", "energy", "carbon", "systems", "answers", "items", "wrong-answers", "validity",
        "reproduce",
    ]  # fmt: skip
    for identity in contents:
        assert f'<section id="{identity}"' in html
    identities = re.findall(r'\bid="([^"]+)"', html)
    assert len(identities) == len(set(identities))
    for references in re.findall(r'aria-labelledby="([^"]+)"', html):
        assert set(references.split()) <= set(identities)
    assert "style=" not in html
    assert len(re.findall("<table[ >]", html)) == html.count("<caption ")


def test_sections_are_absent_where_there_is_nothing_to_say(make_run, reported, fake) -> None:
    _, page = reported(fake.plain())
    assert set(re.findall(r'<section id="([a-z-]+)"', page)) == {*ALWAYS, "routing", "energy", "items"}
    blind = report(make_run(fake.Run((fake.System("blind", energy_j=None),), name="blind")))
    assert set(re.findall(r'<section id="([a-z-]+)"', blind)) == ALWAYS - {"trade-off"}


@pytest.mark.slow
def test_hostile_names_are_text_in_every_section(make_run, fake) -> None:
    def hostile(system):
        routes = {domain: tuple(f"{HOSTILE}{name}" for name in names) for domain, names in system.routes.items()}
        return dataclasses.replace(
            system,
            name=f"{HOSTILE}{system.name}",
            teacher=system.teacher and f"{HOSTILE}{system.teacher}",
            members=tuple(f"{HOSTILE}{name}" for name in system.members),
            experts=tuple(f"{HOSTILE}{name}" for name in system.experts),
            routes=routes,
            training=system.training and {f"{HOSTILE}{name}": ledger for name, ledger in system.training.items()},
        )

    family = fake.family(8)
    run = make_run(dataclasses.replace(family, systems=tuple(hostile(system) for system in family.systems)))
    page = report(run)
    assert page.count("<section id=") == len(ALWAYS) + 6
    assert "<script" not in without_own_scripts(page)
    assert "&lt;script&gt;" in page
