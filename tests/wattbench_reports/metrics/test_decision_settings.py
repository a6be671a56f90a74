"""What a suite requires, and what a reader requires in its place."""

from __future__ import annotations

import math

import pytest

from wattbench.config import Decide
from wattbench.errors import UserError
from wattbench.records.schema.recorded import recorded
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import (
    DecisionChoice,
    DecisionSettings,
    Requirement,
    Worth,
    decision_settings,
    parsed_accuracy,
    parsed_seconds,
)

SUITE = Decide.model_validate(
    {"min_accuracy": {"text": "90%", "all": 0.8}, "max_p95_s": 0.3, "cost_wrong": 0.02, "minimise": "grams"}
)


def test_a_suite_that_says_nothing_requires_nothing() -> None:
    assert decision_settings(Decide()) == DecisionSettings()


def test_a_suites_requirements_are_read_overall_first() -> None:
    settings = decision_settings(SUITE, domains=["arithmetic", "text"])
    assert settings.requirements == (
        Requirement("accuracy", 0.8), Requirement("accuracy", 0.9, "text"), Requirement("p95", 0.3),
    )  # fmt: skip
    assert settings.worth == Worth(wrong=0.02)
    assert settings.minimise is CostUnit.GRAMS
    narrowed = decision_settings(SUITE, domains=["arithmetic"])
    assert [each.domain for each in narrowed.requirements] == [None, None]


def test_a_reader_replaces_and_drops_requirements() -> None:
    choice = DecisionChoice("arithmetic=0.5", math.inf, cost_wrong=0.0, worth_right=0.1, minimise="money")
    settings = decision_settings(SUITE, choice, ["arithmetic", "text"])
    assert settings.requirements == (Requirement("accuracy", 0.5, "arithmetic"),)
    assert settings.worth == Worth(right=0.1)
    assert settings.minimise is CostUnit.MONEY
    assert decision_settings(SUITE, DecisionChoice("none", math.inf)).requirements == ()


def test_a_choice_is_written_as_options() -> None:
    choice = DecisionChoice("0.8", 0.3, math.inf, None, 2.5, None, 0.05, 0.0, None, 100.0, "joules")
    assert choice.as_options() == [
        "--min-accuracy", "0.8", "--max-p95", "0.3s", "--max-cost", "none", "--max-grams", "2.5", "--risk", "0.05",
        "--worth-right", "0",
        "--carbon-price", "100", "--minimise", "joules",
    ]  # fmt: skip
    assert DecisionChoice().as_options() == []


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("0.8", {"all": 0.8}), ("80%", {"all": 0.8}), (" 80 % , b = 90% ", {"all": 0.8, "b": 0.9}),
        ("b=0.5", {"b": 0.5}), ("none", {}), ("all=0.7", {"all": 0.7}),
    ],
)  # fmt: skip
def test_accuracies_are_read(text: str, required: dict[str, float]) -> None:
    assert parsed_accuracy(text, ["a", "b"]) == pytest.approx(required)


@pytest.mark.parametrize("text", ["", "much", "a=", "0.8,0.9", "c=0.5", "a=0.5,a=0.6", "=x"])
def test_what_is_no_accuracy_is_a_named_error(text: str) -> None:
    with pytest.raises(UserError, match="min_accuracy: "):
        parsed_accuracy(text, ["a", "b"])


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.3s", 0.3), ("300ms", 0.3), ("2 s", 2.0), ("1e-1s", 0.1), ("none", math.inf)]
)
def test_times_are_read(text: str, seconds: float) -> None:
    assert parsed_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["300", "0.3", "1e-1", " 2 "])
def test_a_time_without_a_unit_is_asked_for_one(text: str) -> None:
    number = text.strip()
    with pytest.raises(UserError, match=rf"max_p95: {number} has no unit: write {number}ms or {number}s"):
        parsed_seconds(text)


@pytest.mark.parametrize(
    ("text", "said"), [("80", "80 is more than all: write 80% or 0.8"), ("1.5", "write 1.5% or 0.015")]
)
def test_percents_without_their_sign_are_told_apart_from_shares(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parsed_accuracy(text, ["a"])


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"min_accuracy": 1.2}, "min_accuracy: 1.2 is no share"),
        ({"min_accuracy": {"text": -0.1}}, "min_accuracy.text: -0.1 is no share"),
        ({"max_p95_s": 0}, "decide.max_p95_s is 0: it must be a number above 0; the record is damaged"),
        ({"carbon_price_per_tonne": -1}, "carbon_price_per_tonne is -1: it must be a number of 0 or more"),
        ({"minimise": "watts"}, "minimise is 'watts': it must be joules, grams, money or seconds"),
        ({"risk": 0.5}, "risk is 0.5: it must be a number below 0.5"),
        ({"risk": 0}, "risk is 0: it must be a number above 0"),
    ],
)
def test_a_damaged_record_is_a_named_error(block: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        decision_settings(recorded(Decide, block, "decide"), domains=["text"])
