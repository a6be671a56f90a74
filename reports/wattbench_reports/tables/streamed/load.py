"""Find out where the answers of a large run are and which items they are of, and check them, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.tables.table_columns import TableColumns
from wattbench.records.verified_files import check_unchanged
from wattbench_reports.tables.answer_checks import DocDifference, check_system, refuse_repeated
from wattbench_reports.tables.asked_systems import answers_among, left_out
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.items_table import ITEM_COLUMNS, LABELS, failed_requests
from wattbench_reports.tables.run_tables import Frames, check_finished, frames_of, read_windows, systems_in_order
from wattbench_reports.tables.streamed.streamed_frames import (
    ItemStrata,
    NotInMemory,
    RunLengths,
    StreamedFrames,
    sampled_items,
)
from wattbench_reports.tables.streamed.text_numbers import joined, text_numbers

MOST_IN_MEMORY = 10_000_000
"""Answers of a run that are held in memory, and of which every figure is exact: less than 2 GB."""

POOLS = 250_000
"""Pools of items of a streamed run, about. Standard errors from them are known to 1 / sqrt(2 x 250,000) = 0.14%:
see `wattbench_reports.stats.budgets`."""

SAMPLED_ANSWERS = 4_000_000
"""Answers of the sample of items of which single items are compared, about: with ten systems a share has a
standard error of .08 points at worst."""


def load_streamed(run: RunRecords) -> StreamedFrames:
    """Read where the answers of a finished run are, not the answers.

    Raises:
        UserError: as `wattbench_reports.tables.run_tables.load_frames`.
    """
    check_finished(run)
    check_unchanged(run)
    path, record = run.layout.items_table, header_record(run)
    with TableColumns(path) as table:
        table.require((*ITEM_COLUMNS, *(["cost"] if record.imported is not None else [])))
        stretches, names = {}, {}
        for name in LABELS:
            stretches[name], names[name] = _labels(table, name)
        failed = failed_requests(table)
        failures = RunLengths.of(failed.view(np.int8)) if failed.any() else None
        del failed
    out = left_out(run)
    systems, absent = systems_in_order(run, names["system"], out)
    if not systems:
        answers_among(run)  # refuses a record of which nothing is left
    position = np.array([-1 if name in out else systems.index(name) for name in names["system"]], dtype=np.int16)
    of_system = stretches["system"]
    stretches["system"] = RunLengths(of_system.starts, position[of_system.codes])
    names["system"] = systems
    frames = StreamedFrames(
        run, systems, NotInMemory(), read_windows(run, out), (), absent, stretches=stretches, names=names,
        failures=failures, left_out=out,
    )  # fmt: skip
    numbered = _Items()
    for system in systems:
        _check(path, frames, system, scored=record.scored)
        numbered.add(*_keys(frames, system))
        if numbered.repeated:
            _check_each_once(path, frames, system, numbered)
    strata, stratum = np.unique(numbered.stratum, return_inverse=True)
    block, label = np.divmod(strata, _LABELS)
    codes = np.column_stack([block, *np.divmod(label, len(names["domain"]))])
    sampled = sampled_items(stratum, SAMPLED_ANSWERS / frames.number)
    items_in = ItemStrata(stratum.astype(np.int32), codes, sampled, POOLS)
    return StreamedFrames(
        run, systems, frames.items, frames.windows, tuple(_differences(frames, numbered)), absent,
        stretches=stretches, names=names, failures=failures,
        item_of=tuple(numbered.of_system), items_in=items_in, left_out=out,
    )  # fmt: skip


def sampled_frames(frames: StreamedFrames) -> Frames:
    """Read the answers of a sample of items, of every task and block in proportion.

    Raises:
        UserError: the table is damaged.
    """
    kept = np.zeros(frames.number, dtype=np.bool_)
    for items, rows in zip(frames.item_of, frames.answers_by_system, strict=True):
        kept[rows] = frames.items_in.sampled[items]
    return frames_of(frames.run, kept, frames.left_out)


def _labels(table: TableColumns, name: str) -> tuple[RunLengths, tuple[str, ...]]:
    column = table.coded(name)
    if (column.codes < 0).any():
        raise UserError(f"{table.path}: some {name} are missing; the record is damaged")
    return RunLengths.of(column.codes), tuple(str(each) for each in column.texts.to_pylist())


_LABELS = 1 << 24
"""More than there are pairs of a task and a domain."""


@dataclass
class _Items:
    """The items of all systems so far, numbered in the order of their keys."""

    keys: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    """Shape (items,), ascending."""
    stratum: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Shape (items,): block, task and domain in one number."""
    of_system: list[NDArray[np.int32]] = field(default_factory=list)
    repeated: bool = False
    """The last system was asked some item more than once."""
    _last: NDArray[np.uint64] | None = None

    def add(self, keys: NDArray[np.uint64], stratum: NDArray[np.int64]) -> None:
        """Number the items of the next system's answers."""
        if self._last is not None and np.array_equal(keys, self._last):
            self.of_system.append(self.of_system[-1])
            return
        mine, first, number = np.unique(keys, return_index=True, return_inverse=True)
        self.repeated = len(mine) < len(keys)
        position = np.searchsorted(self.keys, mine)
        known = np.zeros(len(mine), dtype=np.bool_)
        known[position < len(self.keys)] = (
            self.keys[position[position < len(self.keys)]] == mine[position < len(self.keys)]
        )
        if not known.all():
            self._grow(mine[~known], stratum[first[~known]])
        self.of_system.append(np.searchsorted(self.keys, mine).astype(np.int32)[number])
        self._last = keys

    def _grow(self, keys: NDArray[np.uint64], stratum: NDArray[np.int64]) -> None:
        every = np.concatenate([self.keys, keys])
        order = np.argsort(every, kind="stable")
        number = np.empty(len(every), dtype=np.int32)
        number[order] = np.arange(len(every), dtype=np.int32)
        again: dict[int, NDArray[np.int32]] = {}
        for position, items in enumerate(self.of_system):
            if id(items) not in again:
                again[id(items)] = number[items]
            self.of_system[position] = again[id(items)]
        self.stratum = np.concatenate([self.stratum, stratum])[order]
        self.keys = every[order]


def _keys(frames: StreamedFrames, system: str) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return two numbers for each answer of a system: one of its item, and one of its block, task and domain."""
    rows = frames.answers_of(system)
    task, domain = (frames.codes(name, rows).astype(np.int64) for name in ("task", "domain"))
    documents = np.concatenate([text_numbers(part) for part in frames.texts_of("doc_hash", rows)])
    named = text_numbers(pa.array(frames.categories("task"), pa.string()))
    document_key = joined(named[task], frames.documents_of(rows).astype(np.uint64))
    block = frames.figures("block", rows)
    number = np.where(np.isfinite(block), block, -1).astype(np.int64) + 1
    return joined(document_key, documents), number * _LABELS + task * len(frames.categories("domain")) + domain


def _check(path: Path, frames: StreamedFrames, system: str, *, scored: bool) -> None:
    rows = frames.answers_of(system)
    seconds = frames.further("finished_s")(rows) - frames.figures("started_s", rows)
    check_system(path, frames.figures("correct", rows), frames.figures("energy_j", rows), seconds, scored=scored)


def _check_each_once(path: Path, frames: StreamedFrames, system: str, numbered: _Items) -> None:
    items = numbered.of_system[-1]
    several = np.bincount(items)[items] > 1
    rows = frames.positions(frames.answers_of(system))[several]
    figures: dict[str, Any] = {name: frames.further(name)(rows) for name in ("repeat", "started_s")}
    labels = {name: frames.categorical(name, rows) for name in ("task", "window")}
    document = {"doc_id": frames.documents_of(rows)}
    refuse_repeated(path, pd.DataFrame({"system": system, **labels, **document, **figures}))


def _differences(frames: StreamedFrames, numbered: _Items) -> Iterator[DocDifference]:
    """Find systems that did not answer the items of a task that others answered."""
    if len({id(items) for items in numbered.of_system}) == 1:
        return
    task = numbered.stratum % _LABELS // len(frames.categories("domain"))
    names = frames.categories("task")
    of_task = np.bincount(task, minlength=len(names))
    missing: dict[tuple[int, int], int] = {}
    for number, items in enumerate(numbered.of_system):
        answered = np.zeros(len(task), dtype=np.bool_)
        answered[items] = True
        got = np.bincount(task[answered], minlength=len(names))
        missing |= {(code, number): int(few) for code, few in enumerate((of_task - got).tolist()) if few}
    for (code, number), few in sorted(missing.items()):
        yield DocDifference(frames.systems[number], names[code], few)
