"""Make rows of `items.parquet` of answers, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wattbench.importers.answer import FINISH_REASONS
from wattbench.importers.files import digest
from wattbench.importers.metered import Metered
from wattbench.importers.spool import Spool
from wattbench.importers.survey import Survey
from wattbench.records.provenance import IMPORTED
from wattbench.records.rows.answers import ItemRow
from wattbench.records.tables.run_tables import default_columns, items_schema

_ITEM = frozenset(each.name for each in fields(ItemRow))


def item_batches(
    answers: Spool, known: Survey, run: str, metered: Metered | None = None, judged: Collection[str] = ()
) -> Iterator[Any]:
    """Yield the rows of a run as record batches, in the order of its answers.

    Args:
        answers: at least one.
        known: what they are together.
        run: the run's name.
        metered: the windows in which the source counted joules.
        judged: the tasks that a judge scores.
    """
    kinds = pa.array([known.kinds[cell.system] for cell in known.cells], pa.string())
    row = 0
    for batch in answers.batches():
        rows = slice(row, row + batch.num_rows)
        columns = _columns(batch) | {
            "run": pa.repeat(run, batch.num_rows),
            "kind": kinds.take(pa.array(known.cell_of_row[rows])),
            "doc_id": pa.array(known.doc_id_of_row[rows]),
            "batch": pa.array(np.arange(rows.start, rows.stop)),
            "judged": _opinions(batch, judged),
        }
        if metered is not None:
            columns |= metered.columns(rows, columns["energy_j"])
        yield pa.RecordBatch.from_pydict(columns, schema=items_schema())
        row = rows.stop


def _columns(batch: Any) -> dict[str, Any]:
    """Return the columns that can be computed from the answers alone."""
    size = batch.num_rows
    given = {name: batch.column(name) for name in batch.schema.names}
    # If only the duration is known it starts at 0.
    started = pc.coalesce(given["started_s"], pc.if_else(given["seconds"].is_valid(), 0.0, pa.scalar(None)))
    return default_columns(ItemRow, size) | {name: each for name, each in given.items() if name in _ITEM} | {
        "domain": _filled(given["domain"], given["task"].filter),
        "doc_hash": _filled(given["doc_hash"], lambda missing: _named(given["task"], given["item"], missing)),
        "prompt_hash": _filled(given["prompt_hash"], lambda missing: _digests(given["prompt"].filter(missing))),
        "correct": given["score"],
        "scheduled_s": pc.coalesce(given["scheduled_s"], started),
        "started_s": started,
        "first_token_s": pc.add(started, given["first_token_seconds"]),
        "finished_s": pc.add(started, given["seconds"]),
        "token_s": _moments(given["token_seconds"], started),
        "batch_size": pa.repeat(1, size),
        "window": pa.repeat("", size),
        "energy_j": given["joules"],
        "energy_above_idle_j": given["joules_above_idle"],
        "energy_provenance": pc.if_else(given["joules"].is_valid(), IMPORTED, ""),
        "reported_cost": pc.if_else(given["session"].is_valid(), given["cost"], pa.scalar(None, pa.float64())),
        "reported_currency": _reported_currency(given),
        "finish_reason": _finish_reasons(given["finish_reason"]),
        "route_asked": _lists(given["route"]),
        "output": given["answer"],
        "filtered": _filled(given["filtered"], given["answer"].filter),
    }  # fmt: skip


def _opinions(batch: Any, judged: Collection[str]) -> Any:
    """Return what the judge thinks of each answer: 0 of a request that failed, as in a measured run."""
    in_judged = pc.is_in(batch.column("task"), pa.array(judged, pa.string()))
    failed = pc.and_(in_judged, batch.column("failure").is_valid())
    return pc.if_else(failed, 0.0, batch.column("verdict"))


def _reported_currency(given: Mapping[str, Any]) -> Any:
    """Return the currency of what agents reported; null where an answer is no agent's, or has no cost in one."""
    named = pc.and_(pc.not_equal(given["currency"], ""), pc.and_(given["session"].is_valid(), given["cost"].is_valid()))
    return pc.if_else(named, given["currency"], pa.scalar(None, pa.string()))


def _finish_reasons(words: Any) -> Any:
    """Convert a source's finish reasons to those of a record. Others become null."""
    encoded = words.dictionary_encode()
    known = [FINISH_REASONS.get(word.strip().lower()) for word in encoded.dictionary.to_pylist()]
    return pa.array(known, pa.string()).take(encoded.indices)


def _moments(seconds: Any, started_s: Any) -> Any:
    """Return lists of moments: each answer's start plus the seconds after it. Empty for an answer without a start."""
    lengths = pc.list_value_length(seconds)
    flat = seconds.flatten().to_numpy(zero_copy_only=False)
    starts = pc.fill_null(started_s, 0.0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths.to_numpy(zero_copy_only=False), dtype=np.int32)
    moments = flat + np.repeat(starts, lengths.to_numpy(zero_copy_only=False))
    return pa.ListArray.from_arrays(pa.array(np.append(np.int32(0), ends)), pa.array(moments, pa.float64()))


def _filled(texts: Any, others: Callable[[Any], Any]) -> Any:
    """Return texts with the empty ones replaced by other texts."""
    missing = pc.equal(texts, "")
    number = pc.sum(missing).as_py() or 0
    if number == 0:
        return texts
    return others(missing) if number == len(texts) else pc.replace_with_mask(texts, missing, others(missing))


def _named(tasks: Any, items: Any, missing: Any) -> Any:
    """Return hashes that identify documents by task and item, as `named_item_hash` does, for answers without a hash."""
    return _digests(pc.binary_join_element_wise(tasks.filter(missing), items.filter(missing), "\0"))


def _digests(texts: Any) -> Any:
    """Return the SHA-256 of each text. Equal texts are hashed once."""
    encoded = texts.dictionary_encode()
    made = [digest(each) for each in encoded.dictionary.to_pylist()]
    return pa.array(made, pa.string()).take(encoded.indices)


def _lists(values: Any) -> Any:
    """Return one list per value, with that value alone. Empty for null."""
    ends = np.cumsum(values.is_valid().to_numpy(zero_copy_only=False), dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(np.append(np.int32(0), ends)), values.drop_null())
