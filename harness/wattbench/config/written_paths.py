"""Write a path into a suite so that it is relative to the suite."""

from __future__ import annotations

import os
from pathlib import Path


def written_path(path: Path, folder: Path) -> str:
    """Return a path relative to a folder, so that both can be moved together.

    One that is relative already, or that has no folder in common but the root, as it is; so one that would begin with
    `~`, which means a home folder in a suite.

    Args:
        path: of a file.
        folder: of the suite.
    """
    if not path.is_absolute() or path.parts[:2] != folder.parts[:2]:
        return str(path)
    relative = os.path.relpath(path, folder)
    if relative.startswith("~"):
        return str(path)
    return relative if relative.startswith(".") else f"./{relative}"
