"""The pages of docs/why: each has its parts and its picture."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.site import metrics
from docs.site.plots import PAGES, PLOTS, Plot, rows_of
from wattbench_reports.metrics.registry import FIGURES

DOCS = Path(__file__).parents[2] / "docs"
CLAIMS = sorted(path for path in PAGES.glob("*.md") if path.name != "index.md")


@pytest.mark.parametrize("page", CLAIMS, ids=lambda path: path.stem)
def test_a_page_has_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for part in ("**Claim.**", "**Assumed", "**See that it fails.**", "../data/"):
        assert part in text, part
    assert f"]({page.name})" in (PAGES / "index.md").read_text(encoding="utf-8")


def test_every_page_has_a_picture_and_every_picture_a_page() -> None:
    pages = {page.stem for page in CLAIMS}
    assert sorted(plot.page for plot in PLOTS) == sorted(pages)
    assert {path.stem for path in PAGES.glob("*.svg")} == pages


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.page)
def test_a_picture_is_of_its_data_and_says_what_it_shows(plot: Plot) -> None:
    picture = plot.path.read_text(encoding="utf-8")
    assert f"sha256:{plot.digest}" in picture, "python -m docs.site.plots draws it again"
    assert f"<title>{plot.alt}</title>" in picture.replace("&lt;", "<")
    page = plot.path.with_suffix(".md").read_text(encoding="utf-8")
    assert all(f"(../data/{name}.csv)" in page for name in plot.data)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.page)
def test_a_panel_has_the_rows_that_it_is_of(plot: Plot) -> None:
    for panel in plot.panels():
        assert panel.dots, panel.title
        assert len({(dot.label, dot.series) for dot in panel.dots}) == len(panel.dots), panel.title


@pytest.mark.parametrize("path", sorted((DOCS / "data").glob("*.csv")), ids=lambda path: path.stem)
def test_a_table_says_how_it_was_made_and_is_of_one_shape(path: Path) -> None:
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert re.match(r"# (Made|Measured|Tried|Once)\b", first)
    rows = list(csv.reader(lines))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert any(f"data/{path.name})" in page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))


EXAMPLES = (
    "CO2: Germany (DEU): 380.95 g CO2e per kWh",
    "Costs in EUR. Of ",
    "at least 1,490 requests/s (97.8% of the time wattbench's own)",
    "p90 461 [319, ∞] ms",
    "the counter gives 677.6 J and integrated power 886.4 J (+24%)",
)
"""Of a run, with figures and names that the code puts together."""


def test_a_line_to_look_for_is_one_that_the_code_prints() -> None:
    """A reader searches for it in the output of a run: figures and names are left out of the comparison."""
    printed = "\n".join(_strings())
    missing = []
    for page in CLAIMS:
        part = page.read_text(encoding="utf-8").partition("**See that it fails.**")[2].partition("![")[0]
        for line in (" ".join(each.split()) for each in re.findall(r"`([^`]+)`", part)):
            pieces = [] if line.startswith(("wattbench ", "python ", "tox ", "--", *EXAMPLES)) else line.split("...")
            if any(_without_figures(piece).strip(" !:.†") not in printed for piece in pieces):
                missing.append(f"{page.name}: {line}")
    assert missing == []


def _strings() -> Iterator[str]:
    """Yield every text in the code, with a mark in the place of what it is filled with."""
    for path in (path for room in ("harness", "reports") for path in (DOCS.parent / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
                yield _without_figures("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield _without_figures(node.value)


def _without_figures(text: str) -> str:
    return re.sub(r"#+", "#", re.sub(r"\{[^{}]*\}|[+-]?\d[\d.,]*", "#", " ".join(text.split())))


def test_of_many_worlds_the_worst_is_drawn() -> None:
    rates = [row for row in rows_of("queues") if row["claim"] == "rate-held-wrongly"]
    (plot,) = (plot for plot in PLOTS if plot.page == "held-rates")
    panel = next(iter(plot.panels()))
    for assumption, series in (("holds", "assumption holds"), ("broken", "assumption broken")):
        worst = max(float(row["percent"]) for row in rates if row["assumption"] == assumption)
        assert max(dot.value for dot in panel.dots if dot.series == series) == worst


def test_every_metric_is_in_the_reference() -> None:
    rows = [line.split(" | ") for line in metrics.page().splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows] == [f"| `{name}`" for name in FIGURES]
    assert all(row[4].strip() for row in rows), "how it is computed"
    links = {path for row in rows for path in re.findall(r"\]\(\.\./(why/[a-z-]+\.md)", row[5])}
    assert len(links) > 3
    assert all((DOCS / path).is_file() for path in links)
    assert metrics._BY_THEIR_OWN_CODE.keys() <= FIGURES.keys()
