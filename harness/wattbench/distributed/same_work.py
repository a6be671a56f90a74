"""Check that a node would do the same work as the driver planned: the same wattbench, files, tasks and documents."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from wattbench.config.yamlfile import texts_in
from wattbench.errors import UserError
from wattbench.records.finish_record import file_sha256, is_plain

MOST_BYTES = 64 << 20
"""Of a file that is compared. What is larger are weights, whose digests the records have."""
_CELL = ("system", "task", "items", "task_version", "docs_sha256", "task_sha256")
_MEANS = {
    "docs_sha256": "its documents differ",
    "task_sha256": "it would be asked or scored otherwise",
    "items": "it has another number of documents",
}


def versions() -> dict[str, str]:
    """Return the versions of wattbench and Python, which must be equal on all nodes."""
    try:
        here = metadata.version("wattbench")
    except metadata.PackageNotFoundError:  # run from its sources
        here = "of no version"
    return {"wattbench": here, "Python": ".".join(platform.python_version_tuple()[:2])}


def files_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that a suite names, such as documents, code and routers, with their SHA-256.

    Args:
        settings: as `Resolved.as_record` makes it.
    """
    texts = [text for keys, text in texts_in(settings) if keys != ("path",)]
    files = {path for text in texts for path in (text, text.rpartition(":")[0]) if path.startswith("/")}
    return {path: file_sha256(Path(path).resolve()) for path in sorted(files) if _is_compared(Path(path))}


def check_same_files(files: Mapping[str, str]) -> None:
    """Check that a suite's files are here, with the same content.

    Args:
        files: as `files_of` returned them at the driver.

    Raises:
        UserError: one is not.
    """
    for name, sha256 in files.items():
        path = Path(name)
        advice = "Put the suite's folder under the same path on every node, or on a disk that they share"
        if not is_plain(path.resolve()):
            raise UserError(f"{path} is missing here. {advice}")
        if file_sha256(path.resolve()) != sha256:
            raise UserError(f"{path} differs from the driver's. {advice}")


def check_same_versions(expected: Mapping[str, str]) -> None:
    """Check that this node has the driver's version of wattbench and Python.

    Raises:
        UserError: it does not.
    """
    here = versions()
    for name, version in expected.items():
        if here.get(name) != version:
            raise UserError(f"it has {name} {here.get(name)}, and the driver {version}. Install the same on every node")


def check_same_cells(expected: Sequence[Mapping[str, Any]], here: Sequence[Mapping[str, Any]]) -> None:
    """Check that this node planned the driver's cells.

    Args:
        expected: the driver's, as records.
        here: this node's.

    Raises:
        UserError: a task differs.
    """
    for theirs, ours in zip(expected, here, strict=False):
        for key in _CELL:
            if theirs.get(key) != ours.get(key):
                meaning = _MEANS.get(key, f"its {key} is {ours.get(key)!r:.60} and not {theirs.get(key)!r:.60}")
                raise UserError(
                    f"task {theirs.get('task')!r} is not the driver's: {meaning}. Put the same files, and the "
                    "same cache of data sets, on every node"
                )
    if len(expected) != len(here):
        raise UserError(f"it planned {len(here)} cells, and the driver {len(expected)}")


def _is_compared(path: Path) -> bool:
    try:
        return is_plain(path.resolve()) and path.stat().st_size <= MOST_BYTES
    except (OSError, ValueError, RuntimeError):  # of a text that is no path
        return False
