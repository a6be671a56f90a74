"""Write a run's figures in Prometheus' text format, a family of gauges per figure.

Source: prometheus.io, "Exposition formats" and "Metric and label naming": base units (seconds, joules, grams, ratios)
in the name, one quantity per name, labels that may be summed over. All are gauges: a run is finished, and the next one
may have lower figures, which a counter's may not. So figures over all items (``wattbench_system_...``) and those of a
domain (``wattbench_domain_...``) have different names, and a bound of an interval is a name of its own.

A figure that does not exist is left out; there is no NaN and no infinity. Joules, and what is computed from them, are
left out for a system that is not valid, and ``wattbench_system_valid`` is 0 then.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from wattbench_reports.comparability.rules import JOULES
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.export.interchange.run_times import finished_s
from wattbench_reports.formatting.units import capital
from wattbench_reports.metrics.metric import MONEY_UNIT, Metric
from wattbench_reports.metrics.money import ELECTRICITY
from wattbench_reports.metrics.registry import FIGURES

_BOUNDS = {"": "", "_low": ", lower end of the 95% interval", "_high": ", upper end of the 95% interval"}


def prometheus_text(
    measured: Measured, paid: Paid, emitted: Emitted, comparison: Comparison, system: str | None = None
) -> bytes:
    """Return the figures of a run in Prometheus' text format, in UTF-8.

    Args:
        measured, paid, emitted, comparison: of the run.
        system: only this one; None is all.
    """

    class Run(Collector):
        def collect(self) -> Iterable[GaugeMetricFamily]:
            return _families(measured, paid, emitted, comparison, system)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Run())
    return generate_latest(registry)


class _Families:
    """Gauges by name, in the order in which they are first used."""

    def __init__(self, common: Mapping[str, str]) -> None:
        self.common = common
        self.by_name: dict[str, GaugeMetricFamily] = {}

    def add(self, name: str, described: str, labels: Mapping[str, str], value: float) -> None:
        """Add a sample to a gauge. All samples of one name have the same labels."""
        labelled = {**self.common, **labels}
        if name not in self.by_name:
            self.by_name[name] = GaugeMetricFamily(name, f"{described}.", labels=list(labelled))
        self.by_name[name].add_metric([_visible(each) for each in labelled.values()], value)


def _families(
    measured: Measured, paid: Paid, emitted: Emitted, comparison: Comparison, system: str | None
) -> list[GaugeMetricFamily]:
    made = _Families({"suite": comparison.suite})
    source = "wattbench" if measured.frames.record.imported is None else "imported"
    made.add("wattbench_run_info", "The run of these figures", {"run": comparison.run, "source": source}, 1.0)
    finished = finished_s(measured.frames.run)
    if finished is not None:
        made.add("wattbench_run_finished_timestamp_seconds", "When the run ended, since the Unix epoch", {}, finished)
    names = [name for name in measured.frames.systems if system in (None, name)]
    for name in names:
        _validity(made, measured, name)
        _energy(made, measured, name)
    for row in figures_frame(measured, paid, emitted, comparison).to_dict("records"):
        if row["system"] in names:
            _figures(made, measured, paid, {str(key): value for key, value in row.items()})
    return list(made.by_name.values())


def _validity(made: _Families, measured: Measured, name: str) -> None:
    judged, shared = measured.judged[name], {"system": name}
    made.add("wattbench_system_info", "A system of the run", {**shared, "kind": measured.kinds[name]}, 1.0)
    valid = float(judged.valid)
    made.add("wattbench_system_valid", "1 where every measured window of the system is valid, else 0", shared, valid)
    if judged.imported:
        return
    made.add("wattbench_system_windows", "Measured windows", shared, judged.windows)
    made.add(
        "wattbench_system_contended_windows", "Windows next to other work on the machine", shared, judged.contended
    )
    for cause, count in judged.causes:
        labels = {**shared, "cause": cause}
        made.add("wattbench_system_invalid_windows", "Measured windows that are not valid, by cause", labels, count)


def _energy(made: _Families, measured: Measured, name: str) -> None:
    """Add the joules of all metered requests of a system, in total and by device."""
    split, prefix = measured.splits[name], "wattbench_system"
    if split.j_per_request is None or not measured.judged[name].valid:
        return
    shared = {"system": name, "provenance": split.provenance}
    energy_j = split.j_per_request * split.requests
    made.add(f"{prefix}_energy_joules", "Energy of all requests that have joules, each counted once", shared, energy_j)
    made.add(f"{prefix}_metered_requests", "Requests that have joules", {"system": name}, split.requests)
    for part in split.components:
        labels = {
            "system": name,
            "device": part.name,
            "provenance": part.provenance,
            "in_total": "true" if part.in_total else "false",
        }
        joules = part.j_per_request * split.requests
        made.add("wattbench_device_energy_joules", "The same by device; in_total: part of the sum", labels, joules)


def _figures(made: _Families, measured: Measured, paid: Paid, row: Mapping[str, Any]) -> None:
    whole = not _known(row["domain"])
    shared = {"system": str(row["system"])} | ({} if whole else {"domain": str(row["domain"])})
    for metric in FIGURES.values():
        if not metric.gauge or not _stated(measured, paid, row, metric):
            continue
        for bound, column in metric.columns.items():
            value = row[column]
            if not _known(value) or not math.isfinite(float(value)):
                continue
            labels = {label: source[1:] if source[0] == "=" else str(row[source])
                      for label, source in metric.labels.items()}  # fmt: skip
            name = f"wattbench_{'system' if whole else 'domain'}_{metric.gauge.format(bound)}"
            described = f"{capital(metric.definition)}{'' if whole else ', of one domain'}{_BOUNDS[bound]}"
            made.add(name, described, shared | labels, float(value) * metric.gauge_scale)


def _stated(measured: Measured, paid: Paid, row: Mapping[str, Any], metric: Metric) -> bool:
    """Return whether a figure may be stated: not joules of a system that is not valid, nor money that pays for them."""
    if measured.judged[str(row["system"])].valid:
        return True
    money = paid.money
    parts = {} if money is None or metric.unit != MONEY_UNIT else money.systems[row["system"]].parts
    return metric.figure != JOULES and ELECTRICITY not in parts


def _visible(text: str) -> str:
    """Escape what steers a terminal and halves of surrogate pairs, so that different names stay different."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _known(value: Any) -> bool:
    import pandas as pd

    return not pd.isna(value)
