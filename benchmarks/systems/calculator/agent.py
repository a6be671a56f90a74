"""An agent with one tool: it lets a model call a calculator, and answer from what that returns.

The model writes ``<<12 * (7 + 3)>>`` and a line end; the agent computes, appends the result, and asks for the answer.
``specialist-calculator`` of the reference family was trained on texts of this form (``../../family/recipe.yaml``).

The calculator has a parser of its own: what a model writes is never run.
"""

from __future__ import annotations

import json
import math
import re
import urllib.request
from collections.abc import Iterator
from fractions import Fraction

MOST_REPLIES = 4
"""After as many, the last reply is the answer."""
MAX_TOKENS = 32
"""Of a reply. The longest call of a training document has 21."""
RESULT = "{result}\nAnswer:"
"""What follows a call and its line end."""

_CALL = re.compile(r"<<([^<>\n]{1,200})>>")
_TOKEN = re.compile(r"\s*(?:([0-9]{1,18}(?:\.[0-9]{1,18})?)|(gcd\b|[-+*/(),]))")
_DEEPEST = 20
"""Parentheses and signs within each other."""


def solve(task: str, base_url: str) -> str:
    """Answer a question, by OpenAI's completions below `base_url`."""
    text, reply = task, ""
    for _ in range(MOST_REPLIES):
        reply = _complete(base_url, text)
        call = _CALL.search(reply)
        if call is None:
            break
        try:
            result = calculate(call[1])
        except ValueError as error:
            result = f"error: {error}"
        text += f" {call[0]}\n{RESULT.replace('{result}', result)}"
    return reply.strip()


def calculate(expression: str) -> str:
    """Compute an expression of numbers, ``+ - * /``, parentheses and ``gcd(a, b, ...)``, exactly.

    Raises
    ------
    ValueError
        Where it is no such expression, or divides by zero.

    """
    tokens = [*_tokens(expression), ""]
    value = _sum(tokens, 0)
    if tokens != [""]:
        raise ValueError(f"{tokens[0]!r} is not expected there")
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.12g}"


def _tokens(expression: str) -> Iterator[str]:
    position, text = 0, expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text[position:].lstrip()[:1]!r} is not a part of a calculation")
        yield match[1] or match[2]
        position = match.end()


# Each takes its tokens from the front of the list, whose last one is empty.


def _sum(tokens: list[str], depth: int) -> Fraction:
    value = _product(tokens, depth)
    while tokens[0] in ("+", "-"):
        sign = 1 if tokens.pop(0) == "+" else -1
        value += sign * _product(tokens, depth)
    return value


def _product(tokens: list[str], depth: int) -> Fraction:
    value = _factor(tokens, depth)
    while tokens[0] in ("*", "/"):
        if tokens.pop(0) == "*":
            value *= _factor(tokens, depth)
        elif (divisor := _factor(tokens, depth)) == 0:
            raise ValueError("division by zero")
        else:
            value /= divisor
    return value


def _factor(tokens: list[str], depth: int) -> Fraction:
    if depth > _DEEPEST:
        raise ValueError("too many parentheses within each other")
    first = tokens[0]
    if first == "-":
        tokens.pop(0)
        return -_factor(tokens, depth + 1)
    if first == "(":
        return _arguments(tokens, depth, most=1)[0]
    if first == "gcd":
        tokens.pop(0)
        return Fraction(math.gcd(*map(_whole, _arguments(tokens, depth, most=100))))
    if first[:1].isdigit():
        return Fraction(tokens.pop(0))
    raise ValueError(f"{first!r} is not expected there" if first else "it ends too early")


def _arguments(tokens: list[str], depth: int, most: int) -> list[Fraction]:
    _take(tokens, "(")
    values = [_sum(tokens, depth + 1)]
    while tokens[0] == "," and len(values) < most:
        tokens.pop(0)
        values.append(_sum(tokens, depth + 1))
    _take(tokens, ")")
    return values


def _take(tokens: list[str], expected: str) -> None:
    if tokens[0] != expected:
        raise ValueError(f"{expected!r} is missing")
    tokens.pop(0)


def _whole(value: Fraction) -> int:
    if value.denominator != 1:
        raise ValueError("gcd is of whole numbers")
    return value.numerator


def _complete(base_url: str, prompt: str) -> str:
    body = {"model": "default", "prompt": prompt, "max_tokens": MAX_TOKENS, "temperature": 0, "stop": ["\n"]}
    headers = {"Content-Type": "application/json"}
    # Its URL is the gateway's, which wattbench passes.
    request = urllib.request.Request(f"{base_url}/completions", json.dumps(body).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
        return str(json.load(response)["choices"][0]["text"])
