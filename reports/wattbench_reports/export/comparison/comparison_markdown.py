"""Write a comparison as Markdown for a pull request or a page of documentation."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.terminal import TextColumn
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.formatting.filled_columns import filled_columns
from wattbench_reports.formatting.markdown import escaped, in_code, markdown_table
from wattbench_reports.metrics.arrival_rates import LoadReport
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.metrics.trace_bursts import bursts
from wattbench_reports.stats.percentiles import label
from wattbench_reports.wording import arrival_rates, estimated, impacts, input_check, machines, throughput, trace_bursts
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording.decision import DecisionWords
from wattbench_reports.wording.leaderboard import rank_lines, rank_note

LEFT_ALIGNED = frozenset(
    {
        "system",
        "kind",
        "energy",
        "valid",
        "held",
        "as",
        "arrivals",
        "sustained",
        *set(machines.HEADINGS).difference(machines.NUMERIC),
        *set(input_check.HEADINGS).difference(input_check.NUMERIC),
    }
)


def as_markdown(comparison: Comparison, decided: DecisionWords | None = None) -> str:
    """Return a heading, the decision, a table row per system, and the caveats as a list. Names from the record are
    escaped."""
    lines = [f"### {escaped(comparison.suite)}"]
    if decided is not None:
        lines += ["", *_decision(decided)]
    lines += _data(comparison)
    if comparison.load is not None:
        for at in comparison.load.rates:
            lines += ["", f"#### {escaped(arrival_rates.heading(at))}", ""]
            lines += _table(*arrival_rates.table(at))
            reasons = arrival_rates.lacking(at)
            lines += ["", *(f"- {escaped(reason)}" for reason in reasons)] if reasons else []
        lines += _bursts(comparison.load)
        lines += ["", escaped(arrival_rates.explained(comparison.load))]
    else:
        lines += ["", *_table(*summary_table(comparison))]
    lines += ["", escaped(f"{wording.intervals_line(comparison)} {wording.carbon_line(comparison)}".rstrip())]
    for text in _explained(comparison):
        lines += ["", escaped(text)] if text else []
    lines += _impacts(comparison)
    if (title := wording.year_line(comparison)) and comparison.load is None:
        lines += [
            "",
            f"**{escaped(title)}**",
            "",
            *_table(("system", *wording.year_headings(comparison)), wording.year_rows(comparison)),
        ]
    lines += _machines(comparison)
    ranks = list(rank_lines(comparison))
    for title, groups in ranks:
        lines += ["", f"**{title}**", "", *(f"- {escaped(group)}" for group in groups)]
    if ranks:
        lines += ["", escaped(rank_note(comparison))]
    if texts := list(estimated.lines(comparison)):
        of_services = estimated.rows(comparison)
        lines += ["", f"**{estimated.TITLE}**"]
        lines += ["", *_table(estimated.HEAD, of_services)] if of_services else []
        lines += ["", *(f"- {escaped(text)}" for text in texts)]
    runs = [comparison.run] if comparison.ranked is None else [each.run for each in comparison.ranked.runs]
    code = [in_code(run) for run in runs]
    lines += ["", f"{'Run' if len(code) == 1 else 'Runs'} {units.listed(code)}."]
    if comparison.caveats:
        lines += ["", *(f"- {escaped(caveat.text)}" for caveat in comparison.caveats)]
    return "\n".join(lines) + "\n"


def _decision(words: DecisionWords) -> list[str]:
    """Return the decision as lines of Markdown; every text of a record shows as itself."""
    columns = [TextColumn(column.heading, right=column.number) for column in words.columns]
    rows = [[escaped(cell) for cell in row] for row in words.rows]
    table = ["", *markdown_table(columns, rows)] if len(columns) > 1 else []
    lines = [f"**{escaped(words.advice)}**", *table]
    return [*lines, "", *(f"- {escaped(sentence)}" for sentence in words.evidence)] if words.evidence else lines


def _data(comparison: Comparison) -> list[str]:
    """Return the data check as lines of Markdown, with its table; empty unless it is notable."""
    check = comparison.data
    if check is None or not check.notable:
        return []
    summary = escaped(f"{input_check.summary(check)} {input_check.meaning(check)}".rstrip())
    return ["", f"**{input_check.TITLE}.** {summary}", "", *_table(*input_check.table(check))]


def _bursts(report: LoadReport) -> list[str]:
    lines = [line for text in trace_bursts.trace_lines(report.compared) for line in ("", escaped(text))]
    compared = bursts(report)
    if compared is None:
        return lines
    texts = [f"- {escaped(text)}" for text in trace_bursts.sentences(compared)]
    return [*lines, "", f"#### {trace_bursts.TITLE}", "", *_table(*trace_bursts.table(compared)), "", *texts]


def _explained(comparison: Comparison) -> tuple[str, ...]:
    """Return the lines that explain the figures of the table; some may be empty."""
    served = throughput.line(comparison) if comparison.load is None else ""  # under load each rate has its own
    return (
        wording.added_line(comparison),
        served,
        wording.cost_line(comparison),
        wording.another_run_line(comparison),
        wording.sci_line(comparison),
    )


def _impacts(comparison: Comparison) -> list[str]:
    """Return the table of water, abiotic depletion and primary energy; empty where they are not stated."""
    texts = [f"- {escaped(text)}" for text in impacts.lines(comparison)]
    if not texts:
        return []
    table = _table(impacts.head(comparison), impacts.rows(comparison))
    return ["", f"**{impacts.title(comparison)}**", "", *table, "", *texts]


def _machines(comparison: Comparison) -> list[str]:
    """Return the table of machines; empty for a run of one machine."""
    if comparison.machines is None:
        return []
    return [
        "",
        f"**Machines.** {escaped(machines.line(comparison))} {machines.RELATIVE}",
        "",
        *_table(machines.HEADINGS, machines.rows(comparison.machines)),
    ]


def summary_table(comparison: Comparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heading and one row of texts per system, unescaped: what Markdown and HTML show."""
    tails = () if comparison.tail_share is None else (comparison.tail_share,)
    served = throughput.columns(comparison)
    head: tuple[str, ...] = (
        "system", "kind", "items", "accuracy", "p50", *map(label, tails), *served, "tokens", "J per request",
        "J per correct answer", "CO2e per 1,000 requests", "energy", "valid",
    )  # fmt: skip
    rows = [_cells(figures, comparison, tails, served) for figures in comparison.systems]
    if wording.has_own_cpu(comparison):
        head = (*head, "CPU per request")
        rows = [(*row, wording.own_cpu(each)) for row, each in zip(rows, comparison.systems, strict=True)]
    for metric in wording.added_metrics(comparison):
        head = (*head, metric.label)
        rows = [(*row, wording.added_cell(each, metric)) for row, each in zip(rows, comparison.systems, strict=True)]
    if not wording.has_cost(comparison):
        return head, rows
    costs = [
        (*row, wording.cost_per_request(each, comparison), wording.cost_per_correct(each, comparison))
        for row, each in zip(rows, comparison.systems, strict=True)
    ]
    return (*head, "cost per request", wording.cost_heading(comparison)), costs


def _cells(
    figures: SystemFigures, comparison: Comparison, tails: Sequence[float], served: tuple[str, ...]
) -> tuple[str, ...]:
    return (
        figures.system,
        figures.kind,
        units.count(figures.items),
        wording.accuracy(figures),
        wording.latency(figures, MEDIAN),
        *(wording.latency(figures, share) for share in tails),
        *throughput.cells(figures, served),
        units.NONE if figures.output_tokens is None else units.digits(figures.output_tokens),
        units.quantity(figures.energy_j_per_request, "J"),
        wording.j_per_correct(figures),
        wording.co2(figures, comparison),
        wording.energy(figures),
        wording.valid(figures),
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    head, rows = filled_columns(head, rows)
    columns = [TextColumn(name, right=name not in LEFT_ALIGNED) for name in head]
    return markdown_table(columns, [[escaped(cell) for cell in row] for row in rows])
