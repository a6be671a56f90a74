"""The sessions of a program that is metered without a suite: lines of `sessions.jsonl`."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.records.rows.schema import Amount, Count, RecordRow


@dataclass(frozen=True, kw_only=True)
class SessionRow(RecordRow):
    """A session as it was opened. It is an item, so that after a kill it can be completed from its calls."""

    session: str
    """As its calls have it."""
    name: str
    """What it is called. Sessions of one name are repeats of one item, in all runs."""
    doc_id: Count
    repeat: Count
    window: str
    """The id of the window that was open."""
    started_s: Amount
