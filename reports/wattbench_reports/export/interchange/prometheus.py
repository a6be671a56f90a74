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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.export.interchange.run_times import finished_s
from wattbench_reports.metrics.money import ELECTRICITY


@dataclass(frozen=True)
class _Figure:
    """A column of `figures_frame` as a gauge."""

    column: str
    name: str
    """Without the prefix; ``{}`` is where a bound is named."""
    help: str
    scale: float = 1.0
    bounds: bool = False
    """Whether the column has a `_low` and a `_high`."""
    labels: Mapping[str, str] | None = None
    """Label to the column that holds it, or to its value as ``=0.5``."""
    of_joules: bool = False


_PROVENANCE = {"provenance": "energy_provenance"}
_CURRENCY = {"currency": "cost_currency"}

FIGURES = (
    _Figure("items", "items", "Distinct items"),
    _Figure("requests", "requests", "Requests"),
    _Figure("failed", "failed_requests", "Requests that failed"),
    _Figure("unmetered", "unmetered_requests", "Requests without joules"),
    _Figure("accuracy", "accuracy{}_ratio", "Share of correct answers", bounds=True),
    _Figure("latency_p50_s", "latency{}_seconds", "Percentile of latency", bounds=True, labels={"quantile": "=0.5"}),
    _Figure("latency_p90_s", "latency{}_seconds", "Percentile of latency", bounds=True, labels={"quantile": "=0.9"}),
    _Figure("latency_p95_s", "latency{}_seconds", "Percentile of latency", bounds=True, labels={"quantile": "=0.95"}),
    _Figure("output_tokens", "request_output_tokens", "Mean output tokens of a request"),
    _Figure("energy_j_per_request", "request_energy{}_joules", "Mean energy of a request", bounds=True,
            labels=_PROVENANCE, of_joules=True),
    _Figure("energy_above_idle_j_per_request", "request_energy_above_idle_joules",
            "Mean energy of a request above the power drawn when idle", labels=_PROVENANCE, of_joules=True),
    _Figure("j_per_correct", "correct_answer_energy{}_joules", "Energy per correct answer", bounds=True,
            labels=_PROVENANCE, of_joules=True),
    _Figure("co2_g_per_1000", "request_co2e_grams", "Mean CO2 equivalent of the energy of a request", 1 / 1000,
            labels=_PROVENANCE, of_joules=True),
    _Figure("sci_g_per_correct", "correct_answer_co2e{}_grams",
            "CO2 equivalent per correct answer (ISO/IEC 21031), with declared manufacture", bounds=True,
            labels=_PROVENANCE, of_joules=True),
    _Figure("water_l_per_1000", "request_water{}_litres", "Mean water of a request", 1 / 1000, bounds=True,
            labels=_PROVENANCE, of_joules=True),
    _Figure("adpe_kg_sb_per_1000", "request_abiotic_depletion{}_grams",
            "Mean abiotic depletion of elements of a request, as antimony", bounds=True, labels=_PROVENANCE,
            of_joules=True),
    _Figure("primary_energy_mj_per_1000", "request_primary_energy{}_joules", "Mean primary energy of a request", 1000,
            bounds=True, labels=_PROVENANCE, of_joules=True),
    _Figure("requests_per_s", "served_requests{}_per_second", "Answered requests per second of measured time",
            bounds=True, labels={"source": "throughput_from"}),
    _Figure("output_tokens_per_s", "output_tokens{}_per_second", "Output tokens of all requests per second",
            bounds=True, labels={"source": "throughput_from"}),
    _Figure("client_share", "client_time_ratio", "Share of the measured time that was wattbench's own"),
    _Figure("requests_in_flight", "requests_in_flight", "Mean requests in flight"),
    _Figure("offered_per_s", "offered_requests_per_second", "Rate at which requests were offered"),
    _Figure("cost_per_request", "request_cost{}", "Mean money of a request", bounds=True, labels=_CURRENCY),
    _Figure("cost_per_correct", "correct_answer_cost{}", "Money per correct answer", bounds=True, labels=_CURRENCY),
)  # fmt: skip
_BOUNDS = {"": "", "_low": ", lower end of the 95% interval", "_high": ", upper end of the 95% interval"}


def prometheus_text(analysis: Analysis, system: str | None = None) -> bytes:
    """Return the figures of a run in Prometheus' text format, in UTF-8.

    Args:
        analysis: of the run.
        system: only this one; None is all.
    """

    class Run(Collector):
        def collect(self) -> Iterable[GaugeMetricFamily]:
            return _families(analysis, system)

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


def _families(analysis: Analysis, system: str | None) -> list[GaugeMetricFamily]:
    comparison = analysis.comparison
    made = _Families({"suite": comparison.suite})
    source = "wattbench" if analysis.frames.record.imported is None else "imported"
    made.add("wattbench_run_info", "The run of these figures", {"run": comparison.run, "source": source}, 1.0)
    finished = finished_s(analysis.frames.run)
    if finished is not None:
        made.add("wattbench_run_finished_timestamp_seconds", "When the run ended, since the Unix epoch", {}, finished)
    names = [name for name in analysis.frames.systems if system in (None, name)]
    for name in names:
        _validity(made, analysis, name)
        _energy(made, analysis, name)
    for row in figures_frame(analysis).to_dict("records"):
        if row["system"] in names:
            _figures(made, analysis, {str(key): value for key, value in row.items()})
    return list(made.by_name.values())


def _validity(made: _Families, analysis: Analysis, name: str) -> None:
    judged, shared = analysis.judged[name], {"system": name}
    made.add("wattbench_system_info", "A system of the run", {**shared, "kind": analysis.kinds[name]}, 1.0)
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


def _energy(made: _Families, analysis: Analysis, name: str) -> None:
    """Add the joules of all metered requests of a system, in total and by device."""
    split, prefix = analysis.comparison.splits[name], "wattbench_system"
    if split.j_per_request is None or not analysis.judged[name].valid:
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


def _figures(made: _Families, analysis: Analysis, row: Mapping[str, Any]) -> None:
    whole = not _known(row["domain"])
    shared = {"system": str(row["system"])} | ({} if whole else {"domain": str(row["domain"])})
    for figure, column, bound in _columns():
        value = row[column]
        if not _known(value) or not math.isfinite(float(value)) or not _stated(analysis, row, figure):
            continue
        labels = {label: source[1:] if source[0] == "=" else str(row[source])
                  for label, source in (figure.labels or {}).items()}  # fmt: skip
        name = f"wattbench_{'system' if whole else 'domain'}_{figure.name.format(bound)}"
        where = "" if whole else ", of one domain"
        made.add(name, f"{figure.help}{where}{_BOUNDS[bound]}", shared | labels, float(value) * figure.scale)


def _stated(analysis: Analysis, row: Mapping[str, Any], figure: _Figure) -> bool:
    """Return whether a figure may be stated: not joules of a system that is not valid, nor money that pays for them."""
    if analysis.judged[str(row["system"])].valid:
        return True
    money = analysis.money
    paid = {} if money is None or not figure.column.startswith("cost") else money.systems[row["system"]].parts
    return not figure.of_joules and ELECTRICITY not in paid


def _columns() -> Iterator[tuple[_Figure, str, str]]:
    for figure in FIGURES:
        for bound in _BOUNDS if figure.bounds else ("",):
            yield figure, _column(figure.column, bound), bound


def _column(name: str, bound: str) -> str:
    """Return the column name of a bound: for latency it ends with the unit, as in ``latency_p95_s``."""
    return f"{name.removesuffix('_s')}{bound}_s" if name.startswith("latency") else f"{name}{bound}"


def _visible(text: str) -> str:
    """Escape what steers a terminal and halves of surrogate pairs, so that different names stay different."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _known(value: Any) -> bool:
    import pandas as pd

    return not pd.isna(value)
