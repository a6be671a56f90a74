"""A table for a terminal of 100 columns: two lines per system, then what limits them."""

from __future__ import annotations

from wattbench_reports.comparison.analysis import Comparison, SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.formatting.terminal import printable, wrapped
from wattbench_reports.metrics.arrival_rates import LoadReport
from wattbench_reports.wording import arrival_rates
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording.leaderboard import NOTE, rank_lines

_NAME_WIDTH = 24
_HEAD = ("system", "accuracy", "joules per correct", "p50", "p95", "CO2e/1,000")


def as_table(comparison: Comparison) -> str:
    """The comparison as plain text. Brackets hold the bounds of a 95% interval. Under load: one table per rate."""
    if comparison.load is not None:
        return "\n".join([*_rates(comparison, comparison.load), *_caveats(comparison)]) + "\n"
    rows = [_cells(figures, comparison) for figures in comparison.systems]
    widths = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(len(_HEAD))]
    lines = [*_heading(comparison), "", _line(_HEAD, widths)]
    for figures, row in zip(comparison.systems, rows, strict=True):
        lines += [_line(row, widths), f"  {_detail(figures)}"]
    lines += ["", "[a, b]: 95% interval. joules per correct: all joules over all correct answers."]
    lines += wrapped(wording.carbon_line(comparison))
    lines += wrapped(wording.sci_line(comparison))
    return "\n".join([*lines, *_year(comparison), *_ranks(comparison), *_caveats(comparison)]) + "\n"


_YEAR_HEAD = ("system", "energy", "bill", "CO2e energy", "manufacture", "training", "first year")


def _year(comparison: Comparison) -> list[str]:
    """What a year of requests takes."""
    said = wording.year_line(comparison)
    if not said:
        return []
    rows = [(_clipped(printable(name)), *figures) for name, *figures in wording.year_rows(comparison)]
    widths = [max(len(row[column]) for row in [_YEAR_HEAD, *rows]) for column in range(len(_YEAR_HEAD))]
    return ["", *wrapped(f"{said}:"), _line(_YEAR_HEAD, widths), *(_line(row, widths) for row in rows)]


def _caveats(comparison: Comparison) -> list[str]:
    return [line for caveat in comparison.caveats for line in wrapped(caveat.text, first="! ", rest="  ")]


_RATE_HEAD = ("system", "", "served/s", "in time", "p50", "p90", "TTFT p90", "J per request", "J per correct")


def _rates(comparison: Comparison, report: LoadReport) -> list[str]:
    """Each rate's table: two lines per system, and why it is not held where it is not."""
    lines = [f"{comparison.suite}  ({comparison.run})"]
    for at in report.rates:
        rows = [
            (
                _clipped(printable(name)), held, served, in_time, p50, p90, ttft,
                units.quantity(None if each.j_per_request is None else each.j_per_request.estimate, "J"),
                units.quantity(None if each.j_per_correct is None else each.j_per_correct.estimate, "J"),
            )
            for each in at.systems
            for name, held, served, in_time, p50, p90, _, ttft, *_ in [arrival_rates.cells(each)]
        ]  # fmt: skip
        widths = [max(len(row[column]) for row in [_RATE_HEAD, *rows]) for column in range(len(_RATE_HEAD))]
        lines += ["", arrival_rates.title(at), _line(_RATE_HEAD, widths)]
        for each, row in zip(at.systems, rows, strict=True):
            lines += [_line(row, widths), *wrapped(arrival_rates.detail(each), "  ", "    ")]
            lines += [line for why in each.reasons for line in wrapped(f"not held: {why}", "  ", "    ")]
    return [*lines, "", *wrapped(arrival_rates.explained(report))]


def _heading(comparison: Comparison) -> list[str]:
    if comparison.ranked is None or len(comparison.ranked.runs) < 2:
        return [f"{comparison.suite}  ({comparison.run})"]
    runs = [f"  {each.run}" for each in comparison.ranked.runs]
    return [printable(line) for line in (comparison.suite, *runs)]


def _ranks(comparison: Comparison) -> list[str]:
    lines = []
    for title, groups in rank_lines(comparison):
        lines += ["", *wrapped(f"{title}:")]
        lines += [line for group in groups for line in wrapped(group, first="  ", rest="    ")]
    return [*lines, "", *wrapped(NOTE)] if lines else []


def _cells(figures: SystemFigures, comparison: Comparison) -> tuple[str, ...]:
    return (
        _clipped(printable(figures.system)),
        wording.accuracy(figures),
        wording.j_per_correct(figures),
        units.quantity(figures.latency_p50_s, "s"),
        units.quantity(figures.latency_p95_s, "s"),
        units.NONE if comparison.carbon is None else wording.co2(figures, comparison),
    )


def _detail(figures: SystemFigures) -> str:
    parts = [figures.kind, units.plural(figures.items, "item")]
    if figures.output_tokens is not None:
        parts.append(f"{units.digits(figures.output_tokens)} tokens each")
    if figures.energy_j_per_request is not None:
        parts.append(f"{units.quantity(figures.energy_j_per_request, 'J')} per request")
    if figures.cost_per_request is not None:
        parts.append(f"cost {wording.cost(figures)} per request")
    return printable(" · ".join(dict.fromkeys([*parts, wording.energy(figures), wording.valid(figures)])))


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join([first, *rest]).rstrip()


def _clipped(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 3]}..."
