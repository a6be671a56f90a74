"""Find the most accurate hybrid of a run on the items of a study, and why it may be above a perfect router."""

from __future__ import annotations

import numpy as np

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.model import Ceiling, MeasuredHybrid

_ROUNDING = 1e-9


def most_accurate_hybrid(analysis: Analysis, answers: ItemAnswers) -> MeasuredHybrid | None:
    """Return the hybrid that answered most of the same items correctly; None if none answered them all.

    Args:
        analysis: of the run.
        answers: of the candidates.
    """
    if answers.rows is None:
        return None
    best: MeasuredHybrid | None = None
    for name, row in analysis.frames.run.systems().items():
        if not row.members or name not in analysis.table.systems:
            continue
        column = analysis.table.systems.index(name)
        trials, correct = (each[answers.rows, column] for each in (analysis.table.trials, analysis.table.correct))
        if not (trials > 0).all():
            continue
        accuracy = float(answers.weight @ (correct / np.maximum(trials, 1)))
        if best is None or accuracy > best.accuracy:
            best = MeasuredHybrid(name, accuracy, tuple(dict.fromkeys(row.members)))
    return best


def exceeded_by(hybrid: MeasuredHybrid | None, answers: ItemAnswers, of: Ceiling) -> str:
    """Say in a clause that a hybrid is more accurate than a perfect router on the same items, and why.

    A perfect router chooses among the candidates. A hybrid may ask other systems, of which the run has no answers, or
    its members may answer otherwise when it asks them.

    Args:
        hybrid: the most accurate one of the run, if any.
        answers: of the candidates.
        of: the ceiling over these.

    Returns:
        Empty where it did not.
    """
    if hybrid is None or hybrid.accuracy <= of.best.accuracy.estimate + _ROUNDING:
        return ""
    why = _why(hybrid.members, answers)
    return f"{hybrid.name} answers {units.percent(hybrid.accuracy)} of the same items correctly, {why}"


def _why(members: tuple[str, ...], answers: ItemAnswers) -> str:
    others = [each for each in members if each not in answers.systems]
    if not others:
        return "because its members answered otherwise than alone"
    verb = "is" if len(others) == 1 else "are"
    return (
        f"because it asks {units.named(others)}, which {verb} not among these systems; run alone, they could be judged"
    )
