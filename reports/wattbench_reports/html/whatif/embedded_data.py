"""Data that a page embeds for its script: sums, bootstrap samples and sentences, and no single items."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.annual_cost import training_j
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paired_tests import PairSums, pair_sums
from wattbench_reports.comparison.ranking import Ranking
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision.latency_limit import SystemLatency
from wattbench_reports.formatting import units
from wattbench_reports.html.whatif.embedded_decision import hours_missing
from wattbench_reports.html.whatif.restated_figures import (
    comparable,
    eligible,
)
from wattbench_reports.metrics.bootstrap_sums import Packed
from wattbench_reports.metrics.carbon import Carbon, HourlyIntensity
from wattbench_reports.metrics.carbon.embodied import PUBLIC_FIGURES
from wattbench_reports.metrics.carbon.grid_mix import all_mixes
from wattbench_reports.metrics.carbon.sci import SECONDS, WEIGHED
from wattbench_reports.metrics.costs import PRICED, TIMED, CostUnit
from wattbench_reports.metrics.domain_sums import Basis
from wattbench_reports.metrics.ratio_intervals import FEW_ITEMS, LONE, OPEN_ITEMS
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.sections.verdict.sentences import LISTED, NAMED, PHRASES, fails, reservation
from wattbench_reports.stats import CONFIDENCE
from wattbench_reports.stats.student import MOST_DF, t_quantile
from wattbench_reports.tables.provenance import qualified
from wattbench_reports.wording.routing import PHRASES as OF_ROUTING
from wattbench_reports.wording.routing import study_measures
from wattbench_reports.wording.routing.residents import gains_phrase, is_best_single, margin

FIGURE = "ecologits-gpu-server"
"""Manufacture that the page offers if none is declared: a public value, by its name."""


def carried(
    measured: Measured, emitted: Emitted, comparison: Comparison, latencies: Sequence[SystemLatency], pue: float
) -> dict[str, Any]:
    """Return the figures for the page's script: a JSON object of numbers and texts.

    Names and texts in it are a record's: they may only be shown as text.
    """
    base = measured.basis
    rows = measured.frames.run.systems()
    figures = comparison.systems
    return {
        "systems": [each.system for each in figures],
        "domains": list(base.domains),
        "basis": {
            name: getattr(base, name).tolist()
            for name in ("items", "trials", "correct", "means", "squares", "metered_items", "metered", "energy_squares")
        },
        "totals": {name: values.tolist() for name, values in base.totals.items()},
        # In a run of blocks intervals come of the sums by block, and the draws are not needed.
        "draw_count": base.draw_count,
        "draws": {} if base.blocks is not None else _draws(base),
        "blocks": None
        if base.blocks is None
        else {name: _base64(each.astype("<f8")) for name, each in base.blocks.kinds.items()},
        "latency": _latencies(measured, comparison, latencies),
        "pairs": _pairs(pair_sums(measured.table, base)),
        "training_j": [training_j(rows.get(each.system)) for each in figures],
        "hours_missing": [hours_missing(emitted, each.system) for each in figures],
        "carbon": _carbon(emitted, pue),
        "workload": {
            "shares": None if measured.shares is None else measured.shares.tolist(),
            "requests": measured.workload.requests_per_year,
            "price": measured.workload.price_per_kwh,
            "currency": measured.workload.currency,
        },
        "verdict": _verdict(measured),
        "phrases": PHRASES,
        "constants": {
            "z": NormalDist().inv_cdf((1 + CONFIDENCE) / 2),
            "tail": (1 - CONFIDENCE) / 2,
            "alpha": ALPHA,
            "student": [0.0, *(t_quantile(df) for df in range(1, MOST_DF + 1))],
            "lone": LONE,
            "few_items": FEW_ITEMS,
            "too_few": OPEN_ITEMS,
            "few_mark": units.FEW,
            "listed": LISTED,
            "named": NAMED,
            "seconds": SECONDS,
            "weighed": WEIGHED,
        },
    }


def _draws(base: Basis) -> dict[str, Any]:
    """Return the draws of each kind of sum, or the name of a kind with equal draws.

    A kind that does not vary has no codes.

    The counts of answers with a price and with seconds are not drawn: figures use the counts as they are.
    """
    embedded: dict[str, Any] = {}
    for name, packed in base.drawn.kinds.items():
        if name in (PRICED, TIMED):
            continue
        same = (
            each for each in embedded if isinstance(embedded[each], dict) and _alike(base.drawn.kinds[each], packed)
        )
        embedded[name] = next(same, None) or _packed(packed)
    return embedded


def _alike(one: Packed, other: Packed) -> bool:
    return all(np.array_equal(getattr(one, each), getattr(other, each)) for each in ("low", "step", "codes"))


def _packed(packed: Packed) -> dict[str, Any]:
    codes = packed.codes.astype("<u2") if packed.step.any() else np.empty(0, dtype="<u2")
    return {"low": packed.low.tolist(), "step": packed.step.tolist(), "codes": _base64(codes)}


def _base64(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def _latencies(measured: Measured, comparison: Comparison, by_system: Sequence[SystemLatency]) -> dict[str, Any]:
    """Return the latencies of each domain and system, joined, and the percentiles that the page shows."""
    grids = [each.grids[domain] for domain in range(len(measured.basis.domains)) for each in by_system]
    joined = np.concatenate(grids) if grids else np.empty(0)
    figures, tail = comparison.systems, comparison.tail_share
    shares = {"p50": MEDIAN, **({} if tail is None else {"tail": tail})}
    return {
        "lengths": [len(each) for each in grids],
        "seconds": _base64(joined.astype("<f4")),
        "shares": {
            name: [None if each.latency_s(share) is None else share for each in figures]
            for name, share in shares.items()
        },
    }


def _pairs(sums: PairSums) -> dict[str, Any]:
    return {name: getattr(sums, name).tolist() for name in ("counts", "totals", "squares")}


@dataclass(frozen=True)
class Offer:
    """Carbon settings that the page offers in addition to the settings of the run."""

    regions: tuple[tuple[str, str], ...]
    """Code and country."""
    declared: bool
    """Whether manufacture is included initially."""
    g_per_hour: float
    """Manufacture, if included."""
    described: str


def carried_offer(emitted: Emitted) -> Offer:
    """Return the carbon settings that the page offers: the grids of all countries, and manufacture."""
    carbon: Carbon | None = emitted.carbon
    declared = None if carbon is None else carbon.embodied
    made = declared or PUBLIC_FIGURES[FIGURE].embodied(1)
    regions = tuple((grid.region, grid.country) for grid, _ in all_mixes())
    return Offer(regions, declared is not None, made.g_per_hour, made.describe())


def _carbon(emitted: Emitted, pue: float) -> dict[str, Any]:
    carbon: Carbon | None = emitted.carbon
    hourly = carbon is not None and isinstance(carbon.intensity, HourlyIntensity)
    flat = None if carbon is None or isinstance(carbon.intensity, HourlyIntensity) else carbon.intensity.g_per_kwh
    offer = carried_offer(emitted)
    return {
        "g_per_kwh": flat,
        "hourly": hourly,
        "pue": pue,
        "embodied_g_per_hour": offer.g_per_hour if offer.declared else None,
        "offered_g_per_hour": offer.g_per_hour,
        "offered_option": FIGURE,
        "grids": {grid.region: mix.g_per_kwh for grid, mix in all_mixes()},
    }


def _verdict(measured: Measured) -> dict[str, Any]:
    who, ranked = measured.contest, measured.rankings
    overall: Ranking | None = ranked.get(None)
    by_domain = {domain: ranking for domain, ranking in ranked.items() if domain is not None}
    places = {name: index for index, name in enumerate(measured.basis.systems)}
    single = overall is not None and len(overall.energy) == 1
    label = overall.energy[0].provenance if overall is not None and single else ""
    return {
        "candidates": [places[name] for name in who.candidates],
        "called": {places[name]: text for name, text in who.called.items()},
        "eligible": [places[name] for name in eligible(measured)],
        "comparable": [places[name] for name in comparable(measured)],
        "reservation": "" if overall is None else reservation(overall),
        "qualified": qualified(label) if label else "",
        "fails": _clauses(by_domain, measured.by_domain, who.candidates, places),
    }


def _clauses(
    by_domain: Mapping[str, Ranking],
    measured: Mapping[str, Mapping[str, Measures]],
    names: Iterable[str],
    places: Mapping[str, int],
) -> dict[int, str]:
    if not by_domain:
        return {}
    clauses = {places[name]: fails(name, by_domain, measured) for name in names}
    return {index: clause for index, clause in clauses.items() if clause}


def carried_residents(study: RoutingStudy | str | None) -> dict[str, Any] | None:
    """Return the sets of resident systems and their sentences; None without such sets.

    Args:
        study: of the run; a text where there is none.
    """
    if study is None or isinstance(study, str) or study.residents is None:
        return None
    residents, measures = study.residents, study_measures(study)
    return {
        "sets": [
            {
                "names": units.named(each.systems),
                "gain": each.gain,
                "margin": below if math.isfinite(below := margin(each)) else None,
                "idle_w": each.idle_w,
                "from": each.from_requests_per_hour,
                "alone": is_best_single(each, study),
            }
            for each in residents.sets
        ],
        "per_w": residents.idle_gain_per_w,
        "rate": residents.requests_per_hour,
        "unit": study.label,
        "factor": measures.costs.factor if study.unit is CostUnit.MONEY else None,
        "best": OF_ROUTING["residents"].replace("{count}", f"{residents.subsets:,}"),
        "gains": gains_phrase(measures),
        "of_requests": measures.costs.of_requests("{gain}"),
        "unsure": OF_ROUTING["resident_unsure"],
        "over": study.best_single,
    }
