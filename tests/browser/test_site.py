"""The site of a history as a browser shows it, and for people who use a screen reader or a keyboard."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.axe import COLOURS, violations
from tests.browser.conftest import look
from tests.made_up.site_history import differences_of, made_up
from wattbench_reports.site.build import site_pages
from wattbench_reports.site.full_reports import FullReports

pytestmark = pytest.mark.slow

PAGES = ["index", "nights", "trends/latency_p50", "trends/joules_per_correct", "today"]
STEPS = {("specialist", "", "latency_p50"): (80, 1.05), ("generalist", "text", "latency_p50"): (50, 0.9)}
HOSTILE = ('<script>alert("x")</script>', "a" * 120, '"><img src=x onerror=alert(1)>')
HOSTILE_FILE = {"file": f"{HOSTILE[0]}{'b' * 120}"}
OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"


LEAST_RULES = 16
"""Rules of axe that find something to look at on each of these pages, which have less on them than a report."""


@pytest.fixture(scope="session")
def sites(tmp_path_factory) -> dict[str, Path]:
    """Build an ordinary site, one with hostile names, and one of five nights of which the last is slow."""
    root = tmp_path_factory.mktemp("sites")
    systems, domains = ("generalist", "specialist", "regex"), ("arithmetic", "text", "code")
    made = {
        "plain": made_up(
            root / "plain", 100, systems, domains, missing=[5, 6, 30], steps=STEPS, broken={"regex": 40},
            modelled=["regex"],
        ),
        "hostile": made_up(root / "hostile", 20, HOSTILE, HOSTILE, steps={(HOSTILE[0], HOSTILE[1], "ttft"): (12, 1.2)}),
    }  # fmt: skip
    made |= {"fifth": made_up(root / "fifth", 5, steps={("specialist", "", "latency_p50"): (4, 3.0)}, alarmed=False)}
    for name, own in made.items():
        verdict = replace(
            own.verdict, differences=differences_of(own.history, **HOSTILE_FILE if name == "hostile" else {})
        )
        reports = FullReports(frozenset(), "the run is damaged.")
        for page, text in site_pages(own.history, own.trends, verdict, reports).items():
            path = root / name / "site" / page
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    return {name: root / name / "site" for name in made}


def requested(browser) -> set[str]:
    """Return every address that was requested since the page was shown."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}


@pytest.mark.parametrize("site", ["plain", "hostile"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_on_the_console_and_no_request_but_the_file(browser, show, sites, site, page) -> None:
    path = sites[site] / f"{page}.html"
    show(path)
    assert browser.get_log("browser") == []
    assert {url for url in requested(browser) if not url.startswith("data:,")} == {path.as_uri()}


CUT_OFF = """
return [...document.querySelectorAll('main *')].filter(e =>
  !e.closest('svg') && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1
  && !['auto', 'visible'].includes(getComputedStyle(e).overflowX)
).map(e => e.outerHTML);
"""


@pytest.mark.parametrize("site", ["plain", "hostile"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_wider_than_the_page(browser, show, sites, site, page) -> None:
    show(sites[site] / f"{page}.html", width=390)
    browser.execute_script(OPEN_ALL)
    for width in (390, 1200):
        look(browser, width)
        assert browser.execute_script("return innerWidth") == width
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert browser.execute_script(CUT_OFF) == [], width


@pytest.mark.parametrize("site", ["plain", "hostile"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_no_violation(browser, show, axe, sites, site, page) -> None:
    show(sites[site] / f"{page}.html")
    browser.execute_script(OPEN_ALL)
    assert violations(browser, axe, least=LEAST_RULES) == []
    look(browser, scheme="dark")
    assert violations(browser, axe, COLOURS) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_a_threefold_slowdown_in_the_fifth_night_is_in_red_on_the_first_screen(browser, show, sites, width) -> None:
    show(sites["fifth"] / "index.html", width=width)
    top, bottom, text, red = browser.execute_script(
        "const box = document.querySelector('.alarms'), at = box.getBoundingClientRect();"
        "return [at.top, at.bottom, box.innerText, getComputedStyle(box).borderLeftColor]"
    )
    assert 0 < top < bottom < 900
    assert "latency p50 +2" in text
    size = "getComputedStyle(document.querySelector('.size-bad')).color"
    assert browser.execute_script(f"return {size}") == red
    channels = [int(each) for each in re.findall(r"\d+", red)[:3]]
    assert channels[0] > 2 * max(channels[1:])


def test_the_page_of_a_slow_fifth_night_is_clean_and_fits(browser, show, axe, sites) -> None:
    show(sites["fifth"] / "index.html", width=390)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    assert browser.execute_script(CUT_OFF) == []
    assert violations(browser, axe, least=LEAST_RULES) == []
    look(browser, width=390, scheme="dark")
    assert violations(browser, axe, COLOURS) == []


def test_a_change_point_is_seen_in_both_schemes(browser, show, sites) -> None:
    fills = []
    for scheme in ("light", "dark"):
        show(sites["plain"] / "trends" / "latency_p50.html", scheme=scheme)
        marks = browser.execute_script(
            "return [...document.querySelectorAll('.multiple .worse, .multiple .better')].map("
            "e => [e.getBoundingClientRect().width, getComputedStyle(e).fill])"
        )
        assert len(marks) == 2
        assert all(width > 5 for width, _ in marks)
        fills.append({fill for _, fill in marks})
    assert len(fills[0]) == len(fills[1]) == 2
    assert not fills[0] & fills[1]


def test_charts_have_a_name_and_say_what_is_to_be_seen(browser, show, sites) -> None:
    show(sites["plain"] / "trends" / "latency_p50.html")
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    images = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") in {"image", "img"}]
    (stepped,) = [name for name in images if name.startswith("specialist, all domains: latency p50")]
    assert "change point on 2026-03-22 from 920 ms to 966 ms" in stepped


def test_the_keyboard_reaches_the_content_first_and_then_other_pages(browser, show, sites) -> None:
    from selenium.webdriver.common.keys import Keys

    show(sites["plain"] / "index.html")
    browser.find_element("tag name", "body").send_keys(Keys.TAB)
    focused = browser.switch_to.active_element
    assert focused.text == "Skip to the content"
    focused.send_keys(Keys.TAB, Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.current_url.endswith("/trends/accuracy.html")


def test_a_chart_that_a_link_leads_to_is_in_view(browser, show, sites) -> None:
    show(sites["plain"] / "index.html")
    link = browser.find_element("css selector", ".alarms a").get_attribute("href")
    still = {"name": "prefers-reduced-motion", "value": "reduce"}  # else it scrolls for a while
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [still]})
    browser.get(link)
    assert browser.execute_script(
        "const box = document.querySelector(':target').getBoundingClientRect(); return box.top >= 0 && box.top < 300"
    )
    assert browser.execute_script("return document.querySelector(':target').matches('.multiple')")


def test_printed_pages_have_their_charts(browser, show, sites) -> None:
    show(sites["plain"] / "trends" / "latency_p50.html")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    widths = browser.execute_script(
        "return [...document.querySelectorAll('.multiple .chart')].map(e => e.getBoundingClientRect().width)"
    )
    hidden = browser.execute_script("return getComputedStyle(document.querySelector('nav')).display")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert len(widths) == 12
    assert min(widths) > 100
    assert hidden == "none"
