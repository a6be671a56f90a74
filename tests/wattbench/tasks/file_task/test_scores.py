"""What each score forgives, and what it does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wattbench import records
from wattbench.tasks.file_task.scores import NO_ANSWER, Score, Words, number, plain, token_f1

LABELS = ("Billing", "card", "card lost", "refund_request", "C++", "C", "Non-urgent", "urgent")


def right(score: Score, reply: str, **doc: Any) -> bool:
    """Whether a reply is scored as right, as lm-eval would have it scored: by the filter, then by the metric."""
    [answer] = score.filter_replies([[reply]], [doc])
    return score.process_results(doc, [answer])["exact_match"] == 1.0


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("billing", "Billing"),
        (" **Billing**.\n", "Billing"),
        ("The team is Billing!", "Billing"),
        ('{"team": "billing"}', "Billing"),
        ("_billing_", "Billing"),
        ("BILLING\n\nbilling, as I said", "Billing"),
        ("<think>card or urgent?</think>\n\nBilling", "Billing"),
        ("It is card lost", "card lost"),
        ("refund request", "refund_request"),
        ("Refund-Request", "refund_request"),
        ("I'd say c++, of course", "C++"),
        ("It is non-urgent", "Non-urgent"),
        ("billing or card", NO_ANSWER),
        ("cardboard", NO_ANSWER),
        ("discard", NO_ANSWER),
        ("I do not know", NO_ANSWER),
        ("", NO_ANSWER),
        ("<think>Billing</think>", NO_ANSWER),
    ],
)
def test_a_label_is_found_in_a_verbose_reply_and_two_are_none(reply: str, label: str) -> None:
    score = Score("label", "team", LABELS)
    assert score.extract(reply, {}) == label
    assert right(score, reply, team=label) == (label != NO_ANSWER)


def test_labels_of_scripts_without_blanks_are_found_inside_a_sentence() -> None:
    assert Score("label", "t", ("账单", "退款")).extract("答案是账单。", {}) == "账单"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", "1234"), ("1.234,5", "1234.5"), ("1,234.5", "1234.5"), ("3,75", "3.75"), ("0,125", "0.125"),
        ("1'234.50", "1234.5"), ("1\u202f234", "1234"), ("12%", "12"), ("-5", "-5"), ("\u22123", "-3"), ("3-5", "5"),
        ("is 42.", "42"), ("1.234.567", "1234567"), ("1e3", "1000"), ("$1,234.50", "1234.5"), (".5", "0.5"),
        ("5kg", "5"), ("12 km2", "12"), ("first 7, then 8", "8"), ("1,2,3", "3"), ("no number", None), ("x2", None),
    ],
)  # fmt: skip
def test_the_last_number_counts_with_separators_of_thousands(text: str, value: str | None) -> None:
    assert number(text) == (None if value is None else Decimal(value))


@given(st.integers(-(10**12), 10**12), st.integers(0, 99))
def test_a_number_with_separators_is_itself(whole: int, cents: int) -> None:
    value = Decimal(whole) + Decimal(cents) / 100 * (1 if whole >= 0 else -1)
    score = Score("number", "n")
    for written in (f"{value:,.2f}", f"{value:.2f}", f"{value:,.2f}".translate(str.maketrans(",.", ".,"))):
        assert right(score, f"Let me see: 7 and 8. So it is {written} in all.", n=f"{value:.2f}")


def test_a_tolerance_is_absolute_and_zero_unless_it_is_set() -> None:
    assert not right(Score("number", "n"), "3.15", n="3.14")
    assert right(Score("number", "n", tolerance=0.01), "3.15", n="3.14")
    assert not right(Score("number", "n", tolerance=0.01), "3.151", n="3.14")
    assert right(Score("number", "n"), "42.0", n="42")


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"), ("(b)", "B"), ("b", "B"), ("**B**", "B"), ("B) London", "B"), ("B. London", "B"),
        ("The answer is B.", "B"), ("Answer: C", "C"), ("a dog", "C"), ("I think it is Paris", "A"), ("A dog", "C"),
        ("B. Paris", NO_ANSWER), ("Paris, not London", NO_ANSWER), ("A cat", NO_ANSWER), ("D", NO_ANSWER),
        ("I don't know", NO_ANSWER),
    ],
)  # fmt: skip
def test_a_choice_is_named_by_its_letter_or_its_text(reply: str, letter: str) -> None:
    doc = {"choices": ["Paris", "London", "a dog"], "answer_letter": letter, "city": "x"}
    score = Score("choice", "city")
    assert score.extract(reply, doc) == letter
    assert right(score, reply, **doc) == (letter != NO_ANSWER)


@pytest.mark.parametrize(
    ("kind", "reply", "expected"),
    [
        ("exact", "  paris. ", True), ("exact", "“Paris”", True), ("exact", "It is Paris", False),
        ("exact", "<think>hm</think>Paris", True), ("exact", "", False),
        ("contains", "It is PARIS, in France", True), ("contains", "parisian", False), ("contains", "Lyon", False),
        ("regex", "city=Paris; mood=good", True), ("regex", "city=Lyon", False), ("regex", "Paris", False),
    ],
)  # fmt: skip
def test_exact_contains_and_regex(kind: str, reply: str, expected: bool) -> None:
    assert right(Score(kind, "city", pattern=r"city=(\w+)"), reply, city="Paris") is expected


def test_f1_is_that_of_squad() -> None:
    assert token_f1("the Denver Broncos!", "Denver Broncos") == 1.0
    assert token_f1("Broncos of Denver", "Denver Broncos") == pytest.approx(0.8)
    assert token_f1("", "Denver") == 0.0
    metrics = Score("f1", "t").process_results({"t": "Denver Broncos"}, ["A broncos team"])
    assert metrics == {"f1": pytest.approx(0.5), "exact_match": 0.0}


def test_no_answer_is_recorded_as_reports_look_for_it() -> None:
    assert NO_ANSWER == records.NO_ANSWER


WORD = st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x24F), min_size=1, max_size=8)


def test_a_combining_accent_does_not_end_a_word() -> None:
    assert Score("label", "t", ("0", "1")).extract("İ1 **0**.", {}) == "0"


@given(st.lists(WORD, min_size=2, max_size=6, unique_by=plain), st.data())
def test_any_label_is_found_in_any_sentence_that_names_no_other(labels: list[str], data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(labels))
    others = [each for each in labels if each != label]
    around = data.draw(
        st.lists(WORD, max_size=4).filter(lambda words: not {*map(plain, words)} & {*map(plain, labels)})
    )
    score = Score("label", "t", tuple(labels))
    said = " ".join([*around, f"**{label.upper() if plain(label.upper()) == plain(label) else label}**.", *around])
    assert score.extract(said, {}) == label
    assert score.extract(f"{said} {others[0]}", {}) == NO_ANSWER


KINDS = ("label", "exact", "number", "contains", "regex", "choice", "f1")


@settings(max_examples=300)
@example("label", "", "[")
@example("label", "", "invalid")
@given(st.sampled_from(KINDS), st.text(max_size=80), st.text(min_size=1, max_size=20))
def test_any_reply_has_a_score_between_0_and_1_and_scoring_is_idempotent(kind: str, reply: str, target: str) -> None:
    score = Score(kind, "t", labels=("yes", target), pattern=r"\w+")
    doc = {"t": target, "choices": ["yes", target], "answer_letter": "B"}
    [answer] = score.filter_replies([[reply]], [doc])
    assert all(0.0 <= value <= 1.0 for value in score.process_results(doc, [answer]).values())
    if kind in ("label", "number", "choice", "exact"):
        assert score.process_results(doc, [answer]) == score.process_results(doc, [score.extract(answer, doc)])


@given(st.text(min_size=1, max_size=40))
def test_a_text_is_found_in_itself(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    if plain(text):
        assert Words((text,)).named_in(f" {text} ") == [text]
