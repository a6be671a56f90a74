"""Define the record of a round of a gate: a line of `rounds.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from wattbench.records.schema import RecordRow, ScoreRow

BASELINE, CANDIDATE = "baseline", "candidate"
SIDES = (BASELINE, CANDIDATE)


@dataclass(frozen=True, kw_only=True)
class RoundRow(RecordRow):
    """A round of a gate: some documents of one task, asked of both systems, first of `first`.

    For every round a coin is thrown anew, by the gate's seed. So what drifts while a gate runs hits both sides alike,
    and where nothing changed, either is as likely to come out ahead in each round. With its line the round counts; an
    answer that is in none (the gate was killed in its round) does not.
    """

    number: int
    """From 0, without gaps."""
    task: str
    first: str
    """`BASELINE` or `CANDIDATE`."""
    doc_ids: list[int]
    """In the order in which they were asked."""
    windows: dict[str, str]
    """Side to the id of the window in which its answers were measured."""
    scores: dict[str, list[ScoreRow]]
    """Side to lm-eval's scores of its answers."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row and the rows that it contains."""
        scores = {side: [ScoreRow.from_json(score) for score in rows] for side, rows in raw["scores"].items()}
        return super().from_json({**raw, "scores": scores})
