"""Quote prompts, cut to a few lines, without control characters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from wattbench.measure.shown_prompts import ShownPrompt
from wattbench.terminal import printable
from wattbench_reports.presenter.model import Example, Examples, Passage, Quote

MOST_LINES = 14
"""Lines of one prompt that are shown: as many of its beginning as of its end, where the question is."""
MOST_CHARACTERS = 400
"""Of one line of a prompt."""


def prompts_passage(
    prompts: Iterable[ShownPrompt], listed: Callable[[Sequence[str]], str] = ", ".join, *, whole: bool = False
) -> Passage:
    """Make a passage of prompts: the systems, the prompt, and the right answer.

    Args:
        prompts: of `shown_prompts`.
        listed: lists systems.
        whole: do not cut them.
    """
    shown = tuple(_example(prompt, listed(prompt.systems), whole=whole) for prompt in prompts)
    return Passage(examples=(Examples("", shown),) if shown else ())


def _example(prompt: ShownPrompt, systems: str, *, whole: bool) -> Example:
    form = ", as a chat" if prompt.chat else ""
    body = list(_body(prompt))
    left_out = 0 if whole else len(body) - MOST_LINES
    if left_out > 1:
        half = MOST_LINES // 2
        body = [*body[:half], f"({left_out} lines left out)", *body[-half:]]
    quotes = [Quote("", "\n".join(_short(line, whole=whole) for line in body))]
    if prompt.contexts > 1:
        quotes.append(Quote(f"the first of {prompt.contexts} prompts of this item, one for each choice", ""))
    if prompt.continuations:
        compared = " ".join(repr(text) for text in prompt.continuations)
        quotes.append(Quote("compares the likelihoods of", _short(compared, whole=whole)))
    if prompt.target:
        quotes.append(Quote("right answer", _short(prompt.target.replace("\n", " "), whole=whole)))
    title = f"item {prompt.doc_id} of {prompt.task} to {systems}{form}:"
    return Example(title, tuple(quotes), ())


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
    return printable(line.expandtabs())
