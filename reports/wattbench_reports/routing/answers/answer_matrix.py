"""Build the arrays behind routing: what every system answered to each item, and which systems the hybrids asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.tables.item_matrix import item_sums
from wattbench_reports.tables.run_tables import Frames

_OF_HYBRIDS = ("route", "route_score", "router_s", "router_energy_j", "batch_size")


@dataclass(frozen=True)
class AnswerMatrix:
    """The score, joules, seconds and money of each system on each item, averaged over repeats.

    Rows are as in the item table.
    """

    systems: tuple[str, ...]
    domain_names: tuple[str, ...]
    """In the order of the suite."""
    domain: NDArray[np.int64]
    """Shape (items,): which of `domain_names`."""
    row: NDArray[np.int32]
    """Shape (answers,): the item of each answer of the run."""
    answered: NDArray[np.bool_]
    """Shape (items, systems). So are the next three."""
    score: NDArray[np.float64]
    """0 where it was not asked."""
    energy_j: NDArray[np.float64]
    """Joules per answer; not a number where no answer to the item has any."""
    seconds: NDArray[np.float64]
    """From sending to the last token; not a number where it was not asked."""
    money: NDArray[np.float64] | None = None
    """Shape (items, systems): money per answer, electricity included where it is paid for; not a number where it is not
    known. None in a run in which no system has a cost."""

    def columns(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the columns of some systems."""
        return np.array([self.systems.index(name) for name in names], dtype=np.int64)


@dataclass(frozen=True)
class HybridAnswers:
    """The answers of a hybrid whose routes are on record."""

    system: str
    frame: pd.DataFrame
    """One row per answer: the columns of `Frames.items`, `route`, `route_score`, `router_s`, `router_energy_j`,
    `batch_size`, `asked_count` (0 where not on record) and `row` (of the item table)."""
    names: tuple[str, ...]
    """Systems that were asked."""
    requests: NDArray[np.float64]
    """Shape (answers, names): how often each was asked for the answer."""

    @property
    def answered_by(self) -> NDArray[np.int64]:
        """Return the index in `names` of the system that gave each answer, shape (answers,)."""
        codes = pd.Categorical(self.frame["route"], categories=list(self.names)).codes
        return np.asarray(codes, dtype=np.int64)


def matrix_of(measured: Measured, paid: Paid) -> AnswerMatrix:
    """Average the score, joules, seconds and money of each system on each item."""
    frames, table = measured.frames, measured.table
    (total_s,) = item_sums(frames, 1, lambda system: (frames.seconds(frames.answers_of(system)),))
    bills = None if paid.figures is None else paid.figures.table
    return AnswerMatrix(
        systems=table.systems,
        domain_names=tuple(str(name) for name in frames.items["domain"].cat.categories),
        domain=frames.codes("domain")[frames.an_answer].astype(np.int64),
        row=frames.row_of_answer,
        answered=table.trials > 0,
        score=table.correct / np.maximum(table.trials, 1),
        energy_j=_quotients(table.energy_j, table.metered),
        seconds=_quotients(total_s, table.trials),
        money=None if bills is None else _quotients(bills.energy_j, bills.metered),
    )


def half_of(measured: Measured, matrix: AnswerMatrix, half: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scores and joules as in `AnswerMatrix`, from one half of the repeats; NaN where it has no answer.

    Args:
        half: 0 for the repeats of an even number, 1 for the others.
    """
    items = measured.frames.items
    rows, columns = matrix.answered.shape
    cell = matrix.row.astype(np.int64) * columns + items["system"].cat.codes.to_numpy().astype(np.int64)
    mine = (items["repeat"].to_numpy() % 2) == half

    def total(weights: NDArray[np.float64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
        sums = np.bincount(cell[keep], weights=weights[keep], minlength=rows * columns)
        return np.asarray(sums.reshape(rows, columns), dtype=np.float64)

    correct = items["correct"].to_numpy(dtype=np.float64)
    joules = items["energy_j"].to_numpy(dtype=np.float64)
    metered = mine & np.isfinite(joules)
    one = np.ones(len(items))
    return _quotients(total(correct, mine), total(one, mine)), _quotients(total(joules, metered), total(one, metered))


def _quotients(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.full(sums.shape, np.nan)
    np.divide(sums, counts, out=out, where=counts > 0)
    return out


def hybrid_answers(measured: Measured, matrix: AnswerMatrix | None = None) -> tuple[HybridAnswers, ...]:
    """Read the answers of every hybrid whose routes were recorded, yardsticks included; empty without any.

    Raises:
        UserError: the table of items is damaged.
    """
    frames = measured.frames
    known = frames.run.systems()
    hybrids = [name for name in frames.systems if name in known and known[name].members]
    if not hybrids:
        return ()
    row = frames.row_of_answer if matrix is None else matrix.row
    mine = frames.items["system"].isin(hybrids).to_numpy()
    more, lists = _columns_of(frames, np.flatnonzero(mine))
    answers = frames.items[mine].reset_index(drop=True).join(more)
    answers["row"] = row[mine]
    routed = answers["route"].notna().to_numpy()
    systems = answers["system"].to_numpy()
    hybrids_answers = []
    for name in hybrids:
        rows_of_hybrid = np.flatnonzero(routed & (systems == name))
        if len(rows_of_hybrid):
            hybrids_answers.append(
                _of_hybrid(name, answers.iloc[rows_of_hybrid].reset_index(drop=True), lists, rows_of_hybrid)
            )
    return tuple(hybrids_answers)


def _columns_of(frames: Frames, rows: NDArray[np.int64]) -> tuple[pd.DataFrame, Any]:
    """Read the hybrids' columns of some answers, and their lists of requested systems.

    None in place of lists that the record lacks.
    """
    path = frames.run.layout.items_table
    if frames.rows is not None:
        rows = np.flatnonzero(frames.rows.to_numpy())[rows]
    with opened_table(path) as file:
        present = set(file.schema_arrow.names)
        wanted = [name for name in (*_OF_HYBRIDS, "route_asked") if name in present]
        table = file.read(wanted).take(pa.array(rows))
    lists = table.column("route_asked").combine_chunks() if "route_asked" in present else None
    frame: pd.DataFrame = table.select([name for name in wanted if name != "route_asked"]).to_pandas()
    for name in _OF_HYBRIDS:  # a run from before one was recorded
        if name not in frame:
            frame[name] = None if name == "route" else np.nan
    return frame, lists


def _of_hybrid(name: str, frame: pd.DataFrame, lists: Any, rows: NDArray[np.int64]) -> HybridAnswers:
    owner, who = _requested_members(lists, rows)
    names = tuple(dict.fromkeys([*who.categories, *frame["route"].astype(str).unique()]))
    counts = np.bincount(owner, minlength=len(frame))
    cell = owner * len(names) + who.codes.astype(np.int64)
    requests = np.bincount(cell, minlength=len(frame) * len(names)).astype(np.float64).reshape(len(frame), len(names))
    answered = HybridAnswers(name, frame.assign(asked_count=counts), names, requests)
    silent = np.flatnonzero(counts == 0)  # which systems it asked is not on record: at least the one that answered
    requests[silent, answered.answered_by[silent]] = 1.0
    return answered


def _requested_members(lists: Any, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], pd.Categorical]:
    """Flatten the lists of requested systems, with the index of each one's answer."""
    if lists is None:
        return np.empty(0, dtype=np.int64), pd.Categorical([])
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks)
    mine = lists.take(pa.array(rows))
    lengths = pc.fill_null(pc.list_value_length(mine), 0).to_numpy(zero_copy_only=False)
    named = mine.flatten().dictionary_encode()
    codes: NDArray[np.int64] = named.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    categories = pd.Index([str(name) for name in named.dictionary.to_pylist()], dtype=object)
    return np.repeat(np.arange(len(rows), dtype=np.int64), lengths), pd.Categorical.from_codes(codes, categories)
