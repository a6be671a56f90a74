"""Say how a run was laid out in blocks, which of them were asked again, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from wattbench.records import BlockPlan, RunRecords, attempts_by_block


@dataclass(frozen=True)
class BlocksAsked:
    """The blocks of a run."""

    plan: BlockPlan | None
    """None: the record does not say how they were chosen."""
    blocks: int
    asked_again: int
    """Blocks of which there is more than one attempt."""
    attempts: int
    """Of all blocks together."""
    reasons: tuple[tuple[str, int], ...]
    """Signal, and how many of the attempts that were asked again it spoiled; commonest first."""
    still_contended: int
    """Blocks whose last attempt, the one that counts, was contended too."""


def blocks_asked(run: RunRecords) -> BlocksAsked | None:
    """Count the attempts of each block; None for a run without blocks."""
    rows = run.blocks()
    if not rows:
        return None
    attempts = attempts_by_block(rows)
    reasons = Counter(signal for each in attempts for row in each[:-1] for signal in row.signals)
    return BlocksAsked(
        plan=run.block_plan(),
        blocks=len(attempts),
        asked_again=sum(len(each) > 1 for each in attempts),
        attempts=len(rows),
        reasons=tuple(reasons.most_common()),
        still_contended=sum(bool(each[-1].signals) for each in attempts),
    )
