"""Find the folders that rows of a task name, with the files that an agent starts from or is judged by."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from wattbench.errors import UserError

MOST_FILES = 50_000
MOST_BYTES = 1 << 30


def task_folder(file: Path, name: str) -> Path | None:
    """Return the folder that a row names; None if it names none.

    Args:
        file: of the task. The folder is below the one in which it lies.
        name: as the row has it.

    Raises:
        UserError: there is no such folder, or it is elsewhere.
    """
    name = name.strip()
    if not name:
        return None
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise UserError(f"{name!r:.80} is not relative to {file.parent}, in which the task's file is")
    folder = file.parent / relative
    if not folder.is_dir() or not folder.resolve().is_relative_to(file.parent.resolve()):
        raise UserError(f"{name!r:.80} is no folder in {file.parent}")
    return folder


def folder_sha256(folder: Path) -> str:
    """Return a SHA-256 over the names, the kinds and the contents of all files of a folder. No link is followed.

    Raises:
        UserError: a file cannot be read, or the folder is too large to be copied for each attempt.
    """
    digest, files, size = hashlib.sha256(), 0, 0
    try:
        for root, names, leaves in os.walk(folder):
            names.sort()
            for name in sorted([*leaves, *(each for each in names if Path(root, each).is_symlink())]):
                path = Path(root, name)
                files += 1
                size += path.lstat().st_size
                if files > MOST_FILES or size > MOST_BYTES:
                    raise UserError(f"{folder} holds more than {MOST_FILES:,} files or {MOST_BYTES >> 20:,} MiB")
                if path.is_symlink():
                    kind, content = b"l", hashlib.sha256(os.fsencode(path.readlink())).digest()
                elif path.is_file():
                    with path.open("rb") as opened:
                        content = hashlib.file_digest(opened, "sha256").digest()
                    kind = b"x" if path.stat().st_mode & 0o100 else b"f"
                else:
                    raise UserError(f"{path} is neither a file nor a folder")
                digest.update(kind + os.fsencode(path.relative_to(folder)) + b"\0" + content)
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror})") from error
    return digest.hexdigest()
