"""Check that the lines of a run fit together: each is there once, in a recorded window, and sums are right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from wattbench.errors import UserError
from wattbench.records.dropped import blocks_in_order, blocks_of_dropped, dropped_after
from wattbench.records.reader import RunRecords, read_rows
from wattbench.records.rows.answers import AnswerRow
from wattbench.records.rows.calls import CallRow
from wattbench.records.rows.looks import LookRow
from wattbench.records.rows.windows import WindowLabel, WindowRow

_SHOWN = 3


def check_lines(run: RunRecords) -> None:
    """Check the lines of a run before it is resumed, as doubled or missing lines would change its figures.

    Raises:
        UserError: they do not fit together.
    """
    problems = list(line_problems(run))
    if problems:
        more = f", and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise UserError(
            f"{run.layout.root}: cannot be resumed: {'; '.join(problems[:_SHOWN])}{more}. The record is damaged: start "
            "a new run"
        )


def line_problems(run: RunRecords) -> Iterator[str]:
    """Yield a clause for the first fault of each kind in each file.

    Raises:
        UserError: a line is damaged, or two windows have one id.
    """
    windows = {row.window: row for row in run.windows()}
    opened = Counter(row.window for row in read_rows(run.layout.open_windows, WindowLabel))
    yield from _each_once(run.layout.open_windows.name, ((f"the window {name!r:.60}", n) for name, n in opened.items()))
    blocks = Counter((row.number, row.attempt) for row in run.blocks())
    yield from _each_once(
        run.layout.blocks.name, ((f"block {block}, attempt {attempt},", n) for (block, attempt), n in blocks.items())
    )
    yield from _looks(run)
    run.spending()
    run.estimates()
    yield from _rounds(run, windows)
    yield from _passes(run, windows)
    yield from _calls(run)
    of_agents: list[tuple[str, AnswerRow]] = []
    in_window: Counter[str] = Counter()
    asked_dropped = blocks_of_dropped(run.looks(), run.blocks())
    for system, task in dict.fromkeys(run.header.pairs):
        answers = run.answers_of_all_attempts(system, task)
        of_agents += [(system, row) for row in answers if row.session is not None]
        in_window.update(row.window for row in answers)
        name = run.layout.name_of(run.layout.answers(system, task))
        yield from _doubled(name, answers)
        yield from _outside(name, system, answers, windows, opened)
        if system in asked_dropped and any(row.block not in asked_dropped[system] for row in answers):
            yield f"{name} has an answer of a block that was asked after looks.jsonl dropped {system}"
        yield from _scores(run, system, task)
    yield from _sessions(run, of_agents)
    for row in run.loads():
        if row.window not in windows:
            yield f"loads.jsonl names the window {row.window!r:.60}, which is not recorded"
        elif in_window[row.window] != row.queries:
            yield f"the window {row.window!r:.60} has {in_window[row.window]} answers, and {row.queries} in loads.jsonl"


def _looks(run: RunRecords) -> Iterator[str]:
    """Yield a clause for the first look that does not fit the blocks, or for a block that does not fit the looks."""
    name, looks, blocks = run.layout.looks.name, run.looks(), run.blocks()
    if not looks:
        return
    counted = Counter(row.blocks for row in read_rows(run.layout.looks, LookRow))
    yield from _each_once(name, ((f"the look after {blocks} blocks", times) for blocks, times in counted.items()))
    order = blocks_in_order(blocks)
    everyone = {system for system, _ in run.header.pairs}
    left, before = everyone, 0
    for row in looks:
        dropped = {each.system for each in row.dropped}
        if not before < row.blocks <= len(order):
            yield f"{name} has a look after {row.blocks} blocks, and {len(order)} are complete"
            return
        if set(row.systems) != left or not dropped < left:
            yield f"{name} has, after {row.blocks} blocks, other systems than those that were asked"
            return
        left, before = left - dropped, row.blocks
    after = dropped_after(looks)
    for block in blocks:
        position = order.index(block.number)
        if set(block.order) != {system for system in everyone if position < after.get(system, len(order))}:
            yield (
                f"{run.layout.blocks.name} has block {block.number} with other systems than those that {name} left "
                "to be asked"
            )
            return


def _each_once(name: str, counted: Iterable[tuple[str, int]]) -> Iterator[str]:
    for what, number in counted:
        if number > 1:
            yield f"{name} has {what} {number} times"
            return


def _doubled(name: str, answers: Iterable[AnswerRow]) -> Iterator[str]:
    """Yield a clause for the first answer that is recorded twice. Repeats after a failure are allowed."""
    seen: dict[tuple[object, ...], AnswerRow] = {}
    for row in answers:
        again = row.window if row.offered_per_s is not None else None
        key = (row.request_type, *row.key, row.block, row.attempt, again)
        before = seen.get(key)
        if before is not None and (before.failure is None or before.window == row.window):
            yield f"{name} has the answer to document {row.doc_id}, repeat {row.repeat}, twice"
            return
        seen[key] = row


def _outside(
    name: str,
    system: str,
    answers: Iterable[AnswerRow],
    windows: Mapping[str, WindowRow],
    opened: Collection[str],
) -> Iterator[str]:
    for row in answers:
        window = windows.get(row.window)
        if window is not None and window.system != system:
            yield f"{name} has an answer in the window {row.window!r:.60}, which is of {window.system}"
            return
        if window is None and row.window not in opened:
            yield f"{name} has an answer in the window {row.window!r:.60}, which is not recorded"
            return


def _scores(run: RunRecords, system: str, task: str) -> Iterator[str]:
    """Yield the faults in the scores of a complete cell."""
    scores = run.scores(system, task)
    if scores is None:
        return
    name = run.layout.name_of(run.layout.scores(system, task))
    counted = Counter(row.key for row in scores)
    yield from _each_once(
        name, ((f"the score of document {key[0]}, repeat {key[1]},", n) for key, n in counted.items())
    )
    if run.header.gate is not None or run.header.imported is not None:
        return
    answered = {row.key for row in run.answers(system, task)}
    if answered != counted.keys():
        yield f"{name} has scores of {len(counted)} answers, and there are {len(answered)}"


def _rounds(run: RunRecords, windows: Mapping[str, WindowRow]) -> Iterator[str]:
    rounds = run.rounds()
    counted = Counter(row.number for row in rounds)
    yield from _each_once(run.layout.rounds.name, ((f"round {number}", n) for number, n in counted.items()))
    for row in rounds:
        missing = [window for window in row.windows.values() if window not in windows]
        if missing:
            yield f"rounds.jsonl names the window {missing[0]!r:.60}, which is not recorded"
            return


def _passes(run: RunRecords, windows: Mapping[str, WindowRow]) -> Iterator[str]:
    """Yield a clause for the first window whose number of recorded passes is not the stated one."""
    passes: dict[str, int] = defaultdict(int)
    for row in run.passes():
        passes[row.window] += row.passes
    for window, number in passes.items():
        if number != windows[window].passes:
            yield f"passes.jsonl has {number} passes of the window {window!r:.60}, which had {windows[window].passes}"
            return


def _calls(run: RunRecords) -> Iterator[str]:
    """Yield a clause for the first call that is there twice or of another system, and for a session that lacks some."""
    name, calls = run.layout.calls.name, run.calls()
    counted = Counter(call.call for call in calls)
    yield from _each_once(name, ((f"the call {call!r:.60}", number) for call, number in counted.items()))
    in_run = {system for system, _ in run.header.pairs}
    other = next((call for call in calls if call.system not in in_run), None)
    if other is not None:
        yield f"{name} has a call of {other.system!r:.60}, which is no system of this run"


def _sessions(run: RunRecords, sessions: Sequence[tuple[str, AnswerRow]]) -> Iterator[str]:
    """Yield a clause for the first session of two answers, or of which calls are missing.

    Args:
        run: that they are of.
        sessions: the answers of agents, with their systems.
    """
    if not sessions:
        return
    counted = Counter(row.session for _, row in sessions)
    yield from _each_once("items/", ((f"the session {session!r:.60}", number) for session, number in counted.items()))
    made = Counter((call.system, call.session) for call in run.calls())
    for system, row in sessions:
        there = made[system, row.session or ""]
        if there < (row.calls or 0):
            name = run.layout.calls.name
            yield f"{name} has {there} calls of the session {row.session!r:.60}, which made {row.calls}"
            return


_ROUNDING_S = 1e-6
"""Stamps are of one clock, and a record has all of their digits."""


def time_problems(run: RunRecords) -> Iterator[str]:
    """Yield a clause for each answer outside its window, and each call or token outside the answer's own time.

    Raises:
        UserError: a line is damaged.
    """
    windows = {row.window: row for row in run.windows()}
    attempts: dict[str, AnswerRow] = {}
    for system, task in dict.fromkeys((str(c.get("system")), str(c.get("task"))) for c in run.header.cells):
        name = run.layout.answers(system, task).relative_to(run.layout.root).as_posix()
        for row in run.answers_of_all_attempts(system, task):
            for what in _misplaced(row, windows.get(row.window)):
                yield f"{name}: the answer to document {row.doc_id} {what}"
            if row.session is not None:
                attempts[row.session] = row
    yield from _calls_misplaced(run.layout.calls.name, run.calls(), attempts)


_CLOCKS_S = 0.1
"""How far apart the stamps of two processes may be: of an agent's attempt, and of its gateway."""


def _calls_misplaced(name: str, calls: Iterable[CallRow], attempts: Mapping[str, AnswerRow]) -> Iterator[str]:
    """Yield a clause for each call that began outside of the attempt of its session."""
    for call in calls:
        attempt = attempts.get(call.session)
        if attempt is None:
            continue
        if not attempt.started_s - _CLOCKS_S <= call.started_s <= attempt.finished_s + _CLOCKS_S:
            yield f"{name}: the call {call.call!r:.60} began outside of the attempt of its session {call.session!r:.60}"


def _misplaced(row: AnswerRow, window: WindowRow | None) -> Iterator[str]:
    if window is not None and row.started_s < window.started_s - _ROUNDING_S:
        yield f"begins {window.started_s - row.started_s:.3g} s before its window {row.window!r:.60}"
    if window is not None and row.finished_s > window.finished_s + _ROUNDING_S:
        yield f"ends {row.finished_s - window.finished_s:.3g} s after its window {row.window!r:.60}"
    stamps = [*row.token_s[:1], *row.token_s[-1:], *([] if row.first_token_s is None else [row.first_token_s])]
    if stamps and max(stamps) > row.finished_s + _ROUNDING_S:
        yield f"ends {max(stamps) - row.finished_s:.3g} s before its last token"
    if stamps and min(stamps) < row.started_s - _ROUNDING_S:
        yield f"begins {row.started_s - min(stamps):.3g} s after its first token"
