"""Extract the answer that a text states, so that the answers of systems can be compared without the task's scorer."""

from __future__ import annotations

import re
import string

_CUE = re.compile(r"\banswer\b[^.\n]{0,60}?(?:\bis\b|[:=])|\\boxed\s*\{", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|$)")
_EDGES = string.punctuation.replace("-", "").replace("+", "") + string.whitespace

LONGEST = 4000
"""Characters that are looked at, from the end of the text."""


def stated_answer(text: str) -> str:
    """Return the answer that a text states, normalised for comparison.

    What a filter of the task has already cut to the answer is returned as it is but for case, spacing and the
    punctuation around it. Of a longer text it is what follows the last *answer is*, ``answer:`` or ``\\boxed{`` up to
    the end of the sentence, so that two systems may reason differently and agree; else the first line. What stands
    before ``</think>`` does not count.
    """
    said = text.rpartition("</think>")[2][-LONGEST:].strip()
    for cue in reversed(list(_CUE.finditer(said))):
        if answer := _plain(_SENTENCE_END.split(said[cue.end() :].lstrip(), maxsplit=1)[0]):
            return answer
    # Where nothing but punctuation was said, that was the answer.
    return next((plain for line in said.splitlines() if (plain := _plain(line))), said)


def _plain(text: str) -> str:
    return " ".join(text.casefold().strip(_EDGES).split())
