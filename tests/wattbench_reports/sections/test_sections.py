"""The family's report as a whole: golden text, and a page that keeps its promises with every section on it."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.wattbench_reports.sectiontext import as_text, lines_of, without_own_scripts
from wattbench_reports.history.series_watch import panels
from wattbench_reports.html import report
from wattbench_reports.sections.arrival_rates import load_section
from wattbench_reports.sections.disagreements import items_section
from wattbench_reports.sections.environment import environment_section
from wattbench_reports.sections.estimated import estimated_section
from wattbench_reports.sections.gate import gate_section
from wattbench_reports.sections.machines import machines_section
from wattbench_reports.sections.power import power_section
from wattbench_reports.sections.stated import stated_section
from wattbench_reports.sections.validity import validity_section
from wattbench_reports.sections.verdict.verdict import choices_table, verdicts
from wattbench_reports.sections.wrong_answers import wrong_section

ALWAYS = {
    "verdict", "evidence", "what-if", "comparison", "trade-off", "domains", "lifecycle", "latency", "systems",
    "wrong-answers", "validity", "reproduce",
}  # fmt: skip
"""Sections that every report has."""
HOSTILE = '<script>alert("x")</script>'


def as_texts(analysis) -> str:
    found = verdicts(analysis.measured)
    out = [f"{verdict.domain or 'all'}: {verdict.headline}" for verdict in found]
    table = choices_table(found)
    assert table is not None
    out += [*lines_of(table), ""]
    for make in panels("it has a golden file of its own"):
        if make is environment_section:  # it names the folder of the run
            continue
        if make in {items_section, validity_section, wrong_section}:  # they have tests of their own
            continue
        section = make(analysis)
        if make in {
            estimated_section,
            gate_section,
            load_section,
            machines_section,
            power_section,
            stated_section,
        }:  # other runs have them
            assert section is None
            continue
        assert section is not None
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
        "lifecycle", "latency", "energy", "carbon", "systems", "items", "wrong-answers", "validity", "reproduce",
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
