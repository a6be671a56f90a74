"""Forms of answers: what each leaves out, and that doing so twice or to both texts changes nothing further."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wattbench.records import ALL_FORMS, COMBINATIONS, AnswerForm, answer_in, in_clauses, in_order, target_in

TEXTS = st.text(alphabet=st.sampled_from(" \n\r\t\u00a0aAßİ1-+.,!()\"'*[]。"), max_size=12)
FORMS = st.sampled_from(COMBINATIONS)


@pytest.mark.parametrize(
    ("form", "text", "changed"),
    [
        ("strip", " 72\n", "72"),
        ("strip", "\u00a0a b\u3000", "a b"),
        ("lower", " Paris.", " paris."),
        ("punctuation", "**Paris**.", "Paris"),
        ("punctuation", "“Yes,”", "Yes"),
        ("punctuation", "-0.5", "-0.5"),
        ("punctuation", "$5", "$5"),
        ("punctuation", "...", "..."),
        ("punctuation", "(A) ", "A) "),
        ("first-line", "\n\n 72\r\nQuestion: 3", " 72"),
        ("first-line", "\n \n", "\n \n"),
    ],
)
def test_each_form_leaves_out_what_it_says(form: str, text: str, changed: str) -> None:
    assert answer_in(text, [AnswerForm(form)]) == changed


def test_forms_together_reach_what_lies_behind_one_another() -> None:
    assert answer_in(" (A) \nbecause", ALL_FORMS) == "a"
    assert answer_in(' "**Paris** " .', (AnswerForm.STRIP, AnswerForm.PUNCTUATION)) == "Paris"


def test_a_target_keeps_its_lines() -> None:
    assert target_in("a\nb", ALL_FORMS) == "a\nb"


@given(TEXTS, FORMS)
@example("1\r.", (AnswerForm.PUNCTUATION, AnswerForm.FIRST_LINE))
def test_a_form_of_a_form_is_itself(text: str, forms) -> None:
    once = answer_in(text, forms)
    assert answer_in(once, forms) == once


@given(TEXTS, FORMS)
def test_a_form_adds_nothing(text: str, forms) -> None:
    kept = answer_in(text, forms)
    assert kept in (text.lower() if AnswerForm.LOWER in forms else text)


@given(TEXTS, FORMS)
def test_a_text_of_one_line_equals_itself_in_every_form(text: str, forms) -> None:
    line = text.replace("\n", "").replace("\r", "")
    assert answer_in(line, forms) == target_in(line, forms)


def test_forms_are_named_in_one_order_and_in_words() -> None:
    assert in_order(["first-line", "strip", "strip"]) == (AnswerForm.STRIP, AnswerForm.FIRST_LINE)
    assert in_clauses(ALL_FORMS) == (
        "blanks are stripped, letters are lower-cased, punctuation at the ends is dropped and the first line is taken"
    )
    assert in_clauses(()) == ""
    assert len(COMBINATIONS) == 15
