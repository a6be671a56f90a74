"""Lay out prompts for a terminal, cut to a few lines, without control characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wattbench.measure.shown_prompts import ShownPrompt
from wattbench.terminal import printable, without_commands, wrapped

MOST_LINES = 14
"""Lines of one prompt that are shown: as many of its beginning as of its end, where the question is."""
MOST_CHARACTERS = 400
"""Of one line of a prompt."""


def prompts_as_text(prompts: Iterable[ShownPrompt], *, whole: bool = False) -> list[str]:
    """Return prompts as lines of text: the systems, the prompt, and the right answer.

    Args:
        prompts: of `shown_prompts`.
        whole: do not cut them.
    """
    return [line for prompt in prompts for line in _lines(prompt, whole=whole)]


def _lines(prompt: ShownPrompt, *, whole: bool) -> Iterator[str]:
    form = ", as a chat" if prompt.chat else ""
    yield from wrapped(f"item {prompt.doc_id} of {prompt.task} to {', '.join(prompt.systems)}{form}:", rest="  ")
    body = list(_body(prompt))
    left_out = 0 if whole else len(body) - MOST_LINES
    if left_out > 1:
        half = MOST_LINES // 2
        body = [*body[:half], f"({left_out} lines left out)", *body[-half:]]
    for line in body:
        yield f"  | {_short(line, whole=whole)}" if line else "  |"
    if prompt.contexts > 1:
        yield f"  the first of {prompt.contexts} prompts of this item, one for each choice"
    if prompt.continuations:
        compared = " ".join(repr(text) for text in prompt.continuations)
        yield "  compares the likelihoods of: " + _short(compared, whole=whole)
    if prompt.target:
        yield "  right answer: " + _short(prompt.target.replace("\n", " "), whole=whole)


def _body(prompt: ShownPrompt) -> Iterator[str]:
    for number, turn in enumerate(prompt.turns, 1):
        begun = prompt.begun and number == len(prompt.turns)
        if turn.role:
            yield f"[{turn.role}]" + (" begun, and continued by the answer:" if begun else "")
        # Not str.splitlines: that also breaks at characters that are no ends of lines in a prompt.
        yield from turn.text.replace("\r\n", "\n").split("\n")


def _short(line: str, *, whole: bool) -> str:
    if whole or len(line) <= MOST_CHARACTERS:
        return _harmless(line)
    return f"{_harmless(line[:MOST_CHARACTERS])}... ({len(line) - MOST_CHARACTERS:,} characters left out)"


def _harmless(line: str) -> str:
    return without_commands(printable(line.expandtabs()))
