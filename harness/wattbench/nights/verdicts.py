"""Keep the verdict on each night next to the runs: a list of nights need not judge them again."""

from __future__ import annotations

from pathlib import Path

from wattbench.nights.layout import NightsLayout
from wattbench.records.files.atomic_write import write_atomically


def keep_verdict(layout: NightsLayout, run: str, text: str) -> None:
    """Write the JSON of a verdict, in place of an earlier one on this run.

    Raises:
        UserError: it cannot be written.
    """
    path = layout.verdicts / f"{run}.json"
    write_atomically(path, text.encode(), failure="the verdict cannot be written")


def kept_verdicts(layout: NightsLayout) -> dict[str, Path]:
    """Return run to the file of its verdict, of those that have one."""
    return {path.stem: path for path in sorted(layout.verdicts.glob("*.json"))}
