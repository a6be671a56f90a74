"""The LM between lm-eval and an engine: what it asks, in what batches, and what it serves from the record."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from lm_eval.api.instance import Instance

from wattbench.errors import UserError
from wattbench.measure.timed_lm import TimedLM
from wattbench.records import AnswerRow
from wattbench.systems import Engine, Facts, Reply


class Echo(Engine):
    """Answers with the prompt, and remembers what it was asked together."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    @classmethod
    def check(cls, name, config) -> None:
        """Nothing to check."""

    @classmethod
    def open(cls, name, config, *, batch, seed):
        return cls()

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        self.calls.append([request.args[0] for request in requests])
        if request_type == "loglikelihood":
            return [Reply((-float(len(request.args[1])), True), 3, 0) for request in requests]
        return [Reply(f"re: {request.args[0]}", 5, 2, (10.0, 10.5)) for request in requests]

    def facts(self) -> Facts:
        return Facts()


class Log:
    """A recorder that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[AnswerRow] = []
        self.events: list[str] = []

    def warm_up(self, asks) -> None:
        self.events.append(f"warm-up {len(asks)}")

    def before_batch(self) -> str:
        self.events.append("batch")
        return "w0001"

    def after_batch(self, asks, rows, left) -> None:
        self.rows += rows
        self.events.append(f"left {left}")

    def done(self) -> None:
        self.events.append("done")


def instance(doc_id: int, *args: object, index: int = 0) -> Instance:
    kind = "loglikelihood" if len(args) == 2 and isinstance(args[1], str) else "generate_until"
    return Instance(kind, {}, args, index, metadata=("task", doc_id, 1))


def timed(engine: Engine, log: Log, *, batch: int = 1, repeat: int = 0, answered=None) -> TimedLM:
    return TimedLM(engine, log, batch=batch, repeat=repeat, answered=answered or {}, numbers=itertools.count(7))


def test_items_are_asked_in_the_suites_batches_and_stamped() -> None:
    engine, log = Echo(), Log()
    replies = timed(engine, log, batch=2).generate_until([instance(i, f"p{i}", {}) for i in range(5)])
    assert replies == [f"re: p{i}" for i in range(5)]
    assert engine.calls == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    assert log.events == ["warm-up 5", "batch", "left 3", "batch", "left 1", "batch", "left 0", "done"]
    assert [(row.batch, row.batch_size) for row in log.rows] == [(7, 2), (7, 2), (8, 2), (8, 2), (9, 1)]
    assert all(row.started_s <= row.finished_s for row in log.rows)
    assert all(a.finished_s <= b.started_s for a, b in itertools.pairwise(log.rows) if a.batch != b.batch)
    assert {row.window for row in log.rows} == {"w0001"}
    assert (log.rows[0].prompt_tokens, log.rows[0].output_tokens, log.rows[0].first_token_s) == (5, 2, 10.0)


def test_an_item_is_all_requests_of_its_document() -> None:
    engine, log = Echo(), Log()
    requests = [instance(doc, f"p{doc}", choice, index=i) for doc in range(2) for i, choice in enumerate(("a", "bb"))]
    assert timed(engine, log).loglikelihood(requests) == [(-1.0, True), (-2.0, True)] * 2
    assert engine.calls == [["p0", "p0"], ["p1", "p1"]]
    assert [row.replies for row in log.rows] == [[[-1.0, True], [-2.0, True]]] * 2
    assert [row.prompt_tokens for row in log.rows] == [6, 6]


def test_what_was_answered_before_is_not_asked_again() -> None:
    engine, log = Echo(), Log()
    requests = [instance(i, f"p{i}", {}) for i in range(4)]
    timed(engine, log).generate_until(requests[:2])
    before = {(row.request_type, row.doc_id, row.repeat): row for row in log.rows}

    again, later = Echo(), Log()
    replies = timed(again, later, answered=before).generate_until(requests)
    assert replies == ["re: p0", "re: p1", "re: p2", "re: p3"]
    assert again.calls == [["p2"], ["p3"]]
    assert [row.doc_id for row in later.rows] == [2, 3]

    another_repeat = Echo()
    timed(another_repeat, Log(), repeat=1, answered=before).generate_until(requests)
    assert len(another_repeat.calls) == 4


def test_what_was_answered_to_another_prompt_is_named() -> None:
    log = Log()
    timed(Echo(), log).generate_until([instance(3, "Two examples. And 1 + 1?", {})])
    before = {(row.request_type, row.doc_id, row.repeat): row for row in log.rows}
    expected = "the prompt of document 3 of task was 'And 1.*' and is now 'Then one.*'"
    with pytest.raises(UserError, match=expected):
        timed(Echo(), Log(), answered=before).generate_until([instance(3, "Two examples. Then one more", {})])


def test_a_fully_answered_task_opens_no_window() -> None:
    log = Log()
    request = instance(0, "p0", {})
    timed(Echo(), log).generate_until([request])
    quiet = Log()
    timed(Echo(), quiet, answered={(r.request_type, r.doc_id, r.repeat): r for r in log.rows}).generate_until([request])
    assert quiet.events == []


def test_a_request_that_lm_eval_repeats_gets_an_answer_each() -> None:
    engine, log = Echo(), Log()
    request = instance(0, "p", {})
    assert timed(engine, log).generate_until([request, request]) == ["re: p", "re: p"]
    assert engine.calls == [["p", "p"]]
    assert len(log.rows) == 1


def test_a_task_that_mixes_kinds_of_request_is_refused() -> None:
    lm = timed(Echo(), Log())
    lm.generate_until([instance(0, "p", {})])
    with pytest.raises(UserError, match="both generate_until and loglikelihood"):
        lm.loglikelihood([instance(0, "p", "a")])
