"""Leave a record as a kill after any of its writes would have left it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wattbench.records import writer
from wattbench.records.files.jsonl import Appender

Writes = list[tuple[Path, bool, bytes]]
"""Every write to the record, in order: the file, whether it was written as a whole, and the bytes."""


def note_writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    """Note every write from now on."""
    made: Writes = []
    append, write = Appender.append_bytes, writer.write_atomically

    def append_bytes(self: Appender, data: bytes) -> None:
        append(self, data)
        made.append((Path(self._file.name), False, data))

    def write_atomically(path: Path, data: bytes) -> None:
        write(path, data)
        made.append((path, True, data))

    monkeypatch.setattr(Appender, "append_bytes", append_bytes)
    monkeypatch.setattr(writer, "write_atomically", write_atomically)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power is cut here
    return made


def cut_after(root: Path, made: Writes, number: int, torn: bytes) -> None:
    """Leave the record as a kill after some writes would have; of the next one a part may be there."""
    for path in root.rglob("*"):
        if path.is_file() and path.suffix != ".csv" and path.name not in ("run.json", "run.lock"):
            path.unlink()
    for path, _, data in made[:number]:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
    if torn:
        with made[number][0].open("ab") as file:
            file.write(torn)
