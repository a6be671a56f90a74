"""Say of hybrids of which something was predicted before they ran how they came out."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.wording.prediction import prediction_figures, prediction_sentences
from wattbench_reports.wording.routing.measures import StudyMeasures


def measured_predictions(measures: StudyMeasures) -> Iterator[str]:
    """Say what was predicted of each, whether it agrees, and both figures."""
    for check in measures.study.predictions:
        yield from prediction_sentences(check)
        yield from prediction_figures(check)
