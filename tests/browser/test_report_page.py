"""The report as a browser shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.page import write_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(made_up, tmp_path_factory) -> dict[str, Path]:
    """A plain report and a hostile one."""
    root = tmp_path_factory.mktemp("reports")
    runs = {"plain": made_up.FakeRun(made_up.plain_systems()), "hostile": made_up.hostile_run()}
    return {name: write_report(made_up.write_run(root, run), root / f"{name}.html") for name, run in runs.items()}


def show(browser, path: Path, *, width: int = 1200, scheme: str = "light") -> None:
    """Load a page afresh, with empty logs."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(path.as_uri())


def requested(browser) -> set[str]:
    """Every address that was asked for since the page was shown."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}


@pytest.mark.parametrize("name", ["plain", "hostile"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_the_console_and_no_request_but_the_file(browser, pages, name, scheme) -> None:
    show(browser, pages[name], scheme=scheme)
    assert browser.get_log("browser") == []
    assert {url for url in requested(browser) if not url.startswith("data:,")} == {pages[name].as_uri()}


CUT_OFF = """
return [...document.querySelectorAll('main *')].filter(e =>
  !e.closest('svg') && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1
  && !['auto', 'visible'].includes(getComputedStyle(e).overflowX)
).map(e => e.outerHTML);
"""


@pytest.mark.parametrize("name", ["plain", "hostile"])
@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_is_wider_than_the_page(browser, pages, name, width) -> None:
    show(browser, pages[name], width=width)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    # Not by cutting off: whatever is wider than its box can be scrolled to.
    cut = browser.execute_script(CUT_OFF)
    assert cut == []


def test_hostile_text_shows_as_text(browser, pages) -> None:
    show(browser, pages["hostile"])
    text = browser.execute_script("return document.body.innerText")
    assert '<script>alert("x")</script>' in text
    assert '"><img src=x onerror=alert(1)>' in text
    assert browser.execute_script("return document.querySelectorAll('script, img, iframe').length") == 0
    from selenium.common.exceptions import NoAlertPresentException

    with pytest.raises(NoAlertPresentException):
        _ = browser.switch_to.alert


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)`, by WCAG 2."""
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21, by WCAG 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


COLOURS = """
const paper = getComputedStyle(document.querySelector('section')).backgroundColor;
const of = (selector, property) => [...document.querySelectorAll(selector)].map(e => {
  for (let box = e; box; box = box.parentElement) {
    const ground = getComputedStyle(box).backgroundColor;
    if (ground !== 'rgba(0, 0, 0, 0)') return [getComputedStyle(e)[property], ground];
  }
});
return {
  paper: paper,
  text: of('p, td, th, dt, dd, li, h1, h2, h3, a, summary, caption, .badge, .badge-warn, .badge-bad', 'color'),
  letters: of('svg.figure text', 'fill'),
  marks: of('svg.mark path', 'fill'),
  lines: of('#latency svg.figure path[stroke^="var(--series"]', 'stroke'),
};
"""


def test_both_schemes_can_be_read(browser, pages) -> None:
    paper = {}
    for scheme in ("light", "dark"):
        show(browser, pages["hostile"], scheme=scheme)
        browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
        colours = browser.execute_script(COLOURS)
        paper[scheme] = colours["paper"]
        assert colours["lines"]
        for kind, least in (("text", 4.5), ("letters", 4.5), ("marks", 3.0), ("lines", 3.0)):
            for colour, ground in colours[kind]:
                assert contrast(colour, ground) >= least, (scheme, kind, colour, ground)
    assert luminance(paper["light"]) > 0.9
    assert luminance(paper["dark"]) < 0.05


def test_the_keyboard_reaches_the_verdict_first(browser, pages) -> None:
    from selenium.webdriver.common.keys import Keys

    show(browser, pages["plain"])
    browser.find_element("tag name", "body").send_keys(Keys.TAB)
    focused = browser.switch_to.active_element
    assert focused.text == "Skip to the verdict"
    focused.send_keys(Keys.ENTER)
    assert browser.current_url.endswith("#verdict")


def test_print_shows_everything_without_boxes_that_scroll(browser, pages) -> None:
    show(browser, pages["plain"])
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = browser.execute_script(
        "return [getComputedStyle(document.querySelector('nav')).display,"
        " getComputedStyle(document.querySelector('.scroll')).overflowX]"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shown == ["none", "visible"]
