"""Say which hybrid of a run is above a perfect router, and why: such a router is then no ceiling of it."""

from __future__ import annotations

import numpy as np

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.model import Ceiling

_ROUNDING = 1e-9


def exceeded_by(analysis: Analysis, answers: ItemAnswers, of: Ceiling) -> str:
    """Return which hybrid answered more of the same items correctly than a perfect router would, as a clause.

    A perfect router chooses among the candidates. A hybrid may ask other systems, of which the run has no answers, or
    its members may answer otherwise when it asks them.

    Args:
        analysis: of the run.
        answers: of the candidates.
        of: the ceiling over these.

    Returns:
        Empty where there is none.
    """
    if answers.rows is None:
        return ""
    most, said = of.best.accuracy.estimate + _ROUNDING, ""
    for name, row in analysis.frames.run.systems().items():
        if not row.members or name not in analysis.table.systems:
            continue
        column = analysis.table.systems.index(name)
        trials, correct = (each[answers.rows, column] for each in (analysis.table.trials, analysis.table.correct))
        if not (trials > 0).all():
            continue
        accuracy = float(answers.weight @ (correct / np.maximum(trials, 1)))
        if accuracy > most:
            most = accuracy
            said = f"{name} answers {units.percent(accuracy)} of the same items correctly, {_why(row.members, answers)}"
    return said


def _why(members: list[str], answers: ItemAnswers) -> str:
    others = [each for each in dict.fromkeys(members) if each not in answers.systems]
    if not others:
        return "because its members answered otherwise than alone"
    verb = "is" if len(others) == 1 else "are"
    return (
        f"because it asks {units.named(others)}, which {verb} not among these systems; run alone, they could be judged"
    )
