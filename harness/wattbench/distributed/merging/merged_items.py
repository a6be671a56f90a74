"""Read the items of all shards in the order in which one run would write them.

Cell by cell and in a cell block by block, a part of a table at a time. What must hold of the rows is checked as they
pass: each document of a block once, and joules that sum to those of their windows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wattbench.distributed.merging.found_shards import Shard, Shards
from wattbench.errors import UserError
from wattbench.records.rows.answers import ItemRow
from wattbench.records.tables.damaged_table import damage_named, parquet_file
from wattbench.records.tables.run_tables import arrow_schema, check_columns, default_columns

BATCH_ROWS = 1024
"""Rows of a shard that are in memory at a time, unless it asked its blocks in another order than theirs."""
_BUFFER_BYTES = 32_768
"""Of each column of each shard that are read ahead."""
_RELATIVE = 1e-9
"""Sums of the same numbers in another order differ by less."""


def merged_items(shards: Shards, run: str, shift: Mapping[str, Mapping[int, int]]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the merged `items.parquet`.

    Args:
        shards: with every block once.
        run: the name of the merged run.
        shift: system and block to what is added to the numbers of its calls.

    Raises:
        UserError: a table is damaged, a row is missing or there twice, or joules do not sum to those of a window.
    """
    sums = {shard.root: _WindowSums() for shard in shards.every}
    with ExitStack() as stack:
        tables = {shard.root: stack.enter_context(_Table(shard)) for shard in shards.every}
        for system, task in shards.cells:
            for block, shard in shards.owner.items():
                rows = 0
                documents: list[Any] = []
                for batch in tables[shard.root].rows_of(system, task, block):
                    rows += batch.num_rows
                    documents.append(batch["doc_id"].to_numpy())
                    sums[shard.root].add(batch)
                    yield _of_run(batch, run, shift[system][block])
                _check_documents(shard, task, system, block, shards.repeats[system, task], documents)
        for shard in shards.every:
            tables[shard.root].check_read()
            sums[shard.root].check(shard)


def _of_run(batch: pa.RecordBatch, run: str, shift: int) -> pa.RecordBatch:
    schema = batch.schema
    columns = batch.columns
    columns[schema.get_field_index("run")] = pa.repeat(pa.scalar(run, pa.string()), batch.num_rows)
    at = schema.get_field_index("batch")
    columns[at] = pc.add(columns[at], pa.scalar(shift, pa.int64()))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _check_documents(shard: Shard, task: str, system: str, block: int, repeats: int, parts: list[Any]) -> None:
    """Check that a cell's rows in a block cover the block's documents, each once per repeat."""
    there = np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
    wanted = np.sort(np.asarray(shard.counted[block].doc_ids.get(task, []), dtype=np.int64))
    # Their number first: a header may say anything of repeats.
    if len(there) != len(wanted) * repeats or not np.array_equal(there, np.repeat(wanted, repeats)):
        raise UserError(
            f"{shard.records.layout.items_table}: it has {len(there)} answers of {system} to {task} in block "
            f"{block + 1}, and blocks.jsonl {len(wanted) * repeats}, or they are of other documents; "
            "the record is damaged"
        )


class _Table:
    """The `items.parquet` of a shard, read forward. A context manager."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._path = shard.records.layout.items_table
        # Buffered: what a column chunk holds is not read as a whole.
        self._file = parquet_file(self._path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        check_columns(self._path, self._file.schema_arrow)
        self._batches = self._read()
        self._held: pa.RecordBatch | None = None
        self._cell: tuple[str, str] | None = None
        self._blocks: dict[int, pa.RecordBatch] = {}

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close(force=True)

    def rows_of(self, system: str, task: str, block: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a cell in a block.

        Cells have to be requested in the order of the plan, blocks in their own order.
        """
        if self._shard.in_order:
            yield from self._while(system, task, block)
            return
        if self._cell != (system, task):
            self._cell, self._blocks = (system, task), self._by_block(system, task)
        if block in self._blocks:
            yield self._blocks.pop(block)

    def check_read(self) -> None:
        """Check that no row is left.

        Raises:
            UserError: some are.
        """
        if self._next() is not None or self._blocks:
            raise UserError(f"{self._path}: its rows are not in the order of its plan; the record is damaged")

    def _by_block(self, system: str, task: str) -> dict[int, pa.RecordBatch]:
        """Return all rows of a cell by block."""
        batches = list(self._while(system, task, None))
        if not batches:
            return {}
        table = pa.Table.from_batches(batches)
        return {
            block: table.filter(pc.equal(table["block"], block)).combine_chunks().to_batches()[0]
            for block in pc.unique(table["block"]).to_pylist()
        }

    def _while(self, system: str, task: str, block: int | None) -> Iterator[pa.RecordBatch]:
        """Yield the next rows as long as they belong to a cell, and to a block if one is given."""
        while (batch := self._next()) is not None:
            rows = _leading(batch, system, task, block)
            if rows:
                yield batch.slice(0, rows)
            if rows < batch.num_rows:
                self._held = batch.slice(rows)
                return
            self._held = None

    def _next(self) -> pa.RecordBatch | None:
        while self._held is None or not self._held.num_rows:
            self._held = next(self._batches, None)
            if self._held is None:
                return None
        return self._held

    def _read(self) -> Iterator[pa.RecordBatch]:
        with damage_named(self._path):
            for batch in self._file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                yield in_schema(batch, ItemRow)


def _leading(batch: pa.RecordBatch, system: str, task: str, block: int | None) -> int:
    """Return the number of leading rows that belong to a cell, and to a block if one is given."""
    same = pc.and_(pc.equal(batch["system"], system), pc.equal(batch["task"], task))
    if block is not None:
        same = pc.and_(same, pc.equal(batch["block"], block))
    other = pc.index(pc.fill_null(same, False), False).as_py()
    return batch.num_rows if other < 0 else int(other)


def in_schema(batch: pa.RecordBatch, row: type) -> pa.RecordBatch:
    """Return a batch with the columns of this version's rows. Columns that an older table lacks have their defaults."""
    schema = arrow_schema(row)
    if batch.schema.equals(schema):
        return batch
    absent = default_columns(row, batch.num_rows)
    columns = [
        batch[each.name].cast(each.type) if each.name in batch.schema.names else absent[each.name] for each in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


@dataclass
class _WindowSums:
    """The sums of the items' joules by window."""

    _joules: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _without: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Items without joules."""
    _of_agents: set[str] = field(default_factory=set)
    """Windows whose items are sessions: they are part of the window's joules, as some are idle."""

    def add(self, batch: pa.RecordBatch) -> None:
        windows = pc.run_end_encode(batch["window"])  # the items of a window are asked one after another
        begin = 0
        for window, end in zip(windows.values.to_pylist(), windows.run_ends.to_pylist(), strict=True):
            energy_j = batch["energy_j"].slice(begin, end - begin)
            self._joules[window].append(pc.sum(energy_j).as_py() or 0.0)
            self._without[window] += energy_j.null_count
            if batch["session"].slice(begin, end - begin).null_count < end - begin:
                self._of_agents.add(window)
            begin = end

    def check(self, shard: Shard) -> None:
        """Check that the joules of the items in each window add up to the joules of the window.

        Raises:
            UserError: they are not.
        """
        windows = {row.window: row for row in shard.records.windows()}
        for window, joules in self._joules.items():
            row = windows.get(window)
            if row is None:
                raise UserError(f"{shard.root}: answers were given in the window {window!r:.60}, which is not recorded")
            energy_j = math.fsum(joules) * row.passes
            if row.valid and row.total_j is not None:
                less = window in self._of_agents and energy_j < row.total_j
                same = math.isclose(energy_j, row.total_j, rel_tol=_RELATIVE, abs_tol=1e-12)
                if self._without[window] or not (less or same):
                    raise UserError(
                        f"{shard.root}: the joules of the items of the window {window} sum to {energy_j:.9g}, and the "
                        f"window's are {row.total_j:.9g}; the record is damaged"
                    )
            elif energy_j:
                raise UserError(
                    f"{shard.root}: items of the window {window} have joules, and it has none that are valid"
                )
