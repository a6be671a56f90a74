"""Write the lines of all shards as those of one run.

The bytes of a line are those of its shard, but for the name of the run and for numbers that count through a run. What
is written here is on disk when the whole run is: it has another name until then.

Find the lines of each block in files of answers, and number the calls of a system through all shards.

A line is read by its bytes, as a run has millions: the names of its fields, as the writer puts them, are in no text, as
a quotation mark inside of a text has a backslash.
"""

from __future__ import annotations

import heapq
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Literal

from wattbench.distributed.merging.found_shards import Shard, Shards
from wattbench.errors import UserError
from wattbench.prefill_decode import add_phases
from wattbench.records import EstimateRow, PhaseRow, RunLayout
from wattbench.records.files.atomic_write import failing_as, is_temporary, link_or_copy
from wattbench.records.files.jsonl import read_lines
from wattbench.records.files.regular_file import MOST_BYTES, open_record, read_record, record_lines
from wattbench.records.rows.phases import TOTAL

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


_FAILURE = "cannot be written"
_BUFFER_BYTES = 1 << 20
"""Of a file that is written. Of each that is merged, of which there are as many as shards, a part."""
_DOCUMENT = re.compile(rb'\{"doc_id": (\d+), "repeat": (\d+)')

Shift = Mapping[str, Mapping[int, int]]
"""System and block to what is added to the numbers of its calls."""
_First = Literal["repeat", "document"]
"""By what lines are sorted first; by the other of the two next."""


def write_lines(layout: RunLayout, shards: Shards, run: str) -> Shift:
    """Write all files of lines and all traces of a merged run, and return how the numbers of calls were shifted.

    Args:
        layout: of the merged run.
        shards: with every block once.
        run: the name of the merged run.

    Raises:
        UserError: a file of a shard is damaged, or one cannot be written.
    """
    with failing_as(layout.block_plan, _FAILURE):
        layout.block_plan.write_bytes(read_record(shards.first.records.layout.block_plan))
    layouts = [shard.records.layout for shard in shards.every]
    _write(layout.systems, _lines(_system_rows(shards.every)))
    _write(layout.open_windows, _lines(row | {"run": run} for each in layouts for row in read_lines(each.open_windows)))
    _write(layout.windows, _lines(row | {"run": run} for each in layouts for row in read_lines(each.windows)))
    _write(layout.passes, _lines(row for each in layouts for row in read_lines(each.passes)))
    _write(layout.blocks, _lines(_attempts(shards.every)))
    _write(layout.calls, _lines(_calls(shards.every)))
    shift = _write_answers(layout, shards)
    for system, task in shards.cells:
        # In the order in which each of them is written, whatever was asked first.
        _write_in_order(layout.scores(system, task), [each.scores(system, task) for each in layouts], "repeat")
        _write_in_order(layout.experts(system, task), [each.experts(system, task) for each in layouts], "document")
    systems = list(dict.fromkeys(system for system, _ in shards.cells))
    _write(layout.phases, _lines(asdict(row) for system in systems for row in merged_phases(shards.every, system)))
    _write(layout.estimates, _lines(asdict(row) for row in merged_estimates(shards.every)))
    _write(layout.spending, _lines(_spending(layouts)))
    _write(layout.judges, _lines(_judges(shards.every)))
    for name in ("judgements", "labels"):
        _write(getattr(layout, name), _lines(row for each in layouts for row in read_lines(getattr(each, name))))
    _keep_traces(layout, layouts)
    return shift


def _write(path: Path, lines: Iterable[bytes], *, empty: bool = False) -> None:
    """Write a file of lines. Without lines, write it only if the file may be empty."""
    rest = iter(lines)
    first = next(rest, None)
    if first is None and not empty:
        return
    with failing_as(path, _FAILURE):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb", buffering=_BUFFER_BYTES) as file:
            file.write(first or b"")
            file.writelines(rest)


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    return (json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n" for row in rows)


def _system_rows(shards: Sequence[Shard]) -> list[Mapping[str, Any]]:
    """Return the last row of each system per shard. Rows with a metered loading come last, and so count."""
    rows = [row for shard in shards for row in _last_of_each_system(shard)]
    return sorted(rows, key=lambda row: row.get("load_window") is not None)


def _last_of_each_system(shard: Shard) -> Iterable[Mapping[str, Any]]:
    return {row["system"]: row for row in read_lines(shard.records.layout.systems)}.values()


def _judges(shards: Sequence[Shard]) -> Iterator[Mapping[str, Any]]:
    """Yield what scores each judged task once, as loaded where a shard asked it."""
    rows = [row for shard in shards for row in shard.records.judges().values()]
    yield from ({row.task: row.as_json() for row in sorted(rows, key=lambda row: bool(row.facts))}).values()


def _attempts(shards: Sequence[Shard]) -> list[Mapping[str, Any]]:
    """Return the attempts of all blocks, block by block."""
    rows = [row for shard in shards for row in read_lines(shard.records.layout.blocks)]
    return sorted(rows, key=lambda row: (row["number"], row["attempt"]))


def _calls(shards: Sequence[Shard]) -> Iterator[Mapping[str, Any]]:
    """Yield the model calls of agents; each names the shard whose windows it divides."""
    for shard in shards:
        for row in read_lines(shard.records.layout.calls):
            yield row | {"shard": shard.prefix}


def _write_answers(layout: RunLayout, shards: Shards) -> Shift:
    """Write the answers of all cells, block by block."""
    shift: dict[str, Mapping[int, int]] = {}
    for system in dict.fromkeys(system for system, _ in shards.cells):
        tasks = [task for name, task in shards.cells if name == system]
        lines = SystemLines.of(shards, system, tasks)
        shift[system] = lines.shift
        for task in tasks:
            _write(
                layout.answers(system, task), (line for block in shards.owner for line in lines.of_cell(task, block))
            )
    return shift


def _write_in_order(path: Path, sources: Sequence[Path], first: _First) -> None:
    """Merge sorted files of lines to one; write nothing if there is none."""
    there = [source for source in sources if os.path.lexists(source)]
    if not there:
        return
    with ExitStack() as stack:
        files = []
        for at, source in enumerate(there):
            file = stack.enter_context(open_record(source, MOST_BYTES, _BUFFER_BYTES // 16))
            files.append(_keyed(source, record_lines(file, source), first, at))
        _write(path, (line for _, _, line in heapq.merge(*files)), empty=True)


def _keyed(path: Path, lines: Iterable[bytes], first: _First, at: int) -> Iterator[tuple[tuple[int, int], int, bytes]]:
    """Yield each line with its sort key, by document and repeat, and with the number of its file."""
    before = (-1, -1)
    for number, line in enumerate(lines, start=1):
        match = _DOCUMENT.match(line)
        if match is None:
            raise UserError(f"{path}: line {number} does not begin with its document; the record is damaged")
        doc_id, repeat = int(match[1]), int(match[2])
        of_line = (repeat, doc_id) if first == "repeat" else (doc_id, repeat)
        if of_line <= before:
            raise UserError(f"{path}: line {number} is not in the order of its documents; the record is damaged")
        before = of_line
        yield of_line, at, line


def _spending(layouts: Sequence[RunLayout]) -> Iterator[Mapping[str, Any]]:
    """Yield the costs of requests, numbered through all shards."""
    following = 0
    for layout in layouts:
        first, highest = following, -1
        for row in read_lines(layout.spending):
            highest = max(highest, row["number"])
            yield row | {"number": first + row["number"]}
        following = first + highest + 1


def _keep_traces(layout: RunLayout, layouts: Sequence[RunLayout]) -> None:
    """Link the traces of all shards, which never change and have distinct names."""
    for each in layouts:
        for path in sorted((each.root / "power").rglob("*")):
            if path.is_symlink() or not path.is_file() or is_temporary(path.name):
                continue
            target = layout.root / path.relative_to(each.root)
            if target.exists():
                raise UserError(f"{path}: another shard has a trace of the same name; the record is damaged")
            link_or_copy(path, target)


def merged_phases(shards: Sequence[Shard], system: str) -> Iterator[PhaseRow]:
    """Yield the joules of a system by phase and component, of all shards together.

    Each shard has divided its own, as watts are those of its machine. A component that some shards lack, such as the
    GPU of another slot, is of the answers of the others, which its number of items says.
    """
    of_shards = [
        {row.component: row for row in shard.records.phases() if row.system == system and row.task is None}
        for shard in shards
    ]
    known = [rows for rows in of_shards if any(row.energy_j is not None for row in rows.values())]
    if not known:  # without joules there is a reason alone
        yield from next(filter(None, of_shards), {}).values()
        return
    components = dict.fromkeys(name for rows in known for name in rows if name != TOTAL)
    for component in [*components, TOTAL]:
        yield add_phases([rows[component] for rows in known if component in rows])


def merged_estimates(shards: Iterable[Shard]) -> list[EstimateRow]:
    """Return the estimates for the requests of each cell to each service, added up over all shards."""
    by_key: dict[tuple[str, str, str], list[EstimateRow]] = {}
    for shard in shards:
        for row in shard.records.estimates():
            by_key.setdefault((row.system, row.task, row.answered_by), []).append(row)
    return [_sum(rows) for rows in by_key.values()]


def _sum(rows: Sequence[EstimateRow]) -> EstimateRow:
    estimated = [row for row in rows if row.estimated]
    like = (estimated or rows)[0]
    return replace(
        like,
        requests=sum(row.requests for row in rows),
        estimated=sum(row.estimated for row in rows),
        energy_j=_added([row.energy_j for row in estimated]),
        co2_g=_added([row.co2_g for row in estimated]),
        water_l=_added([row.water_l for row in estimated]),
        notes=list(dict.fromkeys(note for row in rows for note in row.notes)),
    )


def _added(ranges: Sequence[Sequence[float]]) -> list[float]:
    """Add up ranges, each of a lowest and a highest value. Empty if any of the ranges is empty."""
    return [sum(each[side] for each in ranges) for side in (0, 1)] if ranges and all(ranges) else []
