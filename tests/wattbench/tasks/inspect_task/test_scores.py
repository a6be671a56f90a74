"""Scores count as inspect_ai counts them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from wattbench.tasks.inspect_task.scores import share_of, values_of


@pytest.mark.parametrize(
    "value", ["C", "P", "I", "N", 0, 1, 0.25, True, False, "0.5", "yes", "No", "TRUE", "false", -2, 7]
)
def test_a_value_is_the_number_that_inspect_ai_makes_of_it(value: Any) -> None:
    scorer = pytest.importorskip("inspect_ai.scorer")
    assert share_of(value) == scorer.value_to_float()(value)


@pytest.mark.parametrize("value", [None, "great", [1], {}, math.nan, "nan"])
def test_what_is_no_number_is_no_score(value: Any) -> None:
    assert share_of(value) is None


def test_a_scorer_with_several_values_has_several_scores() -> None:
    scores = {"match": {"value": "C", "answer": "4"}, "judge": {"value": {"style": 1, "truth": "P"}}, "plain": 0.5}
    assert values_of(scores) == {"match": "C", "judge.style": 1, "judge.truth": "P", "plain": 0.5}
    with pytest.raises(ValueError, match=r"the score 'votes' is a list; it must be a number"):
        values_of({"votes": {"value": [1, 0]}})
