"""The pages of docs/why: each has its parts and its picture, and old addresses lead to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.site import metrics
from docs.site.plots import PAGES, PLOTS, Plot, rows_of
from wattbench_reports.metrics.registry import FIGURES

DOCS = Path(__file__).parents[2] / "docs"
CLAIMS = sorted(path for path in PAGES.glob("*.md") if path.name != "index.md")

MOVED = {
    "methodology.md": (
        "how-a-cell-is-measured", "the-metrics", "latency-percentiles", "throughput", "attribution-of-joules-to-items",
        "money", "prefill-and-decode", "provenance-of-joules", "when-joules-may-be-compared", "a-windows-edges",
        "integrated-power", "validity-of-windows", "sensors-that-contradict-each-other", "a-busy-machine",
        "several-slots-of-one-machine", "measured-accuracy-of-the-meters", "what-the-client-adds", "statistics",
        "coverage-over-items-alone", "coverage-on-machines-whose-speed-strays", "several-machines", "deciding", "gates",
        "simulated-gates", "nights", "equal-load", "what-is-not-claimed",
    ),
    "rates.md": (
        "requirements-and-advice", "prices-and-the-best-of-equals", "rates-of-requests", "routers",
        "missing-rows-and-trials", "latency",
    ),
    "reliability.md": (
        "an-answer-that-comes-twice", "kills", "kills-on-a-cluster", "fuzzing", "tried-by-hand", "long-runs",
        "large-runs", "one-measurement-at-a-time", "how-a-run-is-interrupted", "secrets",
    ),
    "ground-truth.md": (
        "what-it-needs", "mlperf-watts-and-throughput", "lm-eval-scores-item-by-item", "loadgen-percentiles",
        "cost-parity-of-power-hungry-processing", "software-carbon-intensity", "codecarbon", "ecologits",
        "a-gpu-of-known-waveform",
    ),
}  # fmt: skip
"""Old page to the anchors that it had."""


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*CLAIMS, PAGES / "index.md"], ids=lambda path: path.stem)
def test_a_page_is_short(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").split()) <= 500


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


def test_of_many_worlds_the_worst_is_drawn() -> None:
    rates = [row for row in rows_of("queues") if row["claim"] == "rate-held-wrongly"]
    (plot,) = (plot for plot in PLOTS if plot.page == "held-rates")
    panel = next(iter(plot.panels()))
    for assumption, series in (("holds", "assumption holds"), ("broken", "assumption broken")):
        worst = max(float(row["percent"]) for row in rates if row["assumption"] == assumption)
        assert max(dot.value for dot in panel.dots if dot.series == series) == worst


@pytest.mark.parametrize("old", MOVED)
def test_an_old_address_leads_to_the_new_page(old: str) -> None:
    text = (DOCS / old).read_text(encoding="utf-8")
    assert len(text.split()) <= 150
    links = dict(re.findall(r'^- <a id="([^"]+)"></a>\[[^]]+\]\(([^)]+)\)$', text, re.MULTILINE))
    assert tuple(links) == MOVED[old]
    for link in links.values():
        path, _, anchor = link.partition("#")
        assert (DOCS / path).is_file(), link
        assert not anchor or anchor in anchors_of(DOCS / path), link


def test_every_metric_is_in_the_reference() -> None:
    rows = [line.split(" | ") for line in metrics.page().splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows] == [f"| `{name}`" for name in FIGURES]
    assert all(row[4].strip() for row in rows), "how it is computed"
    links = {path for row in rows for path in re.findall(r"\]\(\.\./(why/[a-z-]+\.md)", row[5])}
    assert len(links) > 3
    assert all((DOCS / path).is_file() for path in links)
    assert metrics._BY_THEIR_OWN_CODE.keys() <= FIGURES.keys()
