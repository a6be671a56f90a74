"""Ask items in the suite's batches, stamp them, and hand each answer to a recorder.

Batch by batch of a system in this process; of a server with a constant number under way.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from lm_eval.utils import hash_string

from wattbench.clock import now_s
from wattbench.interrupts import raise_if_interrupted
from wattbench.measure.concurrency import keep_in_flight
from wattbench.records import AnswerRow
from wattbench.records.rows.answers import FinishReason, RequestType, TokenCounts
from wattbench.systems import Engine, Reply
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD, failure_of, joined
from wattbench.tasks.output_limit import limit_of_request, limited
from wattbench.tasks.requests import messages_hash
from wattbench.tasks.samples import numbered

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from wattbench.config import SystemBase


NEVER = -1e9
"""The log-likelihood of a request without an answer. JSON has no infinity."""


@dataclass(frozen=True)
class ItemRequests:
    """One item to ask: all requests of one type for one document."""

    request_type: str
    doc_id: int
    requests: tuple[Instance, ...]
    task: str | None = None
    """None: that of the recorder."""
    repeat: int = 0
    """How often it was asked before."""

    def as_repeat(self, repeat: int) -> ItemRequests:
        """Return the item as it is asked after a number of times: where answers are sampled, with another seed."""
        return replace(self, repeat=repeat, requests=numbered(self.requests, repeat))

    @property
    def prompt(self) -> str:
        """Return the prompt with worked examples and chat template. The texts of choices may follow it."""
        return str(self.requests[0].args[0])

    @property
    def prompt_hash(self) -> str:
        """Return lm-eval's hash of the prompt."""
        return str(hash_string(self.prompt))

    @property
    def kind(self) -> tuple[str, str]:
        """Return the type of request and the settings of generation, which all items of a batch share."""
        settings = self.requests[0].args[1:] if self.request_type == GENERATE else ()
        return self.request_type, repr(settings)


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
        """Called in place of `after_batch` as an item ends while others are in flight."""
        ...

    def full(self, left: int) -> bool:
        """Return whether the window is long enough to end, and the remaining items can fill another window."""
        ...

    def end_round(self, left: int) -> None:
        """Called when no item is in flight any more."""
        ...

    def done(self) -> None:
        """Called when all items have been asked."""
        ...


def ask_items(
    engine: Engine, recorder: Recorder, asks: Sequence[ItemRequests], *, batch: int, numbers: Iterator[int]
) -> Iterator[AnswerRow]:
    """Send items to a system, and yield each answer once it is recorded.

    Args:
        engine: who is asked.
        recorder: takes the answers, and opens and closes windows around them.
        asks: the items, in order. A batch holds items of one kind only, so that they are answered together.
        batch: how many are in flight together.
        numbers: the numbers of the calls.
    """
    if engine.concurrent and batch > 1:
        yield from _keeping_in_flight(engine, recorder, asks, batch, numbers)
        return
    left = len(asks)
    for chunk in batches(asks, batch):
        left -= len(chunk)
        yield from _ask(engine, recorder, chunk, left, next(numbers))


def batches(asks: Iterable[ItemRequests], size: int) -> Iterator[Sequence[ItemRequests]]:
    """Divide items into batches of one kind each, in order; batches that stay incomplete come last."""
    waiting: dict[tuple[str, str], list[ItemRequests]] = {}
    for ask in asks:
        batch = waiting.setdefault(ask.kind, [])
        batch.append(ask)
        if len(batch) == size:
            yield waiting.pop(ask.kind)
    yield from waiting.values()


def _keeping_in_flight(
    engine: Engine, recorder: Recorder, asks: Sequence[ItemRequests], batch: int, numbers: Iterator[int]
) -> Iterator[AnswerRow]:
    """Send the next item as one ends, and yield each answer. At a window's end, wait for all items in flight."""
    unsent = list(reversed(asks))
    calls = (partial(_ask_one, engine, unsent.pop()) for _ in asks)
    while unsent:
        window = recorder.before_batch()
        ended = keep_in_flight(calls, batch, hold=lambda: recorder.full(len(unsent)))
        for ask, replies, started_s, finished_s in ended:
            row = answer_row(ask, replies, ask.repeat, started_s, finished_s, next(numbers), batch, window)
            recorder.keep([ask], [row])
            raise_if_interrupted()
            yield row
        recorder.end_round(len(unsent))


def _ask_one(engine: Engine, ask: ItemRequests) -> tuple[ItemRequests, list[Reply], float, float]:
    started_s = now_s()
    [replies] = answer_items(engine, [ask])
    return ask, replies, started_s, now_s()


def _ask(engine: Engine, recorder: Recorder, asks: Sequence[ItemRequests], left: int, number: int) -> list[AnswerRow]:
    window = recorder.before_batch()
    started_s = now_s()
    replies = answer_items(engine, asks)
    finished_s = now_s()
    rows = [
        answer_row(ask, item_replies, ask.repeat, started_s, finished_s, number, len(asks), window)
        for ask, item_replies in zip(asks, replies, strict=True)
    ]
    recorder.after_batch(asks, rows, left)
    raise_if_interrupted()
    return rows


def answer_items(engine: Engine, asks: Sequence[ItemRequests]) -> list[list[Reply]]:
    """Send a batch of items of one type together; return each item's replies, in the order of its requests."""
    replies = iter(engine.answer(asks[0].request_type, [request for ask in asks for request in ask.requests]))
    return [list(itertools.islice(replies, len(ask.requests))) for ask in asks]


def items_of(
    request_type: str,
    requests: Sequence[Instance],
    *,
    config: SystemBase | None = None,
    task: str | None = None,
    repeat: int = 0,
) -> list[ItemRequests]:
    """Group a task's requests by document, and set the limit of output tokens of the system.

    Args:
        request_type: of all of them.
        requests: of one task.
        config: the system's; None: none will be asked.
        task: as in `ItemRequests`. So for the next one.
        repeat: how often the items were asked before.
    """
    grouped: dict[int, list[Instance]] = {}
    for request in requests if config is None else limited(requests, config):
        grouped.setdefault(int(request.doc_id), []).append(request)
    return [
        ItemRequests(request_type, doc_id, tuple(of_document), task, repeat) for doc_id, of_document in grouped.items()
    ]


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
    """Build the record of an item's answer; without an answer if one of the item's requests failed.

    Args:
        ask: the item.
        replies: one per request of it.
        repeat: how often it was asked before.
        started_s: when the call began. It was sent, and due, when it had waited for its turn.
        finished_s: when the call returned: for those replies that do not say when they were complete.
        batch: the number of the call.
        batch_size: items under way together.
        window: the id of its window.
    """
    failure = failure_of(replies)
    ends = [reply.finished_s for reply in replies if reply.finished_s is not None]
    finished_s = max(ends) if len(ends) == len(replies) else finished_s
    waited_s = _waited_s(replies, started_s, finished_s)
    started_s += waited_s
    stamps = sorted(stamp for reply in replies for stamp in reply.token_s if not waited_s or stamp >= started_s)
    token_s = [] if failure is not None else stamps
    route = replies[0].route  # an item is routed once, however many requests it takes
    limits = [
        limit
        for request, reply in zip(ask.requests, replies, strict=True)
        if (limit := reply.output_limit or limit_of_request(request)) is not None
    ]
    if replies[0].attempted is not None:
        limits = []  # the tokens are those of many calls, each with a limit of the agent's own
    return AnswerRow(
        doc_id=ask.doc_id,
        repeat=repeat,
        request_type=cast("RequestType", ask.request_type),
        prompt=ask.prompt,
        prompt_hash=ask.prompt_hash,
        messages_hash=messages_hash(ask.requests[0].args[0]),
        replies=[_plain(reply.value) for reply in (no_replies(ask) if failure is not None else replies)],
        **TokenCounts.summed(replies),
        scheduled_s=started_s,
        started_s=started_s,
        first_token_s=token_s[0] if token_s else None,
        finished_s=finished_s,
        token_s=token_s,
        batch=batch,
        batch_size=batch_size,
        window=window,
        route=route.member if route else None,
        route_score=route.score if route else None,
        router_s=route.router_s if route else None,
        route_asked=list(route.systems) if route else [],
        usage=list(route.usage) if route else [],
        failure=failure,
        waited_s=waited_s,
        resent=sum(reply.resent for reply in replies),
        remark=joined(reply.remark for reply in replies),
        finish_reason=_finish_reason(replies) if failure is None else None,
        output_limit=max(limits) if limits else None,
        **({} if replies[0].attempted is None else vars(replies[0].attempted)),
    )


def _waited_s(replies: Sequence[Reply], started_s: float, finished_s: float) -> float:
    """Return the seconds that an item waited before it was last sent. They do not count as latency.

    An item of several requests, which are sent together, takes as long as the longest of them.
    """
    if not any(reply.waited_s for reply in replies):
        return 0.0
    longest_s = max((reply.finished_s or finished_s) - started_s - reply.waited_s for reply in replies)
    return min(max(finished_s - started_s - longest_s, 0.0), finished_s - started_s)


def _finish_reason(replies: Sequence[Reply]) -> FinishReason | None:
    """Return why an item's replies ended: `length` if any reached its limit; None if any reason is unknown."""
    reasons = {reply.finish_reason for reply in replies}
    return "length" if "length" in reasons else None if None in reasons else "stop"


def no_replies(ask: ItemRequests) -> list[Reply]:
    """Return placeholder replies for an item without an answer."""
    value: Any = "" if ask.request_type == GENERATE else NEVER
    return [Reply((value, False) if ask.request_type == LOGLIKELIHOOD else value)] * len(ask.requests)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
