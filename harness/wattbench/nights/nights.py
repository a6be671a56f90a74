"""The runs of a history by their headers alone: which night each is of, and whether it counts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from wattbench.errors import UserError
from wattbench.nights.layout import NightsLayout
from wattbench.records import RunHeader, RunLayout, machine_parts, read_run

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
"""What a run may be called where its name becomes that of a folder."""


@dataclass(frozen=True)
class KeptRun:
    """One run of a history."""

    run: str
    root: Path
    date: date
    """Of its night, UTC."""
    commit: str | None
    """Of the suite's repository."""
    finished: bool
    suite: str
    """Its name."""
    machine: str
    """What it was measured on, in words."""

    @property
    def series(self) -> tuple[str, str]:
        """Runs of one suite on one sort of machine follow one another."""
        return self.suite, self.machine


def kept_runs(layout: NightsLayout) -> list[KeptRun]:
    """Every run of a history, finished or not, oldest first.

    Raises:
        UserError: one of them is damaged.
    """
    # One without a header has only just been made, or was killed as it was: there is nothing in it.
    folders = (path for path in layout.runs.iterdir() if RunLayout(path).header.is_file())
    return sorted((kept_run(path) for path in folders), key=lambda each: (each.date, each.run))


def kept_run(root: Path) -> KeptRun:
    """A run as a night.

    Raises:
        UserError: it is no run, or is damaged.
    """
    records = read_run(root)
    header = records.header
    try:
        return KeptRun(
            run=root.name,
            root=root,
            date=date_of(header),
            commit=(header.night or {}).get("commit") or header.environment.get("commit"),
            finished=records.finished,
            suite=str(header.suite.get("suite", {}).get("name")),
            machine=", ".join(f"{what} {told}" for what, told in machine_parts(header.environment, "")["device"].facts),
        )
    except AttributeError as error:
        raise UserError(f"{records.layout.header}: a field is no mapping ({error}); the record is damaged") from error


def date_of(header: RunHeader) -> date:
    """The date of a run's night: as it says, or else the UTC date on which it began.

    Raises:
        UserError: it says no date.
    """
    told = (header.night or {}).get("date") or header.created_utc[:10]
    try:
        return date.fromisoformat(told)
    except (TypeError, ValueError) as error:
        raise UserError(f"run {header.run}: {told!r:.40} is no date; the record is damaged") from error


def today() -> date:
    """By UTC, so that machines in several places agree which night it is."""
    return datetime.now(UTC).date()


def commits_with_a_night(runs: Iterable[KeptRun], suite: str) -> set[str]:
    """Those of which a finished night of a suite is there."""
    return {each.commit for each in runs if each.finished and each.commit is not None and each.suite == suite}
