"""What is said of judging before a run, what it can cost, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.made_up.suites import suite_of
from wattbench.errors import UserError
from wattbench.measure.expected_cost import expected_costs
from wattbench.measure.judging.planned import OPINION, judging_in_words, planned_judging
from wattbench.measure.plan import check_judges
from wattbench.measure.preview import CellPreview
from wattbench.measure.shown_prompts import ShownPrompt, Turn
from wattbench.tasks.judged.rubric import MOST_BYTES
from wattbench.tasks.task_scores import TaskScores

SUITE = """
name: s
tasks:
  select:
    - {file: t.csv, input: q, domain: d, score: {judge: gpt, rubric: r.md}}
    - {file: t.csv, name: pairs, input: q, domain: d, score: {judge: gpt, rubric: r.md, scale: pair, against: a}}
measure: {repeats: 3}
systems:
  define:
    a: {kind: generalist, engine: python, call: "x:y"}
    b: {kind: generalist, engine: python, call: "x:y"}
judges:
  gpt: {kind: generalist, engine: endpoint, service: openai, model: m, max_output_tokens: 50,
        price: {input_per_million: 1, output_per_million: 2, currency: USD}}
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("q\none\ntwo\n")
    (tmp_path / "r.md").write_text("Be polite.")


def cells(resolved: Any, items: int | None = 2) -> list[CellPreview]:
    return [CellPreview(name, each, task, items) for name, each in resolved.systems.items() for task in resolved.tasks]


def test_what_judges_are_asked_is_said(tmp_path: Path) -> None:
    resolved = suite_of(SUITE, tmp_path)
    assert judging_in_words(planned_judging(resolved, cells(resolved))) == [
        "t by gpt (pass; r.md): 12 requests after all answers are recorded",
        "pairs by gpt (pair, against a, in both orders; r.md): 12 requests after all answers are recorded",
        OPINION,
    ]
    assert "an unknown number" in judging_in_words(planned_judging(resolved, cells(resolved, None)))[0]
    assert judging_in_words([]) == []


def test_a_priced_judge_has_a_highest_cost(tmp_path: Path) -> None:
    resolved = suite_of(SUITE, tmp_path)
    prompts = [ShownPrompt(task, 0, ("a", "b"), (Turn("", "one"),)) for task in ("t", "pairs")]
    scores = [TaskScores("t", None, max_tokens=10), TaskScores("pairs", None, max_tokens=10)]
    [cost] = expected_costs(resolved, cells(resolved), prompts, scores)
    assert (cost.system, cost.requests) == ("gpt (judge)", 24)
    assert cost.most is not None
    assert 24 * (800 + 2 * 50) / 1e6 < cost.most < 24 * (2_500 + 2 * 50) / 1e6  # a prompt has some 1,000 bytes
    [unknown] = expected_costs(resolved, cells(resolved), [], scores)
    assert (unknown.most, unknown.why_unknown) == (None, "the documents of t were not read")


@pytest.mark.parametrize(
    ("rubric", "message"),
    [
        (b"  \n", "the rubric is empty"),
        (b"<!-- write it here -->\n", "the rubric is empty"),
        (b"\xff\xfe", "the rubric is no UTF-8 text"),
        (b"x" * (MOST_BYTES + 1), "larger than"),
    ],
)
def test_a_rubric_that_cannot_be_used_is_named(rubric: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.md").write_bytes(rubric)
    with pytest.raises(UserError, match=rf"r\.md: .*{message}"):
        check_judges(suite_of(SUITE, tmp_path))


def test_what_cannot_judge_is_named(tmp_path: Path) -> None:
    start, end = SUITE.index("  gpt: {kind"), len(SUITE)
    seeing = SUITE[:start] + '  gpt: {kind: generalist, engine: python, call: "x:y", sees: input}\n' + SUITE[end:]
    with pytest.raises(UserError, match=r"task 't': score\.judge: system 'gpt': sees: input"):
        check_judges(suite_of(seeing, tmp_path))
    narrowed = suite_of(SUITE, tmp_path).narrowed(systems=["b"])
    with pytest.raises(UserError, match="compared with those of a, which is not asked here"):
        check_judges(narrowed)
    check_judges(narrowed.narrowed(tasks=["t"]))
    assert suite_of(SUITE, tmp_path).narrowed(tasks=["t"]).judges.keys() == {"gpt"}
