"""Copy a folder that is being written to another place, as it grows: piece by piece, in order, by any transport.

What is appended is sent once; a file that was replaced, as an atomic write does, is sent anew from its beginning. The
`finished.json` of a run is sent last, after all that it has digests of, so that a copy which holds it is whole. A copy
that lacks it holds at most a part of the last line of a file, and counts for nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wattbench.records.files.atomic_write import failing_as, is_temporary, make_folder, sync_folder

PIECE_BYTES = 1 << 20
"""Of one piece at most."""
BATCH_BYTES = 8 << 20
"""Of the pieces that are handed over at once, about."""
_LAST = "finished.json"
_LOCK = "run.lock"
FAILURE = "cannot be written"


class OutOfStepError(Exception):
    """A piece does not follow the pieces before it, or is of no file below the folder. Its shard does not count."""


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file."""

    path: str
    """Relative to the folder, with slashes."""
    offset: int
    """Where in the file they begin. At 0 the file begins anew."""
    data: bytes

    @property
    def shard(self) -> str:
        """Return the folder of the run that the file belongs to."""
        return self.path.partition("/")[0]

    @property
    def answers(self) -> int:
        """Return the number of answers of a run that end in this piece."""
        parts = PurePosixPath(self.path).parts
        return self.data.count(b"\n") if len(parts) == 4 and parts[1] == "items" else 0


class Outgoing:
    """The sender: finds what a folder of runs has gained since the last look."""

    def __init__(self, root: Path) -> None:
        """Begin with a folder of which nothing was sent.

        Args:
            root: holds run directories, one for each shard. It may not be there yet.
        """
        self._root = root
        self._sent: dict[str, tuple[int, int]] = {}
        """File to its inode, and to how many of its bytes were sent."""

    def pieces(self) -> list[Piece]:
        """Return new pieces, about `BATCH_BYTES` at most; none when everything was sent."""
        batch: list[Piece] = []
        size = 0
        for piece in self._new():
            batch.append(piece)
            size += len(piece.data)
            if size >= BATCH_BYTES:
                break
        return batch

    def forget(self, name: str) -> None:
        """Forget the files of a folder below this one, which is removed."""
        self._sent = {path: state for path, state in self._sent.items() if not path.startswith(f"{name}/")}

    def _new(self) -> Iterator[Piece]:
        # Looked for before all else: what is there next to a finished.json does not change any more.
        last = sorted(path.relative_to(self._root).as_posix() for path in self._root.glob(f"*/{_LAST}"))
        for name in [*(name for name in self._files() if not name.endswith(f"/{_LAST}")), *last]:
            yield from self._of_file(name)

    def _files(self) -> list[str]:
        names_below: list[str] = []
        for folder, _, names in os.walk(self._root):
            paths = (Path(folder) / name for name in names if name != _LOCK and not is_temporary(name))
            names_below += [path.relative_to(self._root).as_posix() for path in paths]
        return sorted(names_below)

    def _of_file(self, name: str) -> Iterator[Piece]:
        try:
            with (self._root / name).open("rb") as file:
                status = os.fstat(file.fileno())
                inode, sent = self._sent.get(name, (status.st_ino, -1))
                if inode != status.st_ino or status.st_size < sent:  # replaced, or a torn line was cut off
                    sent = -1
                while sent < status.st_size:  # an empty file is a piece too
                    offset = max(sent, 0)
                    file.seek(offset)
                    data = file.read(min(PIECE_BYTES, status.st_size - offset))
                    sent = offset + len(data)
                    self._sent[name] = status.st_ino, sent
                    yield Piece(name, offset, data)
                    if not data:
                        return
        except FileNotFoundError:  # removed or renamed meanwhile
            return


class Incoming:
    """A copy of a folder, made of pieces."""

    def __init__(self, root: Path) -> None:
        """Begin a copy, or continue one.

        Args:
            root: the copy.
        """
        self._root = root

    def take(self, pieces: Iterable[Piece]) -> None:
        """Write pieces, in their order; they are on disk when this returns.

        Raises:
            UserError: the disk does not take them.
            OutOfStepError: a piece is of no file below the folder, or one before it is missing.
        """
        by_file: dict[str, list[Piece]] = {}
        for piece in pieces:  # dicts keep the order in which files were first named, so `finished.json` stays last
            by_file.setdefault(piece.path, []).append(piece)
        for name, of_file in by_file.items():
            path = self._path(name)
            with failing_as(path, FAILURE):
                self._write(path, of_file)

    def _path(self, name: str) -> Path:
        path = PurePosixPath(name)
        written = path.as_posix() == name and name.isascii() and name.isprintable()  # as the files of a run are
        if not written or path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
            raise OutOfStepError(f"it sent a file of the name {name!r:.80}, which is not below its folder")
        return self._root / path

    @staticmethod
    def _write(path: Path, pieces: Iterable[Piece]) -> None:
        new = not path.exists()
        make_folder(path.parent)
        with path.open("ab" if not new else "xb", buffering=0) as file:
            for piece in pieces:
                size = os.fstat(file.fileno()).st_size
                if piece.offset == 0:
                    os.ftruncate(file.fileno(), 0)
                elif piece.offset != size:
                    raise OutOfStepError(f"it sent byte {piece.offset} of {piece.path} where byte {size} comes next")
                rest = memoryview(piece.data)
                while rest:
                    rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        if new:
            sync_folder(path.parent)
