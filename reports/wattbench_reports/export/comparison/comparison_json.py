"""Write JSON: all columns at full precision, with the caveats and the carbon intensity used."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from wattbench.records.provenance import ESTIMATED
from wattbench_reports.comparability.input_check import InputCheck
from wattbench_reports.comparison.annual_cost import Year
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.data_support import DataSupport
from wattbench_reports.comparison.dropped import DroppedSystems
from wattbench_reports.comparison.estimated import EstimatedSystem, Range
from wattbench_reports.comparison.leaderboard_model import Ranked
from wattbench_reports.comparison.machines import Machines
from wattbench_reports.decision.dropping import risk_of_bounds
from wattbench_reports.decision.grid_figures import GridFigures
from wattbench_reports.export.comparison.comparison_rows import placement_row, plain_row
from wattbench_reports.export.comparison.decision_data import decision_data
from wattbench_reports.export.comparison.judged_data import judged_data
from wattbench_reports.export.frames.dropped_frame import dropped_row
from wattbench_reports.export.frames.machines_frame import machine_row
from wattbench_reports.formatting.json_text import json_text, plain_data
from wattbench_reports.metrics.carbon.sci import Sci
from wattbench_reports.metrics.energy_breakdown import SystemSplit
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.metrics.workload import Workload
from wattbench_reports.stats import Interval
from wattbench_reports.tables.session_record import SessionRecord
from wattbench_reports.wording.arrival_rates import plain_rates
from wattbench_reports.wording.decision import DecisionWords


def as_json(comparison: Comparison, decided: DecisionWords | None = None, support: DataSupport | None = None) -> str:
    """Return an object: ``{"run", "suite", "carbon" | null, "energy_by_component": {system: {component: {...}}},
    "systems": [columns], "sci": [terms], "workload": {...} | null,
    "years": [{system, energy_kwh, cost, money, grams ...}],
    "money": {"currency", "systems": [{system, per_request: {part: money}, source, date, why_none}], "notes"} | null,
    "sessions": {...} | null, "caveats": [{code, text, systems}], "data": {items, common, notable, systems: [{system,
    answers, items, missing, repeated, scores: [low, high], figures: {column: {known, missing, zeros, negative, low,
    high, constant}}, joules_of}], pairs: [{systems, common}]}}``: see `wattbench_reports.comparability.input_check`.

    Of one run: also ``"decision": {advice, evidence, unit, objective, chosen, between, surest, best, systems:
    [{system, checks, qualifies, counted ...}], hull, leaders ...}``: see `wattbench_reports.decision.model`.

    Where a suite adds fields to requests: also ``"requests": {system: {field: value}}``.

    Where a source is named: ``"impacts": {factors: {pue, site, electricity, manufacture}, systems: [{system, water_l:
    {parts_per_request: {part: mean}, per_request: [estimate, low, high], per_correct}, adpe_kg_sb ...}]}``.

    Of a run with services: also ``"estimated": [{system, answered_by, requests, estimated, by, provider, model, zone,
    provenance, energy_j_per_request: [low, high], j_per_correct, co2_g_per_1000, water_l_per_1000, notes, why_none}]``.

    Of a run that several machines measured: also ``"machines": {"machines": [{node, of_class, seconds_relative ...}],
    "tested", "differences": [{figure, first, second, on: {node: ratio}, these: [ratio, low, high], another, p_value}],
    "j_per_correct_on_another": {system: [low, high]}}``.

    Of a run that dropped systems: also ``"dropped": {began, blocks, error, risk, objective, unit, currency, systems:
    [the columns of wattbench_reports.export.frames.dropped_frame]}``. Of one with grids: also ``"grids": [{grid, axes:
    [{name, labels}], arms: [{system, labels, accuracy, cost, dropped_after, advised, tied, qualifies, apart,
    on_front}], effects: {blocks, of, settings, interactions, why_no_cost} | null, why_no_effects}]``: see
    `wattbench_reports.decision.grid_figures` and `wattbench_reports.analyses.grid`.

    Of a run with agents: also ``"agents": [{system, tasks, attempts, solved, ended: {how: number}, pass_at_1:
    {estimate, low, high, few}, passes: [{k, tasks, share}], per_solved: {kind: {estimate, low, high, few}}, not_solved,
    missing, idle_j, band, steps: [{step, last, attempts, prompt_tokens ...}], reported ...}]``: see
    `wattbench_reports.comparison.agents.model`.

    Where a judge scores answers: also ``"judged": {tasks: [{task, judge, counts, why_opinion, systems: [{system,
    answers, not_judged, judges_opinion, labels, corrected, corrected_low, corrected_high ...}], to_read ...}], bills:
    [{judge, answers, judging: {energy_j, seconds ...}, money ...}], related}``: see
    `wattbench_reports.comparison.judges.model`.

    A run under load has ``"load": [a system at a rate]`` as well, and `systems` is of the rate `compared_per_s` alone.

    Of a comparison that ranks: also ``{"runs": [{run, suite, created_utc}], "across": [part], "differences": [{part,
    forbids, sides: [{systems, value}], overridden}], "standings": [{figure, group, places: [{system, value, beaten}]}],
    "fingerprints": {system: {sha256, parts: {part: {what: value}}}}}``, and the columns of a system's placement.

    Of `wattbench decide`: also ``"support": {items, common, answers, domains, blocks, origin, quantities, columns}``:
    see `wattbench_reports.comparison.data_support`.

    A figure that does not exist, and a bound that is infinite, are null.
    """
    document: dict[str, Any] = {
        "run": comparison.run,
        "suite": comparison.suite,
        "carbon": None if comparison.carbon is None else comparison.carbon.as_data(),
        "energy_by_component": {name: _by_component(split) for name, split in comparison.splits.items()},
        "systems": [
            plain_row(figures) | placement_row(comparison, number) for number, figures in enumerate(comparison.systems)
        ],
        "sci": [_terms(sci) for sci in comparison.sci.values()],
        "workload": None if comparison.workload is None else _workload(comparison.workload),
        "money": None if comparison.money is None else _money(comparison.money),
        "years": [_year(year) for year in comparison.years.values()],
        "sessions": None if comparison.sessions is None else _sessions(comparison.sessions),
        "caveats": [asdict(caveat) for caveat in comparison.caveats],
    }
    if comparison.requests:
        document["requests"] = comparison.requests
    if comparison.data is not None:
        document["data"] = _data(comparison.data)
    if comparison.impacts is not None:
        document["impacts"] = {"factors": comparison.impacts.as_data(), "systems": _impacts(comparison)}
    if comparison.estimates:
        document["estimated"] = [_estimated(each) for each in comparison.estimates]
    if comparison.machines is not None:
        document["machines"] = _machines(comparison.machines)
    if support is not None:
        document["support"] = support.as_data()
    if decided is not None:
        document["decision"] = decision_data(decided)
    document |= _of_some(comparison, decided)
    if comparison.load is not None:
        document |= {
            "compared_per_s": comparison.load.compared.offered_per_s,
            "load": plain_rates(comparison.load),
        }
    if comparison.ranked is not None:
        document |= _ranked(comparison.ranked)
    return json_text(document)


def _of_some(comparison: Comparison, decided: DecisionWords | None) -> dict[str, Any]:
    """Return agents, judged answers, dropped systems and grids; each is left out where there is none."""
    parts: dict[str, Any] = {}
    if comparison.agents:
        parts["agents"] = [plain_data(asdict(each)) for each in comparison.agents]
    if comparison.judged is not None:
        parts["judged"] = judged_data(comparison.judged)
    if decided is not None and decided.grids:
        parts["grids"] = [_grid(each) for each in decided.grids]
    if comparison.dropped is not None:
        parts["dropped"] = _dropped(comparison.dropped)
    return parts


def _dropped(dropped: DroppedSystems) -> dict[str, Any]:
    return {
        "began": dropped.began,
        "blocks": dropped.blocks,
        "error": dropped.error,
        "risk": risk_of_bounds(dropped),
        "objective": dropped.systems[0].look.objective,
        "unit": dropped.unit,
        "currency": dropped.currency or None,
        "systems": [dropped_row(each) for each in dropped.systems],
    }


def _grid(figures: GridFigures) -> dict[str, Any]:
    return {
        "grid": figures.grid.name,
        "axes": [asdict(axis) for axis in figures.grid.axes],
        "arms": [
            {
                "system": each.system,
                "labels": list(each.labels),
                "accuracy": _finite(each.accuracy),
                "cost": _finite(each.cost),
                "dropped_after": None if each.dropped is None else each.dropped.blocks,
                "advised": each.advised,
                "tied": each.tied,
                "qualifies": each.qualifies,
                "apart": each.apart,
                "on_front": each.on_front,
            }
            for each in figures.arms
        ],
        "effects": None if figures.effects is None else plain_data(asdict(figures.effects)),
        "why_no_effects": figures.why_no_effects,
    }


def _data(check: InputCheck) -> dict[str, Any]:
    return {
        "items": check.items,
        "common": check.common,
        "notable": check.notable,
        "systems": [
            {
                "system": each.system,
                "answers": each.answers,
                "items": each.items,
                "missing": each.missing,
                "repeated": each.repeated,
                "scores": None if each.score_low is None else [each.score_low, each.score_high],
                "figures": {
                    name: asdict(figure) | {"constant": figure.constant} for name, figure in each.figures.items()
                },
                "joules_of": each.joules_of.value or None,
            }
            for each in check.systems
        ],
        "pairs": [{"systems": [one, other], "common": common} for one, other, common in check.pairs],
    }


def _sessions(record: SessionRecord) -> dict[str, Any]:
    """Return the sessions behind the bounds for another run, without the figures of each session."""
    return {"source": record.source, "sessions": record.sessions, "runs": list(record.runs)}


def _machines(machines: Machines) -> dict[str, Any]:
    return {
        "machines": [machine_row(each) for each in machines.machines],
        "tested": machines.tested,
        "differences": [
            {
                "figure": each.figure,
                "first": each.first,
                "second": each.second,
                "on": dict(zip(each.nodes, each.pair.nodes, strict=True)),
                "these": _bounds(each.pair.these),
                "another": _bounds(each.pair.another),
                "p_value": each.p_value,
            }
            for each in machines.differences
        ],
        "j_per_correct_on_another": {name: _bounds(each)[1:] for name, each in machines.another.items()},
    }


def _bounds(interval: Interval) -> list[float]:
    return [interval.estimate, interval.low, interval.high]


def _workload(workload: Workload) -> dict[str, Any]:
    """Return the workload; `mix` is null if every item has the same weight."""
    return {
        "mix": workload.shares,
        "requests_per_year": workload.requests_per_year,
        "price_per_kwh": workload.price_per_kwh,
        "currency": workload.currency,
    }


def _money(money: RunMoney) -> dict[str, Any]:
    """Return the parts and the source of each system's money; the costs themselves are among the systems' figures."""
    return {
        "currency": money.currency,
        "systems": [
            {
                "system": name,
                "per_request": dict(each.parts),
                "source": each.source or None,
                "date": each.date or None,
                "why_none": each.why_none or None,
            }
            for name, each in money.systems.items()
        ],
        "notes": list(money.notes),
    }


def _year(year: Year) -> dict[str, Any]:
    """Return a year of requests: `cost` of electricity in the workload's currency, `money` of all in that of the run's
    money, grams of CO2 equivalent with training once."""
    return asdict(year) | {"total_g": year.total_g}


def _impacts(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "system": name,
            **{
                each.quantity.key: {
                    "parts_per_request": dict(each.parts),
                    "per_request": _finite(each.per_request),
                    "per_correct": _finite(each.per_correct),
                }
                for each in stated
            },
        }
        for name, stated in comparison.impacts_of.items()
    ]


def _finite(interval: Interval | None) -> list[float | None] | None:
    return None if interval is None else [each if math.isfinite(each) else None for each in _bounds(interval)]


def _estimated(each: EstimatedSystem) -> dict[str, Any]:
    plain = {
        name: getattr(each, name)
        for name in ("system", "answered_by", "requests", "estimated", "by", "provider", "model", "zone")
    }
    return {
        **plain,
        "provenance": ESTIMATED if each.sums else "",
        "energy_j_per_request": _range(each.per_request("energy_j")),
        "j_per_correct": _range(each.j_per_correct),
        "co2_g_per_1000": _range(each.per_request("co2_g"), 1000),
        "water_l_per_1000": _range(each.per_request("water_l"), 1000),
        "notes": list(each.notes),
        "why_none": each.why_none,
    }


def _range(of: Range | None, times: float = 1.0) -> list[float] | None:
    return None if of is None else [times * each for each in of]


def _terms(sci: Sci) -> dict[str, Any]:
    """Return the terms of ((E × I) + M) per R; the score itself is one of the system's figures."""
    return {
        "system": sci.system,
        "requests": sci.requests,
        "energy_kwh": sci.energy_kwh,
        "intensity_g_per_kwh": sci.intensity_g_per_kwh,
        "operational_g": sci.operational_g,
        "embodied_g": sci.embodied_g,
        "correct": sci.correct,
    }


def _by_component(split: SystemSplit) -> dict[str, dict[str, object]]:
    """Return joules per request by component. Components not `in_total` are part of another one."""
    return {
        part.name: {
            "energy_j_per_request": part.j_per_request,
            "energy_above_idle_j_per_request": part.above_idle_j_per_request,
            "energy_provenance": part.provenance,
            "in_total": part.in_total,
        }
        for part in split.components
    }


def _ranked(ranked: Ranked) -> dict[str, Any]:
    return {
        "runs": [asdict(run) for run in ranked.runs],
        "across": list(ranked.across),
        "differences": [asdict(divide) for divide in ranked.divides],
        "standings": [asdict(standing) for standing in ranked.standings],
        "fingerprints": {
            name: {"sha256": each.short, "parts": {part: dict(value.facts) for part, value in each.parts.items()}}
            for name, each in ranked.prints.items()
        },
    }
