"""Write files and folders completely or not at all.

The order is that of POSIX: write under a temporary name in the same folder, fsync, rename, fsync the folder. A process
that is killed at any moment leaves the old file or the new one, and at most a file `.wattbench-*.tmp` that nothing
reads. In a run it is removed when the run is resumed; elsewhere by the next write to that folder, if it is an hour old
and no process holds its lock, which one that writes does. A new file has the mode that the umask gives; a replaced one
keeps its mode. A rename would replace a symbolic link or a device itself, not what is behind it, so both are refused.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from wattbench.errors import UserError, what_to_do

FAILURE = "cannot be written"
_BEGIN, _END = ".wattbench-", ".tmp"
"""How temporary names begin and end."""
_RANDOM_BYTES = 8
_MADE_HERE = re.compile(rf"{re.escape(_BEGIN)}[0-9a-f]{{{2 * _RANDOM_BYTES}}}{re.escape(_END)}")
LEFT_S = 3600.0
"""What is younger is left alone: it may be on its way to its name."""


def write_atomically(path: Path, data: bytes, *, failure: str = FAILURE) -> None:
    """Write a file completely, or leave the old one unchanged.

    Raises:
        UserError: as `write_all_atomically`.
    """
    write_all_atomically({path: data}, failure=failure)


def write_all_atomically(files: Mapping[Path, bytes], *, failure: str = FAILURE) -> None:
    """Write several files. All are on disk under temporary names before the first is renamed.

    Args:
        files: path to content; missing folders are made.
        failure: what a message says of a path that cannot be written.

    Raises:
        UserError: a file cannot be written: no permission, no space, or a folder, a symbolic link or a device is there.
    """
    temporaries: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            with failing_as(path, failure):
                _check_replaceable(path)
                make_folder(path.parent)
                temporaries[path] = _temporary_name(path)
                with _new_file(temporaries[path], _mode_of(path)) as file:
                    file.write(data)
        for path, temporary in temporaries.items():
            with failing_as(path, failure):
                temporary.replace(path)
        for folder in dict.fromkeys(path.parent for path in temporaries):
            with failing_as(folder, failure):
                sync_folder(folder)
    finally:
        _remove(temporaries.values())
    for folder in dict.fromkeys(path.parent for path in temporaries):
        remove_left(folder)


@contextlib.contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to be written in parts; it gets its name once all of it is on disk.

    Raises:
        UserError: as `write_all_atomically`.
    """
    with _replacing(path, FAILURE) as temporary, _new_file(temporary, _mode_of(path)) as file:
        yield file


def link_or_copy(source: Path, path: Path, *, failure: str = FAILURE) -> None:
    """Link a file that never changes to a second name; copy it where the disk has no links.

    Raises:
        UserError: as `write_all_atomically`.
    """
    with _replacing(path, failure) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)
            _sync_file(temporary)


def move_into_place(source: Path, target: Path, *, failure: str = FAILURE) -> None:
    """Rename a file, or a folder with all that is in it, once every byte is on disk.

    Args:
        source: on the same disk as `target`, and not written any more.
        target: a folder that is there already, and not empty, is not replaced.
        failure: what a message says of a target that cannot be written.

    Raises:
        UserError: it cannot be renamed.
    """
    with failing_as(target, failure):
        sync_tree(source)
        source.replace(target)
        for folder in dict.fromkeys((target.parent, source.parent)):
            sync_folder(folder)


@contextlib.contextmanager
def failing_as(path: Path, failure: str) -> Iterator[None]:
    """Turn an OSError, such as that of a full disk, into a UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: {failure} ({error.strerror or error}){what_to_do(error)}") from error


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, and make their names durable."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


def is_temporary(name: str) -> bool:
    """Return whether a file has a temporary name, while it is written or after its writer was killed."""
    return name.startswith(_BEGIN) and name.endswith(_END)


def remove_temporaries(root: Path) -> None:
    """Remove all temporary files below a folder that no other process writes."""
    for folder, _, names in os.walk(root):
        _remove(Path(folder) / name for name in names if is_temporary(name))


def remove_left(folder: Path) -> None:
    """Remove this user's old temporary files from a folder, unless a process still writes them."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _MADE_HERE.fullmatch(entry.name)]
    except OSError:  # whatever is wrong with it, the write says
        return
    for name in names:
        with contextlib.suppress(OSError):
            _remove_left(folder / name)


def _remove_left(path: Path) -> None:
    """Remove a file unless it is young, another user's, or locked by the process that writes it.

    Raises:
        OSError: it is locked, or is none that can be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        seen = os.fstat(descriptor)
        old = time.time() - max(seen.st_mtime, seen.st_ctime) > LEFT_S
        if stat.S_ISREG(seen.st_mode) and seen.st_uid == os.getuid() and old:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(descriptor)


def sync_tree(root: Path) -> None:
    """Make a file, or every byte and every name below a folder, durable. What is no regular file is left alone."""
    if not root.is_dir():
        _sync_file(root)
        return
    for folder, _, names in os.walk(root):
        for name in names:
            if stat.S_ISREG((Path(folder) / name).lstat().st_mode):
                _sync_file(Path(folder) / name)
        sync_folder(Path(folder))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, as fsync does for a file's bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary_name(path: Path) -> Path:
    # Not made of the file's own name, which may have the longest length that is allowed.
    return path.with_name(f"{_BEGIN}{secrets.token_hex(_RANDOM_BYTES)}{_END}")


def _check_replaceable(path: Path) -> None:
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link; name the file it points to")
    if path.is_dir():
        raise OSError(errno.EISDIR, "it is a directory")
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file")


def _mode_of(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _replacing(path: Path, failure: str) -> Iterator[Path]:
    """Yield a temporary name for a new file, and rename the file to `path` at the end."""
    temporary = _temporary_name(path)
    try:
        with failing_as(path, failure):
            _check_replaceable(path)
            make_folder(path.parent)
            yield temporary
            temporary.replace(path)
            sync_folder(path.parent)
    finally:
        _remove([temporary])  # also after the rename, which does nothing between two names of one file
    remove_left(path.parent)


@contextlib.contextmanager
def _new_file(path: Path, mode: int | None) -> Iterator[IO[bytes]]:
    """Open a new file to be written; all of it is on disk at the end."""
    with path.open("xb") as file:
        with contextlib.suppress(OSError):  # a disk without locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process; see `remove_left`
        if mode is not None:
            os.chmod(path, mode)
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _remove(temporaries: Iterable[Path]) -> None:
    for temporary in temporaries:
        with contextlib.suppress(OSError):  # below something that is not a folder: it was never made
            temporary.unlink(missing_ok=True)
