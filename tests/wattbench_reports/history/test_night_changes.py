"""What the last night's table says: sizes always, a change where nights allow one, and what is beyond all seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wattbench_reports.gate.policy import DEFAULT_POLICY
from wattbench_reports.history import History, NightChange, night_changes

Maker = Callable[..., History]


def against(history: History, kind: str) -> NightChange:
    [change] = [each for each in night_changes(history, DEFAULT_POLICY) if each.against == kind]
    return change


def test_a_threefold_slowdown_in_the_fifth_night_is_beyond_all_seen(in_memory: Maker) -> None:
    figures = np.array([1.0, 1.02, 0.99, 1.01, 3.0])
    history = in_memory({("a", "", "latency_p50"): figures})
    for change in (against(history, "previous"), against(history, "four_weeks")):
        assert change.state == "beyond_all_seen"
        assert change.worse
        assert change.low is None
    assert against(history, "previous").change == pytest.approx(3.0 / 1.01 - 1)
    assert against(history, "four_weeks").label == "4 nights from 2026-01-01 to 2026-01-04"


def test_before_ten_nights_nothing_is_distinguished(in_memory: Maker) -> None:
    change = against(in_memory({("a", "", "latency_p50"): np.array([1.0, 1.02, 0.99, 1.01])}), "previous")
    assert change.state == "too_few_nights"
    assert change.note == "too few nights (4 of 10): nothing could have been found"
