"""What failed once: a file each in `corpus/<target>/`, with a name that says why. Each is tried in every test run."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.targets import Target

FOLDER = Path(__file__).with_name("corpus")


def cases(target: Target) -> list[Path]:
    """Return the files of a target, in order."""
    folder = FOLDER / target.name
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
