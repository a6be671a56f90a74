"""Open files of records, and files that a person names, safely. No other code opens them.

A pipe without a writer, a device and a socket have no end, or none that comes; nothing is waited for, and nothing is
read of what is no regular file. A file of a record is no link either, has no holes, as no writer of a record leaves
one, and is no larger than its kind can be: it is refused before a byte is read.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import shutil
import stat
from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import FAILURE, failing_as, make_folder, sync_folder

MOST_LINE_BYTES = 64_000_000
"""A longer line is not an answer of a model: of a server 4,194,304 characters are taken, 25 MB as JSON at most."""

MOST_JSON_BYTES = 64_000_000
"""Of a file that is read as a whole, such as `run.json`: as JSON it takes some 20 times as much memory."""

MOST_TRACE_BYTES = 2_000_000_000
"""Of a power trace, which is read as a whole: four days of eight components in one file, ten readings a second."""

MOST_BYTES = 100_000_000_000
"""Of a file that is read in parts: 20,000,000 answers of 5 kB."""


class MissingFileError(UserError):
    """The file does not exist."""


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; False for a path that can be none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no file can have such a name, or a link leads back to itself
        return False


def open_regular(path: Path) -> BufferedReader:
    """Open a file that a person named.

    Raises:
        MissingFileError: there is none.
        UserError: it cannot be opened, or is a pipe, a device or another file that may have no end.
    """
    kind, file = _open(path, 0, io.DEFAULT_BUFFER_SIZE)
    if file is None:
        raise UserError(f"{path}: it is {kind}, not a file; save what it holds in a file, and name that")
    return file


def read_regular(path: Path, most_bytes: int = MOST_JSON_BYTES) -> bytes:
    """Return the whole content of a file that a person named.

    Raises:
        MissingFileError: there is none.
        UserError: as `open_regular`; or it is larger.
    """
    with open_regular(path) as file, _reading(path):
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise UserError(f"{path}: it is larger than {most_bytes:,} bytes, the most that a file of its kind has")
    return data


def open_record(path: Path, most_bytes: int, buffering: int = io.DEFAULT_BUFFER_SIZE) -> BufferedReader:
    """Open a file of a record.

    Args:
        path: of the file.
        most_bytes: the most that a file of its kind has.
        buffering: bytes that are read ahead.

    Raises:
        MissingFileError: there is none.
        UserError: it cannot be opened, is no regular file, has holes, or is too large.
    """
    kind, file = _open(path, os.O_NOFOLLOW, buffering)
    if file is None:
        raise UserError(f"{path}: it is {kind}, not a file; the record is damaged")
    problem = _problem_of_size(file.fileno(), most_bytes)
    if problem is not None:
        file.close()
        raise UserError(f"{path}: {problem}; the record is damaged")
    return file


def read_record(path: Path, most_bytes: int = MOST_JSON_BYTES) -> bytes:
    """Return the whole content of a file of a record.

    Raises:
        MissingFileError: there is none.
        UserError: as `open_record`.
    """
    with open_record(path, most_bytes) as file, _reading(path):
        return file.read(most_bytes)


def record_lines(file: BufferedReader, path: Path) -> Iterator[bytes]:
    """Yield the lines of an open file, each with its line feed.

    Raises:
        UserError: the disk fails, or a line is longer than `MOST_LINE_BYTES`.
    """
    number = 0
    while True:
        with _reading(path):
            line = file.readline(MOST_LINE_BYTES + 1)
        if not line:
            return
        number += 1
        if len(line) > MOST_LINE_BYTES:
            raise UserError(f"{path}: line {number} is longer than {MOST_LINE_BYTES:,} bytes; the record is damaged")
        yield line


def open_to_append(path: Path) -> FileIO:
    """Open a file of a record to be read and appended to, without a buffer; its name is durable when this returns.

    Raises:
        UserError: a file cannot be made, or what is there is no regular file.
    """
    with failing_as(path, FAILURE):
        make_folder(path.parent)
        kind, descriptor = _opened(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW)
        if descriptor is None:
            raise UserError(f"{path}: it is {kind}, not a file; the record is damaged: remove it")
        problem = _problem_of_size(descriptor, MOST_BYTES)
        if problem is not None:
            os.close(descriptor)
            raise UserError(f"{path}: {problem}; the record is damaged: remove it")
        sync_folder(path.parent)  # also of a file that is there: a killed process may have made it
    return FileIO(path, "a+", opener=lambda *_: descriptor)  # which keeps the name, for messages


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a file; the kernel frees it when the process ends."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def copy_record(source: Path, target: Path) -> None:
    """Copy a file of a record into an existing folder.

    Raises:
        UserError: as `open_record`.
        OSError: the copy cannot be written.
    """
    with open_record(source, MOST_BYTES) as file, target.open("wb") as copy:
        shutil.copyfileobj(file, copy, 1 << 20)


def _open(path: Path, flags: int, buffering: int) -> tuple[str, BufferedReader | None]:
    """Return the kind of a file, and the open file; None in its place if it is not a regular file."""
    try:
        kind, descriptor = _opened(path, os.O_RDONLY | flags)
    except FileNotFoundError as error:
        raise MissingFileError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # a path with a NUL
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return kind, None if descriptor is None else BufferedReader(FileIO(descriptor), buffering)


def _opened(path: Path, flags: int) -> tuple[str, int | None]:
    """Return the kind of a file, and its descriptor; None in its place if it is not a regular file."""
    try:
        # A pipe without a writer would wait.
        descriptor = os.open(path, os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | flags, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a symbolic link", None
        if error.errno == errno.ENXIO:
            return "a socket or a device", None
        if error.errno == errno.EISDIR:
            return "a folder", None
        raise
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return "a file", descriptor
    os.close(descriptor)
    return "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "a device", None


def _problem_of_size(descriptor: int, most_bytes: int) -> str | None:
    size = os.fstat(descriptor).st_size
    if size > most_bytes:
        return f"it has {size:,} bytes, and a file of its kind has at most {most_bytes:,}"
    with contextlib.suppress(OSError):  # an empty file; a disk that cannot say
        hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
        os.lseek(descriptor, 0, os.SEEK_SET)
        if hole < size:
            return f"it has a hole at byte {hole:,}, which no writer of a record leaves"
    return None


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # of a disk that fails
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
