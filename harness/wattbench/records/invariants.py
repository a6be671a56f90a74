"""Check the tables of a finished run: numbers of rows, windows, documents, sessions and sums of joules."""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.records.dropped import documents_of_dropped
from wattbench.records.reader import RunRecords
from wattbench.records.rows.header import RunHeader
from wattbench.records.rows.windows import WindowRow
from wattbench.records.shards import blocks_in_words
from wattbench.records.tables.run_tables import read_columns

ITEM = ("system", "task", "doc_id", "repeat", "offered_per_s", "arrivals")
"""What tells an answer from all others."""

_BY_RULE = ("energy_j", "energy_by_time_j", "energy_equal_j")
"""Columns of a call's joules, one per rule of division."""
_OF_AGENTS = ("session", "calls", "agent_energy_j")
_RELATIVE = 1e-9
"""Sums of the same numbers in another order differ by less."""


def table_problems(run: RunRecords, items: int, windows: int, calls: int = 0) -> Iterator[str]:
    """Yield a sentence for each fault of the tables of a run.

    Args:
        run: finished.
        items: rows that its `finished.json` states for `items.parquet`.
        windows: and for `windows.parquet`.
        calls: and for `calls.parquet`, which a run without agents does not have.

    Raises:
        UserError: a table or a file cannot be read.
    """
    layout, measured = run.layout, run.header.imported is None
    columns = read_columns(
        layout.items_table,
        (
            *ITEM,
            "doc_hash",
            "window",
            "energy_j",
            "passes",
            "correct",
            "started_s",
            "finished_s",
            "block",
            "node",
            *_OF_AGENTS,
        ),
        optional=("offered_per_s", "arrivals", "passes", "block", "node", *_OF_AGENTS),
    )
    rows = run.windows()
    yield from _numbers(layout.items_table, len(columns["system"]), items)
    yield from _numbers(layout.windows_table, _rows_of(layout.windows_table), windows)
    yield from _doubled_rows(columns)
    yield from _impossible(columns)
    if measured:
        yield from _documents(columns, documents_of_dropped(run.looks(), run.blocks()))
        nodes = {*columns["node"], *(row.node for row in rows)}
        yield from shard_problems(run.header, set(columns["block"]), nodes)
    by_name = {row.window: row for row in rows}
    if measured or rows:
        yield from _sums(columns, by_name, all_metered=measured)
    if calls or os.path.lexists(layout.calls_table):
        yield from _calls(layout.calls_table, by_name, calls)
        if measured:  # others' tools count calls that they do not list
            yield from _sessions(layout.calls_table, columns)


def _numbers(path: Path, there: int, stated: int) -> Iterator[str]:
    if there != stated:
        yield f"{path.name} has {there} rows, and {stated} when the run ended"


def _rows_of(path: Path) -> int:
    return len(read_columns(path, ("window",))["window"])


def _doubled_rows(columns: Mapping[str, list[Any]]) -> Iterator[str]:
    counts = Counter(zip(*(columns[name] for name in ITEM), strict=True))
    for (system, task, doc_id, repeat, *_), number in counts.items():
        if number > 1:
            answer = f"the answer of {system} to document {doc_id} of {task}"
            yield f"items.parquet has {answer} {number} times, repeat {repeat}"


def _impossible(columns: Mapping[str, list[Any]]) -> Iterator[str]:
    names = ("system", "task", "doc_id", "correct", "energy_j", "started_s", "finished_s")
    for system, task, doc_id, correct, energy_j, started_s, finished_s in zip(
        *(columns[name] for name in names), strict=True
    ):
        answer = f"the answer of {system} to document {doc_id} of {task}"
        if correct is not None and not 0 <= correct <= 1:
            yield f"{answer} has the score {correct!r:.60}, which is not between 0 and 1"
        if energy_j is not None and not 0 <= energy_j < math.inf:
            yield f"{answer} has {energy_j!r:.60} J"
        if started_s is not None and finished_s is not None and not started_s <= finished_s < math.inf:
            yield f"{answer} does not end after it starts"


def _documents(
    columns: Mapping[str, list[Any]], asked_dropped: Mapping[str, Mapping[str, frozenset[int]]]
) -> Iterator[str]:
    """Yield a sentence for each system that lacks a document, or answered another one.

    Args:
        columns: of the items.
        asked_dropped: system that was not asked to the end to the documents that it was asked, by task.
    """
    of_system: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    answered: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    for system, task, doc_id, doc_hash in zip(
        *(columns[name] for name in ("system", "task", "doc_id", "doc_hash")), strict=True
    ):
        if system in asked_dropped:
            answered[system][task][doc_id] = doc_hash
        else:
            of_system[task][system].add(doc_hash)
    for system, documents in asked_dropped.items():
        for task in dict.fromkeys([*documents, *answered[system]]):
            wanted, there = documents.get(task, frozenset()), answered[system][task]
            if there.keys() != wanted:
                yield f"{system} answered {len(there)} documents of {task}, and its blocks have {len(wanted)}"
            everything = set().union(*of_system[task].values())
            if other := len(set(there.values()) - everything):
                yield f"{other} documents of {task} that {system} answered are none of those that others answered"
    for task, by_system in of_system.items():
        everything = set().union(*by_system.values())
        for system, hashes in by_system.items():
            if missing := len(everything - hashes):
                yield f"{system} lacks {missing} of the {len(everything)} documents of {task} that others answered"


def _sums(columns: Mapping[str, list[Any]], windows: Mapping[str, WindowRow], *, all_metered: bool) -> Iterator[str]:
    """Yield a sentence for each window whose joules are not the sum of its items' joules.

    Args:
        columns: of the items.
        windows: by id.
        all_metered: whether each item was asked in a window, and all items of a window have joules, or none. In an
            import, systems may have no window, and failed requests no times by which to share one.
    """
    joules: dict[str, list[float | None]] = defaultdict(list)
    agents: set[str] = set()
    for window, system, energy_j, session in zip(
        *(columns[name] for name in ("window", "system", "energy_j", "session")), strict=True
    ):
        row = windows.get(window)
        if row is None and not window and not all_metered:
            continue
        if row is None:
            yield f"an answer of {system} was given in the window {window!r:.60}, which is not recorded"
            return
        if row.system != system:
            yield f"an answer of {system} was given in the window {window!r:.60}, which is of {row.system}"
            return
        joules[window].append(energy_j)
        if session is not None:
            agents.add(window)
    for window, of_items in joules.items():
        yield from _sum(windows[window], of_items, all_metered=all_metered, of_agents=window in agents)


def _sum(row: WindowRow, of_items: Sequence[float | None], *, all_metered: bool, of_agents: bool) -> Iterator[str]:
    """Yield a sentence if a window's joules are not those of its items.

    Of agents' what is idle between calls is of no item: what there is to sum up is in `_calls`.
    """
    total_j = row.total_j if row.valid else None
    known = [each for each in of_items if each is not None]
    sum_j = math.fsum(known) * row.passes
    if total_j is None:
        if known:
            yield f"items of the window {row.window!r:.60} have joules, and the window has none that is valid"
    elif all_metered and len(known) < len(of_items):
        yield f"{len(of_items) - len(known)} items of the valid window {row.window!r:.60} have no joules"
    elif of_agents:
        if sum_j > total_j * (1.0 + _RELATIVE) + 1e-12:
            yield (
                f"the joules of the sessions in the window {row.window!r:.60} sum to {sum_j:.9g}, which is more than "
                f"the window's {total_j:.9g}"
            )
    elif not math.isclose(sum_j, total_j, rel_tol=_RELATIVE, abs_tol=1e-12):
        yield (
            f"the joules of the items of the window {row.window!r:.60} sum to {sum_j:.9g}, and the window's are "
            f"{total_j:.9g}"
        )


def _calls(path: Path, windows: Mapping[str, WindowRow], stated: int) -> Iterator[str]:
    """Yield a sentence for each fault of the table of calls: against the windows, and itself."""
    calls = read_columns(path, ("call", "system", "window", *_BY_RULE))
    yield from _numbers(path, len(calls["call"]), stated)
    doubled = next((name for name, number in Counter(calls["call"]).items() if number > 1), None)
    if doubled is not None:
        yield f"{path.name} has the call {doubled!r:.60} twice"
    for system, window in dict.fromkeys(zip(calls["system"], calls["window"], strict=True)):
        if window and (window not in windows or windows[window].system != system):
            yield f"a call of {system} was under way in the window {window!r:.60}, which is not one of its own"
    yield from _rules(calls)


def _rules(calls: Mapping[str, list[Any]]) -> Iterator[str]:
    """Yield a sentence for each system whose calls have another sum by each rule: all divide the same joules."""
    of_system: dict[str, list[tuple[float | None, ...]]] = defaultdict(list)
    for system, *joules in zip(calls["system"], *(calls[name] for name in _BY_RULE), strict=True):
        of_system[system].append(tuple(joules))
    for system, rows in of_system.items():
        if any(row.count(None) not in (0, len(row)) for row in rows):
            yield f"a call of {system} has joules by one rule and none by another"
            continue
        sums = [math.fsum(each or 0.0 for each in by_rule) for by_rule in zip(*rows, strict=True)]
        if not all(math.isclose(each, sums[0], rel_tol=_RELATIVE, abs_tol=1e-9) for each in sums):
            yield f"the joules of the calls of {system} have another sum by each rule: {', '.join(map(str, sums))}"


def _sessions(path: Path, items: Mapping[str, list[Any]]) -> Iterator[str]:
    """Yield a sentence for each session whose item has other joules, or more calls, than are in the table of calls."""
    calls = read_columns(path, ("session", "system", "energy_j"))
    of_session: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for system, session, energy_j in zip(*(calls[name] for name in ("system", "session", "energy_j")), strict=True):
        of_session[system, session].append(energy_j)
    names = ("system", "session", "calls", "energy_j", "agent_energy_j")
    for system, session, number, energy_j, agent_j in zip(*(items[name] for name in names), strict=True):
        if session is None:
            continue
        joules = of_session[system, session]
        if (number or 0) > len(joules):
            yield f"the session {session!r:.60} made {number} calls, and {path.name} has {len(joules)}"
        if energy_j is None:
            continue
        sum_j = math.fsum([*(math.nan if each is None else each for each in joules), agent_j or 0.0])
        if not math.isclose(sum_j, energy_j, rel_tol=_RELATIVE, abs_tol=1e-12):
            yield f"the joules of the session {session!r:.60} sum to {sum_j:.9g}, and its item has {energy_j:.9g}"


def shard_problems(header: RunHeader, blocks: Collection[int | None], nodes: Collection[str | None]) -> Iterator[str]:
    """Yield a sentence for each fault in the blocks of a shard or a merged run, and in the machines of any run.

    Args:
        header: of the run.
        blocks: those of its answers.
        nodes: the machines of its windows and answers; empty or None in older records.
    """
    stated = Counter(_stated(header))
    if stated:
        if doubled := [number for number, times in stated.items() if times > 1]:
            yield f"block {blocks_in_words(doubled)} is of two shards"
        there = {number for number in blocks if number is not None}
        if missing := set(stated) - there:
            yield f"block {blocks_in_words(missing)} has no answers"
        if other := there - set(stated):
            yield f"answers are in block {blocks_in_words(other)}, which is not of this run"
    known = {*header.machines, header.node, "", None}
    unknown = sorted(str(node) for node in set(nodes) - known)
    if unknown and (header.node or header.machines):
        yield f"something was measured on the machine {unknown[0]!r:.30}, which the header does not name"


def _stated(header: RunHeader) -> list[int]:
    """Return the blocks that the header of a run lists, over all its shards."""
    if header.shard is not None:
        return list(header.shard["blocks"])
    return [number for shard in header.merged or [] for number in shard["blocks"]]
