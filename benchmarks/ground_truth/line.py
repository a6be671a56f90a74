"""One line of ground truth: a known figure, and the one that is compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WATTBENCH = "wattbench"


class NotHereError(Exception):
    """What a subject needs is not on this machine, or failed; the text says what, and how to get it."""


@dataclass(frozen=True)
class Line:
    """A published or known figure, and the same by wattbench (or by the tool of `by`)."""

    name: str
    """In its subject, without spaces: the command takes it as ``subject/name``."""
    what: str
    """What it is a figure of, in words."""
    unit: str
    known: float
    found: float | None
    """None: the tool states none."""
    by: str = WATTBENCH
    """Whose figure `found` is."""
    note: str = ""
    """Why the two differ, or what the tool says of its figure."""

    @property
    def difference(self) -> float | None:
        """Return (found - known) / known; None where there is nothing to compare."""
        if self.found is None:
            return None
        if self.found == self.known:
            return 0.0
        return (self.found - self.known) / self.known if self.known else None


@dataclass(frozen=True)
class Made:
    """The lines of a subject, as one call of the command made them."""

    made_utc: str
    """The day, as 2026-11-28."""
    versions: Mapping[str, str]
    """Of the tools that took part."""
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Sources:
    """What a subject may need in addition to wattbench and its extras."""

    others: Path | None
    """The folder of files that `tests/wattbench/importers/fetch_others.py` fetches."""
    tools: Mapping[str, Path]
    """Tool to the Python interpreter of the environment that it is installed in."""
    folder: Path
    """Empty, to work in."""
