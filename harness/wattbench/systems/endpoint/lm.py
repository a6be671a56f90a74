"""Show lm-eval a server of the OpenAI protocol: it generates, and has no likelihoods."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from lm_eval.api.model import LM

from wattbench.errors import UserError
from wattbench.systems.endpoint.asker import Asker, together
from wattbench.systems.endpoint.refusals import FailedRequestError
from wattbench.systems.endpoint.request import EndpointRequest, RequestWriter, chat_text
from wattbench.tasks.samples import number_of

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

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
        asks = [self.request_of(request) for request in requests]
        groups = [asks[i : i + self._batch] for i in range(0, len(asks), self._batch)]
        return [reply.value for group in groups for reply in together([partial(self._asker.ask, ask) for ask in group])]

    def loglikelihood(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse: the protocol streams answers, and few servers return the likelihood of a given one."""
        raise UserError(
            f"{self._writer.where}: an endpoint has no likelihoods. Choose tasks that generate, or a system "
            "with engine: lm_eval, model: local-completions where the server returns prompt log-probabilities"
        )

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse, as `loglikelihood` does."""
        self.loglikelihood(requests)

    def request_of(self, request: Instance) -> EndpointRequest:
        """Write a request of lm-eval for the server.

        The number of a sample decides its seed. Without one, the next request of the same prompt is another sample.
        """
        context, settings, *more = request.args
        if more:
            raise UserError(f"{self._writer.where}: the task sends more than text (images?); an endpoint takes text")
        if (number := number_of(request)) is not None:
            return self._writer.ask(context, settings, sample=number)
        prompt = hashlib.sha256(context.encode("utf-8", "surrogatepass")).digest()
        with self._drawing:  # several threads may ask at once
            sample = self._drawn[prompt]
            self._drawn[prompt] += 1
        return self._writer.ask(context, settings, sample=sample)
