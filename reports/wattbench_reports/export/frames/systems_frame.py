"""Build the figures of a run as a data frame: every system over all items and in each domain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.system_figures import THROUGHPUT, latency_columns
from wattbench_reports.metrics.added_ratios import added_figures
from wattbench_reports.metrics.carbon.sci import Sci
from wattbench_reports.metrics.domain_sums import Shares
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.metrics.registry import (
    ACCURACY,
    ADDED,
    COST_PER_CORRECT,
    COST_PER_REQUEST,
    FIGURES,
    JOULES_PER_CORRECT,
    JOULES_PER_REQUEST,
)
from wattbench_reports.metrics.system_metrics import Measures

_OTHER_TYPES = {
    **dict.fromkeys(
        ("run", "suite", "system", "kind", "domain", "latency_tail_percentile", "energy_provenance", "cost_currency",
         "throughput_from"),
        "string",
    ),
    **dict.fromkeys(("items", "requests", "unmetered", "blocks", "sessions", "failed"), "int64"),
    **dict.fromkeys(("valid", "yardstick", "cost_few", "imported", "j_per_correct_few"), "bool"),
}  # fmt: skip
_ORDER = (
    "run", "suite", "system", "kind", "domain", "items", "requests", "accuracy", "latency_p50_s", "latency_p90_s",
    "latency_p95_s", "latency_tail_s", "latency_tail_percentile", "output_tokens", "energy_j_per_request",
    "energy_above_idle_j_per_request", "j_per_correct", "co2_g_per_1000", "sci_g_per_correct", "water_l_per_1000",
    "adpe_kg_sb_per_1000", "primary_energy_mj_per_1000", "unmetered", "energy_provenance", "valid", "yardstick",
    "offered_per_s", "cost_per_request", "cost_per_correct", "cost_currency", "cost_few", "imported",
    "own_cpu_s_per_request", "blocks", "j_per_correct_few", "sessions", "j_per_correct_another_run_low",
    "j_per_correct_another_run_high", "failed", "requests_per_s", "output_tokens_per_s", "requests_in_flight",
    "throughput_from", "client_share", *(metric.column for metric in ADDED),
)  # fmt: skip
_METRIC_OF = {metric.column: metric for metric in FIGURES.values()}

TYPES = {
    column: _OTHER_TYPES.get(column, "float64")
    for name in _ORDER
    for column in (_METRIC_OF[name].columns.values() if name in _METRIC_OF else (name,))
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


FIRST = (
    "system", "kind", "domain", "items", "accuracy", "accuracy_low", "accuracy_high", "latency_p50_s",
    "latency_p95_s", "energy_j_per_request", "j_per_correct", "energy_provenance",
)  # fmt: skip
"""The columns that a frame has unless others are chosen."""


def figures_frame(measured: Measured, paid: Paid, emitted: Emitted, comparison: Comparison) -> pd.DataFrame:
    """Return a row per system and domain, columns `TYPES`, at full precision: all domains together first, then each.

    What `wattbench runs compare` prints is the rows without a domain. A figure that does not exist is missing, and so
    is a bound that is infinite: `j_per_correct` is then there and `j_per_correct_high` is not.
    """
    rows = [
        *_rows(measured, paid, emitted, comparison, None),
        *(row for domain in measured.by_domain for row in _rows(measured, paid, emitted, comparison, domain)),
    ]
    finite = [{name: None if value in (math.inf, -math.inf) else value for name, value in row.items()} for row in rows]
    return pd.DataFrame(finite, columns=list(TYPES)).astype(TYPES)


def _rows(
    measured: Measured, paid: Paid, emitted: Emitted, comparison: Comparison, domain: str | None
) -> Iterator[dict[str, Any]]:
    systems = measured.systems if domain is None else measured.by_domain[domain]
    sci = emitted.sci if domain is None else emitted.sci_in(measured, domain)
    impacts = emitted.impacts_of if domain is None else emitted.impacts_in(measured, domain)
    money = paid.money if domain is None else paid.money_of(measured, domain)
    added = added_figures(measured.read.added, measured.shares if domain is None else _share(measured, domain))
    load = measured.load
    for name, figures in systems.items():
        if not figures.requests:  # it was asked nothing in this domain
            continue
        yield {
            "run": _utf8(measured.run),
            "suite": _utf8(measured.suite),
            "system": name,
            "kind": measured.kinds[name],
            "domain": domain,
            "energy_above_idle_j_per_request": _above_idle(measured, name, domain),
            "valid": measured.judged[name].valid,
            "imported": measured.judged[name].imported,
            "yardstick": name in measured.yardsticks,
            **_uncertainty(comparison, name, domain),
            "offered_per_s": None if load is None else load.compared.offered_per_s,
            **_figures(figures),
            **({} if domain is not None else _throughput(comparison, name)),
            **_grams(sci.get(name)),
            **_impacts(impacts.get(name, ())),
            **_money(money, name),
            **{
                column: value
                for each in ADDED
                for column, value in each.cells(added.get(name, {}).get(each.name)).items()
            },
        }


def _uncertainty(comparison: Comparison, system: str, domain: str | None) -> dict[str, Any]:
    (row,) = (each for each in comparison.systems if each.system == system)
    if domain is not None:
        return {"blocks": row.blocks, "sessions": 1}
    return {
        "blocks": row.blocks,
        "sessions": row.sessions,
        "j_per_correct_another_run_low": row.j_per_correct_another_run_low,
        "j_per_correct_another_run_high": row.j_per_correct_another_run_high,
    }


def _figures(figures: Measures) -> dict[str, Any]:
    return {
        "items": figures.items,
        "requests": figures.requests,
        **latency_columns(figures),
        "output_tokens": figures.output_tokens,
        "unmetered": figures.unmetered,
        "failed": figures.failed,
        "own_cpu_s_per_request": figures.own_cpu_s,
        "j_per_correct_few": figures.j_per_correct is not None and figures.j_per_correct.few,
        "energy_provenance": figures.provenance,
        **FIGURES[ACCURACY].cells(figures.accuracy),
        **FIGURES[JOULES_PER_REQUEST].cells(figures.j_per_request),
        **FIGURES[JOULES_PER_CORRECT].cells(figures.j_per_correct),
    }


def _throughput(comparison: Comparison, system: str) -> dict[str, Any]:
    (row,) = (each for each in comparison.systems if each.system == system)
    return {name: getattr(row, name) for name in THROUGHPUT}


def _grams(sci: Sci | None) -> dict[str, Any]:
    if sci is None:
        return {}
    return {"co2_g_per_1000": sci.co2_g_per_1000, **FIGURES["sci"].cells(sci.g_per_correct)}


def _impacts(stated: Iterable[SystemImpact]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for each in stated:
        cells = _METRIC_OF[f"{each.quantity.key}_per_1000"].cells(each.per_request)
        figures |= {column: None if value is None else 1000 * value for column, value in cells.items()}
    return figures


def _money(money: RunMoney | None, system: str) -> dict[str, Any]:
    if money is None or money.systems[system].per_request is None:
        return {"cost_few": False}
    of_request, of_correct = money.systems[system].per_request, money.systems[system].per_correct
    return {
        **FIGURES[COST_PER_REQUEST].cells(of_request),
        **FIGURES[COST_PER_CORRECT].cells(of_correct),
        "cost_currency": money.currency,
        "cost_few": of_request is not None and of_request.few,
    }


def _share(measured: Measured, domain: str) -> Shares:
    return np.array([float(name == domain) for name in measured.basis.domains])


def _utf8(text: str) -> str:
    """Escape lone surrogates, which JSON can name and UTF-8 cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _above_idle(measured: Measured, system: str, domain: str | None) -> float | None:
    """Return the mean joules above idle over the metered requests; None if the idle power of some was not measured."""
    frames = measured.frames
    rows = frames.answers_of(system)
    metered = ~np.isnan(frames.figures("energy_j", rows))
    if domain is not None:
        metered &= frames.codes("domain", rows) == frames.categories("domain").index(domain)
    above = pd.Series(frames.figures("energy_above_idle_j", rows)[metered])
    return float(above.mean()) if len(above) and above.notna().all() else None
