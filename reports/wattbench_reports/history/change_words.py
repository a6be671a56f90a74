"""Write one change of a night in words: its size with its interval, its state, and the whole in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping

from wattbench_reports.formatting import units
from wattbench_reports.gate.metrics import figure_text
from wattbench_reports.history.night_changes import NightChange, State
from wattbench_reports.metrics.registry import ACCURACY, METRICS

AGAINST: Mapping[str, str] = {
    "four_weeks": "the last four weeks",
    "best": "the best stretch",
    "reference": "the reference",
}
"""What a night is compared with, in words, in the order in which it is shown."""


_STATES: Mapping[State, str] = {
    "alarm": "alarm",
    "still_regressed": "still regressed",
    "worse": "worse",
    "better": "better",
    "within": "within the margin",
    "open": "undecided",
    "too_few_nights": "too few nights",
    "not_comparable": "not comparable",
    "not_measured": "not measured",
    "not_judged": "not judged",
}


def alarming(change: NightChange) -> bool:
    """Return whether a reader has to see the change first: an alarm, or a worsening by more than the margin."""
    return change.state in ("alarm", "still_regressed", "worse")


def state(change: NightChange) -> str:
    """Write the state: ``alarm``, ``worse``, ``within the margin``, ``undecided``."""
    return _STATES[change.state]


def size(change: NightChange) -> str:
    """Write the size with its 95% interval: ``+200.0% [+180.1, +221.3]``, ``−2.0 points [−4.1, +0.3]``; else a dash."""
    if change.change is None or math.isnan(change.change):
        return units.NONE
    unit = " points" if change.metric == ACCURACY else "%"
    bounds = ""
    if change.low is not None and change.high is not None:
        bounds = f" [{_signed(change.low)}, {_signed(change.high)}]"
    return f"{_signed(change.change)}{unit}{bounds}"


def _signed(share: float) -> str:
    """Write a share in hundredths with its sign; zero has none."""
    if math.isinf(share):
        return "∞" if share > 0 else "−∞"
    hundredths = abs(100 * share)
    text = units.digits(hundredths) if hundredths >= 1e6 else units.fixed(hundredths, 1)
    return text if text == "0.0" else f"{'+' if share > 0 else '−'}{text}"


def label(metric: str) -> str:
    """Write a metric's name: ``latency p50``."""
    return METRICS[metric].label if metric in METRICS else metric


def compared_with(change: NightChange) -> str:
    """Write the level that a change is against, with its date or span: ``the reference (2026-01-04)``."""
    return f"{AGAINST[change.against]} ({change.label})" if change.label else AGAINST[change.against]


def sentence(change: NightChange) -> str:
    """Write a change in full: system, metric, size, figures, the level that it is against, state and note."""
    what = f"{change.system}: {label(change.metric)}"
    size_and_figures = f" against {compared_with(change)}"
    if change.change is not None:
        figures = f"{figure_text(change.metric, change.before)} → {figure_text(change.metric, change.now)}"
        size_and_figures = f" {size(change)}{size_and_figures}, {figures}"
    return f"{what}{size_and_figures}: {_state_and_note(change)}."


def short(change: NightChange) -> str:
    """Write a change in a few words: ``specialist latency p50 +5.0% [+2.1, +8.0] (worse)``."""
    said = state(change) if change.state == "still_regressed" else _state_and_note(change)  # the headline has its note
    return f"{change.system} {label(change.metric)} {size(change)} ({said})"


def _state_and_note(change: NightChange) -> str:
    known = [] if change.state == "too_few_nights" else [state(change)]
    return "; ".join([*known, change.note] if change.note else known)
