"""Say how a run was laid out in blocks, which of them were asked again, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from wattbench.records import BlockPlan, RunRecords, SpoiledBy, attempts_by_block


@dataclass(frozen=True)
class BlocksAsked:
    """The blocks of a run."""

    plan: BlockPlan | None
    """None: the record does not say how they were chosen."""
    blocks: int
    asked_again: Mapping[SpoiledBy | None, int]
    """Why blocks were asked again, to how many. None: requests of them had failed."""
    attempts: int
    """Of all blocks together."""
    reasons: tuple[tuple[str, int], ...]
    """Signal of other work, and how many of the attempts that were asked again it spoiled; commonest first."""
    still_contended: int
    """Blocks whose last attempt, the one that counts, was contended too."""


def blocks_asked(run: RunRecords) -> BlocksAsked | None:
    """Count the attempts of each block; None for a run without blocks."""
    rows = run.blocks()
    if not rows:
        return None
    attempts = attempts_by_block(rows)
    again = [row for each in attempts for row in each[:-1]]
    reasons = Counter(signal for row in again for signal in row.signals)
    return BlocksAsked(
        plan=run.block_plan(),
        blocks=len(attempts),
        asked_again=Counter(reason for _, reason in {(row.number, row.spoiled_by) for row in again}),
        attempts=len(rows),
        reasons=tuple(reasons.most_common()),
        still_contended=sum(bool(each[-1].signals) for each in attempts),
    )
