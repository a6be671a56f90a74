"""Read the repository of a run's suite from its header, and the commits since the night before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattbench_reports.tables.json_values import mapping, objects, text, texts, whole_number

_HASH = re.compile(r"[0-9a-f]{7,64}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True)
class RepositoryRecord:
    """The repository of a suite when a run began."""

    remote: str | None = None
    """Its address, of host and path alone; None where it is not recorded or is no such address."""
    uncommitted: tuple[str, ...] = ()
    """The first files that were not committed."""
    uncommitted_in_all: int = 0

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> RepositoryRecord:
        """Read a header's block ``environment``."""
        known = mapping(recorded.get("repository")) or {}
        remote = text(known.get("remote"))
        files = texts(known.get("uncommitted"))
        return cls(
            remote=remote if remote is not None and _ADDRESS.fullmatch(remote) and ".." not in remote else None,
            uncommitted=files,
            uncommitted_in_all=max(len(files), whole_number(known.get("uncommitted_files")) or 0),
        )


@dataclass(frozen=True)
class CommitRecord:
    """One commit."""

    commit: str
    subject: str


@dataclass(frozen=True)
class CommitsSinceRecord:
    """The commits and files between an earlier night and a run."""

    run: str
    """The earlier night's."""
    commits: tuple[CommitRecord, ...]
    """The first, newest first."""
    commits_in_all: int
    files: tuple[str, ...]
    """The first that differ."""
    files_in_all: int

    @classmethod
    def of(cls, recorded: object) -> CommitsSinceRecord | None:
        """Read ``since`` of a header's block ``night``; None where it is not known."""
        known = mapping(recorded) or {}
        run = text(known.get("run"))
        if run is None:
            return None
        commits = tuple(
            CommitRecord(commit, text(each.get("subject")) or "")
            for each in objects(known.get("commits"))
            if (commit := commit_hash(each.get("commit"))) is not None
        )
        files = texts(known.get("files"))
        return cls(
            run=run,
            commits=commits,
            commits_in_all=max(len(commits), whole_number(known.get("commits_in_all")) or 0),
            files=files,
            files_in_all=max(len(files), whole_number(known.get("files_in_all")) or 0),
        )


def commit_hash(value: object) -> str | None:
    """Return the hash of a commit; None for anything else."""
    known = text(value)
    return known if known is not None and _HASH.fullmatch(known) else None
