"""Write the items that flipped in a gate in words, as the terminal, comment and page share them."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.formatting.safe_text import Excerpt, with_ends
from wattbench_reports.formatting.units import NONE, listed, plural
from wattbench_reports.gate.result import FlippedAnswer, FlippedItem, FlippedItems

_PROMPT, _ANSWER = 140, 70
"""Characters of a line: of a prompt its end, where the question is; of an answer and a key their beginning."""


TITLE = "Items that flipped"


def counts_line(flips: FlippedItems) -> str:
    """Count what flipped: ``31 lost (only the baseline is right), 12 won (...), of 400 items.``"""
    return (
        f"{flips.lost:,} lost (only the baseline is right), {flips.won:,} won (only the candidate is right), of "
        f"{plural(flips.items, 'item')}."
    )


def first_of_each(flips: FlippedItems, lost: int, won: int) -> list[FlippedItem]:
    """Return the first of the listed items, at most `lost` and `won` of them, lost ones first."""
    kinds = ([each for each in flips.shown if each.lost is kind] for kind in (True, False))
    return [each for kind, most in zip(kinds, (lost, won), strict=True) for each in kind[:most]]


def unrecorded_line(items: Sequence[FlippedItem]) -> str:
    """Name the texts that are not recorded of the listed items; empty where all are."""
    missing = {
        "prompts": not any(each.prompts for each in items),
        "keys": not any(each.key for each in items),
        "answers": all(answer(side) == NONE for each in items for side in (each.baseline, each.candidate)),
    }
    names = [name for name, absent in missing.items() if absent]
    return f"Not recorded: {listed(names)}." if items and names else ""


def item(flipped: FlippedItem) -> str:
    """Name an item: ``capitals 7``."""
    return f"{flipped.task} {flipped.doc_id}"


def prompt(flipped: FlippedItem) -> str:
    """Write the end of the prompt in a line; that of the candidate where the two differ."""
    return _line(flipped.prompts[-1], _PROMPT, end=True) if flipped.prompts else NONE


def key(flipped: FlippedItem) -> str:
    """Write the expected answer in a line."""
    return NONE if flipped.key is None else _line(flipped.key, _ANSWER)


def answer(given: FlippedAnswer) -> str:
    """Write in a line the text that was compared with the key; else the output, or why there is none."""
    if given.failure:
        return f"no answer: {given.failure}"
    compared = given.output if given.filtered is None else given.filtered
    return NONE if compared is None else _line(compared, _ANSWER)


def _line(excerpt: Excerpt, most: int, *, end: bool = False) -> str:
    flat = " ".join(excerpt.text.split())
    if not flat:
        return with_ends(excerpt.text) if excerpt.text else "(empty)"
    whole = not excerpt.cut and len(flat) <= most
    if whole or not end:
        return flat if whole else f"{flat[:most]}..."
    return f"...{flat[-most:].partition(' ')[2] or flat[-most:]}"
