"""Keep answers on disk while they are imported, so that memory does not grow with them.

A source is read once, and what it holds is needed twice: items are numbered by all their names, and only then the first
row can be written. In between the answers are in a file without a name, which ends with the process, however that ends;
a few of them are in memory.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.batch import answers_of, batches_of, schema
from wattbench.importers.zeros import without_zeros

MOST_ANSWERS = 20_000_000
"""More are refused: numbering them would take more memory than many machines have."""

MEMORY_BYTES = 16_000_000
"""Up to this size, compressed, no file is needed."""


class Spool:
    """Answers on disk, in the order in which they were read. Iterating yields each as an `Answer`."""

    def __init__(self, batches: Iterable[Any], folder: Path | None = None) -> None:
        """Store the answers of some record batches.

        Args:
            batches: with the schema of `wattbench.importers.batch`.
            folder: where there is space for them, or will be; None: the folder of temporary files.

        Raises:
            UserError: there are too many, or they cannot be written.
        """
        self._rows = 0
        self.zeros = Counter[tuple[str, str]]()
        """(System, column) to how many zeros were taken as not recorded."""
        self._store = _Store(Path(tempfile.gettempdir()) if folder is None else _existing(folder))
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        source = iter(batches)
        with _Sink(self._store) as sink, pa.ipc.new_stream(sink, schema(), options=options) as writer:
            for batch in source:
                self._rows += batch.num_rows
                if self._rows > MOST_ANSWERS:
                    raise UserError(
                        f"more than {MOST_ANSWERS:,} answers: a run can have no more; import the systems separately"
                    )
                batch, zeros = without_zeros(batch)  # noqa: PLW2901 - what is kept of it
                self.zeros += zeros
                writer.write_batch(batch)

    @classmethod
    def of(cls, answers: Iterable[Answer], folder: Path | None = None) -> Spool:
        """Store some answers."""
        return cls(batches_of(answers), folder)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Answer]:
        for batch in self.batches():
            yield from answers_of(batch)

    def batches(self, names: Sequence[str] | None = None) -> Iterator[Any]:
        """Yield the record batches, in order, with all columns or some."""
        included = None if names is None else sorted(schema().get_field_index(name) for name in names)
        options = pa.ipc.IpcReadOptions(included_fields=included, use_threads=False)
        with pa.ipc.open_stream(pa.PythonFile(_Source(self._store)), options=options) as reader:
            yield from reader

    def answer(self, row: int) -> Answer:
        """Return the answer of one row, counted from 0."""
        for batch in self.batches():
            if row < batch.num_rows:
                return next(answers_of(batch.slice(row, 1)))
            row -= batch.num_rows
        raise IndexError(row)


class _Store:
    """Bytes in memory, or in a file once they are many. A full disk raises a `UserError`."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._memory = bytearray()
        self._file: Any = None

    def write(self, data: Any) -> None:
        """Append some bytes."""
        if self._file is None and len(self._memory) + len(data) <= MEMORY_BYTES:
            self._memory += data
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._disk)  # noqa: SIM115 - open for as long as this object
                self._file.write(self._memory)
                self._memory = bytearray()
            self._file.write(data)
        except OSError as error:
            raise self._full(error) from error

    def flush(self) -> None:
        """Flush the file, so that it can be read."""
        try:
            if self._file is not None:
                self._file.flush()
        except OSError as error:
            raise self._full(error) from error

    def read(self, at: int, size: int) -> bytes:
        """Return bytes from a position, as many as there are up to a size."""
        if self._file is None:
            return bytes(self._memory[at : at + size])
        return os.pread(self._file.fileno(), size, at)

    def _full(self, error: OSError) -> UserError:
        reason = error.strerror or error
        return UserError(f"{self._disk}: the answers cannot be kept there while they are imported ({reason})")


class _Sink(io.RawIOBase):
    """Adapts a store to what Arrow writes to."""

    def __init__(self, store: _Store) -> None:
        self._store = store

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        content = memoryview(data).cast("B")
        self._store.write(content)
        return len(content)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._store.flush()


class _Source(io.RawIOBase):
    """Reads a store from its beginning."""

    def __init__(self, store: _Store) -> None:
        self._store, self._at = store, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._store.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _existing(folder: Path) -> Path:
    return next((each for each in (folder, *folder.absolute().parents) if each.is_dir()), Path.cwd())
