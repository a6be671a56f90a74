"""Limit the tokens of an answer by one rule for every engine: the system's limit, else the task's, else a default.

The system's comes first, as a run sets it for its model: one that reasons needs thousands of tokens for the same label
that another gives in three. lm-eval's order is another one (the task's, else the model's). lm-eval's own default, for
any model, is 256 (`lm_eval.models.utils.normalize_gen_kwargs`).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wattbench.config import SystemBase

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

PLAIN_TOKENS = 256
"""The default of a system that is not asked in chat: lm-eval's. A base model does not end an answer by itself, and
would fill any limit; and the limit is taken off a context that may be as short as 1,024 tokens."""
CHAT_TOKENS = 1024
"""The default of a system that is asked in chat: such a model ends its turn by itself, so that a higher limit costs
nothing, and may reason first, for which 256 are too few."""

KEYS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""The names that lm-eval accepts for a task's limit, the one that counts first."""

Origin = Literal["system", "task", "default"]


@dataclass(frozen=True)
class OutputLimit:
    """The most tokens that an answer may have."""

    tokens: int
    origin: Origin
    """Whose limit it is."""


def output_limit(config: SystemBase, of_task: int | None) -> OutputLimit:
    """Return the limit of a system's answers to a task.

    Args:
        config: the system's. Its `max_output_tokens` counts, if its engine has that setting and it is set.
        of_task: the task's limit; None: it sets none.
    """
    of_system = getattr(config, "max_output_tokens", None)
    if isinstance(of_system, int):
        return OutputLimit(of_system, "system")
    if of_task is not None:
        return OutputLimit(of_task, "task")
    return OutputLimit(default_limit(chat=config.prompt.chat), "default")


def default_limit(*, chat: bool) -> int:
    """Return the limit that applies where neither system nor task sets a limit."""
    return CHAT_TOKENS if chat else PLAIN_TOKENS


def limit_of_task(settings: Mapping[str, Any]) -> int | None:
    """Return the limit in a task's generation settings; None without a limit that is a number."""
    value = next((settings[key] for key in KEYS if settings.get(key) is not None), None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def limited(requests: Sequence[Instance], config: SystemBase) -> list[Instance]:
    """Return requests with the system's limit as `max_gen_toks`.

    Those that generate nothing, or have a limit that is no number, are unchanged.

    Args:
        requests: of lm-eval, which are not changed: several systems share them.
        config: the system's that will be asked.
    """
    return [_limited(request, config) for request in requests]


def limit_of_request(request: Instance) -> int | None:
    """Return the limit in a request's settings; None for a request that generates nothing."""
    settings = _settings(request)
    return None if settings is None else limit_of_task(settings)


def _settings(request: Instance) -> Mapping[str, Any] | None:
    if request.request_type != "generate_until" or len(request.args) < 2 or not isinstance(request.args[1], Mapping):
        return None
    return request.args[1]


def _limited(request: Instance, config: SystemBase) -> Instance:
    settings = _settings(request)
    if settings is None:
        return request
    of_task = limit_of_task(settings)
    limit = output_limit(config, of_task)
    if limit.origin != "system" and any(settings.get(key) is not None for key in KEYS):
        return request  # the task's own counts; the engine says what is wrong with one that is no number
    context, _, *more = request.args
    made = copy.copy(request)
    kept = {key: value for key, value in settings.items() if key not in KEYS}
    made.arguments = (context, {**kept, "max_gen_toks": limit.tokens}, *more)
    return made
