"""Define the record of a round of a gate: a line of `rounds.jsonl`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from wattbench.records.rows.answers import ScoreRow
from wattbench.records.rows.schema import Count, RecordRow

BASELINE, CANDIDATE = "baseline", "candidate"
SIDES = (BASELINE, CANDIDATE)


@dataclass(frozen=True, kw_only=True)
class RoundRow(RecordRow):
    """A round of a gate: some items of all tasks, asked of both systems, first of `first`.

    Two rounds that follow each other are a pair, by one coin: in one of them the baseline is asked first, in the other
    the candidate. So what drifts while a gate runs hits both sides alike, what the order does cancels within a pair,
    and where nothing changed, either is as likely to come out ahead in each pair. With its line the round counts; an
    answer that is in none (the gate was killed in its round) does not.
    """

    number: Count
    """From 0, without gaps."""
    pair: Count | None = None
    """The pair that it belongs to, counted from 0. A gate that was killed between the two rounds of a pair left one of
    them alone. None: a round of a run that had no pairs."""
    first: str
    """`BASELINE` or `CANDIDATE`."""
    items: list[tuple[str, Count]]
    """Task and document of each, in the order in which they were asked."""
    windows: dict[str, str]
    """Side to the id of the window in which its answers were measured."""
    scores: dict[str, dict[str, list[ScoreRow]]]
    """Side and task to lm-eval's scores of its answers."""
    long: bool = True
    """Whether its windows were made long enough for joules. A short round has seconds, and joules only by chance."""
    load: Count = 0
    """Which loading of both systems answered, counted from 0."""

    def as_json(self) -> dict[str, Any]:
        """Return the row with its scores as the object that `from_json` reads."""
        return asdict(self)
