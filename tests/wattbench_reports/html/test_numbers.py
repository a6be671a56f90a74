"""No page, text or golden file holds a number that a person cannot use: an exponent, or a percentage of zeros."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.made_up.records import call_on
from tests.made_up.standard_runs import many_systems
from wattbench_reports.decision import decide
from wattbench_reports.export import render
from wattbench_reports.html import report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.wording.decision import decision_words

UNUSABLE = re.compile(
    r"(?<![\w.])(?![\da-f]{12}(?!\w))-?\d+(?:\.\d+)?e[+-]?\d+(?!\w)|(?<![\d.])0\.00+[1-9]\d*\s?%|\d\.\d{4,}\s?%", re.I
)
"""``1.15e-05``, ``2e6``, ``0.00915%`` and ``1.23456%``; not a hash such as ``3e05ab``, or one of twelve that happens to
be digits and one ``e``, such as ``6019639893e1``."""

GOLDEN = sorted(
    path
    for kind in ("txt", "md")
    for path in (Path(__file__).parents[2]).rglob(f"golden/*.{kind}")
    # Numbers for programs, which read exponents.
    if "csv" not in path.name and path.stem != "prometheus"
)


class Visible(HTMLParser):
    """The text of a page, without scripts, styles and what is quoted from a record."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.shown: list[str] = []
        """Before anything is unfolded."""
        self._within: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "pre", "desc", "title", "noscript", "form", "details", "summary"}:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "pre"} & set(self._within):
            self.text.append(data)
        folds = [tag for tag in self._within if tag in {"details", "summary"}]
        if not set(self._within) - {"details", "summary"} and folds.count("details") == folds.count("summary"):
            self.shown.append(data)


def runs(fake):
    """Runs with quantities of every size: of a microjoule, of nothing correct, of many systems."""
    tiny = (
        fake.System("rule", accuracy=0.2, latency_s=2e-6, energy_j=3e-7, engine="python"),
        fake.System("huge", accuracy=0.9, latency_s=4.0, energy_j=8e6),
        fake.System("never", accuracy=0.0, energy_j=2.0),
    )
    workload = {"price_per_kwh": 0.000004, "currency": "EUR", "requests_per_year": 3}
    return {
        "plain": fake.plain(),
        "hostile": fake.hostile(),
        "family": fake.family(12),
        "tiny": fake.Run(tiny, blocks=6, carbon={"intensity_g_per_kwh": 0.00001, "pue": 1.0}, workload=workload),
        "many": many_systems(),
    }


def unusable(text: str) -> list[str]:
    return [f"... {text[max(0, each.start() - 40) : each.end() + 20]} ..." for each in UNUSABLE.finditer(text)]


def test_what_is_looked_for() -> None:
    for text in ("1.15e-05 EUR", "2e6", "level 0.00915%", "3.17E-08 per second", "1.23456%"):
        assert unusable(text), text
    for text in (
        "run 1e2d3f",
        "20261126T044219Z-quick-5f511c",
        "0.0%",
        "12.3%",
        "0.005 J",
        "under 0.001",
        "5e",
        "6019639893e1",
    ):
        assert not unusable(text), text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "hostile", "family", "tiny", "many"])
def test_pages_and_texts_have_no_number_that_a_person_cannot_use_and_few_words(reported, analysed, fake, name) -> None:
    made = runs(fake)[name]
    page = Visible(reported(made)[1])
    assert unusable(" ".join(page.text)) == []
    assert 100 < len(" ".join(page.shown).split()) < 1500
    analysis = analysed(made)
    text = render(analysis.comparison, "table", call_on(decision_words, analysis, call_on(decide, analysis)))
    assert unusable(text) == []
    systems = analysis.measured.frames.systems
    assert len({line.split("  ")[0] for line in text.splitlines()} & set(systems)) == len(systems), "names are whole"


def test_golden_texts_have_no_such_number() -> None:
    assert len(GOLDEN) > 20
    assert {str(path): found for path in GOLDEN if (found := unusable(path.read_text(encoding="utf-8")))} == {}


def test_commands_on_the_page_have_no_exponent(make_run, fake) -> None:
    choice = Assumptions(CarbonChoice(intensity_g_per_kwh=0.00001), workload=WorkloadChoice(requests_per_year=2e6))
    html = report(make_run(fake.plain()), choice)
    command = re.search(r'class="the-command">([^<]*)', html)
    assert command is not None
    assert "--intensity 0.00001 --requests 2000000" in command[1]
