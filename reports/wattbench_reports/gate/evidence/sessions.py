"""Find how much the metrics of a gate differ between two runs of one system: from earlier sessions of the machine.

The logarithm of a figure over k sessions of the same items has a variance between sessions
(`wattbench_reports.stats.another_run.session_variance`). Two runs differ by twice that. Two systems of one run share
its session: of those it is the ratio of both that varies.

Valid where the sessions are of the same items, machine and meters, and are exchangeable: no trend among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.evidence.model import OF_NO_MACHINE, MoneyOfMachine
from wattbench_reports.gate.metrics import JOULES_PER_CORRECT, JOULES_PER_REQUEST, LATENCY_P50, LATENCY_P95, MONEY, TTFT
from wattbench_reports.stats import SessionVariance, session_variance
from wattbench_reports.tables.session_record import SessionRecord

BETWEEN_RUNS = (LATENCY_P50, LATENCY_P95, TTFT, JOULES_PER_REQUEST, JOULES_PER_CORRECT)
"""Metrics that differ between two runs of one system."""

NOT_KNOWN = (
    "how much it differs between two sessions of this machine is not known. Measure that with: wattbench calibrate "
    "SUITE --sessions 5. Or gate both systems in turns, in one run"
)
"""Why a metric of two runs was not judged."""


_MEAN_SECONDS = "mean seconds"
"""Of a request: what the money of a machine's time varies with."""


def session_variances(
    record: SessionRecord | None,
    baseline: str,
    candidate: str,
    *,
    one_run: bool,
    money: MoneyOfMachine = OF_NO_MACHINE,
) -> dict[str, SessionVariance]:
    """Return, for each metric, how much the logarithm of its figure varies between sessions.

    Of joules per correct answer it is that of joules: another session gives the same answers. A system that the
    sessions do not have is taken to vary as much as the one that varies most.

    Args:
        record: earlier sessions; None: there are none.
        baseline: the system's name in its run.
        candidate: likewise.
        one_run: both are of one run.
        money: which part of the systems' money another session would change.

    Returns:
        Without the metrics for which fewer than two sessions have a figure.
    """
    if record is None:
        return {}
    variances = {}
    for metric in (*BETWEEN_RUNS, _MEAN_SECONDS):
        logs = {name: _logs(values) for name, values in _figures(record, metric).items()}
        if one_run and baseline in logs and candidate in logs:
            ratio = session_variance(logs[candidate] - logs[baseline])
            # What is made of it takes it for the variance of one of two independent runs.
            variance = None if ratio is None else replace(ratio, log_variance=ratio.log_variance / 2)
        else:
            variance = _most(logs, baseline, candidate)
        if variance is not None:
            variances[metric] = variance
    of_money = _of_money(money, variances.pop(_MEAN_SECONDS, None), variances.get(JOULES_PER_REQUEST))
    return variances | ({} if of_money is None else dict.fromkeys(MONEY, of_money))


def _of_money(
    money: MoneyOfMachine, seconds: SessionVariance | None, joules: SessionVariance | None
) -> SessionVariance | None:
    """Return the variance of the logarithm of money: of a sum of parts, as if seconds and joules rose together.

    A part of the sum that rises by some share raises the sum by its part of that; the standard deviation of a sum is
    at most the sum of those of its parts, whatever their correlation.
    """
    parts = [(share, known) for share, known in ((money.seconds, seconds), (money.joules, joules)) if share > 0]
    if not parts or any(known is None for _, known in parts):
        return None
    known_parts = [(share, known) for share, known in parts if known is not None]
    sd = sum(share * math.sqrt(known.log_variance) for share, known in known_parts)
    return SessionVariance(
        sd**2, min(known.df for _, known in known_parts), min(known.sessions for _, known in known_parts)
    )


def _most(logs: Mapping[str, NDArray[np.float64]], baseline: str, candidate: str) -> SessionVariance | None:
    """Return the larger variance of the two systems, or the largest of all where one is not in the sessions."""
    known = {name: each for name, values in logs.items() if (each := session_variance(values)) is not None}
    both_known = baseline in known and candidate in known
    chosen = [known[baseline], known[candidate]] if both_known else [*known.values()]
    return max(chosen, key=lambda each: each.log_variance, default=None)


def _figures(record: SessionRecord, metric: str) -> Mapping[str, Sequence[float | None]]:
    if metric in (JOULES_PER_REQUEST, JOULES_PER_CORRECT):
        return record.j_per_request
    if metric == _MEAN_SECONDS:
        return record.seconds_per_request
    if metric == LATENCY_P50 and metric not in record.figures:  # an older file, which has the mean alone
        return record.seconds_per_request
    return record.figures.get(metric, {})


def _logs(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return logarithms, NaN without a figure above 0."""
    return np.log(np.array([np.nan if value is None or value <= 0 else value for value in values], dtype=np.float64))
