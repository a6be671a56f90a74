"""From lm-eval's samples to rows: which metric is correctness, and what is no correctness at all."""

from __future__ import annotations

import numpy as np
import pytest

from wattbench.config import TaskChoice
from wattbench.errors import UserError
from wattbench.tasks.scoring import score_rows


def sample(doc_id: int, filter_name: str = "none", **metrics: object) -> dict[str, object]:
    return {
        "doc_id": doc_id, "doc_hash": f"d{doc_id}", "target": 7, "filter": filter_name, "filtered_resps": ["seven"],
        "arguments": [("prompt", {})], "metrics": list(metrics), **metrics,
    }  # fmt: skip


CHOICE = TaskChoice(task="t", domain="d")


def test_the_first_metric_is_correctness_unless_the_suite_names_one() -> None:
    samples = [sample(0, "strict", em=0.0, f1=0.5), sample(0, "loose", em=1.0, f1=0.75)]
    first = score_rows(samples, CHOICE, 0)
    assert [(row.correct, row.filtered, row.target) for row in first] == [(0.0, "seven", "7")]
    assert first[0].metrics == {"em,strict": 0.0, "f1,strict": 0.5, "em,loose": 1.0, "f1,loose": 0.75}
    named = CHOICE.model_copy(update={"metric": "em,loose"})
    assert [row.correct for row in score_rows(samples, named, 2)] == [1.0]
    assert [row.repeat for row in score_rows(samples, named, 2)] == [2]
    bare = CHOICE.model_copy(update={"metric": "f1"})
    assert [row.correct for row in score_rows(samples, bare, 0)] == [0.5]


def test_numpys_numbers_become_numbers_and_strange_metrics_text() -> None:
    row = score_rows([sample(0, acc=np.float64(1.0), odd=(1, {2}))], CHOICE, 0)[0]
    assert row.correct == 1.0
    assert row.metrics == {"acc,none": 1.0, "odd,none": "(1, {2})"}


@pytest.mark.parametrize("value", [12.3, -0.1, float("nan"), "good", None, (1, 2)])
def test_a_metric_outside_zero_to_one_is_refused(value: object) -> None:
    with pytest.raises(UserError, match="correctness is between 0 and 1"):
        score_rows([sample(0, perplexity=value)], CHOICE, 0)


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"did you mean 'exact_match,none'"):
        score_rows([sample(0, exact_match=1.0)], CHOICE.model_copy(update={"metric": "exact_mach,none"}), 0)


def test_the_likeliest_choice_stands_for_the_answer() -> None:
    chosen = sample(0, acc=1.0) | {
        "filtered_resps": [(-5.0, False), (-1.0, True)],
        "arguments": [("prompt", " no"), ("prompt", " yes")],
    }
    assert score_rows([chosen], CHOICE, 0)[0].filtered == "yes"
