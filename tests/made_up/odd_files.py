"""What may have a file's name and is no file, or has no end."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path


def _socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def _giant(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 20)


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a terabyte that is not there": _giant,
    "a hole": _hole,
}


def put(kind: str, path: Path) -> None:
    """Put something odd in the place of a file."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    ODD[kind](path)
