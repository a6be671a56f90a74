"""Ask a server within its limits and a budget, and again after a refusal. No wait is latency.

What is sent again: a request that was refused before it was answered (`AGAIN`), or for which there was no connection.
What broke off while it was answered is not: the service may want money for it, and does not say how much. Only over a
connection that had carried another answer it may have met with what was left of that one: it is sent again, once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn, TypeVar

from wattbench.clock import now_s
from wattbench.gateways.token_usage import Usage
from wattbench.records.rows.answers import TokenCounts
from wattbench.systems.base import Reply, joined
from wattbench.systems.endpoint.client import OpenAIClient
from wattbench.systems.endpoint.completion_stream import Completion
from wattbench.systems.endpoint.pacing import Pacer, asked_delay_s, backoff_s
from wattbench.systems.endpoint.refusals import FailedRequestError, Refusal, ServerError, SpoiledAnswerError
from wattbench.systems.endpoint.request import EndpointRequest
from wattbench.systems.spending import Account, Reserved

T = TypeVar("T")

AGAIN = (408, 429, 500, 502, 503, 504, 529)
"""Statuses with which services refuse for now: too many requests, or overloaded."""


SHORTEST_WAIT_S = 1e-3
"""What takes less is no wait: it is the time that passes between two lines of a program."""


NOT_COUNTED = "token counts not recorded"
ASKED_AGAIN = "asked again on a new connection, as what came first may have been the answer to another request"


class Asker:
    """Asks one server, for one system. Several threads may use it at once."""

    def __init__(self, client: OpenAIClient, pacer: Pacer, *, resends: int = 0, max_wait_s: float = 0.0) -> None:
        """Prepare. Nothing is sent.

        Args:
            client: to the server.
            pacer: of the system.
            resends: how often a refused request is sent again.
            max_wait_s: the longest wait that is accepted.
        """
        self._client, self._pacer, self._resends, self._max_wait_s = client, pacer, resends, max_wait_s
        self.account: Account | None = None
        """What its answers are paid from; None: nothing is counted."""

    def ask(self, ask: EndpointRequest, first_token: Callable[[], None] | None = None, *, once: bool = False) -> Reply:
        """Send a request until it is answered, and return the answer, with the waits and refusals before it.

        It ends with its own stream. It waited from when it could have been sent to when it was sent for the last time:
        for its turn, for money that others under way had reserved, and for refusals; 0 below `SHORTEST_WAIT_S`.

        Args:
            ask: the request.
            first_token: as of `OpenAIClient.complete`.
            once: send it at once and never again: what arrives at a rate of its own must not wait.

        Raises:
            FailedRequestError: as of `OpenAIClient.complete`.
            UserError: likewise; or the server wants a longer wait than is accepted; or the budget is used up.
        """
        wished_s, resent, spoiled = now_s(), 0, False
        while True:
            reserved = None if self.account is None else self.account.reserve(*_most(ask))
            try:
                if not once:
                    self._pacer.admit(sum(_most(ask)))
            except BaseException:
                self._release(reserved)
                raise
            waited_s = now_s() - wished_s
            waited_s = waited_s if resent or waited_s >= SHORTEST_WAIT_S else 0.0
            try:
                completion = self._client.complete(ask, first_token)
            except SpoiledAnswerError as error:
                error.waited_s, error.resent = waited_s, resent
                self._settle(ask, reserved, None)
                if once or spoiled:
                    raise
                resent, spoiled = resent + 1, True
                continue
            except ServerError as error:
                error.waited_s, error.resent = waited_s, resent
                if error.refusal is None:
                    self._settle(ask, reserved, None)
                    raise
                self._release(reserved)
                self._pacer.give_back(sum(_most(ask)))
                if once or not self._may_resend(error.refusal):
                    raise
                resent += 1
                self._pause(error, error.refusal, resent - spoiled, now_s() - wished_s)
                continue
            except BaseException:
                self._settle(ask, reserved, None)
                raise
            finished_s = completion.finished_s or now_s()
            self._settle(ask, reserved, completion.usage)
            return _reply(completion, finished_s, waited_s, resent, spoiled=spoiled)

    def ask_all(
        self, asks: Sequence[EndpointRequest], first_token: Callable[[], None] | None = None, *, once: bool = False
    ) -> list[Reply]:
        """Send requests together, wait for all, and return the replies in the same order.

        A request that failed by itself, from a server that works, has a reply that says so.

        Args:
            asks: of any number of documents.
            first_token: called as the first token of each reply arrives.
            once: as of `ask`.

        Raises:
            UserError: the server cannot be asked, or only later than is waited for.
        """

        def answer(ask: EndpointRequest) -> Reply:
            try:
                return self.ask(ask, first_token, once=once)
            except FailedRequestError as error:
                return Reply("", finished_s=now_s(), failure=error.what, waited_s=error.waited_s, resent=error.resent)

        return together([partial(answer, ask) for ask in asks])

    def _may_resend(self, refusal: Refusal) -> bool:
        return self._resends > 0 and not refusal.spent and (refusal.status is None or refusal.status in AGAIN)

    def _pause(self, error: ServerError, refusal: Refusal, refusals: int, since_s: float) -> None:
        """Pause all requests for as long as the server wants.

        Raises:
            ServerError: that is too long, or the request was refused too often.
        """
        wait_s = asked_delay_s(refusal.headers, now_s())
        if wait_s is not None and wait_s > self._max_wait_s:
            _end(error, f"It wants a wait of {wait_s:.0f} s, longer than max_wait_s = {self._max_wait_s:g}")
        if refusals > self._resends:
            _end(error, f"It was sent {refusals} times within {since_s:.0f} s (retries: {self._resends})")
        self._pacer.pause(min(backoff_s(refusals), self._max_wait_s) if wait_s is None else wait_s)

    def _settle(self, ask: EndpointRequest, reserved: Reserved | None, usage: Usage | None) -> None:
        """Bill a request, and give back the tokens that it did not use. Without counts, it used all of them."""
        prompt, output = _most(ask)
        if usage is not None and usage.prompt_tokens is not None and usage.output_tokens is not None:
            self._pacer.give_back(prompt + output - usage.prompt_tokens - usage.output_tokens)
        if self.account is not None and reserved is not None:
            self.account.settle(reserved, usage)

    def _release(self, reserved: Reserved | None) -> None:
        if self.account is not None and reserved is not None:
            self.account.settle(reserved, TokenCounts(prompt_tokens=0, output_tokens=0), requests=0)


def _reply(completion: Completion, finished_s: float, waited_s: float, resent: int, *, spoiled: bool) -> Reply:
    usage = completion.usage
    remarks = [ASKED_AGAIN] if spoiled else []
    if usage.left_out is not None:
        remarks.append(f"{NOT_COUNTED}: {usage.left_out}")
    return Reply(
        completion.text,
        completion.token_s,
        finished_s,
        completion.confidence,
        waited_s=waited_s,
        resent=resent,
        sent_s=completion.sent_s,
        finish_reason=completion.ended,
        remark=joined(remarks),
        **usage.counts,
    )


def _most(ask: EndpointRequest) -> tuple[int, int]:
    return ask.most_prompt_tokens, ask.most_output_tokens


def _end(error: ServerError, why: str) -> NoReturn:
    message = f"{error}. {why}. Resume the run later, or set limit: to send fewer requests in a minute"
    ended = type(error)(message, f"{error.what}; {why[0].lower()}{why[1:]}", error.refusal)
    ended.waited_s, ended.resent = error.waited_s, error.resent
    raise ended from None


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make calls at the same time, each in a thread, and return the results in order.

    One call alone is made in this thread. The threads are daemons, so that Ctrl-C leaves at once rather than
    when the slowest server has answered (`ThreadPoolExecutor` would join them at exit).

    Raises:
        Whatever the first of the failed calls raised, once all have ended.
    """
    if len(calls) == 1:
        return [calls[0]()]
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}

    def run(index: int) -> None:
        try:
            results[index] = calls[index]()
        except BaseException as error:  # carried over to the caller's thread
            errors[index] = error

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [results[index] for index in range(len(calls))]
