"""The shipped task of free answers: its rows are the script's, and a program knows which notes are right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.systems.rules import writing
from benchmarks.tasks.writing import draw_notes
from benchmarks.tasks.writing.check_notes import grade
from wattbench.config.file_task import FileTask
from wattbench.config.loader import load_suite

SUITE = Path(__file__).parents[2] / "benchmarks" / "suites" / "notes.yaml"

ITEM = {"customer": "Ms Brandt", "order": "48213", "day": "Tuesday", "amount": "37.50"}


def test_the_file_is_what_the_script_draws() -> None:
    assert draw_notes.FILE.read_text(encoding="utf-8") == draw_notes.text()


def test_no_row_comes_twice_and_no_fact_can_be_taken_for_another() -> None:
    rows = [json.loads(line) for line in draw_notes.text().splitlines()]
    assert len({row["order"] for row in rows}) == len(rows) == draw_notes.ROWS
    assert max(float(row["amount"]) for row in rows) < min(int(row["order"]) for row in rows)


@pytest.mark.parametrize(
    "note",
    [
        "Dear Ms Brandt, order 48213 arrives on Tuesday. Please have 37.50 euros ready.",
        "Order #48213: TUESDAY, EUR 37.5.",
        "48,213 comes on Tue. for €37,50",
        "37.50 for 48213, on Tuesdays. I sat in the sun, and wed on a monochrome day.",
        "On Tuesday, Tuesday!, your order 48213 (order 48213) comes for 37.50, that is 37.50.",
    ],
)
def test_a_note_is_right_in_whatever_words(note: str) -> None:
    assert grade(ITEM, note)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "Your order arrives on Tuesday. Please have 37.50 euros ready.",
        "Order 48213 arrives on Tuesday.",
        "Order 48213 arrives soon, for 37.50 euros.",
        "Order 48213 arrives on Wednesday, for 37.50 euros.",
        "Order 48213 arrives on Tuesday or Wednesday, for 37.50 euros.",
        "Order 48213 arrives on Tuesday, that is tomorrow, for 37.50 euros.",
        "Order 48213 arrives on Tuesday, for 37.50 euros, until Sat.",
        "Order 48213 arrives on Tuesday, for 38 euros.",
        "Order 48213 arrives on Tuesday, for 37.50 euros, with 2 chairs.",
        "Order 48213 arrives on Tuesday, for 375.0 euros.",
        "Order 48.213 arrives on Tuesday, for 37.50 euros.",
        "Order 4 8213 arrives on Tuesday, for 37.50 euros.",
        "Order 48213 arrives on Tuesday, for 37.50.1 euros.",
    ],
)
def test_a_note_is_wrong_that_lacks_a_fact_or_states_another(note: str) -> None:
    assert not grade(ITEM, note)


@given(st.text() | st.text(alphabet="0123456789.,; Tuesday"))
def test_any_text_has_a_grade(note: str) -> None:
    assert grade(ITEM, note) in (True, False)


def test_the_worked_example_of_the_prompt_is_right() -> None:
    [task] = load_suite(SUITE).suite.tasks.select
    assert isinstance(task, FileTask)
    example = (task.prompt or "").partition("Note:")[2].partition("\n")[0]
    assert grade(ITEM, example)


def test_the_form_is_wrong_where_it_rounds() -> None:
    rows = draw_notes.rows()
    for row in rows:
        note = writing.write(f"Facts: {row['facts']}\nNote:")
        assert grade(row, note) == row["amount"].endswith(".00")
    assert writing.write("Calculate 1 + 1") == writing.UNKNOWN
