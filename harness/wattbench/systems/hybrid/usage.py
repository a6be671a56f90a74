"""Count the tokens and seconds that each system of a hybrid used for an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.records.rows.answers import TokenCounts, Used
from wattbench.systems.base import Reply


@dataclass(frozen=True)
class RouterCall:
    """A call of a system by the router itself."""

    system: str
    replies: Sequence[Reply]
    seconds: float


def used(system: str, replies: Sequence[Reply], seconds: float) -> Used:
    """Return the tokens and seconds that a system used for the replies of one item."""
    return Used(system=system, seconds=seconds, **TokenCounts.summed(replies))


def shared_out(calls: Sequence[RouterCall], questions: int) -> list[list[Used]]:
    """Divide the tokens and seconds of the router's calls among the questions of a batch.

    A call has as many replies for each question, in the order of the questions. What it asked once for all (to
    calibrate itself) is the first question's.
    """
    shares: list[list[Used]] = [[] for _ in range(questions)]
    for call in calls:
        each, left = divmod(len(call.replies), questions)
        if left:
            shares[0].append(used(call.system, call.replies, call.seconds))
            continue
        for number, share in enumerate(shares):
            share.append(used(call.system, call.replies[number * each : (number + 1) * each], call.seconds / questions))
    return shares
