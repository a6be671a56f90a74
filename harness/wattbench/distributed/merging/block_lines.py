"""Find the lines of each block in files of answers, and number the calls of a system through all shards.

A line is read by its bytes, as a run has millions: the names of its fields, as the writer puts them, are in no text, as
a quotation mark inside of a text has a backslash.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from wattbench.distributed.merging.found_shards import Shard, Shards
from wattbench.errors import UserError
from wattbench.records.files.atomic_write import failing_as
from wattbench.records.files.regular_file import MOST_BYTES, open_record, record_lines

_BATCH = re.compile(rb'"batch": (\d+), "batch_size": ')
_BLOCK = re.compile(rb'"block": (\d+), "attempt": \d+[,}]')
_UNREADABLE = "cannot be read"
_CHUNK_BYTES = 1 << 20
"""Of a file that are read at a time."""


@dataclass(frozen=True)
class Span:
    """Successive lines of one block in a file of answers."""

    block: int
    path: Path
    begin: int
    """The first byte. `end` is after the last one."""
    end: int


@dataclass
class SystemLines:
    """The places of the answers of a system, and the numbers of its calls."""

    spans: dict[tuple[str, int], list[Span]] = field(default_factory=dict)
    """Task and block to the spans of its lines, in the order in which they were asked."""
    shift: dict[int, int] = field(default_factory=dict)
    """Block to what is added to the numbers of its calls, so that no two calls of the system have one number."""

    @classmethod
    def of(cls, shards: Shards, system: str, tasks: Sequence[str]) -> SystemLines:
        """Find the answers of a system in all shards.

        Raises:
            UserError: a file cannot be read, or a line has no block or call.
        """
        lines = cls()
        calls: dict[int, tuple[int, int]] = {}
        for shard in shards.every:
            for task in tasks:
                lines._look_through(shard, system, task, calls)
        following = 0
        for block in shards.owner:
            first, last = calls.get(block, (following, following - 1))
            lines.shift[block] = following - first
            following += last - first + 1
        return lines

    def of_cell(self, task: str, block: int) -> Iterator[bytes]:
        """Yield the lines of a task in a block, with their calls numbered as in the merged run."""
        shift = self.shift[block]
        for span in self.spans.get((task, block), ()):
            with failing_as(span.path, _UNREADABLE), open_record(span.path, MOST_BYTES, _CHUNK_BYTES) as file:
                file.seek(span.begin)
                for line in _lines_of(file, span.end - span.begin):
                    yield _shifted(line, shift) if shift else line

    def _look_through(self, shard: Shard, system: str, task: str, calls: dict[int, tuple[int, int]]) -> None:
        path = shard.records.layout.answers(system, task)
        if not os.path.lexists(path):
            return
        at, began, block = 0, 0, -1
        with open_record(path, MOST_BYTES, _CHUNK_BYTES) as file:
            for number, line in enumerate(record_lines(file, path), start=1):
                call = _BATCH.search(line)
                of_block = _BLOCK.search(line)  # no text holds it: a quote within one is escaped
                if call is None or of_block is None:
                    raise UserError(f"{path}: line {number} has no block or no batch; the record is damaged")
                now, batch = int(of_block[1]), int(call[1])
                if now != block:
                    if now not in shard.counted:
                        raise UserError(f"{path}: line {number} is of block {now + 1}, which this shard does not have")
                    self._end_span(task, block, path, began, at)
                    block, began = now, at
                low, high = calls.get(now, (batch, batch))
                calls[now] = (min(low, batch), max(high, batch))
                at += len(line)
        self._end_span(task, block, path, began, at)

    def _end_span(self, task: str, block: int, path: Path, begin: int, end: int) -> None:
        if end > begin:
            self.spans.setdefault((task, block), []).append(Span(block, path, begin, end))


def _lines_of(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Yield the lines of the next bytes of a file."""
    for line in file:
        yield line
        size -= len(line)
        if size <= 0:
            return


def _shifted(line: bytes, shift: int) -> bytes:
    match = _BATCH.search(line)
    assert match is not None  # it was found when the file was looked through
    return b"%b%d%b" % (line[: match.start(1)], int(match[1]) + shift, line[match.end(1) :])
