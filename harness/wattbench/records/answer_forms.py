"""Remove small differences of writing from an answer and its target before they are compared.

A report says what a score would be in these forms, `wattbench runs rescore` scores answers in them, and a record names
those in which a run was scored. All read them here.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from enum import StrEnum
from itertools import combinations

_BLANKS = "".join(chr(point) for point in range(0x3001) if chr(point).isspace())
_QUOTES = "\"'`*_“”‘’„«»"  # noqa: RUF001 - as texts have them
_OPENING = _QUOTES + "([{¿¡"
_CLOSING = _QUOTES + ".,;:!?…)]}。，、；：！？"  # noqa: RUF001 - the full stops of other scripts


_LONGEST_LIST = 4000
"""Characters of a target that is read as a list of several; a longer one is one text."""


NO_ANSWER = "[invalid]"
"""What is recorded of a reply in which a score finds no answer. lm-eval's own filters record the same."""


class AnswerForm(StrEnum):
    """One change of a text before it is compared."""

    STRIP = "strip"
    """Blanks at both ends are left out."""
    LOWER = "lower"
    """Letters are lower-cased."""
    PUNCTUATION = "punctuation"
    """Quotes, brackets and emphasis at both ends, and what ends a sentence, are left out. Signs of numbers stay."""
    FIRST_LINE = "first-line"
    """Of the answer, the first line that is not blank; the target stays as it is."""


Forms = tuple[AnswerForm, ...]
"""Changes that are made together, in the order of `AnswerForm`."""

ALL_FORMS: Forms = tuple(AnswerForm)

COMBINATIONS: tuple[Forms, ...] = tuple(
    forms for number in range(1, len(ALL_FORMS) + 1) for forms in combinations(ALL_FORMS, number)
)
"""Every choice of at least one change, the smallest first."""

CLAUSES = {
    AnswerForm.STRIP: "blanks are stripped",
    AnswerForm.LOWER: "letters are lower-cased",
    AnswerForm.PUNCTUATION: "punctuation at the ends is dropped",
    AnswerForm.FIRST_LINE: "the first line is taken",
}
"""What is done, as a clause that follows *if*."""


def in_order(forms: Collection[str]) -> Forms:
    """Return forms in the order of `AnswerForm`, each once."""
    return tuple(form for form in ALL_FORMS if form in forms)


def in_clauses(forms: Sequence[AnswerForm]) -> str:
    """Return a clause on what the forms change: ``blanks are stripped and the first line is taken``."""
    said = [CLAUSES[form] for form in forms]
    return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else "".join(said)


def answer_in(text: str, forms: Collection[AnswerForm]) -> str:
    """Return an answer with some forms applied. Applying them twice changes nothing more."""
    if AnswerForm.FIRST_LINE in forms:
        *ended, last = text.split("\n")
        lines = [*(line.rstrip("\r") for line in ended), last]  # a carriage return ends a line only before a line feed
        text = next((line for line in lines if line.strip()), text)
    return target_in(text, forms)


def target_in(text: str, forms: Collection[AnswerForm]) -> str:
    """Return a target with some forms applied. All of its lines are kept."""
    if AnswerForm.LOWER in forms:
        text = text.lower()
    blanks = _BLANKS if AnswerForm.STRIP in forms else ""
    if AnswerForm.PUNCTUATION not in forms:
        return text.strip(blanks) if blanks else text
    # A text of nothing but punctuation is an answer: it is not emptied.
    return text.lstrip(_OPENING + blanks).rstrip(_CLOSING + blanks) or (text.strip(blanks) if blanks else text)


def targets_of(recorded: str) -> tuple[str, ...]:
    """Return the texts that count as right for a recorded target; lm-eval records several as a Python list."""
    if recorded[:1] != "[" or recorded[-1] != "]" or len(recorded) > _LONGEST_LIST:
        return (recorded,)
    try:
        several = ast.literal_eval(recorded)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return (recorded,)
    return (recorded, *(each for each in several if isinstance(each, str)))


def equal_in(answer: str, targets: Collection[str], forms: Collection[AnswerForm]) -> bool:
    """Return whether an answer equals one of its targets after some forms are applied. An empty answer never does."""
    said = answer_in(answer, forms)
    return bool(said) and any(said == target_in(target, forms) for target in targets)
