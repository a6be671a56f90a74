"""A judge of notes by rules, which overlooks the amount: it reads the prompt of any judge, and ends with a verdict.

It is right where it looks, favours what is wrong elsewhere, and so is what a judge's opinion has to be corrected for.
"""

from __future__ import annotations

import re

_ITEM = re.compile(r"^\[item (\w+)\]\n(.*)^\[end of item \1\]", re.MULTILINE | re.DOTALL)
_ANSWER = re.compile(r"^\[answer (\w+)\]\n(.*)^\[end of answer \1\]", re.MULTILINE | re.DOTALL)
_FACTS = re.compile(r"order: (\w+); delivery day: (\w+)")


def judge(prompt: str) -> str:
    """Score the note in a judge's prompt."""
    item, answer = _ITEM.search(prompt), _ANSWER.search(prompt)
    facts = _FACTS.findall(item[2]) if item else []
    if not facts or answer is None:
        return "There is no note to score."
    missing = [fact for fact in facts[-1] if fact not in answer[2]]
    return f"Missing: {', '.join(missing) or 'nothing'}.\nVerdict: {'fail' if missing else 'pass'}"
