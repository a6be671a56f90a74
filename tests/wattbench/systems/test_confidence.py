"""One scale of confidence for all engines: natural logarithms of probabilities."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm_eval.api.instance import Instance

from wattbench.config import PythonSystem
from wattbench.errors import UserError
from wattbench.systems import open_engine
from wattbench.systems.confidence import LEAST, TokenConfidence, of_probability


def mean(values: list[Any], tokens: int | None = None) -> float | None:
    confidence = TokenConfidence()
    confidence.add(values)
    return confidence.mean(tokens)


def test_it_is_the_logarithm_of_the_tokens_geometric_mean_probability() -> None:
    shares = [0.9, 0.5, 0.2]
    assert math.exp(mean([math.log(share) for share in shares])) == pytest.approx(math.prod(shares) ** (1 / 3))
    assert mean([-1, -2.0], tokens=2) == -1.5
    assert mean([-1.0, -2.0], tokens=1) == -1.5  # one may be that of the end token
    assert mean([-1.0, -2.0], tokens=0) is None
    assert mean([]) is None


@pytest.mark.parametrize("odd", [math.nan, math.inf, 0.1, "-1", None, True, [], {"logprob": -1}, 10**400])
def test_one_value_that_is_none_makes_the_answer_s_unknown(odd: Any) -> None:
    assert mean([-0.1, odd, -0.1]) is None


@pytest.mark.parametrize("low", [-9999.0, -3.4e38, -math.inf, -(10**400)])
def test_what_rounds_to_probability_0_is_bounded(low: float) -> None:
    assert mean([low, 0.0]) == max(low, LEAST) / 2
    assert mean([1e-7]) == 0.0


@given(st.lists(st.one_of(st.floats(), st.integers(), st.none(), st.text(), st.booleans()), max_size=5))
def test_whatever_a_server_states_it_is_unknown_or_a_logarithm(values: list[Any]) -> None:
    result = mean(values)
    assert result is None or LEAST <= result <= 0.0
    json.dumps(result, allow_nan=False)


def test_of_a_stated_probability_it_is_the_logarithm_and_of_0_unknown() -> None:
    assert of_probability(1.0) == 0.0
    assert of_probability(0.5) == math.log(0.5)
    assert of_probability(0.0) is None
    assert of_probability(5e-324) == pytest.approx(-744.44, abs=0.01)


@pytest.mark.parametrize(
    ("returns", "answer", "confidence"),
    [
        ("'x'", "x", 0.0),
        ("7", "7", 0.0),
        ("['a', 1]", "['a', 1]", 0.0),
        ("'x', 0.5", "x", math.log(0.5)),
        ("'x', numpy.float32(0.25)", "x", math.log(0.25)),
        ("'x', 1", "x", 0.0),
        ("'x', 0", "x", None),
        ("None", "", None),
        ("None, 0.9", "", None),
    ],
)
def test_a_function_says_how_sure_it_is(tmp_path: Path, returns: str, answer: str, confidence: float | None) -> None:
    with open_engine("s", system(tmp_path, returns), batch=1, seed=0) as engine:
        request = Instance("generate_until", {}, ("a prompt", {}), 0)
        [alone] = engine.answer("generate_until", [request])
        assert (alone.value, alone.confidence) == (answer, None)  # no cascade asks for it
        assert engine.lm.generate_until([request]) == [answer]
        engine.report_confidence()
        [asked] = engine.answer("generate_until", [request])
        assert asked.value == answer
        assert asked.confidence == (None if confidence is None else pytest.approx(confidence))


@pytest.mark.parametrize(
    "returns", ["'x', 1.1", "'x', -0.1", "'x', float('nan')", "'x', None", "'x', True", "1, 2, 3", "()"]
)
def test_another_tuple_is_no_answer(tmp_path: Path, returns: str) -> None:
    with (
        open_engine("s", system(tmp_path, returns), batch=1, seed=0) as engine,
        pytest.raises(
            UserError, match=r"system 's': its callable .*it returned .*a number from 0 to 1 on the prompt 'p'"
        ),
    ):
        engine.answer("generate_until", [Instance("generate_until", {}, ("p", {}), 0)])


def system(folder: Path, returns: str) -> PythonSystem:
    (folder / "rules.py").write_text(f"import numpy\ndef answer(prompt): return {returns}\n")
    return PythonSystem(kind="specialist", engine="python", call=f"{folder}/rules.py:answer")
