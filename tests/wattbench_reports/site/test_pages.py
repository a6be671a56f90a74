"""The pages of a site: what they say, where their links lead, and what they let nobody do."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.made_up.site_history import Made, differences_of, made_up
from tests.wattbench_reports.site.pagetext import Page
from wattbench_reports.site.build import site_pages
from wattbench_reports.site.full_reports import FullReports
from wattbench_reports.site.links import METRICS_SHOWN

NO_REPORT = FullReports(frozenset(), "the run is damaged.")
STEPS = {
    ("specialist", "", "latency_p50"): (20, 1.25),
    ("generalist", "text", "accuracy"): (25, 0.85),
}
HOSTILE = (
    '<script>alert("x")</script>',
    '"><img src=x onerror=alert(1)>',
    "a\x1b[31m\u202eb",
    "../../etc",
    "{{ 7*7 }}",
)


def pages_of(made: Made, reports: FullReports = NO_REPORT) -> dict[str, str]:
    pages = site_pages(made.history, made.trends, made.verdict, reports)
    return {name: page.decode() for name, page in pages.items()}


def month(root: Path) -> Made:
    """A month in which two things happened, three nights are missing, and a machine was exchanged."""
    return made_up(root, missing=[5, 6, 9], steps=STEPS, broken={"generalist": 12}, modelled=["specialist"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The month, whose runs no test may put on disk."""
    return month(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="module")
def pages(made) -> dict[str, str]:
    """The month's pages."""
    return pages_of(made)


@pytest.fixture
def fifth(tmp_path) -> Made:
    """Five nights, of which the last is three times as slow."""
    return made_up(tmp_path / "fifth", 5, steps={("specialist", "", "latency_p50"): (4, 3.0)}, alarmed=False)


@pytest.fixture(scope="module")
def changed(made) -> Made:
    """The month, with other weights, prompts and commits."""
    verdict = replace(made.verdict, differences=differences_of(made.history))
    return replace(made, verdict=verdict)


@pytest.fixture(scope="module")
def changed_pages(changed) -> dict[str, str]:
    """Its pages."""
    return pages_of(changed)


def test_the_first_page_of_each_kind_of_night(tmp_path, changed, fifth, golden) -> None:
    first = made_up(tmp_path / "first", 1, pinned=None)
    quiet = made_up(tmp_path / "quiet", 12, pinned=None, seed=3)
    for name, made in (("changed", changed), ("fifth", fifth), ("first", first), ("quiet", quiet)):
        text = Page(pages_of(made)["index.html"]).text
        golden(f"index-{name}.txt", text[text.index("Verdict of the last night") : text.index("Figures of the last")])


def test_changes_come_before_any_chart(changed_pages) -> None:
    page = changed_pages["index.html"]
    assert page.index('id="tonight"') < page.index('id="changed"') < page.index('<svg class="spark')


def test_a_threefold_slowdown_in_the_fifth_night_is_in_red_with_its_size(fifth) -> None:
    page = pages_of(fifth)["index.html"]
    red = page[page.index('<aside class="alarms"') : page.index("</aside>")]
    assert "specialist: latency p50 +2" in red
    assert "] against the " in red
    assert '<span class="badge-bad">worse</span>' in red
    row = page[page.index('<table class="changes">') :]
    row = row[row.index("<tbody>") : row.index("</tr>", row.index("<tbody>"))]
    assert row.count('<span class="size-bad">+') == 2
    assert '<span class="badge-warn">inconclusive</span>' in page


def test_where_nothing_changed_it_says_all_are_within(tmp_path) -> None:
    made = made_up(tmp_path, 12, pinned=None, seed=3)
    assert "Against the last four weeks (11 nights from 2026-01-01 to 2026-01-11): All within their margins." in (
        Page(pages_of(made)["index.html"]).text
    )


@pytest.mark.parametrize("state", ["alarm", "still_regressed", "worse", "better", "within", "open", "not_judged"])
def test_what_is_bad_is_red_and_what_is_within_is_plain(made, state) -> None:
    first, *others = made.verdict.changes
    verdict = replace(made.verdict, changes=(replace(first, state=state), *others))
    page = pages_of(replace(made, verdict=verdict))["index.html"]
    row = page[page.index("<tbody>") : page.index("</tr>", page.index("<tbody>"))]
    cell = row[row.index("<td>") : row.index("</td>", row.index("<td>"))]
    bad, good = state in ("alarm", "still_regressed", "worse"), state == "better"
    assert ("badge-bad" in cell) is bad
    assert ('class="size-bad"' in cell) is bad
    assert ('class="badge"' in cell) is good


def test_the_margin_is_in_the_table_with_a_heading(pages) -> None:
    page = pages["index.html"]
    table = page[page.index('<table class="changes">') :]
    head, row = (table[table.index(tag) : table.index("</tr>", table.index(tag))] for tag in ("<thead>", "<tbody>"))
    assert head.count("<th ") == row.count("<th ") + row.count("<td")
    assert head.index("Tonight") < head.index("Margin") < head.index("Last four weeks")
    assert '<td class="number">10.0%</td>' in row


def test_a_span_that_is_not_that_of_all_is_in_its_cell(made) -> None:
    first, *others = made.verdict.changes
    verdict = replace(made.verdict, changes=(replace(first, label="7 nights from 2026-01-01 to 2026-01-07"), *others))
    page = pages_of(replace(made, verdict=verdict))["index.html"]
    table = page[page.index('<table class="changes">') :]
    assert "25 nights from" in table[table.index("Last four weeks") : table.index("Best stretch")]
    assert table.count("(7 nights from 2026-01-01 to 2026-01-07)") == 1


def test_a_change_is_linked_to_its_commits_and_files(changed, changed_pages) -> None:
    last, before = changed.history.nights[-1].commit, changed.history.nights[-2].commit
    links = Page(changed_pages["index.html"]).links
    base = "https://github.com/owner/name"
    assert f"{base}/compare/{before}...{last}" in links
    assert f"{base}/commit/{'c' * 40}" in links
    assert f"{base}/commits/{last}/prompts/a%20b.txt" in links


def test_without_a_known_remote_nothing_leads_out_of_the_site(changed) -> None:
    differences = differences_of(changed.history, remote=None)
    made = replace(changed, verdict=replace(changed.verdict, differences=differences))
    page = pages_of(made)["index.html"]
    assert "cccccccccc" in page
    assert not re.search(r"https?:", page)


@pytest.mark.parametrize("name", ["index", "nights", "trends/latency_p50", "today"])
def test_what_a_person_reads(pages, name, golden) -> None:
    golden(f"{name.replace('/', '-')}.txt", Page(pages[f"{name}.html"]).text)


def test_a_page_for_each_metric_and_three_more(pages) -> None:
    assert set(pages) == {
        "index.html", "nights.html", "today.html", *(f"trends/{metric}.html" for metric in METRICS_SHOWN),
    }  # fmt: skip


def test_the_same_history_gives_the_same_bytes(tmp_path) -> None:
    assert pages_of(made_up(tmp_path, steps=STEPS)) == pages_of(made_up(tmp_path, steps=STEPS))


def test_every_link_leads_somewhere(tmp_path) -> None:
    made = month(tmp_path)
    for night in made.history.nights[:20]:
        night.root.mkdir(parents=True)
    last = made.history.nights[-1]
    site = tmp_path / "site"
    reports = FullReports(frozenset({last.run}), "")
    pages = {(site / name): Page(page) for name, page in pages_of(made, reports).items()}
    pages[site / "reports" / f"{last.root.name}.html"] = Page("")
    led = set()
    for path, page in pages.items():
        for link in page.links:
            assert not re.match(r"[a-z]+:|/", link), "relative"
            address, _, place = link.partition("#")
            target = Path(os.path.normpath(path.parent / unquote(address))) if address else path
            assert target in pages or target.is_dir(), link
            if place and target in pages:
                assert place in pages[target].ids, link
            led.add(target.relative_to(tmp_path).parts[0])
    assert led == {"site", "runs"}


def test_what_is_not_there_any_more_is_named_and_not_linked(made, pages) -> None:
    page = pages["nights.html"]
    assert made.history.nights[0].run in page
    assert not [link for link in Page(page).links if "runs/" in link]


@pytest.mark.parametrize("name", ["index.html", "trends/accuracy.html", "nights.html", "today.html"])
def test_ids_are_unique_and_references_to_them_hold(pages, name) -> None:
    page = Page(pages[name])
    assert len(set(page.ids)) == len(page.ids)
    for _, attributes in page.tags:
        for key in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(key) or "").split()) <= set(page.ids)


def test_a_strict_policy_and_nothing_to_load(changed_pages) -> None:
    for page in changed_pages.values():
        (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        own = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
        assert policy.startswith(f"default-src 'none'; style-src 'sha256-{own}';")
        assert "script" not in policy
        without_links = re.sub(r'<a href="https://github.com/owner/name/[^"]*">', "", page)
        assert not re.search(r"https?:|<script|style=|@import|url\(", without_links.replace("data:,", ""))


def test_hostile_names_stay_text(tmp_path) -> None:
    made = made_up(
        tmp_path, systems=HOSTILE, domains=HOSTILE[:3], steps={(HOSTILE[0], HOSTILE[1], "accuracy"): (20, 0.8)}
    )
    pages = pages_of(made)
    assert set(pages) >= {"index.html", "trends/accuracy.html"}
    for page in pages.values():
        assert "\x1b" not in page
        assert "\u202e" not in page
        found = Page(page)
        assert not {"script", "img", "iframe"} & {tag for tag, _ in found.tags}
        assert not [key for _, attributes in found.tags for key in attributes if key.startswith("on")]
        assert len(set(found.ids)) == len(found.ids)
    assert HOSTILE[0] in Page(pages["index.html"]).text
    assert "{{ 7*7 }}" in Page(pages["index.html"]).text


def test_alarms_are_listed_with_their_charts(pages) -> None:
    page = pages["index.html"]
    assert "The night of 2026-01-30 raises 2 alarms: generalist and specialist." in page
    assert "trends/latency_p50.html#specialist--all" in Page(page).links


def test_alarms_of_single_domains_are_folded_below_those_over_all(tmp_path) -> None:
    text = Page(
        pages_of(made_up(tmp_path, steps={**STEPS, ("specialist", "text", "latency_p50"): (20, 1.25)}))["index.html"]
    ).text
    own = text[text.index("raises 3 alarms") : text.index("Changes tonight")]
    generalist, specialist = own.index("generalist: accuracy has changed"), own.index("specialist: latency_p50")
    assert generalist < specialist < own.index("1 more in single domains")


def test_a_change_that_raises_no_alarm_is_shown(tmp_path) -> None:
    text = Page(pages_of(made_up(tmp_path, steps=STEPS, alarmed=False))["index.html"]).text
    assert "inconclusive The night of 2026-01-30 does not pass: specialist latency p50 is +" in text
    assert "specialist latency p50 +" in text


def test_the_first_night_has_nothing_to_be_compared_with(tmp_path) -> None:
    text = Page(pages_of(made_up(tmp_path, 1, pinned=None))["index.html"]).text
    assert "There is no other night to compare with." in text
    assert "No reference is pinned" in text


def test_a_change_is_open_until_a_later_night_is_pinned(tmp_path) -> None:
    for pinned, told in ((2, True), (28, False), (None, True)):
        page = Page(pages_of(made_up(tmp_path, steps=STEPS, pinned=pinned))["index.html"]).text
        assert ("2026-01-21 | specialist | all domains | latency p50 | worse" in page) is told


def test_modelled_joules_are_labelled_wherever_they_are_shown(pages) -> None:
    joules, seconds = pages["trends/joules_per_request.html"], pages["trends/latency_p50.html"]
    assert joules.count('<span class="badge-warn">modelled joules</span>') == 3
    assert "modelled" not in seconds
    assert pages["index.html"].count('<span class="badge-warn">modelled</span>') == 3


def test_no_chart_for_a_metric_that_nobody_has(tmp_path) -> None:
    made = made_up(tmp_path)
    without = tuple(trend for trend in made.trends if trend.metric != "ttft")
    pages = pages_of(Made(made.history, without, made.verdict))
    assert "No night has a figure for this metric." in pages["trends/ttft.html"]


def test_the_page_of_today_leads_on_to_the_report(made, pages) -> None:
    last = made.history.nights[-1]
    page = pages_of(made, FullReports(frozenset({last.run}), ""))["today.html"]
    assert f'<meta http-equiv="refresh" content="0; url=reports/{last.run}.html">' in page
    assert f"reports/{last.run}.html" in Page(page).links
    assert "refresh" not in pages["today.html"]


def test_what_the_history_leaves_out_is_said(tmp_path) -> None:
    made = made_up(tmp_path, notes=["run-7: left out (its header is damaged)"])
    text = Page(pages_of(made)["index.html"]).text
    assert "run-7: left out (its header is damaged)" in text
