"""Give lm-eval an LM that asks the system in the suite's batches, and stamps every item.

lm-eval passes all requests of a task in one call. Here they are grouped into items (one document, however
many requests it takes), items already answered are taken from the record with the stamps they had, and
the rest is asked: batch by batch of a system in this process, and with a constant number under way of a server.
Scoring is left to lm-eval.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from lm_eval.api.model import LM
from lm_eval.utils import hash_string

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.measure.concurrency import keep_in_flight
from wattbench.records import AnswerRow
from wattbench.systems import Engine, Reply
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD, ROLLING

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

AnswerKey = tuple[str, int, int]
"""Request type, doc_id and repeat: they identify an answer."""


@dataclass(frozen=True)
class ItemRequests:
    """One item to ask: all requests of one type for one document."""

    request_type: str
    doc_id: int
    requests: tuple[Instance, ...]


class Recorder(Protocol):
    """Takes items as they are answered; it also opens and closes the windows around them."""

    def warm_up(self, asks: Sequence[ItemRequests]) -> None:
        """Called before anything is asked, with the items that will be asked."""
        ...

    def before_batch(self) -> str:
        """Called before each batch; returns the id of its window."""
        ...

    def after_batch(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow], left: int) -> None:
        """Called after each batch, with how many items are left."""
        ...

    def keep(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow]) -> None:
        """Called as an item ends while others are under way, in place of `after_batch`."""
        ...

    def full(self, left: int) -> bool:
        """Return whether the window is long enough, and the items left would fill another."""
        ...

    def end_round(self, left: int) -> None:
        """Called when no item is under way any more."""
        ...

    def done(self) -> None:
        """Called when all items have been asked."""
        ...


class TimedLM(LM):
    """Asks an engine for what is not answered yet. Sees one task, once per repeat."""

    def __init__(
        self,
        engine: Engine,
        recorder: Recorder,
        *,
        batch: int,
        repeat: int,
        answered: Mapping[AnswerKey, AnswerRow],
        numbers: Iterator[int],
    ) -> None:
        super().__init__()
        self._engine = engine
        self._recorder = recorder
        self._batch = batch
        self._repeat = repeat
        self._answered = answered
        self._numbers = numbers
        self._request_type: str | None = None

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Return every request's text, in order."""
        return self._ask_all(GENERATE, requests)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Return every request's log-likelihood and whether it is greedy, in order."""
        return [(value[0], value[1]) for value in self._ask_all(LOGLIKELIHOOD, requests)]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Return every request's log-likelihood, in order."""
        return self._ask_all(ROLLING, requests)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """Apply the engine's own chat template."""
        return str(self._engine.lm.apply_chat_template(chat_history, add_generation_prompt=add_generation_prompt))

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        """Return the engine's own chat template."""
        template: str | None = self._engine.lm.chat_template(chat_template)
        return template

    @property
    def tokenizer_name(self) -> str:
        """Return the name of the engine's own tokenizer."""
        return str(self._engine.lm.tokenizer_name)

    def _ask_all(self, request_type: str, requests: Sequence[Instance]) -> list[Any]:
        if self._request_type not in (None, request_type):
            raise UserError(
                f"the task {requests[0].task_name!r} asks for both {self._request_type} and {request_type}; an item "
                "is timed as one kind of request. Choose another task"
            )
        self._request_type = request_type
        asks = items_of(request_type, requests)
        known = {ask.doc_id: self._answered.get((request_type, ask.doc_id, self._repeat)) for ask in asks}
        missing = [ask for ask in asks if known[ask.doc_id] is None]
        if missing:
            self._recorder.warm_up(missing)
            rolling = self._engine.concurrent and self._batch > 1
            for row in self._keeping_in_flight(missing) if rolling else self._in_batches(missing):
                known[row.doc_id] = row
            self._recorder.done()
        return _in_order(requests, {doc_id: row.replies for doc_id, row in known.items() if row is not None})

    def _in_batches(self, asks: Sequence[ItemRequests]) -> Iterator[AnswerRow]:
        left = len(asks)
        for chunk in _batched(asks, self._batch):
            left -= len(chunk)
            yield from self._ask(chunk, left)

    def _keeping_in_flight(self, asks: Sequence[ItemRequests]) -> Iterator[AnswerRow]:
        """Send the next item as one ends. If a window is full all under way are waited for, so that no item is in two
        windows."""
        unsent = list(reversed(asks))
        calls = (partial(self._ask_one, unsent.pop()) for _ in asks)
        while unsent:
            window = self._recorder.before_batch()
            ended = keep_in_flight(calls, self._batch, hold=lambda: self._recorder.full(len(unsent)))
            for ask, replies, started_s, finished_s in ended:
                number = next(self._numbers)
                row = answer_row(ask, replies, self._repeat, started_s, finished_s, number, self._batch, window)
                self._recorder.keep([ask], [row])
                yield row
            self._recorder.end_round(len(unsent))

    def _ask_one(self, ask: ItemRequests) -> tuple[ItemRequests, list[Reply], float, float]:
        started_s = now_s()
        [replies] = answer_items(self._engine, [ask])
        return ask, replies, started_s, now_s()

    def _ask(self, asks: Sequence[ItemRequests], left: int) -> list[AnswerRow]:
        window = self._recorder.before_batch()
        started_s = now_s()
        replies = answer_items(self._engine, asks)
        finished_s = now_s()
        number = next(self._numbers)
        rows = [
            answer_row(ask, item_replies, self._repeat, started_s, finished_s, number, len(asks), window)
            for ask, item_replies in zip(asks, replies, strict=True)
        ]
        self._recorder.after_batch(asks, rows, left)
        return rows


def answer_items(engine: Engine, asks: Sequence[ItemRequests]) -> list[list[Reply]]:
    """Ask a batch of items of one type together; return each item's replies, in the order of its requests."""
    replies = iter(engine.answer(asks[0].request_type, [request for ask in asks for request in ask.requests]))
    return [list(itertools.islice(replies, len(ask.requests))) for ask in asks]


def items_of(request_type: str, requests: Iterable[Instance]) -> list[ItemRequests]:
    """Group requests by document, in the order in which the documents first appear."""
    grouped: dict[int, list[Instance]] = {}
    for request in requests:
        grouped.setdefault(int(request.doc_id), []).append(request)
    return [ItemRequests(request_type, doc_id, tuple(of_document)) for doc_id, of_document in grouped.items()]


def _in_order(requests: Sequence[Instance], replies: Mapping[int, Sequence[Any]]) -> list[Any]:
    """Return the replies, one per request, in the order in which lm-eval gave the requests."""
    remaining = {doc_id: iter(of_document) for doc_id, of_document in replies.items()}
    return [next(remaining[int(request.doc_id)]) for request in requests]


def _batched(asks: Sequence[ItemRequests], size: int) -> Iterable[Sequence[ItemRequests]]:
    return (asks[start : start + size] for start in range(0, len(asks), size))


def answer_row(
    ask: ItemRequests,
    replies: Sequence[Reply],
    repeat: int,
    started_s: float,
    finished_s: float,
    batch: int,
    batch_size: int,
    window: str,
) -> AnswerRow:
    """Return an item's answer as the record keeps it.

    Args:
        ask: the item.
        replies: one per request of it.
        repeat: how often it was asked before.
        started_s: when it was sent; it was due then.
        finished_s: when the call returned: for those replies that do not say when they were complete.
        batch: the number of the call.
        batch_size: items under way together.
        window: the id of its window.
    """
    prompt = str(ask.requests[0].args[0])
    token_s = sorted(stamp for reply in replies for stamp in reply.token_s)
    ends = [reply.finished_s for reply in replies if reply.finished_s is not None]
    route = replies[0].route  # an item is routed once, however many requests it takes
    return AnswerRow(
        doc_id=ask.doc_id,
        repeat=repeat,
        request_type=ask.request_type,
        prompt=prompt,
        prompt_hash=hash_string(prompt),
        replies=[list(r.value) if isinstance(r.value, tuple) else r.value for r in replies],
        prompt_tokens=_sum(reply.prompt_tokens for reply in replies),
        output_tokens=_sum(reply.output_tokens for reply in replies),
        scheduled_s=started_s,
        started_s=started_s,
        first_token_s=token_s[0] if token_s else None,
        finished_s=max(ends) if len(ends) == len(replies) else finished_s,
        token_s=token_s,
        batch=batch,
        batch_size=batch_size,
        window=window,
        route=route.member if route else None,
        route_score=route.score if route else None,
        router_s=route.router_s if route else None,
        route_asked=list(route.systems) if route else [],
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    """Return the sum, or None if one of the counts is not known."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
