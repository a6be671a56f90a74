"""Hold the registry of metrics: those that wattbench comes with, and those that were added.

A metric is added by its name in `wattbench.records.metric_names`, and by a file of that name in
`wattbench_reports.metrics.defined` whose ``METRIC`` is a ratio of sums over answers, of which less is better: see
``docs/adding-a-metric.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from wattbench.records.metric_names import JOULE_METRICS, METRIC_NAMES
from wattbench_reports.comparability.rules import ACCURACY as OF_ANSWERS
from wattbench_reports.comparability.rules import JOULES, LATENCY
from wattbench_reports.metrics import defined
from wattbench_reports.metrics.metric import MONEY_UNIT, SHARE_UNIT, Metric, Quantile, Ratio
from wattbench_reports.metrics.throughput import CLIENT_SHARE, OUTPUT_TOKENS_PER_S, REQUESTS_PER_S

ACCURACY = "accuracy"
LATENCY_MEAN = "latency_mean"
LATENCY_P50 = "latency_p50"
LATENCY_P95 = "latency_p95"
TTFT = "ttft"
JOULES_PER_REQUEST = "joules_per_request"
JOULES_PER_CORRECT = "joules_per_correct"
COST_PER_REQUEST = "cost_per_request"
COST_PER_CORRECT = "cost_per_correct"
PEAK_MEMORY = "peak_memory"
OUTPUT_TOKENS = "output_tokens"

ENERGY = JOULE_METRICS
MONEY = (COST_PER_REQUEST, COST_PER_CORRECT)

_SOURCE = {"source": "throughput_from"}

_STANDARD = (
    Metric("items", "items", "", OF_ANSWERS, "Distinct items", None, column="items", bounds=False, gauge="items"),
    Metric("requests", "requests", "", OF_ANSWERS, "Requests", None, column="requests", bounds=False, gauge="requests"),
    Metric("failed", "failed requests", "", OF_ANSWERS, "Requests that failed",
           column="failed", bounds=False, gauge="failed_requests"),
    Metric("unmetered", "requests without joules", "", OF_ANSWERS, "Requests without joules",
           column="unmetered", bounds=False, gauge="unmetered_requests"),
    Metric(ACCURACY, "accuracy", SHARE_UNIT, OF_ANSWERS, "Share of correct answers", "higher",
           column="accuracy", gauge="accuracy{}_ratio"),
    Metric(LATENCY_MEAN, "mean seconds per request", "s", LATENCY, "Mean latency", computed=Ratio("seconds")),
    Metric(LATENCY_P50, "latency p50", "s", LATENCY, "Percentile of latency", computed=Quantile("seconds", 0.5),
           column="latency_p50_s", gauge="latency{}_seconds"),
    Metric("latency_p90", "latency p90", "s", LATENCY, "Percentile of latency", computed=Quantile("seconds", 0.9),
           column="latency_p90_s", gauge="latency{}_seconds"),
    Metric(LATENCY_P95, "latency p95", "s", LATENCY, "Percentile of latency", computed=Quantile("seconds", 0.95),
           column="latency_p95_s", gauge="latency{}_seconds"),
    Metric("latency_tail", "tail latency", "s", LATENCY, "Highest percentile of latency that the requests support",
           column="latency_tail_s"),
    Metric(TTFT, "time to first token", "s", LATENCY, "Median time to the first token",
           computed=Quantile("ttft_s", 0.5)),
    Metric(OUTPUT_TOKENS, "output tokens", "tokens", OF_ANSWERS, "Mean output tokens of a request", None,
           Ratio("output_tokens"), column="output_tokens", bounds=False, gauge="request_output_tokens"),
    Metric(JOULES_PER_REQUEST, "joules per request", "J", JOULES, "Mean energy of a request",
           computed=Ratio("energy_j"), column="energy_j_per_request", gauge="request_energy{}_joules"),
    Metric("joules_above_idle", "joules above idle", "J", JOULES,
           "Mean energy of a request above the power drawn when idle",
           column="energy_above_idle_j_per_request", bounds=False, gauge="request_energy_above_idle_joules"),
    Metric(JOULES_PER_CORRECT, "joules per correct answer", "J", JOULES, "Energy per correct answer",
           computed=Ratio("energy_j", "correct"), column="j_per_correct", gauge="correct_answer_energy{}_joules"),
    Metric("co2", "CO2e per 1,000 requests", "g", JOULES, "Mean CO2 equivalent of the energy of a request",
           column="co2_g_per_1000", bounds=False, gauge="request_co2e_grams", gauge_scale=1 / 1000),
    Metric("sci", "SCI", "g", JOULES, "CO2 equivalent per correct answer (ISO/IEC 21031), with declared manufacture",
           column="sci_g_per_correct", gauge="correct_answer_co2e{}_grams"),
    Metric("water", "water per 1,000 requests", "l", JOULES, "Mean water of a request",
           column="water_l_per_1000", gauge="request_water{}_litres", gauge_scale=1 / 1000),
    Metric("adpe", "abiotic depletion per 1,000 requests", "kg Sb", JOULES,
           "Mean abiotic depletion of elements of a request, as antimony",
           column="adpe_kg_sb_per_1000", gauge="request_abiotic_depletion{}_grams"),
    Metric("primary_energy", "primary energy per 1,000 requests", "MJ", JOULES, "Mean primary energy of a request",
           column="primary_energy_mj_per_1000", gauge="request_primary_energy{}_joules", gauge_scale=1000),
    Metric(REQUESTS_PER_S, "request throughput", "requests/s", LATENCY, "Answered requests per second of measured time",
           "higher", column=REQUESTS_PER_S, gauge="served_requests{}_per_second", gauge_labels=_SOURCE),
    Metric(OUTPUT_TOKENS_PER_S, "output token throughput", "tokens/s", LATENCY,
           "Output tokens of all requests per second",
           "higher", column=OUTPUT_TOKENS_PER_S, gauge="output_tokens{}_per_second", gauge_labels=_SOURCE),
    Metric(CLIENT_SHARE, "client's share", SHARE_UNIT, LATENCY, "Share of the measured time that was wattbench's own",
           column=CLIENT_SHARE, bounds=False, gauge="client_time_ratio"),
    Metric("requests_in_flight", "requests in flight", "", LATENCY, "Mean requests in flight", None,
           column="requests_in_flight", bounds=False, gauge="requests_in_flight"),
    Metric("offered_per_s", "offered rate", "requests/s", LATENCY, "Rate at which requests were offered", None,
           column="offered_per_s", bounds=False, gauge="offered_requests_per_second"),
    Metric(COST_PER_REQUEST, "cost per request", MONEY_UNIT, OF_ANSWERS, "Mean money of a request",
           computed=Ratio("money"), column="cost_per_request", gauge="request_cost{}"),
    Metric(COST_PER_CORRECT, "cost per correct answer", MONEY_UNIT, OF_ANSWERS, "Money per correct answer",
           computed=Ratio("money", "correct"), column="cost_per_correct", gauge="correct_answer_cost{}"),
    Metric("own_cpu", "CPU per request", "s", LATENCY, "Mean CPU seconds of the run's own processes",
           column="own_cpu_s_per_request", bounds=False),
    Metric(PEAK_MEMORY, "peak memory", "B", LATENCY, "Peak memory"),
)  # fmt: skip


def _added() -> tuple[Metric, ...]:
    """Import the metrics that are not standard, in the order of their names."""
    standard = {each.name for each in _STANDARD}
    added = []
    for name in METRIC_NAMES:
        if name not in standard:
            metric = import_module(f"{defined.__name__}.{name}").METRIC
            if not (metric.name == metric.column == name and isinstance(metric.computed, Ratio)):
                raise TypeError(f"{name}: METRIC has to be a Ratio, with this name and column")
            if metric.better != "lower" or (name in JOULE_METRICS) != (metric.figure == JOULES):
                raise TypeError(
                    f"{name}: less has to be better, and its name to begin with joules_ exactly if it is of joules"
                )
            added.append(metric)
    return tuple(added)


ADDED = _added()
"""The added metrics: each a `Ratio` whose figure is in its column, with bounds."""

FIGURES: Mapping[str, Metric] = {each.name: each for each in (*_STANDARD, *ADDED)}
"""All metrics by name, in the order of the exports."""

METRICS: Mapping[str, Metric] = {name: FIGURES[name] for name in METRIC_NAMES}
"""Those that a gate can judge, by name, in the order in which they are shown."""

NIGHTLY = tuple(
    name
    for name, each in METRICS.items()
    if name == ACCURACY or (each.computed is not None and each.unit != MONEY_UNIT)
)
"""Those that the table of a run's answers has all of: the ones that are followed from night to night."""

_COMPUTED = {name: each.computed for name, each in METRICS.items()}
RATIOS: Mapping[str, Ratio] = {name: each for name, each in _COMPUTED.items() if isinstance(each, Ratio)}
"""Of those, the ratios of sums."""
QUANTILES: Mapping[str, Quantile] = {name: each for name, each in _COMPUTED.items() if isinstance(each, Quantile)}

ANSWER_COLUMNS = tuple(
    dict.fromkeys(name for each in RATIOS.values() for name in (each.top, each.bottom) if name is not None)
)
"""The columns that the ratios are of."""

FURTHER_COLUMNS = tuple(name for name in ANSWER_COLUMNS if name not in ("correct", "seconds", "energy_j", "money"))
"""Of those, the ones that only added metrics need."""


def computed_from(column: str) -> tuple[str, ...]:
    """Return the metrics of a gate that are computed from a column of the answers."""
    columns = {name: (each.top, each.bottom) for name, each in RATIOS.items()} | {
        name: (each.column,) for name, each in QUANTILES.items()
    }
    return tuple(name for name in METRICS if column in columns.get(name, ()))


SESSION_LIKE: Mapping[str, str] = {
    name: JOULES_PER_REQUEST if name in ENERGY else LATENCY_MEAN
    for name, each in METRICS.items()
    if each.varies_with_session and name in RATIOS
}
"""Each ratio that another session of the machine would change to the metric that varies between sessions as it does:
another session gives the same answers, so that what is divided by stays."""
