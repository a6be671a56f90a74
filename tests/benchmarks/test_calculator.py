"""The agent with a calculator: it computes what a model writes without running it, and hands the result back."""

from __future__ import annotations

import importlib.util
import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "systems" / "calculator" / "agent.py"
spec = importlib.util.spec_from_file_location("calculator_agent", PATH)
agent = importlib.util.module_from_spec(spec)
spec.loader.exec_module(agent)

whole = st.integers(0, 10**6)
expressions = st.recursive(
    whole.map(str),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", "-", " * "]), inner).map(lambda parts: "({}{}{})".format(*parts)),
        inner.map("(-{})".format),
    ),
    max_leaves=8,
)


@given(expressions)
def test_it_computes_as_python_does(expression):
    assert agent.calculate(expression) == str(eval(expression))  # made here, of digits and signs


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_a_greatest_common_divisor(numbers):
    assert agent.calculate(f"gcd({', '.join(map(str, numbers))})") == str(math.gcd(*numbers))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("12 * (7 + 3)", "120"), ("2 + 3 * 4", "14"), ("10 - 4 - 3", "3"), ("12 / 4 / 3", "1"), ("1 / 4", "0.25"),
        ("-3 * -(2)", "6"), ("0.1 + 0.2", "0.3"), ("7 / 3", "2.33333333333"), ("gcd(12, 2 * 9) + 1", "7"), (" 5 ", "5"),
        ("gcd(8)", "8"),
    ],
)  # fmt: skip
def test_precedence_signs_and_fractions(expression, expected):
    assert agent.calculate(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", "it ends too early"), ("1 +", "it ends too early"), ("1 2", "'2' is not expected"),
        ("(1", r"'\)' is missing"),
        ("1)", r"'\)' is not expected"), ("1 / (2 - 2)", "division by zero"), ("2 ** 9", r"'\*' is not expected"),
        ("gcd 4", r"'\(' is missing"), ("gcd()", r"'\)' is not expected"), ("gcd(1 / 2, 3)", "whole numbers"),
        ("__import__('os')", "'_' is not a part"), ("1e999999999", "'e' is not a part"), ("9" * 19 + "x", "is not"),
        ("(" * 199, "too many parentheses"), ("-" * 199, "too many parentheses"), ("(1, 2)", r"'\)' is missing"),
        ("gcda(1)", "'g' is not a part"), ("\u0663", "is not a part"),
    ],
)  # fmt: skip
def test_what_is_no_calculation_is_refused(expression, expected):
    with pytest.raises(ValueError, match=expected):
        agent.calculate(expression)


@given(st.text(max_size=200))
def test_whatever_a_model_writes_is_computed_or_refused(expression):
    try:
        result = agent.calculate(expression)
    except ValueError:
        return
    assert Fraction(result) is not None


class Model:
    """Completions that are written before: each prompt is kept."""

    def __init__(self, *replies: str) -> None:
        self.replies, self.prompts = list(replies), []

    def __call__(self, base_url: str, prompt: str) -> str:
        assert base_url == "http://127.0.0.1:1/v1"
        self.prompts.append(prompt)
        return self.replies.pop(0)


def solved(monkeypatch, *replies: str) -> tuple[str, list[str]]:
    model = Model(*replies)
    monkeypatch.setattr(agent, "_complete", model)
    return agent.solve("Q: 1 + 1\nA:", "http://127.0.0.1:1/v1"), model.prompts


def test_a_call_is_computed_and_the_model_asked_again(monkeypatch):
    answer, prompts = solved(monkeypatch, " <<1 + 1>>", " 2")
    assert answer == "2"
    assert prompts == ["Q: 1 + 1\nA:", "Q: 1 + 1\nA: <<1 + 1>>\n2\nAnswer:"]


def test_an_answer_without_a_call_is_the_answer(monkeypatch):
    assert solved(monkeypatch, " 3 ") == ("3", ["Q: 1 + 1\nA:"])


def test_a_wrong_call_is_said_to_the_model(monkeypatch):
    _, prompts = solved(monkeypatch, "<<1 +>>", "2")
    assert prompts[1].endswith("<<1 +>>\nerror: it ends too early\nAnswer:")


def test_a_model_that_calls_for_ever_is_stopped(monkeypatch):
    answer, prompts = solved(monkeypatch, *["<<1>>"] * 10)
    assert (answer, len(prompts)) == ("<<1>>", agent.MOST_REPLIES)


def test_it_asks_for_completions_that_end_at_a_line(monkeypatch):
    sent = []

    class Response:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self):
            return b'{"choices": [{"text": " 2"}]}'

    def urlopen(request, timeout):
        sent.append((request.full_url, json.loads(request.data), timeout))
        return Response()

    monkeypatch.setattr(agent.urllib.request, "urlopen", urlopen)
    assert agent.solve("Q", "http://127.0.0.1:1/s/7/v1") == "2"
    url, body, _ = sent[0]
    assert url == "http://127.0.0.1:1/s/7/v1/completions"
    assert (body["prompt"], body["stop"], body["temperature"]) == ("Q", ["\n"], 0)
