"""Define the record of a pass: a line of `passes.jsonl`."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.records.rows.schema import RecordRow


@dataclass(frozen=True, kw_only=True)
class PassRow(RecordRow):
    """One pass over the items of a window that were asked several times to fill it, the first pass included.

    Only windows with more than one pass have such rows. An item's seconds are those of the first pass; its joules are
    the mean over all passes, as no meter divides the window between them.
    """

    window: str
    number: int
    """From 0: the pass whose answers count."""
    started_s: float
    """When the first item of the pass was sent."""
    finished_s: float
    """When the last item of the pass was answered."""
    passes: int = 1
    """How many passes the row is of. Later passes of milliseconds are recorded together: a window holds thousands."""

    @property
    def duration_s(self) -> float:
        """Return the seconds of one pass, from start to finish."""
        return (self.finished_s - self.started_s) / self.passes
