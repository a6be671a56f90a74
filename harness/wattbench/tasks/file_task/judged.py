"""Score a few example replies to an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.tasks.file_task.scores import CHOICES, LETTER, LETTERS, Score


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
