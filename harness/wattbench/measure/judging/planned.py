"""Say before a run what its judges will be asked, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.config import Resolved
from wattbench.config.judged import PAIR
from wattbench.measure.judging.questions import judged_tasks
from wattbench.measure.plan import Planned, requests

OPINION = (
    "the figure is the judge's opinion, and ranks with nothing, until people have labelled answers of each system: "
    "wattbench label RUN"
)


@dataclass(frozen=True)
class PlannedJudging:
    """How a task will be judged."""

    task: str
    judge: str
    scale: str
    rubric: str
    """The name of its file."""
    against: str | None
    """Of a pair: the system whose answers are compared with; None: the target."""
    requests: int | None
    """To the judge, over all systems; None: the documents of the task were not read."""


def planned_judging(resolved: Resolved, cells: Sequence[Planned]) -> list[PlannedJudging]:
    """Return how each judged task of a suite will be judged.

    Args:
        resolved: the suite.
        cells: its cells.
    """
    planned = []
    for choice in judged_tasks(resolved):
        judged = choice.judged
        assert judged is not None  # it is one of the judged tasks
        of_task = [cell for cell in cells if cell.choice.task == choice.task and cell.system != judged.against]
        known = [
            requests(cell.items, resolved.suite.measure, cell.config) for cell in of_task if cell.items is not None
        ]
        number = sum(known) * (2 if judged.scale == PAIR else 1) if len(known) == len(of_task) else None
        planned.append(
            PlannedJudging(choice.task, judged.judge, judged.scale, judged.rubric.name, judged.against, number)
        )
    return planned


def judging_in_words(planned: Sequence[PlannedJudging]) -> list[str]:
    """Word how tasks will be judged, and what their figures are; empty without judged tasks."""
    return [*map(_in_words, planned), OPINION] if planned else []


def _in_words(planned: PlannedJudging) -> str:
    scale = planned.scale
    if scale == PAIR:
        scale = f"pair, against {planned.against or 'the target'}, in both orders"
    number = "an unknown number of requests" if planned.requests is None else f"{planned.requests:,} requests"
    return f"{planned.task} by {planned.judge} ({scale}; {planned.rubric}): {number} after all answers are recorded"
