"""Read a server's counts of tokens, under the names that services give them.

| count | names |
| --- | --- |
| cached | `prompt_tokens_details.cached_tokens` (OpenAI's), `prompt_cache_hit_tokens` (DeepSeek's), |
|        | `cache_read_input_tokens` (of gateways), `cached_tokens` |
| written to the cache | `prompt_tokens_details.cache_write_tokens` (OpenRouter's), `cache_creation_input_tokens` |
| reasoning | `completion_tokens_details.reasoning_tokens`, `reasoning_tokens` |

`prompt_tokens` holds what was cached and written, and `output_tokens` the reasoning, whichever way the service counts:
`total_tokens`, or a part that is larger than its whole, shows where a service counts them apart.

A count that cannot be is not recorded: money, joules per token and the length of answers would be made of it. That is
what no tokenizer, template or way of streaming makes: the bounds are wide, and each has its reason below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from wattbench.records.rows.answers import TokenCounts
from wattbench.systems.endpoint.request import MESSAGE_TOKENS, EndpointRequest

TEMPLATE_TOKENS = 1024
"""As many tokens as a chat template, or a service, adds to a prompt at most. The longest of published templates that
have a system prompt of their own take some hundred."""
MOST_TOKEN_BYTES = 256
"""No token has more bytes: the longest of published vocabularies (cl100k, o200k) are 128 blanks."""
MOST_PIECES_PER_TOKEN = 8
"""A server sends no more pieces for a token, on average: one as a rule, a gateway that divides texts into characters
some four, as English has four characters a token."""

_MOST_COUNT = 1 << 31


@dataclass(frozen=True, kw_only=True)
class Usage(TokenCounts):
    """A server's counts of tokens. None: not stated, or impossible."""

    left_out: str | None = None
    """Why counts that it gave cannot be, in a clause in words of ours; None: they can."""


class Shown(NamedTuple):
    """The visible size of an answer, by which counts of its tokens are checked."""

    size_bytes: int
    """Of text and thoughts, in UTF-8."""
    pieces: int
    """As how many pieces they came."""
    at_limit: bool
    """The server says that it ended at its limit of tokens."""


class _CountError(Exception):
    """Counts are impossible; the text says why."""


def read_usage(stated: object) -> Usage:
    """Read a server's object `usage`. Invalid or contradictory counts are left out."""
    try:
        return _read(_object(stated))
    except _CountError as error:
        return Usage(left_out=str(error))


def plausible(usage: Usage, shown: Shown, ask: EndpointRequest) -> Usage:
    """Return a server's counts of tokens without the counts that the answer or its request makes impossible.

    Args:
        usage: as the server counts.
        shown: the answer.
        ask: the request. What it does not bound (0) is not checked.
    """
    if (why := _why_not_prompt(usage, ask)) is not None:
        usage = replace(usage, prompt_tokens=None, cached_tokens=None, cache_write_tokens=None, left_out=why)
    if (why := _why_not_output(usage, shown, ask)) is not None:
        usage = replace(usage, output_tokens=None, reasoning_tokens=None, left_out=why)
    return usage


def _why_not_prompt(usage: Usage, ask: EndpointRequest) -> str | None:
    if usage.prompt_tokens is None:
        return None
    if not usage.prompt_tokens:
        return "no prompt tokens"
    if ask.most_prompt_tokens and usage.prompt_tokens > ask.most_prompt_tokens + TEMPLATE_TOKENS:
        return "more prompt tokens than bytes of the prompt and its template"
    return None


def _why_not_output(usage: Usage, shown: Shown, ask: EndpointRequest) -> str | None:
    """Return why a count of output tokens is impossible; None if it is possible."""
    tokens = usage.output_tokens
    if tokens is None:
        return None
    if ask.most_output_tokens and tokens > ask.most_output_tokens:
        return "more output tokens than the limit that the request set"
    if tokens * MOST_TOKEN_BYTES < shown.size_bytes or tokens * MOST_PIECES_PER_TOKEN < shown.pieces:
        return "fewer output tokens than the text needs"
    # Each token that is shown has a byte at least. Those of the end, of roles and of a stop sequence are not shown; and
    # an answer that ends at the limit has reached it, whatever is shown.
    hidden = MESSAGE_TOKENS + (usage.reasoning_tokens or 0) + max((len(stop.encode()) for stop in ask.stops), default=0)
    if tokens > shown.size_bytes + hidden and not shown.at_limit:
        return "more output tokens than bytes of text and reasoning tokens"
    return None


def _read(usage: Mapping[str, Any]) -> Usage:
    of_prompt, of_output = (_object(usage.get(f"{name}_tokens_details")) for name in ("prompt", "completion"))
    prompt, output, total = (_count(usage, f"{name}_tokens") for name in ("prompt", "completion", "total"))
    if total is not None and total < (prompt or 0) + (output or 0):
        raise _CountError("a total below its parts")
    cached = _first(
        _count(of_prompt, "cached_tokens"), _count(usage, "prompt_cache_hit_tokens"), _count(usage, "cached_tokens")
    )
    written = _count(of_prompt, "cache_write_tokens")
    read, created = _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")
    reasoning = _first(_count(of_output, "reasoning_tokens"), _count(usage, "reasoning_tokens"))
    apart = (read or 0) + (created or 0)
    if prompt is not None and apart and _outside(apart, prompt, output, total):
        prompt += apart
    if output is not None and reasoning and _outside(reasoning, output, prompt, total):
        output += reasoning
    seen = Usage(
        prompt_tokens=prompt,
        output_tokens=output,
        cached_tokens=_first(cached, read),
        reasoning_tokens=reasoning,
        cache_write_tokens=_first(written, created),
    )
    _check_part((seen.cached_tokens or 0) + (seen.cache_write_tokens or 0), prompt)
    _check_part(reasoning or 0, output)
    return seen


def _count(holder: Mapping[str, Any], key: str) -> int | None:
    """Return the count under a key, or None if it is missing or null."""
    value = holder.get(key)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < _MOST_COUNT:
        raise _CountError("a count that is no whole number from 0 to 2,147,483,647")
    return value


def _object(stated: object) -> Mapping[str, Any]:
    if stated is None:
        return {}
    if not isinstance(stated, dict):
        raise _CountError("counts that are no object")
    return stated


def _outside(part: int, whole: int, other: int | None, total: int | None) -> bool:
    """Return whether a whole does not include a part, by the total or because the part is larger."""
    if total is not None and other is not None:
        return total == whole + part + other
    return part > whole


def _check_part(part: int, whole: int | None) -> None:
    if part > (whole or 0):
        raise _CountError("a part that is larger than its whole")


def _first(*counts: int | None) -> int | None:
    return next((each for each in counts if each is not None), None)
