"""Collect the figures that a source states over requests which it does not list."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import check_name
from wattbench.records import SummaryRow
from wattbench.records.rows.field_checks import LARGEST_NUMBER
from wattbench.records.rows.summaries import FIGURES

MOST_FIGURES = 200_000
"""Of one import: more would take more memory than a table of totals is worth."""

MOST_DEPTH = 20
"""How deep figures may be nested."""

STATISTICS = {
    "mean": "mean", "avg": "mean", "average": "mean",
    "std": "standard deviation", "stddev": "standard deviation",
    "min": "minimum", "max": "maximum",
    "median": "median", "p50": "median", "50%": "median",
    "total": "total", "sum": "total",
}  # fmt: skip
"""What tools call a statistic, and what it is. A percentile is found by `statistic`."""


class Stated:
    """The figures of all systems of an import."""

    def __init__(self) -> None:
        self.rows: list[SummaryRow] = []

    def add(
        self,
        system: str,
        figure: str,
        statistic: str,
        value: Any,
        *,
        source: str,
        where: str | Path,
        scale: float = 1.0,
        unit: str = "",
        requests: int | None = None,
    ) -> None:
        """Add a figure, unless the source has none (null, NaN).

        Args:
            system: whose it is.
            figure: a name of `FIGURES`, or the source's own.
            statistic: as `SummaryRow` has it.
            value: as the source has it.
            source: the source's name of it, with its path.
            where: the file and, where it has lines, the line. The folder and the name are kept.
            scale: what the value is multiplied with, to be in the unit.
            unit: of a figure that `FIGURES` does not know.
            requests: over how many requests.

        Raises:
            UserError: it is no number, infinite or beyond any machine's, or there are too many figures.
        """
        number = _number(value, source, where)
        if number is None:
            return
        if len(self.rows) >= MOST_FIGURES:
            raise UserError(f"{where}: more than {MOST_FIGURES:,} figures; import the files separately")
        check_name(system, "system", str(where))
        known = FIGURES.get(figure)
        self.rows.append(
            SummaryRow(
                system=system,
                figure=figure,
                statistic=statistic,
                value=number * scale,
                unit=unit if known is None else known[1],
                requests=requests,
                source_name=source,
                where="/".join(str(where).split("/")[-2:]),
            )
        )


def statistic(name: str) -> str | None:
    """Return which statistic a tool's word names: ``std``, ``p99``, ``99%``; None if it names none."""
    name = name.lower()
    if name in STATISTICS:
        return STATISTICS[name]
    share = name.removeprefix("p") if name.startswith("p") else name.removesuffix("%") if name.endswith("%") else ""
    try:
        return f"p{float(share):g}" if share and 0 <= float(share) <= 100 else None
    except ValueError:
        return None


def leaves(value: Any, where: str | Path, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value of a JSON document that is no object or list, with its path. Empty objects have none.

    Raises:
        UserError: it is nested too deeply.
    """
    if len(path) > MOST_DEPTH:
        raise UserError(f"{where}: {'.'.join(path[:3])}... is nested more than {MOST_DEPTH} deep")
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from leaves(each, where, (*path, str(name)))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for position, each in enumerate(value):
            yield from leaves(each, where, (*path, str(position)))
    else:
        yield path, value


def is_figure(value: Any) -> bool:
    """Return whether a value of a JSON document is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any, source: str, where: str | Path) -> float | None:
    if value is None:
        return None
    if not is_figure(value):
        raise UserError(f"{where}: {source} is {value!r:.60}: it must be a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise UserError(f"{where}: {source} has {len(str(value)):,} digits: no figure is as large") from error
    if math.isnan(number):
        return None
    if abs(number) > LARGEST_NUMBER:
        raise UserError(
            f"{where}: {source} is {number:g}: it must be between -{LARGEST_NUMBER:g} and {LARGEST_NUMBER:g}"
        )
    return number
