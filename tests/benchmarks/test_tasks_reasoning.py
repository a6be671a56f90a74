"""The reasoning written for training: it comes to the right answer, checks itself, and sometimes mends a slip."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

TASKS = Path(__file__).resolve().parents[2] / "benchmarks" / "tasks"
sys.path.insert(0, str(TASKS))

import documents  # noqa: E402
import generate  # noqa: E402
import reasoning  # noqa: E402
import scoring  # noqa: E402

SPLITS = {f"{domain}/{task}": list(recipe["splits"]) for domain, task, recipe in generate.recipes()}
LONGEST = 400
"""Characters that reasoning may take."""

EQUATION = re.compile(r"(?<![\w.])\d+(?: (?:[-+*/]|mod) \d+)* = \d+(?: [-+*/] \d+)*")


@cache
def traces(name: str, split: str = "train") -> tuple[tuple[dict[str, str], str], ...]:
    """Return every document with its reasoning; tests share them and may not change them."""
    task = name.partition("/")[2]
    return tuple(
        (document, reasoning.trace(task, document["question"], document["answer"]))
        for document in documents.read(name, split)
    )


def correct_part(text: str) -> str:
    """Return the text after the last slip that was mended."""
    return text.rpartition("That is wrong")[2]


@pytest.mark.parametrize("name", SPLITS)
def test_the_documents_to_learn_from_hold_their_reasoning(name):
    assert all(document["reasoning"] == text for document, text in traces(name))


def test_documents_of_arithmetic_have_what_to_enter_into_a_calculator():
    for name in SPLITS:
        task = name.partition("/")[2]
        for document, _ in traces(name):
            expected = reasoning.calculation(task, document["question"], document["answer"])
            assert document.get("calculation") == expected
            assert (expected is not None) == name.startswith("arithmetic/")


def test_a_calculation_that_gives_another_answer_is_refused():
    with pytest.raises(ValueError, match="comes to 42 and not to '41'"):
        reasoning.calculation("addition", "Calculate 17 + 25.", "41")
    with pytest.raises(ValueError, match="comes to 4 and not to '8'"):
        reasoning.calculation("gcd", "Find the GCD of these numbers: 20, 8.", "8")


def test_every_task_has_its_reasoning():
    assert sorted(reasoning.TRACES) == sorted(name.partition("/")[2] for name in SPLITS)


@pytest.mark.parametrize("name", SPLITS)
def test_the_answer_of_every_trace_is_the_documents_in_every_split(name):
    settings = yaml.safe_load((TASKS / f"{name}.yaml").read_text())["dataset_kwargs"]
    kind, choices = settings["answer_type"], settings.get("choices", ())
    for split in SPLITS[name]:
        for document, text in traces(name, split):
            assert scoring.extract(text, kind, choices) == scoring.canonical(document["answer"], kind)
            assert text.endswith(f"\nSo the answer is {document['answer']}.")


@pytest.mark.parametrize("name", SPLITS)
def test_traces_are_short_check_themselves_and_do_not_end_a_turn(name):
    for _, text in traces(name):
        assert len(text) <= LONGEST
        assert "Check: " in text
        assert text.count("\n") == 1
        assert "Question:" not in text


@pytest.mark.parametrize("name", SPLITS)
def test_about_one_of_five_mends_a_slip(name):
    written = [reasoning.corrects(text) for _, text in traces(name)]
    assert 0.1 <= sum(written) / len(written) <= 0.3


@pytest.mark.parametrize("name", SPLITS)
def test_every_answer_is_sometimes_reached_by_way_of_a_slip_and_sometimes_not(name):
    """A slip must not give the answer away."""
    found = [(document["answer"], reasoning.corrects(text)) for document, text in traces(name)]
    often = {answer for answer, count in Counter(answer for answer, _ in found).items() if count >= 60}
    assert {(answer, slip) for answer in often for slip in (True, False)} <= set(found)


@pytest.mark.parametrize("name", SPLITS)
def test_every_equation_that_is_not_a_slip_holds(name):
    for _, text in traces(name):
        for equation in EQUATION.findall(correct_part(text)):
            left, right = equation.replace("mod", "%").split(" = ")
            assert eval(left) == eval(right), text


def test_the_same_question_gets_the_same_words():
    assert reasoning.trace("addition", "Calculate 17 + 25.", "42") == (
        "Units: 7 + 5 = 12, write 2, carry 1. Tens: 1 + 2 + 1 = 4. That gives 42. Check: 42 - 25 = 17, right.\n"
        "So the answer is 42."
    )


@pytest.mark.parametrize("name", SPLITS)
def test_a_wrong_answer_is_refused(name):
    task = name.partition("/")[2]
    for document in documents.read(name, "fewshot"):
        with pytest.raises(ValueError, match="the reasoning comes to"):
            reasoning.trace(task, document["question"], document["answer"] + "x")


@pytest.mark.parametrize("task", reasoning.TRACES)
@pytest.mark.parametrize("question", ["", "Calculate", "Who?", "All dogs are cats", "Is it a leap year?"])
def test_what_is_no_question_of_the_task_is_refused(task, question):
    with pytest.raises(ValueError, match="not"):
        reasoning.trace(task, question, "4")


def test_an_unknown_task_is_refused():
    with pytest.raises(KeyError):
        reasoning.trace("cooking", "Calculate 1 + 1.", "2")


@given(st.integers(0, 100), st.integers(0, 100))
def test_any_two_numbers_are_added(left, right):
    reasoning.trace("addition", f"Calculate {left} + {right}.", str(left + right))


@given(st.lists(st.integers(2, 1000), min_size=2, max_size=4))
def test_any_greatest_common_divisor_is_found(numbers):
    question = f"Find the GCD of these numbers: {', '.join(map(str, numbers))}. Give only the GCD."
    text = reasoning.trace("gcd", question, str(math.gcd(*numbers)))
    quotients = [int(number) for number in re.findall(r" / \d+ = (\d+)", correct_part(text))]
    assert math.gcd(*quotients) == 1


@given(st.sampled_from("aest"), st.lists(st.text("aestAEST", min_size=1, max_size=9), min_size=1, max_size=6))
def test_any_letters_are_counted(letter, words):
    text = " ".join(words)
    question = f'How many times does the letter "{letter}" appear in the text: "{text}"?'
    reasoning.trace("letter_counting", question, str(text.lower().count(letter)))


@given(
    st.dates(date(1600, 1, 1), date(2400, 1, 1)),
    st.integers(0, 27),
    st.sampled_from(["%Y-%m-%d", "%m/%d/%Y", "%d %B %Y", "%A, %B %d, %Y", "%a %b %d %Y", "%Y-%m-%d (%A)"]),
)
def test_any_days_between_are_counted(start, days, form):
    question = f"How much time elapsed from {start:{form}} to {start + timedelta(days):{form}}? Answer in D days."
    reasoning.trace("days_between", question, str(days))


@given(st.dates(date(1600, 1, 1), date(2400, 1, 1)), st.integers(-40, 40))
def test_any_number_of_days_is_counted(start, offset):
    said = f"{start:%A}, {start:%B} {start.day}, {start.year}"
    asked = f"will it be in {offset} days" if offset >= 0 else f"was it {-offset} days ago"
    question = f"If today is {said}, what day of the week {asked}? Name it."
    reasoning.trace("weekday_offset", question, f"{start + timedelta(offset):%A}")
