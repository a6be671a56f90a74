"""A table for a terminal of 100 columns: two lines per system, then what limits them."""

from __future__ import annotations

import textwrap

from reports import units, wording
from reports.compare import Comparison, SystemFigures
from reports.export.ranks import NOTE, rank_lines

_WIDTH = 100
_NAME_WIDTH = 24
_HEAD = ("system", "accuracy", "joules per correct", "p50", "p95", "CO2e/1,000")


def as_table(comparison: Comparison) -> str:
    """The comparison as plain text. Brackets hold the bounds of a 95% interval."""
    rows = [_cells(figures, comparison) for figures in comparison.systems]
    widths = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(len(_HEAD))]
    lines = [*_heading(comparison), "", _line(_HEAD, widths)]
    for figures, row in zip(comparison.systems, rows, strict=True):
        lines += [_line(row, widths), f"  {_detail(figures)}"]
    lines += ["", "[a, b]: 95% interval. joules per correct: all joules over all correct answers."]
    lines += _wrapped(wording.carbon_line(comparison))
    lines += _ranks(comparison)
    for caveat in comparison.caveats:
        lines += _wrapped(caveat.text, first="! ", rest="  ")
    return "\n".join(lines) + "\n"


def _heading(comparison: Comparison) -> list[str]:
    if comparison.ranked is None or len(comparison.ranked.runs) < 2:
        return [f"{comparison.suite}  ({comparison.run})"]
    runs = [f"  {each.run}" for each in comparison.ranked.runs]
    return [_printable(line) for line in (comparison.suite, *runs)]


def _ranks(comparison: Comparison) -> list[str]:
    lines = []
    for title, groups in rank_lines(comparison):
        lines += ["", *_wrapped(f"{title}:")]
        lines += [line for group in groups for line in _wrapped(group, first="  ", rest="    ")]
    return [*lines, "", *_wrapped(NOTE)] if lines else []


def _cells(figures: SystemFigures, comparison: Comparison) -> tuple[str, ...]:
    return (
        _clipped(_printable(figures.system)),
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
    return _printable(" · ".join([*parts, wording.energy(figures), wording.valid(figures)]))


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join([first, *rest]).rstrip()


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(_printable(text), _WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _clipped(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 3]}..."


def _printable(text: str) -> str:
    """Without control characters: a name in a record must not steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
