"""Define the records of judging: which judge scored a task, each of its verdicts, and the labels that people gave.

A verdict is an opinion: it is no score. Labels of people correct it where reports read a run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wattbench.records.rows.answers import OfAnswer, TokenCounts
from wattbench.records.rows.schema import Amount, FieldError, RecordRow, Share, check_order
from wattbench.records.rows.systems import SystemRow

_RANGE = re.compile(r"(\d{1,3})\.\.(\d{1,3})", re.ASCII)

Shown = Literal["first", "second"]
"""Where the answer was shown in a pair."""

Drawn = Literal["evenly", "by verdict", "as given"]
"""How an answer was drawn for a label: at random from the answers of its system and task; at random from those of them
that have one verdict; or in a way that wattbench does not know."""


@dataclass(frozen=True, kw_only=True)
class JudgeRow(RecordRow):
    """A line of `judges.jsonl`: what scores the answers to a task."""

    judge: str
    """The system."""
    task: str
    scale: str
    """`pass`, `pair`, or a range such as `1..5`."""
    rubric: str
    """The text of the rubric."""
    against: str | None = None
    """Of a pair: the system whose answers are compared with. None: the text in the target column."""
    prompt_version: str
    """Of the prompt that a judge gets. Another version may judge in another way. `imported` where it is not known."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the judge is: fields of a line of `systems.jsonl`."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check the scale, and what the judge is."""
        if raw["scale"] not in ("pass", "pair") and grades_of(raw["scale"]) is None:
            raise FieldError(f"scale is {raw['scale']!r:.60}: it must be pass, pair, or a range such as 1..5")
        if raw.get("facts"):
            SystemRow.from_json(raw["facts"])


@dataclass(frozen=True, kw_only=True)
class OfJudgedAnswer(OfAnswer):
    """What identifies an answer of a run."""

    system: str
    task: str
    answer_sha256: str
    """Of the answer's text, as `answer_digest` makes it."""


@dataclass(frozen=True, kw_only=True)
class JudgementRow(TokenCounts, OfJudgedAnswer):
    """A line of `judgements.jsonl`: what a judge said of an answer. The tokens are the judge's."""

    judge: str
    shown: Shown | None = None
    """Of a pair: where the answer was. None on any other scale, and in an imported run, which has one verdict on both
    orders."""
    verdict: Share | None
    """0 to 1; None: not judged. It is never 0 for what could not be read."""
    why: str | None = None
    """Why it is not judged, in a clause."""
    reply: str
    """What the judge wrote; empty where its request failed, and in an imported run."""
    prompt_hash: str
    """Empty in an imported run."""
    started_s: Amount | None
    """None in an imported run, as the next one."""
    finished_s: Amount | None
    window: str
    """The window in which the judge was asked, of the purpose `judging`; empty in an imported run."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that it ends after its start, where both are known."""
        if raw["started_s"] is not None and raw["finished_s"] is not None:
            check_order(raw)


@dataclass(frozen=True, kw_only=True)
class LabelRow(OfJudgedAnswer):
    """A line of `labels.jsonl`: how a person scored an answer. Labels are added to a finished run, so that the file has
    no digest in `finished.json`; the last line of a person and an answer counts."""

    score: Share | None
    """0 to 1, on the scale of the judge; None: the person could not tell."""
    person: str
    """A name or a number of one's choice."""
    drawn: Drawn = "evenly"
    labelled_utc: str
    """ISO 8601."""
    seconds: Amount | None = None
    """How long the answer was shown; None: not known."""


def grades_of(scale: str) -> tuple[int, int] | None:
    """Return the lowest and the highest grade of a scale such as ``1..5``; None: it is no such range."""
    match = _RANGE.fullmatch(scale)
    grades = None if match is None else (int(match[1]), int(match[2]))
    return grades if grades is not None and grades[0] < grades[1] else None


def answer_digest(text: str) -> str:
    """Return the SHA-256 of an answer's text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def without_thoughts(text: str) -> str:
    """Return what people and judges see of a text that a model wrote: what follows its thoughts."""
    return text.rpartition("</think>")[2].strip()
