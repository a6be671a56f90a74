"""Name the metrics that a suite's gate can judge: the registry that the suite file and the reports share.

`wattbench_reports.metrics.registry` defines each: those that wattbench comes with, and any other in a file of its name
in `wattbench_reports/metrics/defined`.
"""

from __future__ import annotations

from typing import Literal, get_args

MetricName = Literal[
    "accuracy",
    "latency_mean",
    "latency_p50",
    "latency_p95",
    "ttft",
    "joules_per_request",
    "joules_per_correct",
    "cost_per_request",
    "cost_per_correct",
    "peak_memory",
]
"""In the order in which they are shown. One of joules is called ``joules_...``."""

METRIC_NAMES: tuple[MetricName, ...] = get_args(MetricName)
JOULE_METRICS = tuple(name for name in METRIC_NAMES if name.startswith("joules_"))
"""Those for which a gate has to read a meter."""
