"""Decide whether a block is asked again: after other work or an interruption, never for being slow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

from wattbench.measure.effort import AGAIN
from wattbench.meters import INTERRUPTED
from wattbench.meters.contention.limits import LIMITS, Signal
from wattbench.records import BlockRow, SpoiledBy, WindowRow, attempts_by_block
from wattbench.records.rows.windows import signal_in_words

MOST_RETRIES = 2
"""A block is asked again at most twice: what still disturbs it then is how this machine is."""
STAYS = 2
"""After this many attempts in succession that changed nothing, no block of the run is asked again."""
OF_THE_SYSTEM = frozenset({Signal.LATER_PASSES.value})
"""Signals that a system may cause itself: one that keeps what it computed is quicker in later passes. A block that
shows nothing else is asked again once."""

_BECAUSE: Mapping[SpoiledBy | None, str] = {
    "other work": "of other work on this machine ({signals})",
    "interruption": "the run was interrupted meanwhile, and joules would not be valid",
    None: "requests of them had failed",
}


def next_attempt(
    rows: Sequence[BlockRow], busy: Literal["retry", "mark", "refuse"], *, because_of_work: bool = True
) -> int | None:
    """Return the number of a block's next attempt; None if the block is complete.

    Args:
        rows: the attempts of this block that are complete.
        busy: the suite's setting.
        because_of_work: whether a block is asked again because of other work.
    """
    if not rows:
        return 0
    last = max(rows, key=lambda row: row.attempt)
    if last.spoiled_by is None or busy == "mark":
        return None
    if busy == "retry" and not because_of_work and not last.interrupted:
        return None
    if busy == "refuse" and last.contended:  # such a block ended the run, which was resumed
        return last.attempt + 1
    of_the_system = last.contended and not last.interrupted and OF_THE_SYSTEM.issuperset(last.signals)
    most = 1 if of_the_system else MOST_RETRIES
    return last.attempt + 1 if last.attempt < most else None


def attempt_after(
    rows: Sequence[BlockRow],
    block: int,
    took_s: Callable[[], Mapping[tuple[int, int], float]],
    *,
    blocks: int,
    busy: Literal["retry", "mark", "refuse"],
    asks_again: bool,
) -> int | None:
    """Return a block's next attempt, by the attempts of all blocks; None if the block is complete.

    Because of other work a block is asked again as long as that helped so far, and in `effort.AGAIN` of the time that
    the blocks take by themselves. What was asked after it changes nothing, so that a resumed run decides the same.

    Args:
        rows: the attempts of all blocks that are complete, in the order in which they were asked.
        block: its number.
        took_s: gives block and attempt to the seconds of its windows.
        blocks: of the run.
        busy: the suite's setting.
        asks_again: whether other work spoils joules that a sensor counts.
    """
    last = max((i for i, row in enumerate(rows) if row.number == block), default=-1)
    until = rows[: last + 1]
    again = asks_again and not stays_busy(until)
    if again and any(row.attempt or row.contended for row in until):
        again = _within_time(until, took_s(), blocks)
    return next_attempt([row for row in until if row.number == block], busy, because_of_work=again)


def stays_busy(rows: Sequence[BlockRow]) -> bool:
    """Return whether the latest repetitions were all disturbed too, so that no block is asked again any more.

    Args:
        rows: all attempts of all blocks, in the order in which they were asked.
    """
    again = [row for row in rows if row.attempt]
    return len(again) >= STAYS and all(row.contended for row in again[-STAYS:])


def _within_time(rows: Sequence[BlockRow], took_s: Mapping[tuple[int, int], float], blocks: int) -> bool:
    """Return whether asking the last block again fits into the time that a run may spend on repetitions."""
    first_s = [took_s.get((row.number, 0), 0.0) for row in rows if row.attempt == 0]
    again_s = sum(took_s.get((row.number, row.attempt), 0.0) for row in rows if row.attempt)
    planned_s = blocks * sum(first_s) / len(first_s) if first_s else 0.0
    return again_s + took_s.get((rows[-1].number, rows[-1].attempt), 0.0) <= AGAIN * planned_s


def repetitions_in_words(rows: Sequence[BlockRow], blocks: int) -> list[str]:
    """Return a line per reason with the number of blocks that were asked again, for the end of a run.

    Args:
        rows: all attempts of all blocks.
        blocks: how many there are.
    """
    repeated = [row for attempts in attempts_by_block(rows) for row in attempts[:-1]]
    lines = []
    for reason, because in _BECAUSE.items():
        if rows_of := [row for row in repeated if row.spoiled_by == reason]:
            count, times = len({row.number for row in rows_of}), len(rows_of)
            lines.append(
                f"asked again because {because.format(signals=signals_in_words(rows_of))}: {count} of {blocks} blocks, "
                f"{times} {'time' if times == 1 else 'times'} in all"
            )
    return lines


def over_limit(row: WindowRow) -> list[str]:
    """Return the signals of a window that are over their limits."""
    if not row.contended:
        return []
    known = {signal.value: limits.contended for signal, limits in LIMITS.items()}
    return [signal for signal, share in row.contention.items() if share > known.get(signal, 0.0)]


def lost_joules(windows: Sequence[WindowRow], metered: Collection[str]) -> list[str]:
    """Return the systems that lost the joules of a window to an interruption.

    Args:
        windows: of an attempt of a block.
        metered: systems of which any window has joules: of others, as of services, there are none to lose.
    """
    lost = {row.system for row in windows if INTERRUPTED in row.reasons and not row.valid}
    return sorted(lost & set(metered))


def signals_in_words(rows: Iterable[BlockRow]) -> str:
    """Join the signals of some attempts in words: ``CPU time of other processes, waiting for a core``."""
    return ", ".join(sorted({signal_in_words(signal) for row in rows for signal in row.signals}))
