"""Write a comparison for a terminal of 100 columns: a few lines per system, then the caveats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from wattbench.terminal import WIDTH, TextColumn, log_text, printable, text_table, wrapped
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.export.comparison.decision_text import NAME_WIDTH, decision_text
from wattbench_reports.formatting import units
from wattbench_reports.formatting.filled_columns import filled_columns
from wattbench_reports.metrics.arrival_rates import LoadReport
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.metrics.trace_bursts import bursts
from wattbench_reports.stats.percentiles import label
from wattbench_reports.wording import arrival_rates, estimated, impacts, input_check, machines, throughput, trace_bursts
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording.decision import DecisionWords
from wattbench_reports.wording.leaderboard import rank_lines, rank_note


def _columns(system: str, *figures: str) -> tuple[TextColumn, ...]:
    return (TextColumn(system), *(TextColumn(figure, right=True) for figure in figures))


def _filled(
    columns: Sequence[TextColumn], rows: Iterable[Sequence[str]], below: Sequence[Sequence[str]] = ()
) -> list[str]:
    """Return a table without the columns that are empty for all systems."""
    return text_table(*filled_columns(columns, rows), below=below, widest_label=NAME_WIDTH)


def as_table(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return the comparison as plain text, after the decision. Brackets are 95% confidence intervals. Under load: a
    table per rate."""
    decision = [] if decided is None else [*decision_text(decided), ""]
    decision += data_lines(comparison) if comparison.data is not None and comparison.data.notable else []
    if comparison.load is not None:
        return log_text(
            "\n".join(
                [
                    *decision,
                    *_rates(comparison, comparison.load),
                    *_impacts(comparison),
                    *_estimated(comparison),
                    *_caveats(comparison),
                ]
            )
            + "\n"
        )
    tails = () if comparison.tail_share is None else (comparison.tail_share,)
    cost = (wording.cost_heading(comparison),) if wording.has_price(comparison) else ()
    columns = _columns("system", "accuracy", *cost, "joules per correct", "p50", *map(label, tails), "CO2e/1,000")
    rows = [_cells(figures, comparison, tails) for figures in comparison.systems]
    details = [
        [
            *(f"  {line}" for line in (_detail(figures, comparison), _latency(figures, tails)) if line),
            *wrapped(throughput.detail(figures), "  ", "    "),
            *(f"  {each.label} {wording.added_cell(figures, each)}" for each in wording.added_metrics(comparison)),
        ]
        for figures in comparison.systems
    ]
    lines = [*_heading(comparison), "", *_filled(columns, rows, below=details)]
    lines += [
        "",
        *wrapped(f"{wording.intervals_line(comparison)} {_PER_CORRECT if wording.has_joules(comparison) else ''}"),
    ]
    lines += wrapped(wording.added_line(comparison))
    lines += wrapped(throughput.line(comparison))
    lines += wrapped(wording.cost_line(comparison))
    lines += wrapped(wording.another_run_line(comparison))
    lines += wrapped(machines.line(comparison))
    lines += wrapped(wording.carbon_line(comparison))
    lines += wrapped(wording.sci_line(comparison))
    lines += [
        *_impacts(comparison),
        *_year(comparison),
        *_ranks(comparison),
        *_estimated(comparison),
        *_caveats(comparison),
    ]
    return log_text("\n".join([*decision, *lines]) + "\n")


def data_lines(comparison: Comparison) -> list[str]:
    """Return the lines of the data check's table and an empty line; nothing without a data check."""
    check = comparison.data
    if check is None:
        return []
    head, rows = input_check.table(check)
    columns = [TextColumn(name, right=name in input_check.NUMERIC) for name in head]
    table = text_table(columns, rows, widest_label=NAME_WIDTH)
    if max(map(cell_len, table)) > WIDTH:
        table = [
            line
            for name, *cells in rows
            for line in wrapped(
                f"{name}: {', '.join(f'{what} {cell}' for what, cell in zip(head[1:], cells, strict=True))}", rest="  "
            )
        ]
    return [
        *wrapped(f"{input_check.TITLE}: {input_check.summary(check)}"),
        *table,
        *wrapped(input_check.meaning(check)),
        "",
    ]


_PER_CORRECT = "joules per correct: total joules / number of correct answers."


_YEAR_COLUMNS = ("energy", "bill", "CO2e energy", "manufacture", "training", "first year")


def _year(comparison: Comparison) -> list[str]:
    """Return the table of a year of requests."""
    title = wording.year_line(comparison)
    if not title:
        return []
    cost = ("all costs",) if wording.has_year_cost(comparison) else ()
    return [
        "",
        *wrapped(f"{title}:"),
        *_filled(_columns("system", *_YEAR_COLUMNS, *cost), wording.year_rows(comparison)),
    ]


def _impacts(comparison: Comparison) -> list[str]:
    """Return the table of water, abiotic depletion and primary energy, with the lines below the table."""
    texts = list(impacts.lines(comparison))
    if not texts:
        return []
    table = _filled(_columns(*impacts.head(comparison)), impacts.rows(comparison))
    return ["", f"{impacts.title(comparison)}:", *table, *(line for text in texts for line in wrapped(text))]


def _estimated(comparison: Comparison) -> list[str]:
    """Return the panel of estimates: a table, with the source of the figures below each row."""
    texts = list(estimated.lines(comparison))
    if not texts:
        return []
    rows = estimated.rows(comparison)
    table = text_table(
        _columns(*estimated.HEAD[:-1]),
        [row[:-1] for row in rows],
        below=[[f"  {printable(row[-1])}"] for row in rows],
        widest_label=NAME_WIDTH,
    )
    return [
        "",
        f"{estimated.TITLE}:",
        *(table if rows else []),
        *(line for text in texts for line in wrapped(text)),
        "",
    ]


def _caveats(comparison: Comparison) -> list[str]:
    return [line for caveat in comparison.caveats for line in wrapped(caveat.text, first="! ", rest="  ")]


_RATE_COLUMNS = _columns(
    "system", "sustained", "served/s", "on time", "p50", "p90", "TTFT p90", "J per request", "J per correct"
)


def _rates(comparison: Comparison, report: LoadReport) -> list[str]:
    """Return a table per rate: two lines per system, and why a rate is not sustained."""
    lines = _heading(comparison)
    for at in report.rates:
        rows = [
            (
                name, held, served, in_time, p50, p90, ttft,
                units.quantity(None if each.j_per_request is None else each.j_per_request.estimate, "J"),
                units.quantity(None if each.j_per_correct is None else each.j_per_correct.estimate, "J"),
            )
            for each in at.systems
            for name, held, served, in_time, p50, p90, _, ttft, *_ in [arrival_rates.cells(each)]
        ]  # fmt: skip
        details = [
            [
                *wrapped(arrival_rates.detail(each), "  ", "    "),
                *(line for why in arrival_rates.not_held(each) for line in wrapped(why, "  ", "    ")),
                *(line for why in each.lacks for line in wrapped(f"no claim beyond this minute: {why}", "  ", "    ")),
            ]
            for each in at.systems
        ]
        lines += [
            "",
            printable(arrival_rates.title(at)),
            *_filled(_RATE_COLUMNS, rows, below=details),
        ]
    return [*lines, *_bursts(report), "", *wrapped(arrival_rates.explained(report))]


def _bursts(report: LoadReport) -> list[str]:
    """Return a table that compares a trace of arrivals with Poisson arrivals; nothing without a trace."""
    lines = [line for text in trace_bursts.trace_lines(report.compared) for line in ("", *wrapped(text))]
    compared = bursts(report)
    if compared is None:
        return lines
    head, rows = trace_bursts.table(compared)
    texts = [line for text in trace_bursts.sentences(compared) for line in wrapped(text, first="- ", rest="  ")]
    return [*lines, "", trace_bursts.TITLE, *_filled(_columns(*head), rows), *texts]


def _heading(comparison: Comparison) -> list[str]:
    if comparison.ranked is None or len(comparison.ranked.runs) < 2:
        return [printable(f"{comparison.suite}  ({comparison.run})")]
    runs = [f"  {each.run}" for each in comparison.ranked.runs]
    return [printable(line) for line in (comparison.suite, *runs)]


def _ranks(comparison: Comparison) -> list[str]:
    lines = []
    for title, groups in rank_lines(comparison):
        lines += ["", *wrapped(f"{title}:")]
        lines += [line for group in groups for line in wrapped(group, first="  ", rest="    ")]
    return [*lines, "", *wrapped(rank_note(comparison))] if lines else []


def _cells(figures: SystemFigures, comparison: Comparison, tails: Sequence[float]) -> tuple[str, ...]:
    return (
        figures.system,
        wording.accuracy(figures),
        *((wording.cost_per_correct(figures, comparison),) if wording.has_price(comparison) else ()),
        wording.j_per_correct(figures),
        units.quantity(figures.latency_p50_s, "s"),
        *(units.quantity(figures.latency_s(share), "s") for share in tails),
        units.NONE if comparison.carbon is None else wording.co2(figures, comparison),
    )


def _latency(figures: SystemFigures, tails: Sequence[float]) -> str:
    """Word the percentiles of latency with their bounds, for which the columns are too narrow."""
    known = [share for share in (MEDIAN, *tails) if figures.latency_s(share) is not None]
    texts = [f"{label(share)} {wording.latency(figures, share)}" for share in known]
    return f"latency: {', '.join(texts)}" if texts else ""


def _detail(figures: SystemFigures, comparison: Comparison) -> str:
    parts = [figures.kind, units.plural(figures.items, "item")]
    if figures.output_tokens is not None:
        parts.append(f"{units.digits(figures.output_tokens)} tokens each")
    if figures.energy_j_per_request is not None:
        parts.append(f"{units.quantity(figures.energy_j_per_request, 'J')} per request")
    if figures.own_cpu_s_per_request is not None:
        parts.append(f"{wording.own_cpu(figures)} of CPU per request")
    if figures.cost_per_request is not None:
        parts.append(wording.cost_per_request(figures, comparison))
    return printable(" · ".join(dict.fromkeys([*parts, wording.energy(figures), wording.valid(figures)])))
