"""The verdict of a gate on the page of its run: the decision, its reasons and the evidence over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np

from wattbench.errors import UserError
from wattbench.records import RunHeader
from wattbench_reports import figures
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.gate.decision.judge import SequentialBounds, judge, sequential_bounds
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.gate.metrics import ACCURACY
from wattbench_reports.gate.policy import Policy, policy_of
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.sections.model import Drawing, Passage, Section
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.wording import gate as wording


def gate_section(analysis: Analysis) -> Section | None:
    """Judge the run by its recorded policy, as of the day of the run; None for a run that is no gate."""
    run = analysis.frames.run
    record = analysis.frames.record
    if record.gate is None:
        return None
    policy = policy_of(record.gate.policy, record.where)
    evidence = evidence_in_turns(run, policy)
    result = judge(
        evidence,
        policy,
        suite=record.suite.name,
        runs=(run.header.run,),
        planted=record.gate.planted,
        today=_day(run.header),
    )
    return section_of(result, sequential_bounds(evidence, policy))


def section_of(result: GateResult, bounds: Mapping[str, SequentialBounds]) -> Section:
    """Make a section of a verdict.

    Args:
        result: of the judge.
        bounds: each metric's evidence over time; one without is not plotted.
    """
    drill = "" if result.planted is None else f"{wording.drill_line(result.planted)} "
    passages = [_verdict(result)]
    drawn = [each for each in result.metrics if each.metric in bounds and len(bounds[each.metric].items)]
    if drawn:
        passages.append(_bounds_passage(result, drawn, bounds))
    title = f"Gate: {wording.verdict_name(result.verdict)}"
    return Section("gate", "Gate", title, f"{drill}{result.headline}", tuple(passages))


def _day(header: RunHeader) -> date:
    """Return the day on which waivers are checked: a page made later says the same."""
    try:
        return date.fromisoformat(header.created_utc[:10])
    except ValueError as error:
        raise UserError(
            f"{header.run}: its creation date is not a date ({header.created_utc}); the record is damaged"
        ) from error


def _verdict(result: GateResult) -> Passage:
    let_through = [*map(wording.trade_line, result.metrics), *map(wording.waiver_line, result.metrics)]
    finds = (wording.undecidable_line(result), wording.finds_line(result), *wording.lost_domain_lines(result))
    sentences = (f"{wording.pair_line(result)}.", *filter(None, (*finds, *let_through)), *result.notes)
    return Passage("", sentences, (_table(result),) if result.metrics else ())


def _table(result: GateResult) -> Table:
    return Table(
        caption="Each metric, worst first",
        columns=(
            Column("Metric"),
            Column("Baseline", numeric=True),
            Column("Candidate", numeric=True),
            Column("Change", numeric=True),
            Column("Margin", numeric=True),
            Column("Verdict"),
            Column("Blocking"),
            Column("Reason"),
        ),
        rows=tuple(
            (
                Cell(wording.label_with_provenance(metric)),
                Cell(wording.figure(metric, metric.baseline)),
                Cell(wording.figure(metric, metric.candidate)),
                Cell(wording.change(metric)),
                Cell(wording.margin(metric, result.policy)),
                Cell(wording.outcome(metric), _style(metric)),
                Cell("yes" if metric.blocks else "no"),
                Cell(metric.reason),
            )
            for metric in wording.worst_first(result.metrics)
        ),
        note=(
            f"{wording.bounds_line(result.policy)}. Measured: {wording.measured(result)}. Policy: "
            f"{wording.policy_line(result.policy)}."
        ),
        prose=True,
    )


def _style(metric: MetricVerdict) -> str:
    if metric.verdict in wording.PASSED:
        return "badge"
    shown = metric.verdict in {Verdict.REGRESSED, Verdict.ERROR} and wording.is_blocking(metric)
    return "badge-bad" if shown else "badge-warn"


def _bounds_passage(result: GateResult, drawn: list[MetricVerdict], bounds: Mapping[str, SequentialBounds]) -> Passage:
    return Passage(
        "Evidence over time",
        (),
        (),
        Drawing(
            figures.gate([_looks(metric, bounds[metric.metric], result.policy) for metric in drawn]),
            "Figure: change of each metric as items were asked",
            "Candidate against baseline, in the order in which items were asked. Bands: the bounds of the table, "
            "valid at every look; dashed lines: margins. A band entirely on the better side of a margin passes; one "
            "entirely on the worse side has regressed.",
        ),
        tuple(_numbers(metric, bounds[metric.metric]) for metric in drawn),
    )


def _looks(metric: MetricVerdict, over_time: SequentialBounds, policy: Policy) -> figures.Looks:
    points = wording.metric_name(metric.metric) == ACCURACY
    worse = -100 * metric.margin if points else 100 * metric.margin
    return figures.Looks(
        label=wording.label(metric.metric),
        unit="points" if points else "%",
        items=over_time.items,
        change=100 * over_time.change,
        low=100 * over_time.low,
        high=100 * over_time.high,
        margins=(worse, -worse) if wording.two_sided(metric, policy) else (worse,),
        description=f"{wording.change(metric)}, margin {wording.margin(metric, policy)}",
    )


def _numbers(metric: MetricVerdict, over_time: SequentialBounds) -> Table:
    looks = np.column_stack([over_time.change, over_time.low, over_time.high]).tolist()
    return Table(
        caption=f"{wording.label(metric.metric)} over the items, {len(looks)} looks",
        columns=(Column("Items", numeric=True), Column("Change", numeric=True)),
        rows=tuple(
            (Cell(f"{items:,}"), Cell(wording.change(replace(metric, change=change, low=low, high=high))))
            for items, (change, low, high) in zip(over_time.items.tolist(), looks, strict=True)
        ),
    )
