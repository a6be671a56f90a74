"""Read a server's counts of tokens, under the names that services give them.

| count | names |
| --- | --- |
| cached | `prompt_tokens_details.cached_tokens` (OpenAI's), `prompt_cache_hit_tokens` (DeepSeek's), |
|        | `cache_read_input_tokens` (of gateways), `cached_tokens` |
| written to the cache | `prompt_tokens_details.cache_write_tokens` (OpenRouter's), `cache_creation_input_tokens` |
| reasoning | `completion_tokens_details.reasoning_tokens`, `reasoning_tokens` |

`prompt_tokens` holds what was cached and written, and `output_tokens` the reasoning, whichever way the service counts:
`total_tokens`, or a part that is larger than its whole, shows where a service counts them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.network.allowance import StreamError


@dataclass(frozen=True)
class Usage:
    """A server's count of tokens; None where it gives none."""

    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    """Of the prompt's, those that it had already computed for an earlier request."""
    reasoning_tokens: int | None = None
    """Of the output's, those of thoughts before the answer."""
    cache_write_tokens: int | None = None
    """Of the prompt's, those that it wrote to its cache, and bills as such."""


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Read an object `usage`.

    Raises:
        StreamError: a count is none, or a part is larger than its whole.
    """
    of_prompt, of_output = (typed(usage, f"{name}_tokens_details", dict) or {} for name in ("prompt", "completion"))
    prompt, output, total = (count(usage, f"{name}_tokens") for name in ("prompt", "completion", "total"))
    cached = _first(
        count(of_prompt, "cached_tokens"), count(usage, "prompt_cache_hit_tokens"), count(usage, "cached_tokens")
    )
    written = count(of_prompt, "cache_write_tokens")
    read, created = count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens")
    reasoning = _first(count(of_output, "reasoning_tokens"), count(usage, "reasoning_tokens"))
    apart = (read or 0) + (created or 0)
    if prompt is not None and apart and _outside(apart, prompt, output, total):
        prompt += apart
    if output is not None and reasoning and _outside(reasoning, output, prompt, total):
        output += reasoning
    seen = Usage(prompt, output, _first(cached, read), reasoning, _first(written, created))
    _check_part("prompt", (seen.cached_tokens or 0) + (seen.cache_write_tokens or 0), prompt, "cached")
    _check_part("completion", reasoning or 0, output, "reasoning")
    return seen


def count(holder: Mapping[str, Any], key: str) -> int | None:
    """Return the count under a key, or None if it is missing or null.

    Raises:
        StreamError: it is no count.
    """
    value = typed(holder, key, int)
    if value is not None and (isinstance(value, bool) or not 0 <= value < 1 << 31):
        raise StreamError(f"it sent a chunk whose {key} is not a count: {value}")
    return None if value is None else int(value)


def typed(holder: Mapping[str, Any], key: str, kind: type) -> Any:
    """Return the value of a key, or None if it is missing or null.

    Raises:
        StreamError: it is of another type.
    """
    value = holder.get(key)
    if value is not None and not isinstance(value, kind):
        raise StreamError(f"it sent a chunk whose {key} is {type(value).__name__}, not {kind.__name__}")
    return value


def _outside(part: int, whole: int, other: int | None, total: int | None) -> bool:
    """Return whether a part is counted apart from its whole: the total says so, or else that it does not fit in."""
    if total is not None and other is not None:
        return total == whole + part + other
    return part > whole


def _check_part(name: str, part: int, whole: int | None, what: str) -> None:
    if whole is not None and part > whole:
        raise StreamError(f"it sent a chunk with {part} {what} tokens of {whole} {name} tokens")


def _first(*counts: int | None) -> int | None:
    return next((each for each in counts if each is not None), None)
