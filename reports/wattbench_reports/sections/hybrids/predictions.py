"""What was predicted of a hybrid before it ran, next to what was measured."""

from __future__ import annotations

from wattbench_reports.analyses.hybrids.prediction_check import PredictionCheck
from wattbench_reports.sections.model import Passage
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.wording.prediction import COLUMNS, prediction_note, prediction_rows, prediction_sentences


def prediction_passage(check: PredictionCheck, currency: str) -> Passage:
    """Make the passage of a hybrid.

    Args:
        check: of the hybrid.
        currency: of the run's money; empty without any.
    """
    first, *others = COLUMNS
    table = Table(
        caption=f"{check.hybrid} as predicted and as measured",
        columns=(Column(first), *(Column(name, numeric=True) for name in others)),
        rows=tuple(tuple(Cell(text) for text in row) for row in prediction_rows(check, currency)),
        note=prediction_note(check),
    )
    return Passage(
        f"{check.hybrid}: prediction",
        prediction_sentences(check),
        (table,) if check.figures or check.over_single else (),
    )
