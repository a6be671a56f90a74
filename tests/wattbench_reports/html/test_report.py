"""The page: its numbers are the records', its text is text, and it asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import wattbench_reports.html.whatif as whatif
from tests.made_up.percentiles import percentile_of
from tests.wattbench_reports.sectiontext import without_own_scripts
from wattbench.errors import UserError
from wattbench_reports.formatting import units
from wattbench_reports.html import report, write_report
from wattbench_reports.html.whatif import script_of_page
from wattbench_reports.html.whatif.section import PARTS
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice

FOLDER = Path(whatif.__file__).parent / "script"


class Page(HTMLParser):
    """Tables by caption (rows of cell texts), every tag with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self._caption: str | None = None
        self._rows: list[list[str]] = []
        self._in: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "caption":
            self._caption, self._rows = "", []
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows[-1].append("")
        if tag in {"caption", "td", "th", "style"}:
            self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._in and self._in[-1] == tag:
            self._in.pop()
        if tag == "table" and self._caption is not None:
            self.tables[self._caption] = self._rows

    def handle_data(self, data: str) -> None:
        if self._in == ["style"]:
            return
        self.text += data
        if self._in == ["caption"]:
            self._caption = (self._caption or "") + data
        elif self._in:
            self._rows[-1][-1] += data


@pytest.fixture
def plain_page(reported, fake):
    run, html = reported(fake.Run(fake.plain().systems, carbon={"intensity_g_per_kwh": 100.0, "pue": 1.5}))
    return run, Page(html), html


def test_numbers_on_the_page_are_the_records(plain_page) -> None:
    run, page, _ = plain_page
    table = pd.read_parquet(run.layout.items_table)
    head, *rows = page.tables["All systems over all items"]
    for row in rows:
        shown = dict(zip(head, row, strict=True))
        name = next(name for name in ("generalist", "specialist", "regex") if shown["System"].startswith(name))
        own = table[table["system"] == name]
        latency_s = own["finished_s"] - own["started_s"]
        assert shown["Accuracy"].startswith(units.percent(own["correct"].mean()))
        per_correct = own["energy_j"].sum() / own["correct"].sum()
        assert shown["Joules per correct answer"].split()[0] == units.quantity(per_correct, "J").split()[0]
        assert shown["Joules per request"] == units.quantity(own["energy_j"].mean(), "J")
        assert shown["Latency p50"].partition("[")[0] == units.quantity(percentile_of(latency_s, 0.5), "s")
        tail = 0.95 if len(latency_s) >= 90 else 0.9
        assert shown[f"Latency p{100 * tail:g}"].partition("[")[0] == units.quantity(
            percentile_of(latency_s, tail), "s"
        )
        assert shown["CO2e per 1,000"] == units.quantity(own["energy_j"].mean() * 1000 / 3.6e6 * 150, "g")
        assert shown["Items"] == "80"
        assert shown["Provenance"] == "counter"
        assert shown["Windows"] == "valid"

    head, *rows = page.tables["Each system in each domain"]
    assert len(rows) == 6
    for row in rows:
        shown = dict(zip(head, row, strict=True))
        own = table[(table["system"] == shown["System"]) & (table["domain"] == shown["Domain"])]
        assert shown["Accuracy"].startswith(units.percent(own["correct"].mean()))
        per_correct = own["energy_j"].sum() / own["correct"].sum()
        assert shown["Joules per correct answer"].split()[0] == units.quantity(per_correct, "J").split()[0]

    head, *rows = page.tables["Accuracy and joules per request, as plotted"]
    for row in rows:
        shown = dict(zip(head, row, strict=True))
        own = table[table["system"] == shown["System"]]
        assert shown["Above idle"] == units.quantity(own["energy_above_idle_j"].mean(), "J")

    head, *rows = page.tables["Composition and load cost of each system"]
    shown = dict(zip(head, rows[0], strict=True))
    assert (shown["Parameters"], shown["Weights"], shown["Load time"]) == ("135 M", "98.0 MB", "1.50 s")
    assert (shown["Load energy"], shown["Provenance"]) == ("16.0 J", "counter")


def test_hostile_text_is_text(reported, fake) -> None:
    _, html = reported(fake.hostile())
    page = Page(without_own_scripts(html))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "i", "b"}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert '<script>alert("x")</script>' in page.text
    assert '"><img src=x onerror=alert(1)>' in page.text
    assert "<b>hot</b>" in page.text
    assert "<i>markup</i>" in page.text


def test_the_page_is_one_file_under_a_strict_policy(plain_page) -> None:
    _, page, html = plain_page
    (policy,) = [a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    (css,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(css.encode()).digest()).decode() in policy
    for _, attributes in page.tags:
        assert "style" not in attributes
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith(("#", "data:,"))
    assert "url(" not in css
    assert "@import" not in css


def test_structure_for_keyboard_and_screen_reader(plain_page) -> None:
    _, page, _ = plain_page
    identities = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identities) == len(set(identities))
    for _, attributes in page.tags:
        for reference in (attributes.get("aria-labelledby") or "").split():
            assert reference in identities
        if (attributes.get("href") or "").startswith("#"):
            assert attributes["href"].removeprefix("#").partition("&")[0] in identities
    tags = [tag for tag, _ in page.tags]
    assert {"header", "nav", "main", "footer", "h1"} <= set(tags)
    assert tags.count("h1") == tags.count("main") == 1
    contents = [a["href"] for tag, a in page.tags if tag == "a" and a.get("href", "").startswith("#")]
    assert {"#verdict", "#comparison", "#validity", "#reproduce"} <= set(contents)
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    assert tags.count("table") == tags.count("caption")
    # The decision, two trade-offs, domains, latency, energy, routing; and cascades, where one may pay.
    assert tags.count("figure") == 7 + ("routing-cascades" in identities)
    first_link = next(attributes for tag, attributes in page.tags if tag == "a")
    assert first_link["href"] == "#verdict"


def test_how_it_was_made_and_where_it_lies(plain_page) -> None:
    run, page, _ = plain_page
    assert "wattbench run 'my suite.yaml'" in page.text
    assert f"wattbench runs compare {run.layout.root}" in page.text
    assert "Example CPU" in page.text
    assert page.tables["packages (20)"][1] == ["packages.package-0", "1.0"]
    assert [row[0] for row in page.tables["All windows (9)"]][:3] == ["Window", "load0", "w00"]
    assert len(page.tables["All windows (9)"]) == 1 + 9


def test_an_invalid_window_keeps_its_reason(reported, fake) -> None:
    page = Page(reported(fake.hostile())[1])
    bad = [row for row in page.tables["All windows (24)"] if "NOT VALID" in row]
    assert len(bad) == 1
    assert bad[0][-1] == "throttled: <b>hot</b>"
    assert "17 of 18 measured windows are valid" in page.text


def test_no_region_is_said_and_not_guessed(reported, fake) -> None:
    run, html = reported(fake.plain())
    silent, french = Page(html), Page(report(run, Assumptions(CarbonChoice(region="FRA"))))
    head, first, *_ = silent.tables["All systems over all items"]
    assert first[head.index("CO2e per 1,000")] == "no region set"
    assert "France (FRA)" in french.text
    assert f"wattbench runs compare {run.layout.root} --region FRA" in french.text, (
        "the command that prints these figures"
    )


def test_without_joules_there_is_no_empty_figure(make_run, fake) -> None:
    page = Page(report(make_run(fake.Run((fake.System("blind", energy_j=None),)))))
    assert [tag for tag, _ in page.tags].count(
        "figure"
    ) == 2  # domains, latency: of one system there is no decision and no trade-off to draw
    assert "blind has no energy figures at all." in page.text


def test_the_same_records_give_the_same_bytes(reported, fake) -> None:
    run, html = reported(fake.hostile())
    assert report(run) == html


@pytest.mark.slow
def test_write_report(make_run, fake, tmp_path) -> None:
    run = make_run(fake.plain())
    out = tmp_path / "deep" / "report.html"
    assert write_report(run.layout.root, out, Assumptions(CarbonChoice(region="DEU", pue=1.1))) == out
    assert out.read_text(encoding="utf-8") == report(run, Assumptions(CarbonChoice(region="DEU", pue=1.1)))
    assert {path.name for path in out.parent.iterdir()} == {"report.html", "report.csv", "report.parquet"}
    with pytest.raises(UserError, match="cannot be written"):
        write_report(run.layout.root, out / "below-a-file.html")


def test_a_run_of_one_system_and_one_item_still_reports(make_run, fake) -> None:
    page = Page(report(make_run(fake.Run((fake.System("only", accuracy=1.0),), tasks=(("t", "d"),), items=1))))
    assert "[0, ∞]" in page.text


@pytest.mark.slow
def test_a_large_page_stays_small(make_run, fake) -> None:
    systems = tuple(fake.System(f"system-{place}", energy_j=float(place + 1)) for place in range(12))
    assert len(report(make_run(fake.Run(systems, items=150)))) < 1_250_000


@pytest.mark.slow
def test_a_run_without_prompts_loads_no_library_that_reads_them(make_run, fake, tmp_path) -> None:
    run = make_run(fake.Run(fake.plain().systems))
    script = (
        "import sys; from pathlib import Path; from wattbench_reports.html import write_report\n"
        "write_report(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print([name for name in ('datasets', 'sklearn') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script, run.layout.root, tmp_path / "report.html"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_part_is_used_once_in_the_order_listed() -> None:
    assert sorted(PARTS) == sorted(path.stem for path in FOLDER.iterdir())
    script = script_of_page()
    positions = [script.index((FOLDER / f"{name}.js").read_text(encoding="utf-8")) for name in PARTS]
    assert positions == sorted(positions)
    assert script.startswith("(() => {\n") and script.endswith("})();\n")


@pytest.mark.parametrize("name", PARTS)
def test_a_part_says_what_it_repeats(name) -> None:
    first = (FOLDER / f"{name}.js").read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("// ") and first.endswith(".")
