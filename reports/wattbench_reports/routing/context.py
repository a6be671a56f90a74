"""What every part of a routing study is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.metrics.decision_settings import DecisionSettings
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.baseline import Baseline
from wattbench_reports.routing.options import AS_RECORDED, RoutingOptions


@dataclass(frozen=True)
class StudyContext:
    """The candidates' answers, what a router is compared with, and what the reader requires."""

    answers: ItemAnswers
    baseline: Baseline
    settings: DecisionSettings
    options: RoutingOptions = AS_RECORDED
    advised: str | None = None
    """The system that is advised without a router, where that is not a candidate: a hybrid of the run."""
