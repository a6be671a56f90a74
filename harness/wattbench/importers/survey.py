"""Collect and check what must be known of all answers before the first row of a run is written.

Number the items of all answers, and find an answer that is there twice, in a few bytes per answer.

Names are replaced by their places in one list of all different names, so that everything is exact, and the rest is
integers. Memory: the different names, and about 60 bytes per answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.importers.spool import Spool

MOST_NAME_BYTES = 1_000_000_000
"""Of all different names of items."""

_WHOLE = "^(0|[1-9][0-9]{0,15})$"
_MERGE_BYTES = 64_000_000

_Integers = NDArray[np.int64]


class Names:
    """The different names of all items, and the name of each answer's item."""

    def __init__(self) -> None:
        self._all: Any = pa.array([], pa.string())
        self._codes: list[NDArray[np.int32]] = []
        self._pending: list[Any] = []
        self._pending_bytes = 0

    def append(self, names: Any) -> None:
        """Append the names of the next answers, an Arrow array of texts.

        Raises:
            UserError: there are too many different ones.
        """
        encoded = names.dictionary_encode()
        self._pending.append(encoded)
        self._pending_bytes += encoded.dictionary.nbytes
        if self._pending_bytes > max(_MERGE_BYTES, self._all.nbytes):
            self._merge()

    def finish(self) -> tuple[Any, NDArray[np.int32]]:
        """Return the different names, in the order of the answers, and each answer's place in them."""
        self._merge()
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.int32)
        self._codes = []
        return self._all, codes

    def _merge(self) -> None:
        known = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), self._all)
        size = self._all.nbytes + self._pending_bytes
        if size > 2 * MOST_NAME_BYTES:
            raise _too_long(size)
        merged = pa.chunked_array([known, *self._pending]).unify_dictionaries().chunks  # those known keep their places
        self._all = merged[-1].dictionary
        self._codes += [each.indices.to_numpy() for each in merged[1:]]
        self._pending, self._pending_bytes = [], 0
        if self._all.nbytes > MOST_NAME_BYTES:
            raise _too_long(self._all.nbytes)


def _too_long(size: int) -> UserError:
    return UserError(f"the names of the items have {size:,} bytes; {MOST_NAME_BYTES:,} are read. Name items by numbers")


def second_answer(cells: _Integers, items: _Integers, repeats: _Integers) -> tuple[int, int] | None:
    """Return the row of the first answer that a system gives to an item a second time, and the row of the earlier one.

    Args:
        cells: of each answer, the number of its system and task.
        items: the number of its name.
        repeats: how often the item was asked before.
    """
    keys = _together(_together(cells, items), repeats)
    ordered = np.sort(keys)
    if not np.any(ordered[1:] == ordered[:-1]):
        return None
    order = np.argsort(keys, kind="stable")
    later = np.flatnonzero(keys[order][1:] == keys[order][:-1]) + 1
    second = int(order[later].min())
    return second, int(np.flatnonzero(keys == keys[second])[0])


def items_by_cell(cells: _Integers, items: _Integers, number: int) -> list[int]:
    """Return the number of different items in each cell."""
    pairs = np.unique(_together(cells, items))
    return [int(each) for each in np.bincount(pairs // (int(items.max()) + 1), minlength=number)]


def _numbers_of_items(names: Any, tasks: _Integers, items: _Integers) -> _Integers:
    """Number the items of each task: by their names if all are whole numbers, else by their sorted order.

    Args:
        names: all different names, an Arrow array of texts.
        tasks: the number of each answer's task.
        items: the place of its item's name in `names`.
    """
    whole = pc.match_substring_regex(names, _WHOLE)
    as_numbers = pc.if_else(whole, names, "0").cast(pa.int64()).to_numpy()
    numbers: _Integers = as_numbers[items]
    is_whole = whole.to_numpy(zero_copy_only=False)
    in_order = np.isin(tasks, np.unique(tasks[~is_whole[items]]))
    if not in_order.any():
        return numbers
    ranks = np.empty(len(names), np.int64)
    ranks[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
    pairs, order = np.unique(tasks[in_order] * len(names) + ranks[items[in_order]], return_inverse=True)
    of_pair = pairs // len(names)
    numbers[in_order] = order - np.searchsorted(of_pair, of_pair)[order]
    return numbers


def _together(first: _Integers, second: _Integers) -> _Integers:
    """Return one number per pair of numbers: different for different pairs, and in the order of the pairs."""
    if len(second) == 0 or not second.any():
        return first
    if int(first.max()) < 2**62 // (int(second.max()) + 1):
        return first * (int(second.max()) + 1) + second
    first, second = (np.unique(each, return_inverse=True)[1] for each in (first, second))
    return np.asarray(first * (int(second.max()) + 1) + second, np.int64)


CURRENCY = re.compile(r"[A-Z]{3}")
KINDS = ("generalist", "specialist", "moe", "distilled", "hybrid")
UNSPECIFIED = "unspecified"
"""The kind of a system whose source does not state it."""

_COLUMNS = ("system", "task", "item", "kind", "domain", "currency", "route", "score", "repeat")


@dataclass
class _System:
    first_row: int
    kinds: dict[str, None] = field(default_factory=dict)
    routes: set[str] = field(default_factory=set)
    scored: bool = False
    first_without_score: int | None = None


@dataclass(frozen=True)
class SurveyedCell:
    """The answers of one system on one task."""

    system: str
    task: str
    kind: str
    """As its first answer has it; empty if that has none."""
    domain: str
    items: int


@dataclass(frozen=True)
class Survey:
    """Systems, cells, currency and item numbers of an import. Rows are in the order of reading."""

    kinds: Mapping[str, str]
    """System to its kind, in the order of their first answers."""
    routes: Mapping[str, list[str]]
    """System to those that it sent requests to, sorted."""
    cells: tuple[SurveyedCell, ...]
    """In the order of their first answers."""
    currency: str | None
    cell_of_row: NDArray[np.int32]
    """Shape (answers,): places in `cells`."""
    doc_id_of_row: NDArray[np.int64]


def survey(answers: Spool, currency: str | None = None, judged: Collection[str] = ()) -> Survey:
    """Check all answers, and return their systems, cells, currency and item numbers.

    Args:
        answers: none only if the source has summaries alone.
        currency: of the costs, if it is given.
        judged: the tasks that a judge scores.

    Raises:
        UserError: an answer is there twice, some of a system have no score, one to a judged task has one, or a kind or
            the currency is wrong.
    """
    if not len(answers):
        return Survey({}, {}, (), currency, np.empty(0, np.int32), np.empty(0, np.int64))
    seen = _Survey(judged)
    for batch in answers.batches(_COLUMNS):
        seen.append(batch)
    names, items = seen.names.finish()
    cells, repeats = np.concatenate(seen.cell_of_row), np.concatenate(seen.repeats)
    wide_cells, wide_items = cells.astype(np.int64), items.astype(np.int64)
    if (twice := second_answer(wide_cells, wide_items, repeats)) is not None:
        second, first = map(answers.answer, twice)
        raise UserError(
            f"{second.where}: {second.system} on {second.task} answers item {second.item!r:.60} a second time (first: "
            f"{first.where}). If items were asked several times, number the answers in a column `repeat`"
        )
    seen.repeats.clear()
    if seen.first_scored_and_judged is not None:
        answer = answers.answer(seen.first_scored_and_judged)
        raise scored_and_judged(answer.where, answer.task)
    _check_all_scored(answers, seen.systems)
    named = _currency(answers, seen.currencies, currency)
    numbers = items_by_cell(wide_cells, wide_items, len(seen.cells))
    tasks = {task: number for number, task in enumerate(dict.fromkeys(task for _, task in seen.cells))}
    task_of_cell = np.array([tasks[task] for _, task in seen.cells], np.int64)
    return Survey(
        kinds={name: _kind(answers, name, system) for name, system in seen.systems.items()},
        routes={name: sorted(system.routes) for name, system in seen.systems.items()},
        cells=tuple(
            SurveyedCell(*key, kind, domain or key[1], number)
            for (key, (kind, domain)), number in zip(seen.cells.items(), numbers, strict=True)
        ),
        currency=named,
        cell_of_row=cells,
        doc_id_of_row=_numbers_of_items(names, task_of_cell[cells], wide_items),
    )


class _Survey:
    """The systems, cells, currencies and items of the batches read so far."""

    def __init__(self, judged: Collection[str]) -> None:
        self.judged = judged
        self.first_scored_and_judged: int | None = None
        """The row of the first answer with a score to a judged task."""
        self.systems: dict[str, _System] = {}
        self.cells: dict[tuple[str, str], tuple[str, str]] = {}
        """(System, task) to kind and domain of its first answer."""
        self.currencies: dict[str, int] = {}
        """Currency to the row that is the first to name it."""
        self.names = Names()
        self.cell_of_row: list[NDArray[np.int32]] = []
        self.repeats: list[NDArray[np.int64]] = []
        self._rows = 0
        self._place: dict[tuple[str, str], int] = {}

    def append(self, batch: Any) -> None:
        systems, tasks = _Coded(batch.column("system")), _Coded(batch.column("task"))
        pairs, firsts, of_row = _different(systems.codes, tasks.codes)
        for (system, task), first in sorted(zip(pairs, firsts, strict=True), key=lambda each: int(each[1])):
            key = systems.names[system], tasks.names[task]
            if key not in self.cells:
                self.cells[key] = batch.column("kind")[first].as_py(), batch.column("domain")[first].as_py()
                self._place[key] = len(self._place)
            self.systems.setdefault(key[0], _System(self._rows + int(first)))
        places = np.array([self._place[systems.names[system], tasks.names[task]] for system, task in pairs], np.int32)
        self.cell_of_row.append(places[of_row])
        self.repeats.append(batch.column("repeat").to_numpy())
        self.names.append(batch.column("item"))
        judged = np.isin(tasks.codes, [code for code, name in enumerate(tasks.names) if name in self.judged])
        self._append_scores(systems, batch.column("score"), judged)
        for system, kind, _ in self._named(systems, batch.column("kind")):
            self.systems[system].kinds[kind] = None
        for system, route, _ in self._named(systems, batch.column("route")):
            self.systems[system].routes.add(route)
        for _, currency, row in self._named(systems, batch.column("currency")):
            self.currencies.setdefault(currency, row)
        self._rows += batch.num_rows

    def _append_scores(self, systems: _Coded, scores: Any, judged: NDArray[np.bool_]) -> None:
        valid = scores.is_valid().to_numpy(zero_copy_only=False)
        if self.first_scored_and_judged is None and np.any(valid & judged):
            self.first_scored_and_judged = self._rows + int(np.argmax(valid & judged))
        for code in np.unique(systems.codes[valid]):
            self.systems[systems.names[code]].scored = True
        without = np.flatnonzero(~valid & ~judged)
        codes, firsts = np.unique(systems.codes[without], return_index=True)
        for code, first in zip(codes, firsts, strict=True):
            system = self.systems[systems.names[code]]
            if system.first_without_score is None:
                system.first_without_score = self._rows + int(without[first])

    def _named(self, systems: _Coded, texts: Any) -> Iterable[tuple[str, str, int]]:
        """Return the different pairs of a system and a text that is not empty, and the first row of each, in order."""
        coded = _Coded(texts)
        if not any(coded.names):
            return []
        pairs, firsts, _ = _different(systems.codes, coded.codes)
        seen = zip(pairs, firsts, strict=True)
        return [
            (systems.names[system], str(coded.names[code]), self._rows + int(first))
            for (system, code), first in sorted(seen, key=lambda each: int(each[1]))
            if coded.names[code]
        ]


class _Coded:
    """A column as indices into the list of its different texts."""

    def __init__(self, texts: Any) -> None:
        encoded = texts.dictionary_encode(null_encoding="encode")
        self.names: list[Any] = encoded.dictionary.to_pylist()
        self.codes: NDArray[np.int64] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _different(
    first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the different pairs of two columns, shape (pairs, 2), the first row of each, and each row's pair."""
    width = int(second.max(initial=0)) + 1
    keys, firsts, of_row = np.unique(first * width + second, return_index=True, return_inverse=True)
    return np.stack([keys // width, keys % width], axis=1), firsts, of_row.reshape(-1)


def scored_and_judged(where: str, task: str) -> UserError:
    """Return the error of a task that has scores and verdicts."""
    return UserError(
        f"{where}: {task} has scores and verdicts of a judge. A verdict is no score: leave one of both out, or name "
        "two tasks in a column `task`"
    )


def _check_all_scored(answers: Spool, systems: Mapping[str, _System]) -> None:
    """Check that all answers of a system have a score or none: otherwise accuracy and joules are of different
    requests."""
    without = [each.first_without_score for each in systems.values() if each.scored]
    rows = [row for row in without if row is not None]
    if rows:
        answer = answers.answer(min(rows))
        raise UserError(
            f"{answer.where}: no score, but other answers of {answer.system} have one. Score it (0 if it is wrong), or "
            "leave it out"
        )


def _currency(answers: Spool, rows: Mapping[str, int], given: str | None) -> str | None:
    """Return the currency of a run's costs: the given one or the source's. None if neither is named.

    Raises:
        UserError: it is no currency, or there are several.
    """
    wrong = next((name for name in rows if not CURRENCY.fullmatch(name)), None)
    if wrong is not None:
        raise _no_currency(answers.answer(rows[wrong]).where, wrong)
    if given is not None and not CURRENCY.fullmatch(given):
        raise _no_currency("--currency", given)
    if len(rows) > 1:
        (first, _), (second, row) = sorted(rows.items(), key=lambda each: each[1])[:2]
        raise UserError(
            f"{answers.answer(row).where}: the cost is in {second}, and above it costs are in {first}. A run has one "
            "currency: convert the costs, or import each currency by itself"
        )
    source = next(iter(rows), None)
    if given is not None and source is not None and given != source:
        where = answers.answer(rows[source]).where
        raise UserError(f"--currency {given}: the costs of {where} are in {source}; leave the option out")
    return given or source


def _no_currency(where: str, name: str) -> UserError:
    return UserError(f"{where}: the currency {name!r:.60} must be three letters, such as USD (ISO 4217)")


def _kind(answers: Spool, name: str, system: _System) -> str:
    if len(system.kinds) > 1:
        raise UserError(
            f"{answers.answer(system.first_row).where}: {name} has several kinds ({', '.join(system.kinds)}); it can "
            "have one"
        )
    kind = next(iter(system.kinds), "hybrid" if system.routes else UNSPECIFIED)
    if kind not in (*KINDS, UNSPECIFIED):
        raise UserError(
            f"{answers.answer(system.first_row).where}: {name} has the kind {kind!r:.60}; choose one of "
            f"{', '.join(KINDS)}"
        )
    return kind
