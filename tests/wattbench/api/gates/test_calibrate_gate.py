"""What a calibration plants: harms of two margins each, and a trade between two tasks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.gates import gate_policy
from wattbench.api.gates.calibrate_gate import plants_for
from wattbench_reports.gate.evidence.model import Evidence, Round


def evidence(**right: float) -> Evidence:
    """Forty items of each task, of which this share is answered rightly."""
    scores = {task: np.arange(40) < round(40 * share) for task, share in right.items()}
    rounds = [
        Round(np.full((1, 2), float(correct)), np.ones((1, 2)), tasks=(task,), pair=number // 2)
        for task, of_task in scores.items()
        for number, correct in enumerate(of_task)
    ]
    return Evidence("a", "a.candidate", tuple(rounds), True)


METRICS = {"accuracy": {"margin": 0.05}, "latency_p50": {"margin": 0.1}, "joules_per_request": {"margin": 0.2}}


def test_twice_each_margin_is_planted() -> None:
    plants = plants_for(evidence(sums=0.5), gate_policy(metrics=METRICS))
    assert plants == [{"delay": 0.2}, {"drop": 0.2}, {"work": 0.4}], "of one task nothing can be traded"


def test_a_trade_moves_as_many_right_answers_in_both_tasks() -> None:
    [*_, trade, _] = plants_for(evidence(sums=0.8, words=0.4, rest=0.1), gate_policy(metrics=METRICS))
    assert trade == {"gain@sums": pytest.approx(0.25), "drop@words": pytest.approx(0.5)}


def test_a_trade_takes_no_more_than_is_right() -> None:
    [*_, trade, _] = plants_for(evidence(sums=0.8, words=0.1), gate_policy(metrics=METRICS))
    assert trade == {"gain@sums": pytest.approx(0.125), "drop@words": pytest.approx(1.0)}


def test_without_right_answers_none_are_dropped() -> None:
    assert plants_for(evidence(sums=0.0, words=0.0), gate_policy(metrics=METRICS)) == [{"delay": 0.2}, {"work": 0.4}]
