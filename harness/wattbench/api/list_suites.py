"""List the suites that wattbench ships, and those in a folder and its `benchmarks`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wattbench.config import load_suite, shipped_suites
from wattbench.errors import UserError

_ENDINGS = (".yaml", ".yml")
_SECTIONS = ("tasks", "systems")
"""Keys that make a YAML file a suite; a catalogue of systems, a recipe or a workflow lacks one."""
_MOST_BYTES = 1_000_000
_DEPTH = 3
"""Of folders below `benchmarks`."""


@dataclass(frozen=True)
class ListedSuite:
    """A suite, as described in its file."""

    name: str
    """What `wattbench run` takes: the name of a shipped one, else the path."""
    path: Path
    shipped: bool
    description: str = ""
    tasks: Sequence[str] = field(default_factory=tuple)
    systems: Sequence[str] = field(default_factory=tuple)
    gate: bool = False
    """Whether it has a section ``gate:``."""
    problem: str | None = None
    """What is wrong with it; its tasks and systems are then not known."""

    def as_record(self) -> dict[str, Any]:
        """Return the suite as plain data."""
        return {**asdict(self), "path": str(self.path), "tasks": list(self.tasks), "systems": list(self.systems)}


def suites_here(folder: Path) -> list[ListedSuite]:
    """List the shipped suites, then those of a folder and its `benchmarks`. No code of theirs is run.

    Args:
        folder: whose YAML files are looked at; those that have no ``tasks:`` and ``systems:`` are no suites.
    """
    shipped = shipped_suites()
    known = {path.resolve() for path in shipped.values()}
    listed = [_listed(name, path, shipped=True) for name, path in shipped.items()]
    for path in _files(folder):
        if path.resolve() not in known and _looks_like_a_suite(path):
            known.add(path.resolve())
            listed.append(_listed(_relative(path, folder), path, shipped=False))
    return listed


def _listed(name: str, path: Path, *, shipped: bool) -> ListedSuite:
    try:
        resolved = load_suite(str(path))
    except UserError as error:
        return ListedSuite(name, path, shipped, problem=str(error))
    return ListedSuite(
        name,
        path,
        shipped,
        description=resolved.suite.description or "",
        tasks=tuple(choice.task for choice in resolved.tasks),
        systems=tuple(resolved.systems),
        gate=resolved.suite.gate is not None,
    )


def _files(folder: Path) -> Iterator[Path]:
    yield from (each for each in sorted(folder.iterdir()) if each.suffix in _ENDINGS)
    root = folder / "benchmarks"
    for parent, folders, names in os.walk(root):
        below = len(Path(parent).relative_to(root).parts)
        folders[:] = sorted(each for each in folders if not each.startswith(".")) if below < _DEPTH else []
        yield from (Path(parent) / name for name in sorted(names) if Path(name).suffix in _ENDINGS)


def _looks_like_a_suite(path: Path) -> bool:
    """Return whether a file has lines that begin with the sections of a suite. The suite may still be invalid."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return False
        keys = {line.partition(":")[0].strip("'\"") for line in path.read_text("utf-8", "replace").splitlines()}
    except OSError:
        return False
    return keys.issuperset(_SECTIONS)


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if folder == Path.cwd() else str(path)
