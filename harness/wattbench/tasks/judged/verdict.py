"""Read the verdict in a judge's reply, strictly: what is not exactly one verdict is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wattbench.config.judged import JudgedBy
from wattbench.records.rows.judgements import without_thoughts

_LINE = re.compile(r"^[ \t*_`#>-]*verdict[ \t*_`]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_AROUND = " \t\r*_`'\""
"""Left out around a verdict, as models set it in bold or in quotes. So is a full stop after it."""
_WORDS = {"pass": {"pass": 1.0, "fail": 0.0}, "pair": {"a": 1.0, "b": 0.0, "tie": 0.5}}
_NUMBER = re.compile(r"^[0-9]{1,3}$")
_SHOWN = 40
"""Characters of a verdict that a reason quotes."""


@dataclass(frozen=True)
class Verdict:
    """A judge's verdict on an answer."""

    score: float | None
    """0 to 1; of a pair for the answer that was shown first. None: it cannot be read."""
    why: str | None = None
    """Why it cannot be read, in a clause."""


def read_verdict(reply: str, judged: JudgedBy, *, cut_at: int | None = None) -> Verdict:
    """Read the verdict in a reply.

    It is the last line that is not blank. Another line with another verdict makes it unreadable: one of them may be
    quoted from the answer.

    Args:
        reply: of the judge; what precedes `</think>` is left out.
        judged: the scale.
        cut_at: the limit of tokens at which the reply was cut; None: it ended by itself.
    """
    said = without_thoughts(reply)
    if not said:
        return Verdict(None, "the judge's reply is empty" + _cut(cut_at))
    if "<think>" in said:
        return Verdict(None, "the judge's thoughts did not end" + _cut(cut_at))
    verdicts = [match[1].strip(_AROUND).rstrip(".").strip(_AROUND).lower() for match in _LINE.finditer(said)]
    if not verdicts:
        return Verdict(None, "the reply has no line with a verdict" + _cut(cut_at))
    if len(set(verdicts)) > 1:
        return Verdict(None, f"the reply has {len(verdicts)} verdicts that differ")
    if _LINE.match(said.splitlines()[-1]) is None:
        return Verdict(None, "the reply goes on after its verdict" + _cut(cut_at))
    score = _score(verdicts[0], judged)
    if score is None:
        return Verdict(None, f"{verdicts[0][:_SHOWN]!r} is no verdict on the scale {judged.scale}")
    return Verdict(score)


def _cut(at: int | None) -> str:
    return "" if at is None else f" (it was cut at {at:,} tokens)"


def _score(verdict: str, judged: JudgedBy) -> float | None:
    """Return a verdict as a number from 0 to 1; None if it is none on this scale."""
    grades = judged.grades
    if grades is None:
        return _WORDS[judged.scale].get(verdict)
    low, high = grades
    if not _NUMBER.match(verdict) or not low <= int(verdict) <= high:
        return None
    return (int(verdict) - low) / (high - low)
