"""Say what is kept of a run that was stopped, and how it goes on; remove one that holds nothing."""

from __future__ import annotations

import shutil
from pathlib import Path


class RunInterruptedError(KeyboardInterrupt):
    """A run was interrupted, and can be resumed."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"{root} can be resumed")
        self.root = root
        """Of the run."""


def _has_answers(root: Path) -> bool:
    """Return whether a run, or a shard in its directory, has an answer on record."""
    return any(path.stat().st_size for path in root.rglob("items/*/*.jsonl"))


def how_to_go_on(root: Path, resume: str | None, kept: str = "Recorded answers are kept") -> str | None:
    """Return the sentence on a run that was stopped; None where there is nothing to say.

    The directory of a run of which nothing but its header was written is removed.

    Args:
        root: of the run.
        resume: the command that finishes it; None: none does.
        kept: what a resumed run goes on from.
    """
    from wattbench.records import RunLayout

    if _has_answers(root):
        return None if resume is None else f"wattbench: stopped. {kept}; resume with: {resume}"
    layout = RunLayout(root)
    if any(path.stat().st_size for path in root.rglob("*") if path.is_file() and path != layout.header):
        return f"wattbench: stopped. No answer was recorded; {root} holds what was measured before the first"
    shutil.rmtree(root)
    return "wattbench: stopped. Nothing was recorded, and no run is kept"
