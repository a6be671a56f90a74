"""Give lm-eval an LM that asks the system in the suite's batches, and stamps every item.

lm-eval passes all requests of a task in one call. Here they are grouped into items (one document, however
many requests it takes), items already answered are taken from the record with the stamps they had, and
the rest is asked.
Scoring is left to lm-eval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM

from wattbench.config import SystemBase
from wattbench.errors import UserError
from wattbench.measure.ask_items import Recorder, ask_items, items_of
from wattbench.measure.resume import prompt_change
from wattbench.records import AnswerRow
from wattbench.systems import Engine
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD, ROLLING
from wattbench.tasks.chat_prompt import apply_template

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

AnswerKey = tuple[str, int, int]
"""Request type, doc_id and repeat: they identify an answer."""


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
        config: SystemBase | None = None,
    ) -> None:
        """Prepare to ask; nothing is asked.

        Args:
            engine: who is asked.
            recorder: takes the answers.
            batch: how many are in flight together.
            repeat: how often the items were asked before.
            answered: what is on record.
            numbers: of the calls.
            config: the system's, which may limit its answers; None: all are on record.
        """
        super().__init__()
        self._engine = engine
        self._recorder = recorder
        self._config = config
        self._batch = batch
        self._repeat = repeat
        self._answered = answered
        self._numbers = numbers
        self._request_type: str | None = None
        self.failed: frozenset[int] = frozenset()
        """The documents without an answer, as their requests failed; once it has been asked."""

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
        return apply_template(self._engine.lm, chat_history, add_generation_prompt=add_generation_prompt)

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
        asks = items_of(request_type, requests, config=self._config, repeat=self._repeat)
        known = {ask.doc_id: self._answered.get((request_type, ask.doc_id, self._repeat)) for ask in asks}
        for ask in asks:
            row = known[ask.doc_id]
            changed = None if row is None else prompt_change(str(requests[0].task_name), row, ask)
            if changed is not None:
                raise UserError(f"the run cannot be resumed: {changed}. Start a new run")
        missing = [ask for ask in asks if known[ask.doc_id] is None]
        if missing:
            self._recorder.warm_up(missing)
            answers = ask_items(self._engine, self._recorder, missing, batch=self._batch, numbers=self._numbers)
            for row in answers:
                known[row.doc_id] = row
            self._recorder.done()
        rows = {doc_id: row for doc_id, row in known.items() if row is not None}
        self.failed = frozenset(doc_id for doc_id, row in rows.items() if row.failure is not None)
        return _in_order(requests, {doc_id: row.replies for doc_id, row in rows.items()})


def _in_order(requests: Sequence[Instance], replies: Mapping[int, Sequence[Any]]) -> list[Any]:
    """Return the replies, one per request, in the order in which lm-eval gave the requests."""
    remaining = {doc_id: iter(of_document) for doc_id, of_document in replies.items()}
    return [next(remaining[int(request.doc_id)]) for request in requests]
