"""Say what the judge thinks of each answer, from the verdicts on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from wattbench.records.reader import RunRecords
from wattbench.records.rows.answers import AnswerKey, AnswerRow
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, answer_digest

ITSELF = 0.5
"""Of an answer in a pair with itself."""


@dataclass(frozen=True)
class Opinions:
    """The verdicts of a run's judges."""

    judges: Mapping[str, JudgeRow]
    """By task."""
    verdicts: Mapping[tuple[str, str, AnswerKey], list[JudgementRow]]
    """By system, task and answer."""

    @classmethod
    def of(cls, records: RunRecords) -> Self:
        """Read the verdicts of a run."""
        judges, verdicts = records.judges(), dict[tuple[str, str, AnswerKey], list[JudgementRow]]()
        for row in records.judgements() if judges else ():
            verdicts.setdefault((row.system, row.task, row.key), []).append(row)
        return cls(judges, verdicts)

    def judged(self, system: str, task: str, answer: AnswerRow) -> float | None:
        """Return the judge's opinion of an answer, from 0 to 1; of a pair the mean over both orders.

        None: not judged, or of a pair not in both orders. A request that failed is 0 without a judge, as everywhere.
        """
        judge = self.judges.get(task)
        if judge is None:
            return None
        if answer.failure is not None:
            return 0.0
        if judge.against is not None and system == judge.against:
            return ITSELF
        digest = digest_of(answer)
        rows = [
            row
            for row in self.verdicts.get((system, task, answer.key), ())
            if row.answer_sha256 == digest and row.judge == judge.judge
        ]
        scores = [row.verdict for row in rows if row.verdict is not None]
        needed = 2 if any(row.shown is not None for row in rows) else 1
        return sum(scores) / needed if len(scores) == needed else None


def digest_of(answer: AnswerRow) -> str:
    """Return the digest of an answer's text, thoughts included, as verdicts and labels name it."""
    return answer_digest(str(answer.replies[0]))
