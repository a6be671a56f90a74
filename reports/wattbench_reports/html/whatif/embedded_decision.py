"""Makes the data that a page embeds so that its script can decide for other settings.

Sums, draws of the items and blocks are those of `wattbench_reports.html.whatif.embedded_data`. Added are what is known
of each system whatever the settings, and the sentences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.records.schema.price import PRICES
from wattbench_reports.comparability.joules import NO_JOULES, NOT_VALID
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision import bounds
from wattbench_reports.decision.best import of_a_pair
from wattbench_reports.decision.checks import peak_memory_gib, why_unscored
from wattbench_reports.decision.cost_basis import latency_sides, side_of, why_no
from wattbench_reports.decision.latency_limit import BEYOND, SystemLatency
from wattbench_reports.decision.model import ROUNDING, SHARE, WhichRun
from wattbench_reports.decision.problem import level_of_ties, outside
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.decision.run_figures import RunFigures
from wattbench_reports.decision.session_moves import (
    OF_JOULES,
    OF_SECONDS,
    SessionMoves,
    machine_share,
    session_moves,
)
from wattbench_reports.decision.useless import reason, useless_in
from wattbench_reports.figures.palette import MARKERS, SERIES
from wattbench_reports.formatting import units
from wattbench_reports.metrics.carbon.sci import SECONDS
from wattbench_reports.metrics.costs import COUNTED, NO_HOURS, NO_SECONDS, CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings
from wattbench_reports.metrics.domain_sums import DomainTotals
from wattbench_reports.metrics.money.model import DECLARED
from wattbench_reports.metrics.money.run_money import tariff
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.sections import first_screen
from wattbench_reports.sections.first_screen import picture_labels
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import POINTS, label
from wattbench_reports.wording.decision import IF_DROPPED, PHRASES, DecisionWords, evidence
from wattbench_reports.wording.decision.advice import FEW_ITEMS


def carried_decision(
    measured: Measured,
    paid: Paid,
    weighed: Weighed,
    words: DecisionWords,
    ask: str,
    latencies: Sequence[SystemLatency],
    no_grams: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return the data with which the page's script decides: a JSON object of numbers and texts.

    Args:
        measured, paid, weighed: of the run.
        words: the decision, in the words of the page.
        ask: what a reader of the page can do where nothing is required, as a clause.
        latencies: of the systems.
        no_grams: from `no_grams`.
    """
    base, systems, decision = measured.basis, measured.basis.systems, words.decision
    sessions = session_moves(measured, paid)
    covarying = RunFigures(base, measured.shares, sessions).covarying
    position = {name: number for number, name in enumerate(systems)}
    apart, alpha = outside(measured), level_of_ties(measured)
    return {
        "phrases": IF_DROPPED if words.dropped else PHRASES,
        "reasons": {
            **REASONS,
            "scored": why_unscored(measured),
            "none_takes_part": measured.contest.reason or REASONS["none_takes_part"],
        },
        "opinions": dict(measured.frames.domains_left_out),
        "corrected": measured.frames.corrected,
        "ask": ask,
        # What is said whatever the settings.
        "first_evidence": words.evidence[: len(words.evidence) - len(evidence(decision, ask))],
        "settings": _settings(decision.settings),
        "sessions": None if sessions is None else _sessions(sessions),
        "machine_share": machine_share(measured, paid).tolist(),
        "machines": {kind.name.lower(): kind.value for kind in WhichRun},
        "moving": [*OF_JOULES, *OF_SECONDS],
        "df": covarying.df,
        "quantile": covarying.quantile,
        "items": measured.items_per_row * float(base.items.sum(axis=0).max(initial=0.0)),
        "counted": dict(COUNTED),
        "why_no": {unit: why_no(unit) for unit in CostUnit},
        "no_joules": NO_JOULES,
        "not_valid": NOT_VALID,
        **no_grams,
        "money": {"with": _tariff(measured, paid, 1.0), "without": _tariff(measured, paid, None)},
        "money_sums": _money_sums(measured, paid),
        "seconds": _seconds(weighed),
        "latency_sides": _latency_sides(measured),
        "prices": scalable_prices(measured, paid),
        "candidates": [position[name] for name in measured.contest.candidates],
        "outside": [apart.get(name, "") for name in systems],
        "valid": [measured.judged[name].valid for name in systems],
        **_sides(measured),
        "useless": [
            [reason(base, domain, number) if failing else "" for number, failing in enumerate(row)]
            for domain, row in enumerate(useless_in(base).tolist())
        ],
        "provenance": [measured.systems[name].provenance for name in systems],
        "timed": [[float(each.requests[domain]) for each in latencies] for domain in range(len(base.domains))],
        "slowest_s": [
            [max(float(each.slowest_s[domain]), 0.0) for each in latencies] for domain in range(len(base.domains))
        ],
        "design_effects": [each.design_effects for each in latencies],
        "p95s": [each.p95_s for each in latencies],
        "memory_gib": peak_memory_gib(measured),
        "tail_share": decision.tail_share,
        "tails": _tails(measured, decision.tail_share),
        "accuracies": [_bounds(measured.systems[name].accuracy) for name in systems],
        "labels": [picture_labels(systems)[name] for name in systems],
        "picture": {
            **first_screen.PHRASES,
            "costs": first_screen.COST_LABELS,
            "colours": len(SERIES),
            "shapes": len(MARKERS),
        },
        "alpha": alpha,
        "pair_scores": [of_a_pair(number, covarying.df, alpha) for number in range(len(systems) + 1)],
        "constants": {
            "named": units.NAMED,
            "top": first_screen.TOP,
            "few_items": FEW_ITEMS,
            "most_items": bounds.MOST_ITEMS,
            "share": SHARE,
            "beyond": BEYOND,
            "rounding": ROUNDING,
            "points": POINTS,
            "tail": label(decision.tail_share or MEDIAN),
        },
    }


def _sessions(sessions: SessionMoves) -> dict[str, Any]:
    moves = {kind: each.tolist() for kind, each in sessions.moves.items()}
    return {"number": sessions.number, "df": sessions.df, "moves": moves}


def _tariff(measured: Measured, paid: Paid, price_per_kwh: float | None) -> dict[str, Any] | None:
    """Return the currency of costs at a price of electricity (None: no price), and why systems have no cost."""
    metered = {name: bool(count) for name, count in zip(measured.basis.systems, _metered(measured), strict=True)}
    rates = tariff(paid.charges, metered, replace(measured.workload, price_per_kwh=price_per_kwh), paid.pue)
    if rates is None:
        return None
    bills = [rates.bills[name] for name in measured.basis.systems]
    return {
        "currency": rates.currency,
        "missing": [each.why_none for each in bills],
        "pays": [each.pays_electricity for each in bills],
    }


def _metered(measured: Measured) -> list[float]:
    return [float(count) for count in measured.table.metered.sum(axis=0)]


def _money_sums(measured: Measured, paid: Paid) -> dict[str, Any] | None:
    """Return the second moments of money per domain and system; None where systems pay for electricity alone."""
    table, base = measured.table, measured.basis
    charged = paid.charged
    if charged is None:
        return None
    known, money = charged.priced > 0, charged.money

    def energy_j(system: int) -> NDArray[np.float64]:
        return np.where(known[:, system], table.energy_j[:, system], 0.0)

    totals = DomainTotals(table, base.domains)
    sums = {
        "items": totals(lambda system: known[:, system]),
        "squares": totals(lambda system: money[:, system] ** 2),
        "products": totals(lambda system: money[:, system] * energy_j(system)),
        "energy_squares": totals(lambda system: energy_j(system) ** 2),
    }
    return {name: values.tolist() for name, values in sums.items()}


def _seconds(weighed: Weighed) -> dict[str, Any] | None:
    """Return the second moments of seconds, and why systems have no seconds; None where costs are not in seconds."""
    if weighed.timed is None:
        return None
    base, missing = weighed.timed.basis, weighed.timed.costs.missing
    return {
        "missing": [missing.get(name, "") for name in base.systems],
        "items": base.metered_items.tolist(),
        "squares": base.energy_squares.tolist(),
    }


def _latency_sides(measured: Measured) -> list[int]:
    sides = {name: number for number, members in enumerate(latency_sides(measured)) for name in members}
    return [sides[name] for name in measured.basis.systems]


def _settings(settings: DecisionSettings) -> dict[str, Any]:
    worth = settings.worth
    return {
        "requirements": [
            {"quantity": each.quantity, "bound": each.bound, "domain": each.domain} for each in settings.requirements
        ],
        "worth": None
        if worth is None
        else {
            "right": worth.right,
            "wrong": worth.wrong,
            "carbon": worth.carbon_per_tonne,
            "second": worth.per_second,
        },
        "minimise": settings.minimise,
        "risk": settings.risk,
    }


def _sides(measured: Measured) -> dict[str, Any]:
    """Return a group number per system, the same where joules are comparable, and why other joules are not."""
    systems = measured.basis.systems
    sides = [side_of(measured, name) for name in systems]
    numbers = {side: number for number, side in enumerate(dict.fromkeys(sides))}
    able = [name for name in measured.contest.candidates if measured.systems[name].j_per_request is not None]
    position = {name: number for number, name in enumerate(systems)}
    apart: Mapping[int, Mapping[int, str]] = {
        position[name]: {
            position[other]: measured.why_joules_not_comparable(name, other)
            for other in able
            if sides[position[other]] != sides[position[name]]
        }
        for name in able
    }
    return {"sides": [numbers[side] for side in sides], "apart_by": apart}


def _tails(measured: Measured, share: float | None) -> list[float | None]:
    systems = measured.systems
    return [None if share is None else systems[name].latency_percentile_s(share) for name in measured.basis.systems]


def no_grams(emitted: Emitted, systems: Sequence[str]) -> dict[str, list[str]]:
    """Return why each system has no grams, as clauses: for lack of hours of the grid, and of its own seconds."""
    seconds = emitted.sums.get(SECONDS)
    untimed = [False] * len(systems) if seconds is None else [bool(np.isnan(column).any()) for column in seconds.T]
    return {
        "no_hours": [NO_HOURS if hours_missing(emitted, name) else "" for name in systems],
        "no_seconds": [NO_SECONDS if each else "" for each in untimed],
    }


def hours_missing(emitted: Emitted, system: str) -> bool:
    """Return whether the operational grams of a system lack the hours that they need."""
    sci = emitted.sci.get(system)
    return sci is not None and sci.operational_g is None


def _bounds(interval: Interval | None) -> list[float] | None:
    if interval is None or math.isnan(interval.estimate):
        return None
    return [interval.estimate, interval.low, interval.high]


def scalable_prices(measured: Measured, paid: Paid) -> Mapping[str, Mapping[str, float]]:
    """Return by system the prices to which the money of that system alone is proportional.

    Left out: systems without a price, with a cost that an import declares or that is not known, and hybrids, agents at
    the price of their server, and what they ask, whose prices are in the money of several systems.
    """
    suite = measured.frames.record.suite
    asked_by_others = {name for settings in suite.systems.values() for name in settings.asks}
    for agent, settings in suite.systems.items():
        price = paid.prices.by_system.get(agent)
        if settings.server_name is not None and price is paid.prices.by_system.get(settings.server_name):
            asked_by_others |= {agent, settings.server_name}
    scalable: dict[str, Mapping[str, float]] = {}
    for name, bill in paid.charges.items():
        price = paid.prices.by_system.get(name)
        hybrid = name in suite.systems and bool(suite.systems[name].asks)
        declared = bill.currency is None or bool(bill.why_none) or DECLARED in bill.parts
        if price is None or hybrid or declared or name in asked_by_others:
            continue
        values = {key: getattr(price, key) for key in PRICES}
        scalable[name] = {key: float(value) for key, value in values.items() if value}
    return {name: values for name, values in scalable.items() if values}
