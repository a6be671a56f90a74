"""Find how much the metrics of a gate differ between two runs of one system: from earlier sessions of the machine.

The logarithm of a figure over k sessions of the same items has a variance between sessions
(`wattbench_reports.stats.session_variance`). Two runs differ by twice that. Two systems of one run share its session:
of those it is the ratio of both that varies.

Valid where the sessions are of the same items, machine and meters, and are exchangeable: no trend among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.metrics import JOULES_PER_CORRECT, JOULES_PER_REQUEST, LATENCY_P50, LATENCY_P95, TTFT
from wattbench_reports.stats import SessionVariance, session_variance
from wattbench_reports.tables.session_record import SessionRecord

BETWEEN_RUNS = (LATENCY_P50, LATENCY_P95, TTFT, JOULES_PER_REQUEST, JOULES_PER_CORRECT)
"""Metrics that differ between two runs of one system."""

NOT_KNOWN = (
    "how much it differs between two sessions of this machine is not known. Measure that with: wattbench calibrate "
    "SUITE --sessions 5. Or gate both systems in turns, in one run"
)
"""Why a metric of two runs was not judged."""


def session_variances(
    record: SessionRecord | None, baseline: str, candidate: str, *, one_run: bool
) -> dict[str, SessionVariance]:
    """Return, for each metric, how much the logarithm of its figure varies between sessions.

    Of joules per correct answer it is that of joules: another session gives the same answers. A system that the
    sessions do not have is taken to vary as much as the one that varies most.

    Args:
        record: earlier sessions; None: there are none.
        baseline: the system's name in its run.
        candidate: likewise.
        one_run: both are of one run.

    Returns:
        Without the metrics for which fewer than two sessions have a figure.
    """
    if record is None:
        return {}
    variances = {}
    for metric in BETWEEN_RUNS:
        logs = {name: _logs(values) for name, values in _figures(record, metric).items()}
        if one_run and baseline in logs and candidate in logs:
            ratio = session_variance(logs[candidate] - logs[baseline])
            # What is made of it takes it for the variance of one of two independent runs.
            variance = None if ratio is None else replace(ratio, log_variance=ratio.log_variance / 2)
        else:
            variance = _most(logs, baseline, candidate)
        if variance is not None:
            variances[metric] = variance
    return variances


def _most(logs: Mapping[str, NDArray[np.float64]], baseline: str, candidate: str) -> SessionVariance | None:
    """Return the larger variance of the two systems, or the largest of all where one is not in the sessions."""
    known = {name: each for name, values in logs.items() if (each := session_variance(values)) is not None}
    both_known = baseline in known and candidate in known
    chosen = [known[baseline], known[candidate]] if both_known else [*known.values()]
    return max(chosen, key=lambda each: each.log_variance, default=None)


def _figures(record: SessionRecord, metric: str) -> Mapping[str, Sequence[float | None]]:
    if metric in (JOULES_PER_REQUEST, JOULES_PER_CORRECT):
        return record.j_per_request
    if metric == LATENCY_P50 and metric not in record.figures:  # an older file, which has the mean alone
        return record.seconds_per_request
    return record.figures.get(metric, {})


def _logs(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return logarithms, NaN without a figure above 0."""
    return np.log(np.array([np.nan if value is None or value <= 0 else value for value in values], dtype=np.float64))
