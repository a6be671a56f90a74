"""The verdict of a gate on the page of its run: the decision, its reasons and the evidence over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from wattbench.errors import UserError
from wattbench.records import RunHeader
from wattbench_reports import figures
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.gate.decision.judge import SequentialBounds, judge, sequential_bounds
from wattbench_reports.gate.evidence.flips import flips_in_turns
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.gate.policy import Policy, policy_of
from wattbench_reports.gate.result import FlippedAnswer, FlippedItem, FlippedItems, GateResult, MetricVerdict, Verdict
from wattbench_reports.metrics.registry import ACCURACY
from wattbench_reports.presenter.model import (
    RICH,
    Cell,
    Column,
    Example,
    Examples,
    Figure,
    Medium,
    Passage,
    Section,
    ShownAnswer,
    Span,
    Table,
    Text,
    energy_badge,
    point,
    quote,
    strong,
)
from wattbench_reports.wording import flips as words
from wattbench_reports.wording import gate as wording


def gate_section(measured: Measured, result: GateResult | None = None) -> Section | None:
    """Make the section of a gate; None for a run that is no gate.

    Args:
        measured: of the gate's run, or of the candidate's where two runs were judged.
        result: of the gate. None: the run is judged by its recorded policy, as of the day of the run.
    """
    run = measured.frames.run
    record = measured.frames.record
    if record.gate is None:
        return None if result is None else section_of(result, {})
    policy = policy_of(record.gate.policy) if result is None else result.policy
    evidence = evidence_in_turns(run, policy)
    if result is None:
        judged = judge(
            evidence,
            policy,
            suite=record.suite.name,
            runs=(run.header.run,),
            planted=record.gate.planted,
            today=_day(run.header),
        )
        result = replace(judged, flips=flips_in_turns(run))
    return section_of(result, sequential_bounds(evidence, policy))


def section_of(result: GateResult, bounds: Mapping[str, SequentialBounds]) -> Section:
    """Make the section of a verdict on the page: the metrics, the items that flipped, reasons, and the evidence.

    Args:
        result: of the judge.
        bounds: each metric's evidence over time; one without is not plotted.
    """
    drill = "" if result.planted is None else f"{wording.drill_line(result.planted)} "
    drawn = [each for each in result.metrics if each.metric in bounds and len(bounds[each.metric].items)]
    title = f"Gate: {wording.verdict_name(result.verdict)}"
    verdict = Passage(sentences=(wording.undecidable_line(result),), tables=(_table(result),))
    passages = [verdict, *_passages(result), *([_evidence(result, drawn, bounds)] if drawn else [])]
    return Section("gate", "Gate", title, f"{drill}{result.headline}", tuple(passages))


def gate_words(result: GateResult, command: str = "gate") -> tuple[Section, ...]:
    """Say a verdict in short, as a terminal and a comment show it, with the first of the items that flipped.

    Before the headline is only that the gate is a drill, or can never pass.

    Args:
        result: of a gate, or of a command that failed before it had a verdict.
        command: as it is in the title: ``gate`` or ``nightly``.
    """
    name = wording.verdict_name(result.verdict)
    warning = f"WARNING: {wording.undecidable_line(result)}" if result.undecidable else ""
    verdict = (
        strong(warning),
        Text((Span(f"{name.upper()}: {result.headline}"),), media=Medium.TEXT),
        Text((Span(result.headline),), media=RICH),
    )
    flips = result.flips
    if flips is not None:
        result = replace(result, flips=replace(flips, shown=tuple(words.first_of_each(flips, _LOST, _WON))))
    metrics = Passage(tables=(replace(_table(result), caption=""),))
    passages = (Passage(sentences=verdict), metrics, *(replace(each, examples=()) for each in _passages(result)))
    shown = Section("gate", "Gate", f"wattbench {command}: {name}", "", passages)
    if result.planted is None:
        return (shown,)
    return Section("drill", "Drill", "", strong(wording.drill_line(result.planted)), ()), shown


_LOST, _WON = 5, 3
"""Flipped items that are listed in a terminal and a comment; the page has more."""


def _passages(result: GateResult) -> Iterator[Passage]:
    yield from _flips(result)
    reasons = list(_reasons(result))
    seen = [point for point, blocks in reasons if blocks][:_UNFOLDED]
    yield Passage(points=tuple(seen))
    let_through = (*map(wording.trade_line, result.metrics), *map(wording.waiver_line, result.metrics))
    notes = (*wording.lost_domain_lines(result), *let_through, *result.notes)
    yield Passage(points=tuple(point(each, "! ") for each in notes if each))
    others = [point for point, _ in reasons[len(seen) :]]
    yield Passage("Reasons by metric", points=(*others, wording.passes_line(result)), closed=True)
    basis = (
        f"{wording.pair_line(result)}.",
        f"Measured: {wording.measured(result)}.",
        f"Policy: {wording.policy_line(result.policy)}.",
        wording.finds_line(result),
    )
    yield Passage("Data and policy", basis, closed=True)


_UNFOLDED = 5
"""The number of reasons of blocking metrics that are seen without a click."""


def _reasons(result: GateResult) -> Iterator[tuple[Text, bool]]:
    """Yield each reason with its metrics, worst first, and whether it blocks: several may share one, such as another
    machine."""
    shared: dict[tuple[str, str, bool], list[str]] = {}
    for metric in wording.with_reason_shown(result):
        key = (wording.outcome(metric), metric.reason, wording.is_blocking(metric))
        shared.setdefault(key, []).append(wording.label(metric.metric))
    for (outcome, reason, blocks), labels in shared.items():
        yield Text((Span(units.listed(labels), "strong"), Span(f" ({outcome}): {reason}")), "- "), blocks


def _day(header: RunHeader) -> date:
    """Return the day of the run, by which waivers are checked, so that a later page says the same."""
    try:
        return date.fromisoformat(header.created_utc[:10])
    except ValueError as error:
        raise UserError(
            f"{header.run}: its creation date is not a date ({header.created_utc}); the record is damaged"
        ) from error


def _table(result: GateResult) -> Table:
    return Table(
        caption="Each metric, worst first",
        columns=(
            Column("Metric", short="metric"),
            Column("Baseline", numeric=True, short="baseline"),
            Column("Candidate", numeric=True, short="candidate"),
            Column("Change", short="change"),
            Column("Fails beyond", short="fails beyond"),
            Column("Verdict", short="verdict", kept=True),
        ),
        rows=tuple(
            (
                _name(metric),
                Cell(wording.figure(metric, metric.baseline)),
                Cell(wording.figure(metric, metric.candidate)),
                Cell(wording.change(metric)),
                Cell(wording.margin(metric, result.policy)),
                Cell(wording.outcome(metric), _style(metric)),
            )
            for metric in wording.worst_first(result.metrics)
        ),
        note=f"{wording.bounds_line(result.policy)}.",
    )


def _style(metric: MetricVerdict) -> str:
    if metric.verdict in wording.PASSED:
        return "badge"
    shown = metric.verdict in {Verdict.REGRESSED, Verdict.ERROR} and wording.is_blocking(metric)
    return "badge-bad" if shown else "badge-warn"


def _name(metric: MetricVerdict) -> Cell:
    """Name a metric, with the provenance of its joules, and whether it blocks nothing."""
    joules = wording.joules_line(metric)
    marked = energy_badge(metric.provenance).style if joules and not metric.validity else "badge-warn"
    detail = ", ".join(filter(None, (joules, "" if metric.blocks else "not blocking")))
    return Cell(wording.label(metric.metric), detail=detail, detail_style=marked if joules else "")


def _flips(result: GateResult) -> tuple[Passage, ...]:
    """Show the items that one of the two systems answers correctly and the other does not, lost ones first."""
    flips = result.flips
    if flips is None:
        return ()
    kinds = [
        (_count(flips, shown, lost=lost), shown)
        for lost in (True, False)
        if (shown := [each for each in flips.shown if each.lost is lost])
    ]
    return (
        Passage(
            words.TITLE,
            tuple(filter(None, (words.counts_line(flips), words.unrecorded_line(flips.shown)))),
            tuple(_flipped_table(result, count, shown) for count, shown in kinds),
            examples=tuple(
                Examples(f"{count}, at length", tuple(_example(result, each) for each in shown))
                for count, shown in kinds
                if any(each.prompts or each.baseline.output or each.candidate.output for each in shown)
            ),
        ),
    )


def _count(flips: FlippedItems, shown: Sequence[FlippedItem], *, lost: bool) -> str:
    count = flips.lost if lost else flips.won
    items = f"{'lost' if lost else 'won'} item{'' if count == 1 else 's'}"
    return f"{len(shown):,} of {count:,} {items}" if len(shown) < count else f"{count:,} {items}"


def _flipped_table(result: GateResult, count: str, shown: Sequence[FlippedItem]) -> Table:
    right = result.baseline if shown[0].lost else result.candidate
    return Table(
        caption=f"{count}: only {right} is right",
        columns=(
            Column("Item", short="item", widest=26),
            Column(result.baseline, widest=24),
            Column(result.candidate, widest=24),
            Column("Key", short="key", widest=14),
        ),
        rows=tuple(
            (
                Cell(words.item(each), detail=words.prompt(each) if each.prompts else ""),
                Cell(words.answer(each.baseline)),
                Cell(words.answer(each.candidate)),
                Cell(words.key(each)),
            )
            for each in shown
        ),
        prose=True,
    )


def _example(result: GateResult, flipped: FlippedItem) -> Example:
    names = (
        ("Prompt",) if len(flipped.prompts) == 1 else (f"Prompt of {result.baseline}", f"Prompt of {result.candidate}")
    )
    quotes = [quote(name, prompt, "last") for name, prompt in zip(names, flipped.prompts, strict=False)]
    if flipped.key is not None:
        quotes.append(quote("Key", flipped.key, "first"))
    return Example(
        title=f"{flipped.task}, document {flipped.doc_id}",
        quotes=tuple(quotes),
        sides=(
            _side(result.baseline, flipped.baseline, right=flipped.lost),
            _side(result.candidate, flipped.candidate, right=not flipped.lost),
        ),
    )


def _side(system: str, given: FlippedAnswer, *, right: bool) -> ShownAnswer:
    quotes = (("Extracted answer, which was compared", given.filtered), ("Output", given.output))
    return ShownAnswer(
        heading=Cell(system),
        verdict="right" if right else "wrong",
        style="badge" if right else "badge-bad",
        facts=f"The request failed: {given.failure}" if given.failure else "",
        quotes=tuple(quote(label, text, "first") for label, text in quotes if text is not None),
    )


def _evidence(result: GateResult, drawn: list[MetricVerdict], bounds: Mapping[str, SequentialBounds]) -> Passage:
    return Passage(
        "Evidence",
        figure=_drawing(result, drawn, bounds),
        folded=tuple(_numbers(metric, bounds[metric.metric]) for metric in drawn),
    )


def _drawing(result: GateResult, drawn: list[MetricVerdict], bounds: Mapping[str, SequentialBounds]) -> Figure:
    return Figure(
        figures.gate([_looks(metric, bounds[metric.metric], result.policy) for metric in drawn]),
        "Figure: change of each metric as items were asked",
        "Candidate against baseline, in the order in which items were asked. Bands: the bounds of the table, valid at "
        "every look; dashed lines: margins. A band entirely beyond its margin has regressed; one entirely on the "
        "better side of it passes.",
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
