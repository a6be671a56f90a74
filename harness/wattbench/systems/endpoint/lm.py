"""Show lm-eval a server of the OpenAI protocol: it generates, and has no likelihoods."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from lm_eval.api.model import LM

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.systems.base import Reply
from wattbench.systems.endpoint.asker import Asker
from wattbench.systems.endpoint.refusals import FailedRequestError
from wattbench.systems.endpoint.request import EndpointRequest, RequestWriter, chat_text

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

T = TypeVar("T")

_TRIAL = "One, two, three,"
_NO_LOGPROBS = "a cascade judges its answers by log-probabilities (logprobs), which the server does not give"
_WITHOUT_THEM = "Put it last in order:, where it is not judged, or serve the model with log-probabilities"


class EndpointLM(LM):
    """A model behind a server. It works directly with `lm_eval.simple_evaluate`."""

    def __init__(self, asker: Asker, writer: RequestWriter, *, batch: int, template: str | None) -> None:
        """Wrap a server.

        Args:
            asker: of the server.
            writer: writes the requests.
            batch: how many requests `generate_until` keeps under way.
            template: the server's chat template, if known.
        """
        super().__init__()
        self._asker = asker
        self._writer = writer
        self._batch = batch
        self._template = template
        self._drawn: Counter[bytes] = Counter()
        self._drawing = threading.Lock()

    @property
    def tokenizer_name(self) -> str:
        """Return the name of the chat template for lm-eval's records: that of the model."""
        return self._writer.model

    def chat_template(self, chat_template: bool | str = False) -> str:
        """Return the server's template, for lm-eval's records; empty if it is not known."""
        return self._template or "" if chat_template else ""

    def apply_chat_template(self, chat_history: list[dict[str, Any]], add_generation_prompt: bool = True) -> str:
        """Return the messages as JSON text, which `generate_until` parses again.

        Raises:
            UserError: the system is not asked in chat.
        """
        if not self._writer.chat:
            raise UserError(
                f"{self._writer.where}: a chat template was requested, but the system is asked without chat. "
                "Set prompt: {chat: true}"
            )
        return chat_text(chat_history, begun=not add_generation_prompt)

    def report_confidence(self) -> None:
        """Ask for log-probabilities from now on, after a request that shows whether the server states them.

        Raises:
            UserError: it does not, or refuses to.
        """
        where = self._writer.where
        self._writer = replace(self._writer, logprobs=True)
        prompt = chat_text([{"role": "user", "content": _TRIAL}], begun=False) if self._writer.chat else _TRIAL
        try:
            answer = self._asker.ask(self._writer.ask(prompt, {"until": [], "max_gen_toks": 8}))
        except FailedRequestError as error:
            raise UserError(f"{where}: {_NO_LOGPROBS}: {error.what}. {_WITHOUT_THEM}") from error
        if answer.value and answer.confidence is None:
            raise UserError(f"{where}: {_NO_LOGPROBS}: it answered {answer.value!r:.40} without them. {_WITHOUT_THEM}")

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """Answer `batch` requests at a time, and return only the texts.

        Raises:
            UserError: one of them failed: a text is all that lm-eval takes.
        """
        asks = [self._ask(request) for request in requests]
        groups = [asks[i : i + self._batch] for i in range(0, len(asks), self._batch)]
        return [reply.value for group in groups for reply in together([partial(self._asker.ask, ask) for ask in group])]

    def answer(
        self, requests: Sequence[Instance], first_token: Callable[[], None] | None = None, *, once: bool = False
    ) -> list[Reply]:
        """Send the requests together, wait for all, and return the replies in the same order.

        A request that failed by itself, from a server that works, has a reply that says so.

        Args:
            requests: of any number of documents.
            first_token: called as the first token of each reply arrives.
            once: send each at once, and never again.

        Raises:
            UserError: the server cannot be asked, or only later than is waited for.
        """
        asks = [self._ask(request) for request in requests]
        return together([partial(self._reply, ask, first_token, once=once) for ask in asks])

    def _reply(self, ask: EndpointRequest, first_token: Callable[[], None] | None, *, once: bool) -> Reply:
        try:
            return self._asker.ask(ask, first_token, once=once)
        except FailedRequestError as error:
            return Reply("", finished_s=now_s(), failure=error.what, waited_s=error.waited_s, resent=error.resent)

    def loglikelihood(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse: the protocol streams answers, and few servers return the likelihood of a given one."""
        raise UserError(
            f"{self._writer.where}: an endpoint has no likelihoods. Choose tasks that generate, or a system "
            "with engine: lm_eval, model: local-completions where the server returns prompt log-probabilities"
        )

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse, as `loglikelihood` does."""
        self.loglikelihood(requests)

    def _ask(self, request: Instance) -> EndpointRequest:
        context, settings, *more = request.args
        if more:
            raise UserError(f"{self._writer.where}: the task sends more than text (images?); an endpoint takes text")
        prompt = hashlib.sha256(context.encode("utf-8", "surrogatepass")).digest()
        with self._drawing:  # several threads may ask at once
            sample = self._drawn[prompt]
            self._drawn[prompt] += 1
        return self._writer.ask(context, settings, sample=sample)


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
