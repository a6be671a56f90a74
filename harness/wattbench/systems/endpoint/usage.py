"""Leave out a server's counts of tokens that an answer or its request makes impossible.

That is what no tokenizer, template or way of streaming makes: the bounds are wide, and each has its reason below.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from wattbench.gateways.token_usage import Usage
from wattbench.systems.endpoint.request import MESSAGE_TOKENS, EndpointRequest

TEMPLATE_TOKENS = 1024
"""As many tokens as a chat template, or a service, adds to a prompt at most. The longest of published templates that
have a system prompt of their own take some hundred."""
MOST_TOKEN_BYTES = 256
"""No token has more bytes: the longest of published vocabularies (cl100k, o200k) are 128 blanks."""
MOST_PIECES_PER_TOKEN = 8
"""A server sends no more pieces for a token, on average: one as a rule, a gateway that divides texts into characters
some four, as English has four characters a token."""


class Shown(NamedTuple):
    """The visible size of an answer, by which counts of its tokens are checked."""

    size_bytes: int
    """Of text and thoughts, in UTF-8."""
    pieces: int
    """As how many pieces they came."""
    at_limit: bool
    """The server says that it ended at its limit of tokens."""


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
