"""The page of answers to label: keys and buttons, what the browser keeps, and the CSV that it saves."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.browser.axe import COLOURS, violations
from tests.browser.conftest import look
from tests.made_up.judged_runs import FakeJudge
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.api.label import import_labels
from wattbench.api.labelling.page import labels_page
from wattbench.records import read_run

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202egnp.\x1b[2J" + "long " * 600
JUDGED = FakeRun(
    systems=(FakeSystem("small", output=HOSTILE), FakeSystem("large", accuracy=0.8, output="</think> Dear customer,")),
    tasks=(("letters", "text"),),
    items=12,
    judges={"letters": FakeJudge()},
)
SERIOUS = {"serious", "critical"}
CSV = """
const done = arguments[arguments.length - 1], make = URL.createObjectURL;
URL.createObjectURL = (blob) => { blob.text().then(done); return make(blob); };
document.getElementById('labels--save').click();
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    scales = {"pass": "pass", "grades": "1..5", "many": "0..100", "pair": "pair"}
    return {
        name: write_run(
            tmp_path_factory.mktemp(name), replace(JUDGED, judges={"letters": FakeJudge(scale=scale)}, id=f"{name}")
        )
        for name, scale in scales.items()
    }


@pytest.fixture
def page_of(runs: dict[str, Path], tmp_path: Path) -> Any:
    def written(name: str, person: str = "ann") -> Path:
        page = tmp_path / f"{name}.html"
        labels_page(runs[name], page, person, 10, ())
        return page

    return written


def press(browser: Any, keys: str) -> None:
    ActionChains(browser).send_keys(keys).perform()


def title(browser: Any) -> str:
    return browser.find_element(By.ID, "labels--title").text


def saved(browser: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(browser.execute_async_script(CSV))))


@pytest.mark.parametrize("name", ["pass", "grades", "many", "pair"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_and_fits(browser, show, axe, page_of, name, width) -> None:
    show(page_of(name), width=width)
    assert [each for each in violations(browser, axe) if each[0] in SERIOUS] == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    look(browser, width=width, scheme="dark")
    assert [each for each in violations(browser, axe, COLOURS) if each[0] in SERIOUS] == []
    assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []


def test_keys_label_and_the_csv_brings_the_labels(browser, show, page_of, runs, tmp_path) -> None:
    show(page_of("pass"))
    assert title(browser) == "Answer 1 of 10: letters"
    press(browser, "pfsnupu")
    assert title(browser) == "Answer 4 of 10: letters"
    press(browser, "f")
    assert browser.find_element(By.ID, "labels--done").text == "4 of 10 answers have a label."
    rows = saved(browser)
    assert [row["score"] for row in rows] == ["pass", "fail", "", "fail"]
    table = tmp_path / "labels.csv"
    table.write_text(browser.execute_async_script(CSV), encoding="utf-8")
    assert len(import_labels(runs["pass"], table, "me").rows) == 4
    labels = read_run(runs["pass"]).labels()
    assert [row.score for row in labels] == [1.0, 0.0, None, 0.0]
    assert {(row.person, row.drawn) for row in labels} == {("ann", "evenly")}
    read_run(runs["pass"]).layout.labels.unlink()


def test_a_page_that_is_loaded_again_goes_on_where_it_was(browser, show, page_of) -> None:
    page = page_of("grades", "kept")
    show(page)
    press(browser, "251")
    name = browser.find_element(By.ID, "labels--person")
    name.clear()
    name.send_keys('=a "b", c')
    browser.refresh()
    assert title(browser) == "Answer 4 of 10: letters"
    rows = saved(browser)
    assert [row["score"] for row in rows] == ["2", "5", "1"]
    assert {row["person"] for row in rows} == {'\'=a "b", c'}
    press(browser, "4" * 7)
    assert "That was the last one: save the CSV." in browser.find_element(By.ID, "labels--done").text


def test_a_browser_that_keeps_nothing_says_so_and_still_saves(browser, show, page_of) -> None:
    blocked = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked'); }});"
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": blocked})
    try:
        show(page_of("pass", "blocked"))
        assert "This browser keeps nothing" in browser.find_element(By.ID, "labels--kept").text
        press(browser, "pp")
        assert len(saved(browser)) == 2
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def test_hostile_answers_are_text_and_nothing_is_loaded(browser, show, page_of) -> None:
    page = page_of("pair", "hostile")
    show(page)
    shown = []
    for _ in range(10):
        shown.append(browser.find_element(By.ID, "labels--texts").text)
        press(browser, "n")
    assert sum("<img src=x onerror=alert(1)></script><script>alert(2)</script>" in text for text in shown) == 5
    assert browser.execute_script("return document.querySelectorAll('img, main script').length") == 0
    source = page.read_text(encoding="utf-8")
    assert "\u202e" not in source
    assert "\x1b" not in source
    requests = [each for each in browser.get_log("performance") if '"Network.requestWillBeSent"' in each["message"]]
    assert [each for each in requests if "file://" not in each["message"] and "data:," not in each["message"]] == []


def test_wide_scales_have_a_field(browser, show, page_of) -> None:
    show(page_of("many", "wide"))
    field = browser.find_element(By.CSS_SELECTOR, "#labels--choices input")
    field.send_keys("101\n")
    assert title(browser) == "Answer 1 of 10: letters"
    field.clear()
    field.send_keys("70\n")
    assert title(browser) == "Answer 2 of 10: letters"
    assert [row["score"] for row in saved(browser)] == ["70"]
