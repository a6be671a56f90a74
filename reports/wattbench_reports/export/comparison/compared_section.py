"""Make the sections of a comparison, as a terminal, Markdown and notebooks show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wattbench_reports.comparability.input_check import InputCheck
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.export.comparison.decision_section import decision_section
from wattbench_reports.export.comparison.leaderboard import rank_lines, rank_note
from wattbench_reports.formatting import units
from wattbench_reports.metrics.arrival_rates import AtRate, LoadFigures, LoadReport
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.metrics.trace_bursts import bursts
from wattbench_reports.presenter.html import as_html as sections_as_html
from wattbench_reports.presenter.markdown import as_markdown as sections_as_markdown
from wattbench_reports.presenter.model import (
    ALL,
    RICH,
    Column,
    Medium,
    Passage,
    Section,
    Sentence,
    Span,
    Table,
    Text,
    point,
    strong,
    text_rows,
)
from wattbench_reports.presenter.text import as_text
from wattbench_reports.sections.agents import agents_passages
from wattbench_reports.sections.dropped import dropped_passage
from wattbench_reports.sections.grid import grid_passages
from wattbench_reports.sections.judged import judged_passages
from wattbench_reports.stats.percentiles import label
from wattbench_reports.wording import (
    arrival_rates,
    estimated,
    impacts,
    input_check,
    machines,
    requests,
    throughput,
    trace_bursts,
)
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording.decision import DecisionWords

_PER_CORRECT = "Joules per correct: total joules / number of correct answers."

_NAMES = frozenset({"system", "kind", "energy", "valid", "as", "arrivals", "sustained"})
"""Columns of words; the others hold numbers."""

_YEAR_SHORT = ("energy", "bill", "CO2e energy", "manufacture", "training", "first year", "all costs")
"""Headings of a year's columns in a terminal."""


def as_table(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return a comparison as plain text for a terminal of 100 columns."""
    return as_text(compared_section(comparison, decided))


def as_markdown(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return a comparison as Markdown, in which names of the record are escaped."""
    return sections_as_markdown(compared_section(comparison, decided))


def as_html(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return a comparison as an HTML fragment for a notebook."""
    return sections_as_html(compared_section(comparison, decided))


def compared_section(comparison: Comparison, decided: DecisionWords | None = None) -> Section:
    """Make the section: the decision, a row per system, what explains the figures, and what limits them.

    Brackets are 95% confidence intervals. Under load: a table per rate.
    """
    passages = tuple(
        _passages(comparison, () if decided is None else tuple(grid_passages(decided.grids, decided.decision)))
    )
    if decided is None:
        return Section("comparison", "Comparison", comparison.suite, "", passages)
    return decision_section(decided, comparison.suite, *passages)


def data_passage(check: InputCheck) -> Passage:
    """Make the passage of the data check."""
    head, rows = input_check.table(check)
    words = {name for name in head if name not in input_check.NUMERIC}
    return Passage(
        sentences=(Text((Span(f"{input_check.TITLE}:", "strong"), Span(f" {input_check.summary(check)}"))),),
        tables=(_table(head, rows, words=words, note=input_check.meaning(check)),),
    )


def _passages(comparison: Comparison, grids: Sequence[Passage]) -> Iterator[Passage]:
    yield from grids
    yield dropped_passage(comparison.dropped)
    if comparison.data is not None and comparison.data.notable:
        yield data_passage(comparison.data)
    yield _runs_heading(comparison)
    load = comparison.load
    wide = ALL if load is None else RICH  # in a terminal, a run under load has its rates and no more
    if load is None:
        yield Passage(tables=(_in_terminal(comparison), _summary(comparison)))
    else:
        yield from map(_at_rate, load.rates)
        yield from _bursts(load)
        yield Passage(sentences=(arrival_rates.explained(load),))
    yield Passage(sentences=tuple(_explained(comparison)), media=wide)
    yield from agents_passages(comparison)
    yield from judged_passages(comparison)
    yield _impacts(comparison)
    if load is None and (title := wording.year_line(comparison)):
        yield Passage(sentences=(strong(f"{title}:"),), tables=(_year(comparison),))
    if comparison.machines is not None:
        rows = machines.rows(comparison.machines)
        words = set(machines.HEADINGS).difference(machines.NUMERIC)
        yield Passage(tables=(_table(machines.HEADINGS, rows, words=words, note=machines.RELATIVE),), media=RICH)
    ranks = dict(rank_lines(comparison))
    for title, groups in ranks.items():
        yield Passage(sentences=(strong(f"{title}:"),), points=groups, media=wide)
    yield Passage(sentences=(rank_note(comparison),) if ranks else (), media=wide)
    if comparison.requests:
        lines = tuple(requests.lines(comparison.requests))
        yield Passage(sentences=(strong(f"{requests.TITLE}:"),), points=lines, media=wide)
    yield _estimated(comparison)
    yield Passage(sentences=(_runs(comparison),))
    yield Passage(points=tuple(point(caveat.text, "! ") for caveat in comparison.caveats))


def _runs_heading(comparison: Comparison) -> Passage:
    if comparison.ranked is None or len(comparison.ranked.runs) < 2:
        return Passage(sentences=(f"{comparison.suite} ({comparison.run})",), media=Medium.TEXT)
    runs = tuple(point(each.run, "  ") for each in comparison.ranked.runs)
    return Passage(sentences=(comparison.suite, *runs), media=Medium.TEXT)


def _runs(comparison: Comparison) -> Text:
    runs = [comparison.run] if comparison.ranked is None else [each.run for each in comparison.ranked.runs]
    between = [*(", " for _ in runs[2:]), *(" and " for _ in runs[1:2]), "."]
    spans = [span for run, after in zip(runs, between, strict=True) for span in (Span(run, "code"), Span(after))]
    return Text((Span("Run " if len(runs) == 1 else "Runs "), *spans), media=Medium.MARKDOWN)


def _explained(comparison: Comparison) -> Iterator[Sentence]:
    """Yield the sentences that explain the figures of the table; some may be empty."""
    yield wording.intervals_line(comparison)
    yield Text((Span(_PER_CORRECT),), media=Medium.TEXT) if wording.has_joules(comparison) else ""
    yield wording.added_line(comparison)
    yield throughput.line(comparison) if comparison.load is None else ""  # under load each rate has its own
    yield wording.cost_line(comparison)
    yield wording.another_run_line(comparison)
    yield machines.line(comparison)
    yield wording.carbon_line(comparison)
    yield wording.sci_line(comparison)


def _table(
    head: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    words: Iterable[str] = _NAMES,
    below: Iterable[str] = (),
    media: Medium = ALL,
    note: str = "",
) -> Table:
    columns = tuple(Column(name, numeric=name not in words and name not in below, below=name in below) for name in head)
    return Table("", columns, text_rows(rows), note, media=media)


def _in_terminal(comparison: Comparison) -> Table:
    """Make the table that fits into a terminal: what has no room is below each row."""
    tails = _tails(comparison)
    cost = (wording.cost_heading(comparison),) if wording.has_price(comparison) else ()
    more = ("about", "latency", "added", "throughput")
    return _table(
        ("system", "accuracy", *cost, "joules per correct", "p50", *map(label, tails), "CO2e/1,000", *more),
        [
            (
                each.system,
                wording.accuracy(each),
                *((wording.cost_per_correct(each, comparison),) if cost else ()),
                wording.j_per_correct(each),
                *(units.quantity(each.latency_s(share), "s") for share in (MEDIAN, *tails)),
                units.NONE if comparison.carbon is None else wording.co2(each, comparison),
                _about(each, comparison),
                _latency(each, tails),
                _added(each, comparison),
                throughput.detail(each),
            )
            for each in comparison.systems
        ],
        below=more,
        media=Medium.TEXT,
    )


def _tails(comparison: Comparison) -> tuple[float, ...]:
    return () if comparison.tail_share is None else (comparison.tail_share,)


def _latency(figures: SystemFigures, tails: Sequence[float]) -> str:
    """Word the percentiles of latency with their bounds, for which the columns are too narrow."""
    known = [share for share in (MEDIAN, *tails) if figures.latency_s(share) is not None]
    texts = [f"{label(share)} {wording.latency(figures, share)}" for share in known]
    return f"latency: {', '.join(texts)}" if texts else ""


def _added(figures: SystemFigures, comparison: Comparison) -> str:
    metrics = wording.added_metrics(comparison)
    return " · ".join(f"{each.label} {wording.added_cell(figures, each)}" for each in metrics)


def _about(figures: SystemFigures, comparison: Comparison) -> str:
    parts = [figures.kind, units.plural(figures.items, "item")]
    if figures.output_tokens is not None:
        parts.append(f"{units.digits(figures.output_tokens)} tokens each")
    if figures.energy_j_per_request is not None:
        parts.append(f"{units.quantity(figures.energy_j_per_request, 'J')} per request")
    if figures.own_cpu_s_per_request is not None:
        parts.append(f"{wording.own_cpu(figures)} of CPU per request")
    if figures.cost_per_request is not None:
        parts.append(wording.cost_per_request(figures, comparison))
    return " · ".join(dict.fromkeys([*parts, wording.energy(figures), wording.valid(figures)]))


def _summary(comparison: Comparison) -> Table:
    """Make the table of all columns, for media that are wide enough."""
    tails, served = _tails(comparison), throughput.columns(comparison)
    costs = ("cost per request", wording.cost_heading(comparison)) if wording.has_cost(comparison) else ()
    cpu = ("CPU per request",) if wording.has_own_cpu(comparison) else ()
    added = wording.added_metrics(comparison)
    head = (
        "system", "kind", "items", "accuracy", "p50", *map(label, tails), *served, "tokens", "J per request",
        "J per correct answer", "CO2e per 1,000 requests", "energy", "valid", *cpu, *costs,
        *(metric.label for metric in added),
    )  # fmt: skip
    rows = [
        (
            each.system,
            each.kind,
            units.count(each.items),
            wording.accuracy(each),
            *(wording.latency(each, share) for share in (MEDIAN, *tails)),
            *throughput.cells(each, served),
            units.NONE if each.output_tokens is None else units.digits(each.output_tokens),
            units.quantity(each.energy_j_per_request, "J"),
            wording.j_per_correct(each),
            wording.co2(each, comparison),
            wording.energy(each),
            wording.valid(each),
            *((wording.own_cpu(each),) if cpu else ()),
            *(cost(each, comparison) for cost in (wording.cost_per_request, wording.cost_per_correct) if costs),
            *(wording.added_cell(each, metric) for metric in added),
        )
        for each in comparison.systems
    ]
    return _table(head, rows, media=RICH)


def _at_rate(at: AtRate) -> Passage:
    """Make the passage of a rate, with the reasons for which it is not sustained."""
    head = ("system", "sustained", "served/s", "on time", "p50", "p90", "TTFT p90", "J per request", "J per correct")
    more = ("about", "not held", "no claim")
    narrow = _table((*head, *more), map(_rate_row, at.systems), words=head[:1], below=more, media=Medium.TEXT)
    wide = _table(*arrival_rates.table(at), media=RICH)
    reasons = tuple(Text((Span(text),), media=RICH) for text in arrival_rates.lacking(at))
    return Passage(arrival_rates.heading(at), tables=(narrow, wide), points=reasons)


def _rate_row(each: LoadFigures) -> tuple[str, ...]:
    name, held, served, in_time, p50, p90, _, ttft, *_ = arrival_rates.cells(each)
    joules = (None if interval is None else interval.estimate for interval in (each.j_per_request, each.j_per_correct))
    lacks = [f"no claim beyond this minute: {why}" for why in each.lacks]
    reasons = (arrival_rates.detail(each), "; ".join(arrival_rates.not_held(each)), "; ".join(lacks))
    return (name, held, served, in_time, p50, p90, ttft, *(units.quantity(value, "J") for value in joules), *reasons)


def _bursts(report: LoadReport) -> Iterator[Passage]:
    """Yield what compares a trace of arrivals with Poisson arrivals; nothing without a trace."""
    yield from (Passage(sentences=(text,)) for text in trace_bursts.trace_lines(report.compared))
    if (compared := bursts(report)) is not None:
        table = _table(*trace_bursts.table(compared))
        yield Passage(trace_bursts.TITLE, tables=(table,), points=tuple(trace_bursts.sentences(compared)))


def _impacts(comparison: Comparison) -> Passage:
    """Make the passage of water, abiotic depletion and primary energy; empty where they are not stated."""
    texts = tuple(impacts.lines(comparison))
    if not texts:
        return Passage()
    table = _table(impacts.head(comparison), impacts.rows(comparison))
    return Passage(sentences=(strong(f"{impacts.title(comparison)}:"),), tables=(table,), points=texts)


def _year(comparison: Comparison) -> Table:
    columns = (
        Column(name, numeric=True, short=short)
        for name, short in zip(wording.year_headings(comparison), _YEAR_SHORT, strict=False)
    )
    rows = text_rows(wording.year_rows(comparison))
    return Table("", (Column("system"), *columns), rows)


def _estimated(comparison: Comparison) -> Passage:
    """Make the passage of estimates, in a terminal with the source of the figures below each row."""
    texts = tuple(estimated.lines(comparison))
    if not texts:
        return Passage()
    table = _table(estimated.HEAD, estimated.rows(comparison), below=estimated.HEAD[-1:])
    return Passage(sentences=(strong(f"{estimated.TITLE}:"),), tables=(table,), points=texts)
