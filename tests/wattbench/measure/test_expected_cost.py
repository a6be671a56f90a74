"""What a run can cost, before it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.made_up.suites import suite_of
from wattbench.measure.expected_cost import costs_in_words, expected_costs
from wattbench.measure.preview import CellPreview
from wattbench.measure.shown_prompts import ShownPrompt, Turn
from wattbench.tasks.task_scores import TaskScores

SUITE = """
name: s
tasks: {select: [{task: t, domain: d}, {task: u, domain: d}]}
measure: {warmup: 2, repeats: 3}
systems:
  define:
    gpt: {kind: generalist, engine: endpoint, service: openai, model: m, max_output_tokens: 50,
          price: {input_per_million: 1, output_per_million: 2, currency: USD}}
    free: {kind: specialist, engine: python, call: "a:b"}
    mixed: {kind: hybrid, engine: hybrid, members: {a: gpt, b: free}, router: {type: always, member: a}}
"""


@pytest.fixture
def resolved(tmp_path: Path) -> Any:
    return suite_of(SUITE, tmp_path)


def cells(resolved: Any, **items: int | None) -> list[CellPreview]:
    return [
        CellPreview(name, config, choice, items[choice.task])
        for name, config in resolved.systems.items()
        for choice in resolved.tasks
    ]


PROMPTS = [ShownPrompt(task, 0, ("gpt", "free"), (Turn("user", text),)) for task, text in (("t", "é" * 50), ("u", "x"))]
SCORES = [TaskScores("t", None, max_tokens=10), TaskScores("u", None)]


def test_the_most_is_that_of_long_answers_to_prompts_like_the_first(resolved: Any) -> None:
    [gpt, mixed] = expected_costs(resolved, cells(resolved, t=4, u=1), PROMPTS, SCORES)
    of_t, of_u = (100 + 32) * 1 + 50 * 2, (1 + 32) * 1 + 50 * 2  # the system's limit goes before that of t
    assert gpt.requests == (4 * 3 + 2) + (1 * 3 + 2)
    assert gpt.most == pytest.approx((14 * of_t + 5 * of_u) / 1e6)
    assert (mixed.most, mixed.why_unknown) == (None, "it depends on what its router chooses")
    lines = costs_in_words([gpt, mixed], "2 USD")
    assert lines[0] == "gpt: 0.00391 USD, 19 requests"
    assert lines[1] == "mixed: not known: it depends on what its router chooses"
    assert lines[2] == "budget: 2 USD"


def test_what_was_not_read_has_no_cost(resolved: Any) -> None:
    [gpt, _] = expected_costs(resolved, cells(resolved, t=4, u=None), PROMPTS, SCORES)
    assert (gpt.most, gpt.why_unknown) == (None, "the documents of u were not read")
    assert costs_in_words([], None) == []
