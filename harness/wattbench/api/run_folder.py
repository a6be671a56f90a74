"""List the runs in a folder, and find the run that a path means."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.errors import UserError
from wattbench.progress.notices import notice
from wattbench.records import RunLayout, read_run
from wattbench.records.files.atomic_write import failing_as
from wattbench.records.files.regular_file import is_folder, is_locked
from wattbench.records.finish_record import read_finish

if TYPE_CHECKING:
    from wattbench.records import RunHeader

FINISHED, RESUMABLE, WRITTEN, DAMAGED = "finished", "resumable", "being written", "damaged"
"""States of a run."""


@dataclass(frozen=True, kw_only=True)
class ListedRun:
    """A run in a folder, from its header alone."""

    run: str
    """The name of its directory."""
    path: Path
    state: str
    kind: str = ""
    """``run``, ``gate``, ``night``, ``import``, ``rescored``, ``meter``, ``part`` of a stopped run; empty: unknown."""
    suite: str = ""
    systems: Sequence[str] = field(default_factory=tuple)
    items: int | None = None
    """Documents that each system is asked; None where the record does not say."""
    created_utc: str = ""
    finished_utc: str | None = None
    resume: str | None = None
    """The command that finishes it; None where it is finished, or none can."""
    problem: str | None = None
    """What is wrong with a damaged one."""

    @property
    def size_bytes(self) -> int:
        """Return the bytes of all files of the run. Every file is looked at, which only a list of runs needs."""
        return _size(self.path)

    def as_record(self) -> dict[str, Any]:
        """Return the run as plain data."""
        return {
            **asdict(self),
            "path": str(self.path),
            "systems": list(self.systems),
            "size_bytes": self.size_bytes,
        }


def runs_in(folder: Path) -> list[ListedRun]:
    """List the runs in a folder, the newest last. For a run's own directory, list that run alone.

    Raises:
        UserError: there is no such folder.
    """
    with failing_as(folder, "the runs in this folder cannot be listed"):
        roots = [folder] if _is_run(folder) else [each for each in sorted(folder.iterdir()) if _is_run(each)]
    listed = [_listed(RunLayout(root)) for root in roots]
    return sorted(listed, key=lambda each: (each.created_utc, each.run))


def find_run(path: str | os.PathLike[str]) -> Path:
    """Return the run that a path means: its directory, or the newest finished one in a folder of runs.

    Which one was taken of a folder is said on standard error.

    Raises:
        UserError: no run in the folder is finished.
    """
    given = Path(path)
    if not is_folder(given) or _is_run(given):
        return given
    runs = runs_in(given)
    if not runs:
        return given  # reading it says what is wrong
    finished = [each for each in runs if each.state == FINISHED]
    if not finished:
        resumable = [each.resume for each in runs if each.resume]
        hint = f"; finish the newest with: {resumable[-1]}" if resumable else ""
        raise UserError(f"{given}: none of the {len(runs)} runs in this folder is finished{hint}")
    newest = max(finished, key=lambda each: (each.finished_utc or "", each.run))
    damaged = sum(each.state == DAMAGED for each in runs)
    left_out = f"; {damaged} damaged {'runs were' if damaged > 1 else 'run was'} left out" if damaged else ""
    notice(f"wattbench: {given} is a folder of runs; the newest finished one is {newest.path}{left_out}")
    return newest.path


def find_run_to_view(path: Path) -> Path:
    """Return the run to look at: as `find_run`, but of a folder the newest that is being written, if there is one.

    Raises:
        UserError: as `find_run`.
    """
    if is_folder(path) and not _is_run(path):
        written = [each for each in runs_in(path) if each.state == WRITTEN]
        if written:
            notice(f"wattbench: {path} is a folder of runs; the one under way is {written[-1].path}")
            return written[-1].path
    return find_run(path)


def _listed(layout: RunLayout) -> ListedRun:
    root = layout.root
    try:
        header = read_run(root).header
        finish = read_finish(layout) if os.path.lexists(layout.finished) else None
    except UserError as error:
        return ListedRun(run=root.resolve().name, path=root, state=DAMAGED, problem=str(error))
    state = FINISHED if finish is not None else WRITTEN if is_locked(layout.lock) else RESUMABLE
    return ListedRun(
        run=root.resolve().name,
        path=root,
        state=state,
        kind=_kind(header),
        suite=_suite(header),
        systems=tuple(dict.fromkeys(str(cell.get("system")) for cell in header.cells)),
        items=_items(header),
        created_utc=header.created_utc,
        finished_utc=None if finish is None else finish.finished_utc,
        resume=_resume(header, root) if state == RESUMABLE else None,
    )


def _kind(header: RunHeader) -> str:
    kinds = {
        "import": header.imported, "rescored": header.rescored, "gate": header.gate, "night": header.night,
        "part": header.part_of, "meter": header.metered,
    }  # fmt: skip
    return next((kind for kind, record in kinds.items() if record is not None), "run")


def _suite(header: RunHeader) -> str:
    suite = header.suite.get("suite")
    return str(suite.get("name", "")) if isinstance(suite, dict) else ""


def _items(header: RunHeader) -> int | None:
    first = header.cells[0].get("system") if header.cells else None
    items = [cell.get("items") for cell in header.cells if cell.get("system") == first]
    known = [each for each in items if isinstance(each, int)]
    return sum(known) if known and len(known) == len(items) else None


def _resume(header: RunHeader, root: Path) -> str | None:
    kind, quoted = _kind(header), shlex.quote(str(root))
    if kind == "night":
        return f"wattbench nightly --history {shlex.quote(str(root.parent.parent))} --resume {quoted}"
    if kind == "meter":
        return f"wattbench meter --finish {quoted}"
    if kind in ("run", "gate"):
        return f"wattbench {kind} --resume {quoted}"
    return None  # what imports and rescores writes all at once


def _size(root: Path) -> int:
    """Return the bytes of all files of a run."""
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except OSError:  # removed meanwhile
                continue
    return total


def _is_run(path: Path) -> bool:
    return not path.name.startswith(".") and os.path.lexists(path / "run.json")
