"""Members that answered, by domain, as shaded cells with their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.chart import opening
from wattbench_reports.figures.grid import WIDTH, Grid, edge, side, side_by_side
from wattbench_reports.formatting import units

_ROW, _BELOW = 34.0, 2.0
"""The height of a row, and of what is free under the last one."""
_NUMBER = 10.0
"""Size of numbers."""
_FULLEST = 0.55
"""Opacity of a cell with all answers: the number in it must stay legible."""
_LONGEST = 18
"""The longest name, in characters; the table below has it in full."""


def misroutes(
    counts: NDArray[np.int64], domains: Sequence[str], members: Sequence[str], best: Sequence[int | None], *, name: str
) -> str:
    """Plot one row per domain and one column per member, with a frame around the domain's best member.

    Args:
        counts: shape (domains, members): answers.
        domains: the rows.
        members: the columns.
        best: of each domain the column of its best member, where that is known.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows, columns = clipped_apart(domains, _LONGEST), clipped_apart(members, _LONGEST)
    left = side(rows)
    width, _ = side_by_side(left, 1)
    column = width / len(columns)
    grid = Grid(left, edge(columns, column), column, _ROW, len(columns), len(rows))
    described = (
        "One row per domain, one column per member: answers, and their share of the domain. The stronger the "
        "shading, the larger the share; a frame marks the domain's best member. " + _described(shares, domains, members)
    )
    return "".join((
        opening(name, WIDTH, grid.bottom + _BELOW, "Members that answered, by domain", described, kind="figure"),
        *grid.names_above(columns),
        *grid.names_down(rows),
        *_cells(grid, counts, shares),
        grid.outline(),
        *(grid.frame(row, column) for row, column in enumerate(best) if column is not None),
        "</svg>",
    ))  # fmt: skip


def _cells(grid: Grid, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> Iterator[str]:
    for (row, column), share in np.ndenumerate(shares):
        count = int(counts[row, column])
        if count:
            yield grid.cell(row, column, 0, _FULLEST * float(share))
        yield grid.number(row, column, f"{count:,} ({units.percent(float(share))})" if count else "0", _NUMBER)


def _described(shares: NDArray[np.float64], domains: Sequence[str], members: Sequence[str]) -> str:
    most = shares.argmax(axis=1)
    return (
        "; ".join(
            f"{domain}: mostly {members[column]}, {units.percent(float(shares[row, column]))}"
            for row, (domain, column) in enumerate(zip(domains, most, strict=True))
        )
        + "."
    )
