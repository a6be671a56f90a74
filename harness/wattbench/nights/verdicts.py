"""What was said of each night, kept beside the runs: nights are listed with it, and nobody need judge them again."""

from __future__ import annotations

from pathlib import Path

from wattbench.nights.layout import NightsLayout
from wattbench.records.atomic_write import write_atomically


def keep_verdict(layout: NightsLayout, run: str, text: str) -> None:
    """Put down the JSON of a verdict, in place of what was said of this run before.

    Raises:
        UserError: it cannot be written.
    """
    path = layout.verdicts / f"{run}.json"
    write_atomically(path, text.encode(), failure="the verdict cannot be written")


def kept_verdicts(layout: NightsLayout) -> dict[str, Path]:
    """Run to the file of its verdict, of those that have one."""
    return {path.stem: path for path in sorted(layout.verdicts.glob("*.json"))}
