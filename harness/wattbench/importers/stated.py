"""Collect the totals that a source states, by a map of their names."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import check_name
from wattbench.records import SummaryRow
from wattbench.records.rows.schema import LARGEST_NUMBER
from wattbench.records.rows.summaries import FIGURES

MOST_FIGURES = 200_000
"""Of one import: more would take more memory than a table of totals is worth."""

MOST_DEPTH = 20
"""How deep figures may be nested."""

STATISTICS = {
    "mean": "mean", "avg": "mean", "average": "mean",
    "std": "standard deviation", "stddev": "standard deviation", "std_dev": "standard deviation",
    "min": "minimum", "max": "maximum",
    "median": "median", "p50": "median", "50%": "median",
    "total": "total", "sum": "total", "total_sum": "total",
}  # fmt: skip
"""What tools call a statistic, and what it is. A percentile is found by `statistic`."""


@dataclass(frozen=True)
class Total:
    """The name, statistic and scale that wattbench gives to a figure of a source."""

    figure: str
    """A name of `FIGURES`, or the source's own."""
    statistic: str = "total"
    """Of a name with ``*``, the statistic is what is there."""
    scale: float = 1.0
    """What the value is multiplied with, to be in the unit of the figure."""


@dataclass(frozen=True)
class Totals:
    """How a format names its totals. A figure that no name fits keeps its name."""

    names: Mapping[str, Total]
    """Dotted path to what it is. ``*`` is in the place of a statistic (``mean``, ``p99``), ``#`` of a percentile
    (``99.0``)."""
    units: Mapping[str, str] = field(default_factory=dict)
    """The end of another name to its unit."""
    settings: Collection[str] = ()
    """Paths, or their first parts, that are no figures."""
    others: str = "total"
    """The statistic of a figure that names none."""
    zeros: Collection[str] | None = None
    """The figures that may be 0: 0 of all others means that nothing was measured. None: all may."""

    def named(self, route: tuple[str, ...]) -> Total:
        """Return the name, statistic and scale of the figure at a path."""
        path = ".".join(route)
        if path in self.names:
            return self.names[path]
        for pattern, prefix, total in self._patterns:
            matched = pattern.fullmatch(path)
            which = statistic(prefix + matched[1]) if matched else None
            if which is not None:
                return Total(total.figure, which, total.scale)
        which = statistic(route[-1]) if len(route) > 1 else None
        return Total(".".join(route[:-1] if which else route), which or self.others)

    def unit(self, figure: str) -> str:
        """Return the unit of a figure that keeps its name; empty if not known."""
        return next((unit for end, unit in self.units.items() if figure.endswith(end)), "")

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str, Total]]:
        return [
            (re.compile(re.escape(name).replace(rf"\{mark}", "(.+)")), prefix, total)
            for name, total in self.names.items()
            for mark, prefix in (("*", ""), ("#", "p"))
            if mark in name
        ]


class Stated:
    """The figures of all systems of an import."""

    def __init__(self) -> None:
        self.rows: list[SummaryRow] = []

    def add(
        self,
        system: str,
        total: Total,
        value: Any,
        *,
        source: str,
        where: str | Path,
        unit: str = "",
        requests: Any = None,
    ) -> None:
        """Add a figure, unless the source has none (null, NaN).

        Args:
            system: whose it is.
            total: what it is.
            value: as the source has it.
            source: the source's name of it, with its path.
            where: the file and, where it has lines, the line. The folder and the name are kept.
            unit: of a figure that `FIGURES` does not know.
            requests: over how many requests; what is no count is not known.

        Raises:
            UserError: it is no number, infinite or beyond any machine's, or there are too many figures.
        """
        number = _number(value, source, where, total.scale)
        if number is None:
            return
        if len(self.rows) >= MOST_FIGURES:
            raise UserError(f"{where}: more than {MOST_FIGURES:,} figures; import the files separately")
        check_name(system, "system", str(where))
        known = FIGURES.get(total.figure)
        counted = isinstance(requests, int) and is_figure(requests) and 0 <= requests < 2**63
        self.rows.append(
            SummaryRow(
                system=system,
                figure=total.figure,
                statistic=total.statistic,
                value=number,
                unit=unit if known is None else known[1],
                requests=requests if counted else None,
                source_name=source,
                where="/".join(str(where).split("/")[-2:]),
            )
        )

    def add_all(
        self, system: str, totals: Totals, document: Mapping[str, Any], where: str | Path, requests: Any = None
    ) -> None:
        """Add every number of a document, by the names of a format.

        Args:
            system: whose they are.
            totals: the names.
            document: as parsed.
            where: the file, and the line if it has lines.
            requests: as `add` has it.
        """
        for route, value in leaves(document, where):
            source = ".".join(route)
            is_named = source in totals.names and value is not None  # and then has to be a number
            if not (is_named or is_figure(value)) or route[0] in totals.settings or source in totals.settings:
                continue
            total = totals.named(route)
            if value or totals.zeros is None or total.figure in totals.zeros:
                unit = totals.unit(total.figure)
                self.add(system, total, value, source=source, where=where, unit=unit, requests=requests)


def statistic(name: str) -> str | None:
    """Return the statistic that a tool's word (``std``, ``p99``, ``99%``) names. None for other words."""
    name = name.lower()
    if name in STATISTICS:
        return STATISTICS[name]
    share = name.removeprefix("p") if name.startswith("p") else name.removesuffix("%") if name.endswith("%") else ""
    try:
        percentile = f"p{float(share):g}" if share and 0 <= float(share) <= 100 else None
    except ValueError:
        return None
    return None if percentile is None else STATISTICS.get(percentile, percentile)


def leaves(value: Any, where: str | Path, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (path, value) of every value in a JSON document that is no object or list.

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
    """Return whether a value of a JSON document is a number. True and false are no numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any, source: str, where: str | Path, scale: float) -> float | None:
    """Return a value times a scale; None if the source has none."""
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
    if abs(number * scale) > LARGEST_NUMBER:
        raise UserError(
            f"{where}: {source} is {number:g}: it must be between -{LARGEST_NUMBER:g} and {LARGEST_NUMBER:g}"
        )
    return number * scale
