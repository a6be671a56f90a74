"""Items asked of an engine: in what batches, with what stamps, and what makes an item."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from lm_eval.api.instance import Instance

from tests.made_up.engines import MadeUpEngine
from wattbench.measure.ask_items import ask_items, items_of
from wattbench.records import AnswerRow
from wattbench.systems import Reply


class Echo(MadeUpEngine):
    """Answers with the prompt, and remembers what it was asked together."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        self.calls.append([request.args[0] for request in requests])
        if request_type == "loglikelihood":
            return [
                Reply((-float(len(request.args[1])), True), prompt_tokens=3, output_tokens=0) for request in requests
            ]
        return [Reply(f"re: {request.args[0]}", (10.0, 10.5), prompt_tokens=5, output_tokens=2) for request in requests]


class Log:
    """A recorder that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def before_batch(self) -> str:
        self.events.append("batch")
        return "w0001"

    def after_batch(self, asks, rows, left) -> None:
        self.events.append(f"left {left}")


def asked(requests: list[Instance], *, batch: int = 1) -> tuple[list[AnswerRow], Echo, Log]:
    engine, log = Echo(), Log()
    asks = items_of(requests[0].request_type, requests)
    return list(ask_items(engine, log, asks, batch=batch, numbers=itertools.count(7))), engine, log


def instance(doc_id: int, *args: object, index: int = 0) -> Instance:
    kind = "loglikelihood" if len(args) == 2 and isinstance(args[1], str) else "generate_until"
    return Instance(kind, {}, args, index, metadata=("task", doc_id, 1))


def test_items_are_asked_in_the_suites_batches_and_stamped() -> None:
    rows, engine, log = asked([instance(i, f"p{i}", {}) for i in range(5)], batch=2)
    assert [row.replies for row in rows] == [[f"re: p{i}"] for i in range(5)]
    assert engine.calls == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    assert log.events == ["batch", "left 3", "batch", "left 1", "batch", "left 0"]
    assert [(row.batch, row.batch_size) for row in rows] == [(7, 2), (7, 2), (8, 2), (8, 2), (9, 1)]
    assert all(row.started_s <= row.finished_s for row in rows)
    assert all(a.finished_s <= b.started_s for a, b in itertools.pairwise(rows) if a.batch != b.batch)
    assert {row.window for row in rows} == {"w0001"}
    assert (rows[0].prompt_tokens, rows[0].output_tokens, rows[0].first_token_s) == (5, 2, 10.0)


def test_an_item_is_all_requests_of_its_document() -> None:
    rows, engine, _ = asked(
        [instance(doc, f"p{doc}", choice, index=i) for doc in range(2) for i, choice in enumerate(("a", "bb"))]
    )
    assert engine.calls == [["p0", "p0"], ["p1", "p1"]]
    assert [row.replies for row in rows] == [[[-1.0, True], [-2.0, True]]] * 2
    assert [row.prompt_tokens for row in rows] == [6, 6]


def test_a_request_that_lm_eval_repeats_gets_an_answer_each() -> None:
    request = instance(0, "p", {})
    rows, engine, _ = asked([request, request])
    assert [row.replies for row in rows] == [["re: p", "re: p"]]
    assert engine.calls == [["p", "p"]]
