"""Build a task's requests in any prompt form, by document: for a hybrid, whose members each have their form.

lm-eval builds them in the same way as those that are measured: it is asked to evaluate an LM
that writes the requests down and answers none of them.

Keep what a prompt said before a model's chat template was applied to it.

Two models have two templates, and so two texts of one question. Whether they were asked the same question, with the
same few-shot examples, only the messages show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM
from lm_eval.utils import hash_string

from wattbench.config import Measure, Prompt, Resolved, TaskChoice
from wattbench.tasks.loading import load_task
from wattbench.tasks.scoring import evaluate

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class ChatPrompt(str):
    """A prompt in a chat template, which knows the hash of its messages."""

    messages_hash: str


def in_template(lm: LM, messages: Sequence[dict[str, Any]], *, add_generation_prompt: bool) -> ChatPrompt:
    """Apply a model's chat template, and keep the hash of the messages with the text."""
    prompt = ChatPrompt(lm.apply_chat_template(list(messages), add_generation_prompt=add_generation_prompt))
    prompt.messages_hash = hash_string(json.dumps(messages, sort_keys=True, ensure_ascii=False))
    return prompt


def messages_hash(prompt: object) -> str:
    """Return the hash of the messages behind a prompt; empty if it was made without a chat template."""
    return prompt.messages_hash if isinstance(prompt, ChatPrompt) else ""


def requests_by_document(
    resolved: Resolved,
    choice: TaskChoice,
    prompt: Prompt,
    measure: Measure,
    lm: LM,
    *,
    allow_unsafe_code: bool = False,
) -> Mapping[int, Sequence[Instance]]:
    """Return every document's requests, in lm-eval's order, by its doc_id.

    Args:
        resolved: the suite.
        choice: the task.
        prompt: the form.
        measure: for its seed.
        lm: whose chat template is used.
        allow_unsafe_code: required by lm-eval, although it has nothing to run.
    """
    collector = _Collector(lm)
    evaluate(collector, load_task(resolved, choice), prompt, measure, allow_unsafe_code=allow_unsafe_code)
    return collector.collected


class _Collector(LM):
    """An LM that collects requests; the empty answers that it returns are not used."""

    def __init__(self, lm: LM) -> None:
        super().__init__()
        self._lm = lm
        self.collected: dict[int, list[Instance]] = {}

    def generate_until(self, requests: list[Instance]) -> list[str]:
        self._note(requests)
        return [""] * len(requests)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        self._note(requests)
        return [(0.0, False)] * len(requests)

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        self._note(requests)
        return [0.0] * len(requests)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return in_template(self._lm, chat_history, add_generation_prompt=add_generation_prompt)

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        template: str | None = self._lm.chat_template(chat_template)
        return template

    @property
    def tokenizer_name(self) -> str:
        return str(self._lm.tokenizer_name)

    def _note(self, requests: Sequence[Any]) -> None:
        for request in requests:
            self.collected.setdefault(int(request.doc_id), []).append(request)
