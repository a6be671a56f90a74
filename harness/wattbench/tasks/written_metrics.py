"""Read from a task's YAML alone which metrics it will give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.tasks.task_code import foreign_metrics

_ORDER_OF_CHOICES = (
    "acc", "f1", "mcc", "acc_norm", "acc_bytes", "exact_match", "brier_score", "likelihood", "acc_mutual_info",
)  # fmt: skip
"""In which lm-eval gives the metrics of a task with choices, whatever the order of its YAML."""


def written_metrics(written: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the metrics that a task's YAML names, with its filters; empty where code names them, or where they are
    named in a way that lm-eval would refuse."""
    from lm_eval.api.registry import DEFAULT_METRIC_REGISTRY

    output_type = str(written.get("output_type", "generate_until"))
    listed = written.get("metric_list", [{"metric": name} for name in DEFAULT_METRIC_REGISTRY.get(output_type, ())])
    filters = written.get("filter_list") or [{"name": "none"}]
    try:
        if written.get("process_results") is not None or foreign_metrics(written):
            return ()
        names = [str(each["metric"]) for each in listed]
        if output_type == "multiple_choice":
            names.sort(key=_ORDER_OF_CHOICES.index)
        return tuple(f"{name},{each['name']}" for each in filters for name in names)
    except (TypeError, KeyError, ValueError, AttributeError):
        return ()
