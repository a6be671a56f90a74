"""How an answer is found in what a system wrote."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TASKS = Path(__file__).resolve().parents[2] / "benchmarks" / "tasks"
sys.path.insert(0, str(TASKS))

import scoring  # noqa: E402

DAYS = ("Monday", "Tuesday", "Thursday")
RELATIONS = ("mother", "mother-in-law", "wife")

FORMS = [
    "{}",
    " {}\n",
    "{}.",
    "**{}**",
    "`{}`",
    "${}$",
    '"{}"',
    "The answer is {}.",
    "The answer is {}",
    "Answer: {}",
    "Final answer: **{}**.",
    "The final answer is:\n\n{}",
    "**Answer:** {}",
    "\\boxed{{{}}}",
    "\\[ \\boxed{{{}}} \\]",
    "The answer is {}. Let me know if you have other questions!",
    "<think>Is it 17, Monday, Ada or a wife? The answer is Yes. No.</think>\n{}",
    "So the answer is {}.",
    "Hmm.\nTherefore it is {}.",
    "It is {}\n\nQuestion: What is 99 + 1? No, Zoe",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kind", "choices", "answer"),
    [
        ("number", (), "4"),
        ("number", (), "-12"),
        ("number", (), "3.5"),
        ("number", (), "1200"),
        ("choice", ("Yes", "No"), "No"),
        ("choice", DAYS, "Tuesday"),
        ("choice", RELATIONS, "mother-in-law"),
        ("name", (), "Ronan-Benedict"),
    ],
)
def test_an_answer_counts_in_whatever_form_it_comes(form, kind, choices, answer):
    if kind == "name" and "It is" in form:
        form = form.replace("\n\nQuestion: What is 99 + 1? No, Zoe", "")
    assert scoring.extract(form.format(answer), kind, choices) == scoring.canonical(answer, kind)


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("5 + 4 = 9", "9"),
        ("The sum of 5 and 4 is 9.", "9"),
        ("The answer to 5 + 4 is 9", "9"),
        ("The answer is 5 + 4 = 9", "9"),
        ("The answer is 5 + (-4) = 1.", "1"),
        ("The answer is 6, as 12 = 2 * 6 and 18 = 3 * 6.", "6"),
        ("The GCD of 12 and 18 is 6. Its divisors are 1, 2, 3 and 6.", "6"),
        ("39 = 3 * 13\n24 = 3 * 8\nSo the GCD is 3.", "3"),
        ("The answer is 7. Wait, that is wrong.\nThe answer is 8.", "8"),
        ("The answer is 8. That answer is the right one", "8"),
        ("1,234", "1234"),
        ("12,345,678.50", "12345678.5"),
        ("1, 2", "2"),
        ("-0", "0"),
        ("007", "7"),
        ("4.0", "4"),
        ("10-3", "3"),
        ("= −3", "-3"),
        ("the answer is ٤٢", "42"),
        ("４２", "42"),  # noqa: RUF001 (full-width digits)
        ("x²", ""),
        ("no idea", ""),
        ("", ""),
    ],
)
def test_numbers(output, answer):
    assert scoring.extract(output, "number") == answer


@pytest.mark.parametrize(
    ("output", "choices", "answer"),
    [
        ("Yes, because no dogs are cats.", ("Yes", "No"), "yes"),
        ("NO", ("Yes", "No"), "no"),
        ("Not at all, nothing follows", ("Yes", "No"), ""),
        ("If today is Monday, then three days later it is Thursday.", DAYS, "thursday"),
        ("Mondays", DAYS, ""),
        ("Anna is Tom's mother in law.", RELATIONS, "mother-in-law"),
        ("Anna is the mother of Tom, who is her son", RELATIONS, "mother"),
        ("the step-mother", RELATIONS, ""),
    ],
)
def test_choices(output, choices, answer):
    assert scoring.extract(output, "choice", choices) == answer


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("Airlie", "airlie"),
        ("Airlie likes courage.", "airlie"),
        ("The person who likes courage is Tommi-Lee.", "tommi-lee"),
        ("it is O\u2019Neil", "o'neil"),
        ("nobody", ""),
    ],
)
def test_names(output, answer):
    assert scoring.extract(output, "name") == answer


def test_a_list_of_guesses_does_not_count():
    document = {"answer": "4", "answer_type": "number", "choices": []}
    assert scoring.process_results(document, ["4 or 5"]) == {"exact_match": 0.0}
    assert scoring.process_results(document, ["The answer is 4"]) == {"exact_match": 1.0}


def test_an_unknown_type_of_answer_is_an_error():
    with pytest.raises(ValueError, match="answer_type is number"):
        scoring.extract("4", "integer")
    with pytest.raises(ValueError, match="choice with its choices"):
        scoring.extract("4", "choice")


HOSTILE = [
    "9" * 100_000,
    "-" * 100_000,
    "1," * 50_000,
    "1,111" * 20_000,
    "1.1" * 40_000,
    "1+" * 50_000,
    "1 + " * 25_000 + "=",
    "The answer is 1" + " + 1" * 30_000,
    "answer " * 20_000,
    "answer is " * 20_000,
    "answer: 1 + 1 " * 10_000,
    "A-" * 50_000,
    "A'" * 50_000,
    "mother-in-" * 20_000,
    "mother " * 20_000,
    "\n" * 100_000,
    ". " * 50_000,
    "<think>" * 20_000,
    "</think>" * 20_000,
    "\\boxed{" * 20_000,
    "so " * 50_000,
    "\u0664" * 100_000,
    "\x00\ud800" * 1000,
    "e\u0301" * 50_000,
]


@pytest.mark.parametrize("output", HOSTILE, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize(("kind", "choices"), [("number", ()), ("name", ()), ("choice", RELATIONS)])
def test_a_hostile_output_is_read_quickly(output, kind, choices):
    started_s = time.process_time()
    scoring.extract(output, kind, choices)
    assert time.process_time() - started_s < 1


@given(st.text(max_size=400), st.sampled_from([("number", ()), ("name", ()), ("choice", RELATIONS)]))
def test_any_text_gives_an_answer_in_canonical_form_or_none(output, kind_and_choices):
    kind, choices = kind_and_choices
    answer = scoring.extract(output, kind, choices)
    assert answer == "" or scoring.canonical(answer, kind) == answer


@settings(max_examples=300)
@given(st.integers(-(10**12), 10**12), st.sampled_from(FORMS))
def test_every_integer_is_found_however_it_is_written(number, form):
    for written in (str(number), f"{number:,}", f"{number}.0", f"{number:,}.00"):
        assert scoring.extract(form.format(written), "number") == str(number)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_sum_answers_with_its_result(left, right):
    assert scoring.extract(f"{left} + {right} = {left + right}", "number") == str(left + right)
    assert scoring.extract(f"The answer is {left} + {right} = {left + right}.", "number") == str(left + right)


@given(st.text(alphabet="0123456789,.-+*/=() \n", max_size=60))
def test_texts_of_numbers_never_fail(output):
    scoring.extract(output, "number")
