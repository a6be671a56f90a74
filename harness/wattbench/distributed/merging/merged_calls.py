"""Read the tables of model calls of all shards as one, a part at a time: no figure of a call changes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pyarrow as pa

from wattbench.distributed.merging.found_shards import Shard, Shards
from wattbench.distributed.merging.merged_items import BATCH_ROWS, in_schema
from wattbench.errors import UserError
from wattbench.records import MeteredCallRow
from wattbench.records.tables.damaged_table import opened_table
from wattbench.records.tables.run_tables import check_columns


def merged_calls(shards: Shards, run: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the merged `calls.parquet`, in the order of the merged `calls.jsonl`; none without agents.

    Args:
        shards: with every block once.
        run: the name of the merged run.

    Raises:
        UserError: a table is damaged, or two shards have a call or a session of one name.
    """
    owner: dict[tuple[str, str], Shard] = {}
    for shard in shards.every:
        path = shard.records.layout.calls_table
        if not os.path.lexists(path):
            continue
        with opened_table(path, pre_buffer=False) as file:
            check_columns(path, file.schema_arrow)
            for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                for kind in ("call", "session"):
                    for name in batch[kind].unique().to_pylist():
                        if name and owner.setdefault((kind, name), shard) is not shard:
                            raise UserError(
                                f"{shard.root}: its {kind} {name!r:.60} has the name of one of "
                                f"{owner[kind, name].root}; ask the blocks of one of the two again"
                            )
                yield _of_run(in_schema(batch, MeteredCallRow), run, shard.prefix)


def _of_run(batch: pa.RecordBatch, run: str, prefix: str) -> pa.RecordBatch:
    columns = batch.columns
    for name, value in (("run", run), ("shard", prefix)):
        columns[batch.schema.get_field_index(name)] = pa.repeat(pa.scalar(value, pa.string()), batch.num_rows)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
