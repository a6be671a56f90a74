"""Some of a task's documents: asked, numbered and scored as they are among all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lm_eval import evaluate as lm_evaluate
from lm_eval.api.model import LM

from wattbench.config import Prompt, Resolved, load_suite, loader
from wattbench.errors import UserError
from wattbench.measure.plan import plan
from wattbench.scenarios.blocks.turn import deal, deal_documents
from wattbench.scenarios.interleaved.loop import rounds_of
from wattbench.tasks.loading import load_task
from wattbench.tasks.requests import requests_by_document
from wattbench.tasks.scoring import evaluate, score_rows, set_up

DATA = Path(__file__).parents[2] / "data"
SHOTS = Prompt(fewshot=2)


class Echo(LM):
    """Answers each request with the number of its document."""

    def generate_until(self, requests: Any) -> list[str]:
        self.asked = [request.doc_id for request in requests]
        return [str(number) for number in self.asked]

    def loglikelihood(self, requests: Any) -> list[tuple[float, bool]]:
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood


def suite_with(**choice: Any) -> Resolved:
    """The suite of the tests, with other settings of its task."""
    resolved = load_suite(str(DATA / "suite.yaml"))
    select = [type(each).model_validate(each.model_dump() | choice) for each in resolved.tasks]
    tasks = resolved.suite.tasks.model_copy(update={"select": select})
    return replace(resolved, suite=resolved.suite.model_copy(update={"tasks": tasks}))


def test_documents_keep_their_numbers_prompts_and_scores() -> None:
    every, some = suite_with(limit=None), suite_with(limit=None, documents=[7, 2, 5])
    prompts = [
        {
            number: requests[0].args[0]
            for number, requests in requests_by_document(
                resolved, resolved.tasks[0], SHOTS, resolved.suite.measure, Echo()
            ).items()
        }
        for resolved in (every, some)
    ]
    assert prompts[1] == {number: prompts[0][number] for number in (2, 5, 7)}  # worked examples included
    lm = Echo()
    rows = [
        {row.doc_id: (row.doc_hash, row.target, row.filtered) for row in score_rows(samples, resolved.tasks[0], 0)}
        for resolved in (every, some)
        for samples in [evaluate(lm, load_task(resolved, resolved.tasks[0]), SHOTS, resolved.suite.measure)]
    ]
    assert lm.asked == [2, 5, 7]
    assert rows[1] == {number: rows[0][number] for number in (2, 5, 7)}
    assert [row[2] for row in rows[1].values()] == ["2", "5", "7"]


def test_scoring_some_documents_reads_no_other_and_gives_what_lm_evals_samples_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolved, some = suite_with(limit=None), [2, 5, 7]
    choice, measure = resolved.tasks[0], resolved.suite.measure
    loaded, theirs = load_task(resolved, choice), load_task(resolved, choice)
    set_up(theirs, SHOTS, measure)
    by_lm_eval = lm_evaluate(
        Echo(), {"tasks": {choice.task: theirs.task}}, samples={choice.task: some}, bootstrap_iters=0
    )
    every, read = list(loaded.task.eval_docs), set()

    class Documents:
        def __len__(self) -> int:
            return len(every)

        def __getitem__(self, number: int) -> Any:
            read.add(number)
            return every[number]

    monkeypatch.setattr(type(loaded.task), "eval_docs", Documents())
    for _ in range(2):  # a task is loaded once for all that is scored of it
        assert evaluate(Echo(), loaded, SHOTS, measure, documents=some) == by_lm_eval["samples"][choice.task]
    assert read == {*some}
    assert len(every) > len(some)


def test_a_plan_counts_them_and_a_limit_takes_the_first() -> None:
    cells = plan(suite_with(limit=None, documents=[7, 2, 5]))
    assert [(cell.items, list(cell.doc_ids)) for cell in cells] == [(3, [2, 5, 7])] * len(cells)
    two = plan(suite_with(documents=[7, 2, 5]).narrowed(limit=2))
    assert [list(cell.doc_ids) for cell in two] == [[2, 5]] * len(two)
    assert two[0].docs_sha256 != cells[0].docs_sha256
    assert [list(cell.doc_ids) for cell in plan(suite_with(limit=3))] == [[0, 1, 2]] * len(cells)


def test_blocks_deal_them_as_they_deal_as_many_first_documents() -> None:
    blocks = deal_documents({"a": [4, 9, 11], "b": range(4)}, 2, seed=5)
    number = {"a": [4, 9, 11], "b": [0, 1, 2, 3]}
    assert [block.items for block in blocks] == [
        tuple((task, number[task][position]) for task, position in block.items)
        for block in deal({"a": 3, "b": 4}, 2, seed=5)
    ]


def test_a_gate_asks_them_once_each() -> None:
    resolved = suite_with(limit=None, documents=[7, 2, 5])
    gate: Any = SimpleNamespace(seed=1, policy=SimpleNamespace(block=2, max_items=None), long_rounds=False)
    asked = [item for each in rounds_of(resolved, gate, plan(resolved)) for item in each.items]
    assert sorted(asked) == [("sums", 2), ("sums", 5), ("sums", 7)]


def test_a_suite_without_them_has_the_hash_that_it_had_before_they_could_be_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[bytes] = []
    monkeypatch.setattr(loader.hashlib, "sha256", lambda data: hashed.append(data) or SimpleNamespace(hexdigest=str))
    assert [suite_with(documents=each).sha256 for each in (None, [1])] == ["", ""]
    assert [b"documents" in each for each in hashed] == [False, True]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([0, 10_000], r"documents: the task has no document 10000; its \d+ are numbered from 0 to \d+"),
        ([3, 3], "document 3 is named twice"),
        ([-1], "greater than or equal to 0"),
        ([], "at least 1 item"),
    ],
)
def test_what_cannot_be_asked_is_said(documents: list[int], expected: str) -> None:
    with pytest.raises((UserError, ValueError), match=expected):
        plan(suite_with(limit=None, documents=documents))
