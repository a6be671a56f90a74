"""Number the answers to one prompt that are sampled, so that each has a seed of its own, also after a resumption."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wattbench.config import EndpointSystem, LmEvalSystem, LocalModel, SystemBase

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

_NUMBER = "sample_number"


def numbered(requests: Sequence[Instance], repeat: int) -> tuple[Instance, ...]:
    """Return an item's requests, each with how many answers to its prompt come before its own.

    Args:
        requests: of lm-eval, which are not changed: several repeats share them.
        repeat: how often the item is asked before.
    """
    each, before = Counter(str(request.args[0]) for request in requests), Counter[str]()
    made = []
    for request in requests:
        prompt = str(request.args[0])
        made.append(_with_number(request, repeat * each[prompt] + before[prompt]))
        before[prompt] += 1
    return tuple(made)


def number_of(request: Instance) -> int | None:
    """Return the number that `numbered` gave a request; None without one."""
    number: int | None = getattr(request, _NUMBER, None)
    return number


def numbered_as(requests: Sequence[Instance], given: Sequence[Instance]) -> Sequence[Instance]:
    """Return a document's requests in one form with the numbers that they have in another, in the same order."""
    numbers = [number_of(each) for each in given]
    return [
        request if number is None else _with_number(request, number)
        for request, number in zip(requests, numbers, strict=True)
    ]


def _with_number(request: Instance, number: int) -> Instance:
    made = copy.copy(request)
    setattr(made, _NUMBER, number)
    return made


def temperature_that_counts(config: SystemBase, generation: Mapping[str, Any] | None) -> float | None:
    """Return the temperature above 0 at which a task's own settings make a system sample; None: they do not.

    Args:
        config: the system's; the temperature of an endpoint's `request` counts instead of the task's.
        generation: the task's settings of generation; None: it generates nothing.
    """
    if not isinstance(config, EndpointSystem | LocalModel | LmEvalSystem) or not generation:
        return None
    if isinstance(config, EndpointSystem) and ({"temperature"} & {*config.request, *config.omit}):
        return None
    temperature, sample = generation.get("temperature"), generation.get("do_sample")
    known = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    degrees = float(temperature) if known and temperature is not None else 1.0
    samples = sample if isinstance(sample, bool) else known and degrees > 0
    return degrees if samples and degrees > 0 else None
