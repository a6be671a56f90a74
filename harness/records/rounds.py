"""The record of a gate that asks two systems in turns: a line of `rounds.jsonl` for each round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from harness.records.schema import Row, ScoreRow

BASELINE, CANDIDATE = "baseline", "candidate"
SIDES = (BASELINE, CANDIDATE)


@dataclass(frozen=True, kw_only=True)
class BlockRow(Row):
    """Some items of one task, asked of both systems: of `first` first."""

    task: str
    first: str
    """`BASELINE` or `CANDIDATE`."""
    doc_ids: list[int]
    windows: dict[str, str]
    """Side to the id of the window in which its answers were measured."""


@dataclass(frozen=True, kw_only=True)
class RoundRow(Row):
    """A round of a gate: two blocks, in the second of which the other system is asked first.

    What drifts from block to block weighs on both alike, and who begins is drawn by the gate's seed: so that where
    nothing changed, either system is as likely to come out ahead. With its line the round counts; an answer that is in
    none (the gate was killed in its round) does not.
    """

    number: int
    """From 0, without gaps."""
    blocks: list[BlockRow]
    """Two; one in the last round of a gate that ran out of items."""
    scores: dict[str, dict[str, list[ScoreRow]]]
    """Side to task to lm-eval's scores of what was asked in the round."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row and what it holds."""
        known = dict(raw)
        known["blocks"] = [BlockRow.from_json(each) for each in raw["blocks"]]
        known["scores"] = {
            side: {task: [ScoreRow.from_json(score) for score in rows] for task, rows in own.items()}
            for side, own in raw["scores"].items()
        }
        return super().from_json(known)
