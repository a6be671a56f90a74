"""Read the runs of a history by their headers alone: the night of each, whether it counts, and its verdict."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records import RunHeader, RunLayout, machine_parts, read_run
from wattbench.records.files.atomic_write import failing_as, make_folder, write_atomically
from wattbench.records.schema.header import CommitRecord, CommitsSinceRecord
from wattbench.repository import logged_since


@dataclass(frozen=True)
class NightsLayout:
    """The paths of one history. Only `created` creates folders.

    Next to them are `reference.yaml`, which people write, and `.index/`, a cache: both are for `wattbench_reports` to
    read.
    """

    root: Path

    @property
    def runs(self) -> Path:
        """`runs/`: a run directory per night. A run counts once it is finished."""
        return self.root / "runs"

    @property
    def verdicts(self) -> Path:
        """`verdicts/<run>.json`: the verdict on a night when it was judged last."""
        return self.root / "verdicts"

    @property
    def site(self) -> Path:
        """`site`: a link to the last complete site."""
        return self.root / "site"

    @property
    def sites(self) -> Path:
        """`.sites/`: the site that is shown, the one before it for those who still read it, and one that is being
        built."""
        return self.root / ".sites"

    @property
    def aside(self) -> Path:
        """`.aside/`: runs on their way in or out. Nothing in it counts."""
        return self.root / ".aside"

    @property
    def site_lock(self) -> Path:
        """`.site.lock`: held by the one process that builds the site."""
        return self.root / ".site.lock"

    def created(self) -> NightsLayout:
        """Create the folders of a history.

        Raises:
            UserError: they cannot be created.
        """
        with failing_as(self.root, "the history cannot be created here"):
            make_folder(self.runs)
        return self

    def existing(self) -> NightsLayout:
        """Check that the history exists.

        Raises:
            UserError: there is no history here.
        """
        if not self.runs.is_dir():
            raise UserError(
                f"{self.root}: not a history (it has no folder {self.runs.name}); "
                "wattbench nightly and wattbench runs history --add create one"
            )
        return self


RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
"""The name of a run that may become the name of a folder."""


@dataclass(frozen=True)
class KeptRun:
    """One run of a history."""

    run: str
    root: Path
    date: date
    """The date of its night, UTC."""
    commit: str | None
    """Commit of the suite's repository."""
    finished: bool
    suite: str
    """The suite's name."""
    machine: str
    """The device it was measured on, in words."""

    @property
    def series(self) -> tuple[str, str]:
        """Return the run's suite and machine: runs that share both form a series."""
        return self.suite, self.machine


def kept_runs(layout: NightsLayout) -> list[KeptRun]:
    """Return every run of a history, finished or not, oldest first.

    Raises:
        UserError: one of them is damaged.
    """
    # One without a header has only just been made, or was killed as it was: there is nothing in it.
    folders = (path for path in layout.runs.iterdir() if os.path.lexists(RunLayout(path).header))
    return sorted((kept_run(path) for path in folders), key=lambda each: (each.date, each.run))


def kept_run(root: Path) -> KeptRun:
    """Read a run as a night.

    Raises:
        UserError: it is not a run, or is damaged.
    """
    records = read_run(root)
    header = records.header
    try:
        device = machine_parts(header.environment, "")["device"]
        return KeptRun(
            run=root.name,
            root=root,
            date=date_of(header),
            commit=(header.night or {}).get("commit") or header.environment.get("commit"),
            finished=records.finished,
            suite=str(header.suite.get("suite", {}).get("name")),
            machine=", ".join(f"{what} {value}" for what, value in device.facts),
        )
    except AttributeError as error:
        raise UserError(
            f"{records.layout.header}: a field is not an object ({error}); the record is damaged"
        ) from error


def date_of(header: RunHeader) -> date:
    """Return the date of a run's night: the recorded one, or the UTC date on which it began.

    Raises:
        UserError: it has no valid date.
    """
    text = (header.night or {}).get("date") or header.created_utc[:10]
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise UserError(f"run {header.run}: {text!r:.40} is not a date; the record is damaged") from error


def tonight(layout: NightsLayout) -> date:
    """Return the date of a night that begins now, in UTC, so that all machines agree on it.

    Raises:
        UserError: the history has a later one, so that this machine's clock is wrong now, or one was then.
    """
    now = datetime.now(UTC).date()
    try:
        nights = kept_runs(layout)
    except UserError:  # a damaged run of another night does not stop this one
        return now
    if nights and nights[-1].date > now:
        raise UserError(
            f"it is {now} by this machine's clock, and {layout.root} has a later night, {nights[-1].root.name} of "
            f"{nights[-1].date}: correct the clock; if it was wrong then, move that run away; or name the night: --date"
        )
    return now


def commits_with_a_night(runs: Iterable[KeptRun], suite: str) -> set[str]:
    """Return the commits with a finished night of a suite."""
    return {each.commit for each in runs if each.finished and each.commit is not None and each.suite == suite}


def keep_verdict(layout: NightsLayout, run: str, text: str) -> None:
    """Write the JSON of a verdict, in place of an earlier one on this run.

    Raises:
        UserError: it cannot be written.
    """
    path = layout.verdicts / f"{run}.json"
    write_atomically(path, text.encode(), failure="the verdict cannot be written")


def kept_verdicts(layout: NightsLayout) -> dict[str, Path]:
    """Map runs to the files of their verdicts."""
    return {path.stem: path for path in sorted(layout.verdicts.glob("*.json"))}


MOST_COMMITS = 20
MOST_FILES = 20
_LONGEST = 120
"""Characters of a subject."""


def night_before(runs: Sequence[KeptRun], suite: str, night: date) -> KeptRun | None:
    """Return the last finished run of a suite before a night, with which the night is compared."""
    earlier = [each for each in runs if each.finished and each.suite == suite and each.date < night]
    return earlier[-1] if earlier else None


def commits_since(folder: Path, before: KeptRun) -> CommitsSinceRecord | None:
    """List the commits from an earlier night's commit to the one that is checked out.

    Args:
        folder: in the repository.
        before: the earlier night.

    Returns:
        None where there is no repository, or it does not have the earlier commit, as in a shallow clone.
    """
    logged = None if before.commit is None else logged_since(folder, before.commit)
    if before.commit is None or logged is None:
        return None
    return CommitsSinceRecord(
        run=before.run,
        commit=before.commit,
        commits=tuple(
            CommitRecord(commit=sha, subject=subject[:_LONGEST]) for sha, subject in logged.commits[:MOST_COMMITS]
        ),
        commits_in_all=len(logged.commits),
        files=logged.files[:MOST_FILES],
        files_in_all=len(logged.files),
    )
