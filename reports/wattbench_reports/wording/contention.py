"""The signals of other work on a machine, in words."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench.records.rows.windows import signal_in_words
from wattbench_reports.formatting.units import listed


def signals(names: Iterable[tuple[str, int]]) -> str:
    """List signals with how often each was seen: ``waiting for a core (3×) and the container's CPU quota``."""
    return listed([f"{signal_in_words(name)}{f' ({count}×)' if count > 1 else ''}" for name, count in names])
