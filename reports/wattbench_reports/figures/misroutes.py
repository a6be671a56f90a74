"""Members that answered for hybrids, by domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.cells import ShadedCell, cells
from wattbench_reports.figures.drawing import TEXT_PT, WIDE_IN, Drawing, short
from wattbench_reports.figures.palette import INK, colour
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_IN, _AROUND_IN = 0.4, 0.75
"""Heights of a domain, and of what is around the cells of a panel."""
_FULLEST = 0.55
"""Opacity of a cell with all answers: the number in it must stay legible."""
_LONGEST = 18
"""The longest name, in characters; the tables have it in full."""


@dataclass(frozen=True)
class SentItems:
    """Where a hybrid sent its items."""

    system: str
    counts: NDArray[np.int64]
    """Answers, shape (domains, members)."""
    domains: Sequence[str]
    members: Sequence[str]
    best: Sequence[int | None]
    """Of each domain the column of its best member, where that is known."""

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the share of each member in the answers of a domain."""
        shares: NDArray[np.float64] = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        return shares


def misroutes(hybrids: Sequence[SentItems]) -> Drawing:
    """Plot answers by domain and member, with a frame around the domain's best member: a panel per hybrid."""
    return Drawing(
        "misroutes-figure",
        "Members that answered, by domain",
        "One row per domain, one column per member: answers, and their share of the domain. The stronger the "
        "shading, the larger the share; a frame marks the domain's best member. " + " ".join(map(_described, hybrids)),
        partial(_draw, hybrids),
        panels=len(hybrids),
        size_in=(WIDE_IN, sum(_AROUND_IN + _ROW_IN * len(each.domains) for each in hybrids)),
    )


def _draw(hybrids: Sequence[SentItems], panels: Sequence[Axes]) -> None:
    for axes, each in zip(panels, hybrids, strict=True):
        rows = [
            [
                ShadedCell(
                    f"{count:,} ({units.percent(share)})" if count else "0", colour(0), _FULLEST * share,
                    framed=column == best,
                )
                for column, (count, share) in enumerate(zip(counts, shares, strict=True))
            ]
            for counts, shares, best in zip(each.counts.tolist(), each.shares.tolist(), each.best, strict=True)
        ]  # fmt: skip
        cells(axes, rows, each.domains, each.members, longest=_LONGEST)
        axes.set_title(short([each.system])[0], loc="left", fontsize=TEXT_PT, color=INK)


def _described(each: SentItems) -> str:
    most = each.shares.argmax(axis=1)
    mostly = "; ".join(
        f"{domain}: mostly {each.members[column]}, {units.percent(float(each.shares[row, column]))}"
        for row, (domain, column) in enumerate(zip(each.domains, most, strict=True))
    )
    return f"{each.system}: {mostly}."
