"""Say in words which answers to a task of a file are right."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.config import FileTask

_MOST_LABELS = 12
RIGHT = {
    "label": "the reply names exactly one label, that of the row",
    "exact": "the whole reply is the target",
    "contains": "the target is in the reply, as whole words",
    "number": "the last number of the reply is the target",
    "regex": "the first match of the pattern in the reply is the target",
    "choice": "the reply names exactly one choice, the right one, by its letter or its text",
    "f1": "the share of words that the reply and the target have in common (F1 of SQuAD)",
}
"""When an answer is right, by score."""


def accepted(choice: FileTask, labels: Sequence[str]) -> str:
    """Describe which answers to a task of a file are right.

    Args:
        choice: the task.
        labels: of `score: label`.
    """
    said = RIGHT[choice.score]
    if choice.score == "number" and choice.tolerance:
        said += f", or within {choice.tolerance:g} of it"
    if choice.score == "regex":
        said += f" ({choice.pattern})"
    if labels:
        more = len(labels) - _MOST_LABELS
        listed = ", ".join(labels[:_MOST_LABELS]) + (f" and {more} more" if more > 0 else "")
        said += f" ({listed})"
    around = "" if choice.score in ("exact", "f1") else "words around it, "
    return f"{said}; {around}capitals, blanks and punctuation at the ends do not count"
