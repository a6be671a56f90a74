"""Compute the figures that `compare` prints a second time: plain sums over the rows, without its tables and arrays."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattbench.records import ItemRow, RunRecords
    from wattbench_reports.comparison.analysis import Comparison

_RELATIVE = 1e-9


def figure_differences(records: RunRecords, items: Sequence[ItemRow]) -> Iterator[str]:
    """Yield a sentence for each figure that `compare` prints and these rows do not give.

    Args:
        records: of a finished run.
        items: its rows, as built from its lines.

    Raises:
        UserError: the run cannot be compared.
    """
    from wattbench_reports.comparison.analysis import analyse
    from wattbench_reports.export.comparison_rows import plain_row

    comparison = analyse(records).comparison
    rate = None if comparison.load is None else comparison.load.compared.offered_per_s
    by_system: dict[str, list[ItemRow]] = defaultdict(list)
    for row in items:
        if row.offered_per_s == rate:
            by_system[row.system].append(row)
    for figures in comparison.systems:
        printed = plain_row(figures)
        name = str(printed["system"])
        for figure, value in _figures(by_system[name], _shares(comparison)).items():
            is_printed = printed[figure]
            if value is not None and not _same(is_printed, value):
                yield f"compare prints {figure} {is_printed} of {name}, and the lines give {value}"


def _shares(comparison: Comparison) -> Mapping[str, float] | None:
    return None if comparison.workload is None else comparison.workload.shares


def _figures(rows: Sequence[ItemRow], shares: Mapping[str, float] | None) -> dict[str, float | None]:
    """Return the figures of a system; None for one that needs more than sums, or more requests."""
    from wattbench_reports.stats.percentiles import needed

    items = {(row.task, row.doc_id, row.doc_hash) for row in rows}
    # Under load a request begins when it is due; in a closed loop it is due when it is sent.
    begun_s = [row.started_s if row.offered_per_s is None else row.scheduled_s for row in rows]
    seconds = [
        row.finished_s - start_s
        for row, start_s in zip(rows, begun_s, strict=True)
        if row.failure is None and row.finished_s is not None and start_s is not None
    ]
    return {
        "items": float(len(items)),
        "accuracy": _weighed(rows, shares, _accuracy),
        "output_tokens": _mean([row.output_tokens for row in rows if row.output_tokens is not None]),
        "latency_p50_s": statistics.median(seconds)
        if len(seconds) >= needed(0.5) and shares is None and len(seconds) == len(rows)
        else None,
        "energy_j_per_request": _weighed(rows, shares, _joules),
    }


def _weighed(
    rows: Sequence[ItemRow],
    shares: Mapping[str, float] | None,
    figure: Callable[[Sequence[ItemRow]], float | None],
) -> float | None:
    """Return a mean over all rows, or the mean of the domains' means under a mix."""
    if shares is None:
        return figure(rows)
    parts: list[float] = []
    for domain, share in shares.items():
        part = figure([row for row in rows if row.domain == domain])
        if part is None:
            return None
        parts.append(share * part)
    return math.fsum(parts)


def _accuracy(rows: Sequence[ItemRow]) -> float | None:
    return _mean([row.correct for row in rows if row.correct is not None])


def _joules(rows: Sequence[ItemRow]) -> float | None:
    return _mean([row.energy_j for row in rows if row.energy_j is not None])


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _same(printed: object, value: float) -> bool:
    return isinstance(printed, int | float) and math.isclose(printed, value, rel_tol=_RELATIVE, abs_tol=1e-12)
