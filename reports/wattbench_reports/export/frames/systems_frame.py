"""Build the figures of a run as a data frame: every system over all items and in each domain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.system_figures import THROUGHPUT, latency_columns
from wattbench_reports.metrics.carbon.sci import Sci
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.stats import Interval

TYPES = {
    "run": "string",
    "suite": "string",
    "system": "string",
    "kind": "string",
    "domain": "string",
    "items": "int64",
    "requests": "int64",
    "accuracy": "float64",
    "accuracy_low": "float64",
    "accuracy_high": "float64",
    "latency_p50_s": "float64",
    "latency_p50_low_s": "float64",
    "latency_p50_high_s": "float64",
    "latency_p90_s": "float64",
    "latency_p90_low_s": "float64",
    "latency_p90_high_s": "float64",
    "latency_p95_s": "float64",
    "latency_p95_low_s": "float64",
    "latency_p95_high_s": "float64",
    "latency_tail_s": "float64",
    "latency_tail_low_s": "float64",
    "latency_tail_high_s": "float64",
    "latency_tail_percentile": "string",
    "output_tokens": "float64",
    "energy_j_per_request": "float64",
    "energy_j_per_request_low": "float64",
    "energy_j_per_request_high": "float64",
    "energy_above_idle_j_per_request": "float64",
    "j_per_correct": "float64",
    "j_per_correct_low": "float64",
    "j_per_correct_high": "float64",
    "co2_g_per_1000": "float64",
    "sci_g_per_correct": "float64",
    "sci_g_per_correct_low": "float64",
    "sci_g_per_correct_high": "float64",
    "water_l_per_1000": "float64",
    "water_l_per_1000_low": "float64",
    "water_l_per_1000_high": "float64",
    "adpe_kg_sb_per_1000": "float64",
    "adpe_kg_sb_per_1000_low": "float64",
    "adpe_kg_sb_per_1000_high": "float64",
    "primary_energy_mj_per_1000": "float64",
    "primary_energy_mj_per_1000_low": "float64",
    "primary_energy_mj_per_1000_high": "float64",
    "unmetered": "int64",
    "energy_provenance": "string",
    "valid": "bool",
    "yardstick": "bool",
    "offered_per_s": "float64",
    "cost_per_request": "float64",
    "cost_per_request_low": "float64",
    "cost_per_request_high": "float64",
    "cost_per_correct": "float64",
    "cost_per_correct_low": "float64",
    "cost_per_correct_high": "float64",
    "cost_currency": "string",
    "cost_few": "bool",
    "imported": "bool",
    "own_cpu_s_per_request": "float64",
    "blocks": "int64",
    "j_per_correct_few": "bool",
    "sessions": "int64",
    "j_per_correct_another_run_low": "float64",
    "j_per_correct_another_run_high": "float64",
    "failed": "int64",
    "requests_per_s": "float64",
    "requests_per_s_low": "float64",
    "requests_per_s_high": "float64",
    "output_tokens_per_s": "float64",
    "output_tokens_per_s_low": "float64",
    "output_tokens_per_s_high": "float64",
    "requests_in_flight": "float64",
    "throughput_from": "string",
    "client_share": "float64",
}
"""The columns in order, with pandas' type of each. `domain` is missing for all domains together; `unmetered` counts
the requests without joules, `failed` those that failed; a percentile of latency is missing from too few requests, its
upper bound where they do not bound it, and `latency_tail_percentile` names the highest that is there, `latency_tail_s`
(`wattbench_reports.metrics.tail_latency`); `offered_per_s` is the rate of arrivals that the figures are of, where
load was offered; water, abiotic depletion of elements (kg of antimony equivalent) and primary energy are missing where
no source is named; costs are money in `cost_currency`, missing where they are not known of every answer; `blocks` is by
how many the intervals are clustered; the bounds for another run are of all domains together, and missing with one of
`sessions`; throughput is of all domains together, too, as their requests are asked in the same windows
(`wattbench_reports.metrics.throughput`)."""


def figures_frame(analysis: Analysis) -> pd.DataFrame:
    """Return a row per system and domain, columns `TYPES`, at full precision: all domains together first, then each.

    What `wattbench compare` prints is the rows without a domain. A figure that does not exist is missing, and so is a
    bound that is infinite: `j_per_correct` is then there and `j_per_correct_high` is not.
    """
    rows = [*_rows(analysis, None), *(row for domain in analysis.by_domain for row in _rows(analysis, domain))]
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def _rows(analysis: Analysis, domain: str | None) -> Iterator[dict[str, Any]]:
    measured = analysis.measured if domain is None else analysis.by_domain[domain]
    sci = analysis.comparison.sci if domain is None else analysis.carbon_of(domain)
    impacts = analysis.comparison.impacts_of if domain is None else analysis.impacts_of(domain)
    money = analysis.money if domain is None else analysis.money_of(domain)
    load = analysis.comparison.load
    for name, figures in measured.items():
        if not figures.requests:  # it was asked nothing in this domain
            continue
        yield {
            "run": _utf8(analysis.comparison.run),
            "suite": _utf8(analysis.comparison.suite),
            "system": name,
            "kind": analysis.kinds[name],
            "domain": domain,
            "energy_above_idle_j_per_request": _above_idle(analysis, name, domain),
            "valid": analysis.judged[name].valid,
            "imported": analysis.judged[name].imported,
            "yardstick": name in analysis.yardsticks,
            **_uncertainty(analysis, name, domain),
            "offered_per_s": None if load is None else load.compared.offered_per_s,
            **_figures(figures),
            **({} if domain is not None else _throughput(analysis, name)),
            **_grams(sci.get(name)),
            **_impacts(impacts.get(name, ())),
            **_money(money, name),
        }


def _uncertainty(analysis: Analysis, system: str, domain: str | None) -> dict[str, Any]:
    (row,) = (each for each in analysis.comparison.systems if each.system == system)
    if domain is not None:
        return {"blocks": row.blocks, "sessions": 1}
    low, high = row.j_per_correct_another_run_low, row.j_per_correct_another_run_high
    return {
        "blocks": row.blocks,
        "sessions": row.sessions,
        "j_per_correct_another_run_low": low,
        "j_per_correct_another_run_high": high if high is not None and math.isfinite(high) else None,
    }


def _figures(figures: Measures) -> dict[str, Any]:
    tail = figures.tail
    return {
        "items": figures.items,
        "requests": figures.requests,
        **{name: value for name, value in latency_columns(figures).items() if value != math.inf},
        "latency_tail_percentile": None if tail is None else tail.label,
        "output_tokens": figures.output_tokens,
        "unmetered": figures.unmetered,
        "failed": figures.failed,
        "own_cpu_s_per_request": figures.own_cpu_s,
        "j_per_correct_few": figures.j_per_correct is not None and figures.j_per_correct.few,
        "energy_provenance": figures.provenance,
        **_interval("accuracy", figures.accuracy),
        **_interval("energy_j_per_request", figures.j_per_request),
        **_interval("j_per_correct", figures.j_per_correct),
    }


def _throughput(analysis: Analysis, system: str) -> dict[str, Any]:
    (row,) = (each for each in analysis.comparison.systems if each.system == system)
    return {name: value for name in THROUGHPUT if (value := getattr(row, name)) is not None and value != math.inf}


def _grams(sci: Sci | None) -> dict[str, Any]:
    if sci is None:
        return {}
    return {"co2_g_per_1000": sci.co2_g_per_1000, **_interval("sci_g_per_correct", sci.g_per_correct)}


def _impacts(stated: Iterable[SystemImpact]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for each in stated:
        for key, value in _interval(f"{each.quantity.key}_per_1000", each.per_request).items():
            figures[key] = None if value is None else 1000 * value
    return figures


def _money(money: RunMoney | None, system: str) -> dict[str, Any]:
    if money is None or money.systems[system].per_request is None:
        return {"cost_few": False}
    of_request, of_correct = money.systems[system].per_request, money.systems[system].per_correct
    return {
        **_interval("cost_per_request", of_request),
        **_interval("cost_per_correct", of_correct),
        "cost_currency": money.currency,
        "cost_few": of_request is not None and of_request.few,
    }


def _utf8(text: str) -> str:
    """Escape lone surrogates, which JSON can name and UTF-8 cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _interval(name: str, interval: Interval | None) -> dict[str, float | None]:
    if interval is None:
        return {}
    figures = {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return {key: value if math.isfinite(value) else None for key, value in figures.items()}


def _above_idle(analysis: Analysis, system: str, domain: str | None) -> float | None:
    """Return the mean joules above idle over the metered requests; None if the idle power of some was not measured."""
    frames = analysis.frames
    rows = frames.answers_of(system)
    metered = ~np.isnan(frames.figures("energy_j", rows))
    if domain is not None:
        metered &= frames.codes("domain", rows) == frames.categories("domain").index(domain)
    above = pd.Series(frames.figures("energy_above_idle_j", rows)[metered])
    return float(above.mean()) if len(above) and above.notna().all() else None
