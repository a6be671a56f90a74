"""The table of all answers, as a browser shows it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.axe import COLOURS, violations
from tests.browser.conftest import look
from tests.made_up.gates import FakeGate, FakeSide, write_gate
from tests.made_up.runs import FakeRun, write_run
from tests.made_up.standard_runs import plain_systems
from wattbench_reports.html import write_report

pytestmark = pytest.mark.slow

HOSTILE = '</script><img src=x onerror="document.title=1">\u202egnihtyna\x00'
LABELS = ("Yes", "No")


def answer(system: str, task: str, doc: int) -> str:
    """Return made-up answers: one with markup, one of a megabyte, and labels."""
    if task == "spell_backward":
        return HOSTILE * (1 + 20_000 * (doc == 1)) if doc < 2 else f"the same words, and {system} says {doc}"
    return LABELS[(doc + (system == "regex")) % 2]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Write a report of a run with answers of many kinds, and return it with its answers."""
    root = tmp_path_factory.mktemp("answers")
    run = write_run(root, FakeRun(plain_systems(), items=70))
    path = run / "items.parquet"
    table = pd.read_parquet(path)
    rows = list(zip(table["system"], table["task"], table["doc_id"], strict=True))
    table["filtered"] = table["output"] = [answer(*row) for row in rows]
    table["target"] = [LABELS[doc % 2] if task == "chain_sum" else f"key {doc}" for _, task, doc in rows]
    table["prompt"] = [f"Question {doc} of {task}\n" * (1 + 500 * (doc == 2)) for _, task, doc in rows]
    pq.write_table(pa.Table.from_pandas(table, schema=pq.read_schema(path), preserve_index=False), path)
    return write_report(run, root / "answers.html"), table


def wait(browser, script: str):
    return WebDriverWait(browser, 20).until(lambda _: browser.execute_script(f"return {script}"))


def text(browser, identity: str) -> str:
    return browser.execute_script("return document.getElementById(arguments[0]).innerText", identity)


def rows(browser) -> list[list[str]]:
    wait(browser, "document.getElementById('answers--rows').childElementCount")
    return browser.execute_script(
        "return [...document.querySelectorAll('#answers--rows tr')].map(e => [...e.cells].map(c => c.innerText))"
    )


def status(browser) -> str:
    return text(browser, "answers--status")


CHOOSE = """
const select = document.querySelector(arguments[0]);
select.value = arguments[1];
select.dispatchEvent(new Event('input', {bubbles: true}));
select.dispatchEvent(new Event('change', {bubbles: true}));
"""


def choose(browser, query: str, value: str) -> None:
    """Choose an option as a person does; a driver's click misses while the page scrolls smoothly."""
    browser.execute_script(CHOOSE, query, value)


def click(browser, query: str) -> None:
    browser.execute_script("document.querySelector(arguments[0]).click()", query)


RESET = "#answers--form [type=reset]"


def test_nothing_is_read_before_the_section_opens(browser, show, page) -> None:
    show(page[0])
    assert browser.execute_script("return document.getElementById('answers--rows').childElementCount") == 0
    browser.execute_script("document.getElementById('answers').closest('details').open = true")
    assert len(rows(browser)) == 50
    right = int(page[1]["correct"].sum())
    assert status(browser) == f"420 of 420 answers, {right} of them right. Rows 1 to 50."
    click(browser, "#answers--later")
    assert "Rows 51 to 100." in status(browser)
    assert browser.get_log("browser") == []


def test_filters_agree_with_the_record(browser, show, page) -> None:
    show(page[0], fragment="#answers&outcome=wrong&system=regex")
    table = page[1]
    wrong = table[(table["system"] == "regex") & (table["correct"] < 0.5)]
    rows(browser)
    assert status(browser).startswith(f"{len(wrong)} of 420 answers, 0 of them right.")
    choose(browser, "#answers--task", "chain_sum")
    assert status(browser).startswith(f"{(wrong['task'] == 'chain_sum').sum()} of 420")
    assert browser.current_url.endswith("#answers&outcome=wrong&system=regex&task=chain_sum")
    click(browser, RESET)
    choose(browser, "#answers--flipped", "regex")
    choose(browser, "#answers--against", "generalist")
    means = table.groupby(["task", "doc_id", "system"])["correct"].mean().unstack()
    flipped = int(((means["regex"] >= 0.5) != (means["generalist"] >= 0.5)).sum())
    assert status(browser).startswith(f"{2 * flipped} of 420 answers, {flipped} of them right.")
    click(browser, RESET)
    box = browser.find_element("id", "answers--search")
    box.send_keys("QUESTION 33 of")
    assert status(browser).startswith("6 of 420")
    box.send_keys(Keys.BACKSPACE * 20 + "regex says 44")
    assert status(browser).startswith("1 of 420")
    assert browser.current_url.endswith("#answers&search=regex%20says%2044")


def test_an_order_sorts_all_answers(browser, show, page) -> None:
    show(page[0], fragment="#answers&order=slow")
    slowest = page[1].assign(seconds=page[1]["finished_s"] - page[1]["started_s"]).sort_values("seconds").iloc[-1]
    first, *_ = rows(browser)
    assert first[:2] == [f"{slowest['task']}, document {slowest['doc_id']}", slowest["system"]]


def test_a_link_names_an_item_and_shows_two_answers(browser, show, page) -> None:
    show(page[0], fragment="#answer=spell_backward/5&left=generalist&right=regex&system=regex")
    wait(browser, "!document.getElementById('answers--item').hidden")
    said = text(browser, "answers--item")
    assert "spell_backward, document 5" in said
    assert "Question 5 of spell_backward" in said
    assert "key 5" in said
    marks = browser.execute_script(
        "return [...document.querySelectorAll('#answers--item mark')].map(e => e.textContent)"
    )
    assert marks == ["generalist", "regex"]
    assert status(browser).startswith("140 of 420"), "the filter of the link"
    assert browser.execute_script("return document.activeElement.textContent") == "spell_backward, document 5"
    choose(browser, "[data-side=left]", "specialist")
    assert "left=specialist&right=regex" in browser.current_url
    assert "specialist says 5" in text(browser, "answers--item")
    click(browser, "#answers--item .links a:nth-last-child(2)")
    wait(browser, "document.getElementById('answers--item').innerText.includes('spell_backward, document 6')")
    click(browser, "#answers--item .links a:last-child")
    wait(browser, "document.getElementById('answers--item').hidden")
    browser.back()
    wait(browser, "!document.getElementById('answers--item').hidden")
    show(page[0], fragment="#answer=spell_backward/999")
    wait(browser, "document.getElementById('answers--item').innerText.includes('no answer to spell_backward/999')")


def test_a_row_opens_by_keyboard(browser, show, page) -> None:
    show(page[0], fragment="#answers&task=spell_backward&search=says 9")
    rows(browser)
    link = browser.find_element("css selector", "#answers--rows a")
    link.send_keys(Keys.ENTER)
    wait(browser, "document.activeElement.textContent === 'spell_backward, document 9'")


def test_a_cell_of_a_confusion_matrix_leads_to_its_answers(browser, show, page) -> None:
    show(page[0])
    found = browser.execute_script("""
      const link = document.querySelector('#labels a[href*="system=regex"][href*="key=Yes&label=No"]');
      const cell = link && link.textContent;
      link?.click();
      return cell;
    """)
    assert found is not None
    rows(browser)
    assert status(browser).startswith(f"{found} of 420 answers, 0 of them right.")


DOTS = """
return [...document.querySelectorAll("svg [id*='-system-']")].map((each, k) => {
  (each.querySelector('use') ?? each).dispatchEvent(new MouseEvent('click', {bubbles: true}));
  return [each.id, location.hash];
});
"""


def test_a_dot_of_a_figure_leads_to_the_answers_of_its_system(browser, show, page) -> None:
    show(page[0])
    systems = ["generalist", "specialist", "regex"]
    found = browser.execute_script(DOTS)
    assert {identity.partition("-system-")[0] for identity, _ in found} >= {"decision-picture", "tradeoff-figure"}
    for identity, fragment in found:
        assert fragment == f"#answers&system={systems[int(identity[-1])]}"
    rows(browser)
    assert status(browser).startswith("140 of 420")
    # A picture that is drawn for other settings leads there too.
    browser.execute_script(
        "const field = document.getElementById('max-p95'); field.value = '1ms';"
        "field.dispatchEvent(new Event('input', {bubbles: true}));"
    )
    wait(browser, "document.querySelector('#decision-picture.picture')")
    again = [identity for identity, _ in browser.execute_script(DOTS) if identity.startswith("decision-picture")]
    assert sorted(again) == [f"decision-picture-system-{number}" for number in range(3)]


def test_hostile_and_long_texts_are_texts(browser, show, page) -> None:
    show(page[0], fragment="#answer=spell_backward/1")
    wait(browser, "!document.getElementById('answers--item').hidden")
    assert browser.title.startswith("demo")
    assert browser.execute_script("return document.querySelectorAll('#answers img, #answers--item script').length") == 0
    said = text(browser, "answers--item")
    assert "</script><img src=x onerror=" in said
    assert "⟨U+202E⟩gnihtyna␀" in said
    assert "(the first 4,000 of " in said
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_serious_violation(browser, show, axe, page, width) -> None:
    show(page[0], width=width, fragment="#answer=spell_backward/2")
    wait(browser, "!document.getElementById('answers--item').hidden")
    assert [each for each in violations(browser, axe) if each[0] in {"serious", "critical"}] == []
    look(browser, width, scheme="dark")
    assert [each for each in violations(browser, axe, COLOURS) if each[0] in {"serious", "critical"}] == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_browser_that_cannot_inflate_says_so(browser, show, page) -> None:
    show(page[0])
    browser.execute_script(
        "delete window.DecompressionStream; document.getElementById('answers').closest('details').open = true"
    )
    wait(browser, "document.getElementById('answers--status').textContent.includes('DecompressionStream')")
    assert "wattbench view" in text(browser, "answers")


def test_the_page_of_a_gate_shows_flipped_items_first(browser, show, tmp_path) -> None:
    run = write_gate(tmp_path, FakeGate(candidate=FakeSide("new <b>", accuracy=0.3), items=80))
    table = pd.read_parquet(run / "items.parquet")
    right = table.groupby(["task", "doc_id", "system"])["correct"].mean().unstack().dropna() >= 0.5
    flipped = int((right.iloc[:, 0] != right.iloc[:, 1]).sum())
    show(write_report(run, tmp_path / "gate.html"))
    browser.execute_script("document.getElementById('answers').closest('details').open = true")
    rows(browser)
    assert status(browser).startswith(f"{2 * flipped} of {len(table)} answers, {flipped} of them right.")
    click(browser, RESET)
    assert status(browser).startswith(f"{len(table)} of {len(table)} answers")


def test_judged_answers_have_an_opinion_a_label_and_a_filter(browser, show, pages) -> None:
    show(pages["judged"], fragment="#answers&task=chain_sum")
    heads = "[...document.querySelectorAll('.answers thead th')].map(each => each.innerText)"
    assert len(rows(browser)) == 50
    at = browser.execute_script(f"return {heads}").index("Judge's opinion")
    for choice, opinion, said in (
        ("judge's opinion", True, False),
        ("labelled, judge agrees", True, True),
        ("judge and people differ", True, True),
    ):
        choose(browser, "#answers--judged", choice)
        shown = rows(browser)
        assert shown and all(bool(row[at]) is opinion and bool(row[at + 1]) is said for row in shown)
        outcomes = {row[at - 1] for row in shown}
        assert outcomes <= ({"right", "wrong"} if said else {"right: judge's opinion", "wrong: judge's opinion"})
        if said:
            assert all((row[at] != row[at + 1]) is ("differ" in choice) for row in shown)
    choose(browser, "#answers--judged", "not judged")
    assert all(row[at] == "" for row in rows(browser))


def test_an_answer_to_read_opens_from_the_section(browser, show, pages) -> None:
    show(pages["judged"], fragment="#judged")
    browser.execute_script("document.querySelector('#judged a[href*=\"answer=chain_sum\"]').click()")
    wait(browser, "!document.getElementById('answers--item').hidden")
    assert "judge's opinion" in text(browser, "answers--item") and "label" in text(browser, "answers--item")
    assert browser.get_log("browser") == []
