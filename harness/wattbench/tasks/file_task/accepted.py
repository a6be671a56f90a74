"""Say which answers to a task of a file are right: in words, and by examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wattbench.config import FileTask, TaskChoice
from wattbench.tasks.file_task.scores import CHOICES, LETTER, LETTERS, Score

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
_BY_CHECK = "the check ends with exit code 0 in its working folder"


def accepted(choice: FileTask, labels: Sequence[str]) -> str:
    """Describe which answers to a task of a file are right.

    Args:
        choice: the task.
        labels: of `score: label`.
    """
    if choice.compared is None:
        return accepted_freely(choice) or _BY_CHECK
    said = RIGHT[choice.compared]
    if choice.compared == "number" and choice.tolerance:
        said += f", or within {choice.tolerance:g} of it"
    if choice.compared == "regex":
        said += f" ({choice.pattern})"
    if labels:
        more = len(labels) - _MOST_LABELS
        listed = ", ".join(labels[:_MOST_LABELS]) + (f" and {more} more" if more > 0 else "")
        said += f" ({listed})"
    around = "" if choice.compared in ("exact", "f1") else "words around it, "
    said = f"{said}; {around}capitals, blanks and punctuation at the ends do not count"
    return said if choice.check is None else f"{said}; of an agent: {_BY_CHECK}"


def accepted_freely(choice: TaskChoice) -> str:
    """Describe which answers to a task are right by its judge or its grading function; empty for any other task."""
    if choice.graded is not None:
        function = choice.graded.rpartition("/")[2]
        return f"what {function} returns, from 0 to 1"
    if choice.judged is not None:
        judge, rubric = choice.judged.judge, choice.judged.rubric.name
        return f"what the judge {judge} says by {rubric} ({choice.judged.scale}), corrected by labels of people"
    return ""


def judged_examples(score: Score, document: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return example replies to a document, each with its score.

    Args:
        score: of the task.
        document: one of its items.
    """
    target = str(document[score.target])
    return [
        (reply, next(iter(score.correct(score.extract(reply, document), document).values())))
        for reply in _replies(score, document, target)
    ]


def _replies(score: Score, document: Mapping[str, Any], target: str) -> list[str]:
    if score.kind == "label":
        other = next((label for label in score.labels if label != target), "")
        return [f"{target}.", f"It is {target}, I think", f"{target} or {other}", "I do not know"]
    if score.kind == "choice":
        letter = str(document[LETTER])
        other = next(each for each in LETTERS if each != letter)
        right = document[CHOICES][LETTERS.index(letter)]
        return [f"{letter}.", f"The answer is {right}", f"{letter} or {other}", "I do not know"]
    if score.kind == "number":
        return [f"It is {target}.", f"{target} or 987654321", "I do not know"]
    if score.kind == "regex":
        return [target, "I do not know"]
    return [f"{target}.", f"I think {target}", "I do not know"]
