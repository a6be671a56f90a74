"""Every system in every domain: one matrix per metric, and specialists inside and outside their domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from wattbench_reports import figures
from wattbench_reports.analyses.domains import Best, best_by_domain, latency, tail_of_cells
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.tail_latency import MEDIAN, SHARES
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Section, Table, energy_badge, numbers
from wattbench_reports.sections.specialists import specialists_passage
from wattbench_reports.stats.percentiles import label, needed, rule
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.wording import comparison as wording

_LEAD = (
    "An average over all items hides differences between domains. Bold: the system that is shown to be the best of "
    "the domain, by the tests of the verdict. Where no value is bold, no single system is shown to be the best."
)

_MOST_CELLS = 600
"""With more cells than this there is no figure; the tables have all values."""

_Row = tuple[Cell, ...]


_PART = 1_000_000
"""Answers per batch."""


def domains_section(measured: Measured, comparison: Comparison) -> Section | None:
    """Make the passages on domains and on specialists; None for a run of one domain."""
    if len(measured.by_domain) < 2:
        return None
    share = tail_of_cells(measured)
    best = best_by_domain(measured)
    overview = Passage(
        "",
        tuple(_said(measured, share)),
        (_accuracy(measured, best), _joules(measured, best), _latency(measured, share, best)),
        _drawing(measured, share),
        (domain_table(measured, comparison),),
    )
    return Section(
        "domains",
        "Domains",
        "By domain",
        _LEAD,
        (overview, *specialists_passage(measured)),
        line="accuracy, joules and latency, and specialists outside their domain",
    )


def domain_table(measured: Measured, comparison: Comparison) -> Table:
    """Make a table with a row per domain and system."""
    shares = sorted({MEDIAN, tail_of_cells(measured)})
    rows = []
    for domain, cells in measured.by_domain.items():
        rows += [_row(domain, each, index, measured, comparison, shares) for index, each in enumerate(cells.values())]
    made_of = "; ".join(f"{domain}: {', '.join(names)}" for domain, names in _tasks(measured.frames).items())
    return Table(
        caption="Each system in each domain",
        columns=(
            Column("Domain"),
            Column("System"),
            Column("Kind"),
            *numbers("Accuracy", "Joules per correct answer"),
            *(Column(f"Latency {label(share)}", numeric=True) for share in shares),
            *((Column("CPU per request", numeric=True),) if wording.has_own_cpu(comparison) else ()),
            Column("Items", numeric=True),
            Column("Provenance"),
        ),
        rows=tuple(rows),
        note=f"Tasks in each domain: {made_of}. {rule(shares)}",
    )


def _tasks(frames: Frames) -> dict[str, list[str]]:
    """Return the tasks of each domain, in the order in which they were first asked."""
    domains, tasks = (frames.categories(label) for label in ("domain", "task"))
    cells: dict[int, None] = {}
    for start in range(0, frames.number, _PART):
        rows = slice(start, min(start + _PART, frames.number))
        part = pd.unique(frames.codes("domain", rows).astype(np.int32) * len(tasks) + frames.codes("task", rows))
        cells |= dict.fromkeys(part.tolist())
    made_of: dict[str, list[str]] = {}
    for domain, task in sorted((divmod(cell, len(tasks)) for cell in cells), key=lambda each: each[0]):
        made_of.setdefault(domains[domain], []).append(tasks[task])
    return made_of


def _row(
    domain: str, each: Measures, index: int, measured: Measured, comparison: Comparison, shares: Iterable[float]
) -> _Row:
    kind = measured.kinds[each.system] + (", yardstick" if each.system in measured.yardsticks else "")
    return (
        Cell(domain),
        Cell(each.system, series=index),
        Cell(kind),
        Cell(units.percent_interval(each.accuracy)),
        Cell(_none_correct(each) or units.quantity_interval(each.j_per_correct, "J")),
        *(Cell(units.quantity_interval(latency(measured, domain, each.system, share), "s")) for share in shares),
        *((Cell(units.quantity(each.own_cpu_s, "s")),) if wording.has_own_cpu(comparison) else ()),
        Cell(units.count(each.items)),
        energy_badge(each.provenance),
    )


def _none_correct(each: Measures) -> str:
    return "none correct" if each.j_per_correct is None and each.j_per_request is not None else ""


def _said(measured: Measured, share: float) -> Iterable[str]:
    if share < SHARES[0]:
        yield (
            f"Latency is shown as {label(share)}: a {label(SHARES[0])} needs {needed(SHARES[0])} requests of every "
            "system in every domain."
        )
    if len(measured.energy_groups) > 1:
        yield "Not all joules are comparable: see Validity."
    if len(measured.by_domain) * len(measured.systems) * 3 > _MOST_CELLS:
        yield "Too many systems and domains to plot; the tables have all of them."


def _matrix(
    measured: Measured, caption: str, note: str, text: Callable[[str, Measures], str], best: Callable[[str], str | None]
) -> Table:
    """Make a table with a row per system and a column per domain."""
    return Table(
        caption=caption,
        columns=(Column("System"), *(Column(domain, numeric=True) for domain in measured.by_domain)),
        rows=tuple(
            (
                Cell(name, series=index, detail="yardstick" if name in measured.yardsticks else ""),
                *(
                    Cell(text(domain, measured[name]), "best" if best(domain) == name else "")
                    for domain, measured in measured.by_domain.items()
                ),
            )
            for index, name in enumerate(measured.frames.systems)
        ),
        note=note,
    )


def _accuracy(measured: Measured, best: dict[str, Best]) -> Table:
    return _matrix(
        measured,
        "Accuracy by domain",
        "Bold: shown to be more accurate than every other system over the same items (Bonferroni-t elimination, 95%).",
        lambda _, each: units.percent_interval(each.accuracy),
        lambda domain: best[domain].accuracy,
    )


def _joules(measured: Measured, best: dict[str, Best]) -> Table:
    return _matrix(
        measured,
        "Joules per correct answer by domain",
        "Bold: shown to need fewer than every other system that can be ranked, over the same items (Bonferroni-t "
        "elimination, 95%). Read it together with accuracy.",
        lambda _, each: _none_correct(each) or units.quantity_interval(each.j_per_correct, "J"),
        lambda domain: best[domain].j_per_correct,
    )


def _latency(measured: Measured, share: float, best: dict[str, Best]) -> Table:
    return _matrix(
        measured,
        f"Latency {label(share)} by domain",
        "Bold: shown to be faster than every other system, over the same items (95% model confidence set). "
        f"{rule((share,))}",
        lambda domain, each: units.quantity_interval(latency(measured, domain, each.system, share), "s"),
        lambda domain: best[domain].latency,
    )


def _drawing(measured: Measured, share: float) -> Figure | None:
    by_domain, systems = measured.by_domain, measured.frames.systems
    if len(by_domain) * len(systems) * 3 > _MOST_CELLS:
        return None
    accuracy = [[each[name].accuracy for each in by_domain.values()] for name in systems]
    joules = [[each[name].j_per_correct for each in by_domain.values()] for name in systems]
    waited = [[latency(measured, domain, name, share) for domain in by_domain] for name in systems]
    right = [[None if cell is None else cell.estimate for cell in row] for row in accuracy]
    spent = [[None if cell is None else cell.estimate for cell in row] for row in joules]
    seconds = [[None if cell is None else cell.estimate for cell in row] for row in waited]
    none = [["none" if _none_correct(each[name]) else units.NONE for each in by_domain.values()] for name in systems]
    fields = (
        figures.MatrixMetric("Accuracy, %", 0, _texts(right, lambda value: f"{100 * value:.0f}"), _rows(right)),
        figures.MatrixMetric("Joules per correct answer", 2, _texts(spent, _joule_text, none), _fewer(spent)),
        figures.MatrixMetric(f"Latency {label(share)}", 4, _texts(seconds, _second_text), _fewer(seconds)),
    )
    names = [f"{name} (yardstick)" if name in measured.yardsticks else name for name in systems]
    svg = figures.matrix(fields, names, list(by_domain), name="domains-figure", title="Every system in every domain")
    return Figure(
        svg,
        "Figure: every system in every domain",
        "The stronger the shading, the better: higher accuracy (none is 0%, full is 100%), fewer joules, fewer "
        "seconds. Joules and seconds are shaded by their rank within the panel. “None”: no correct answer.",
    )


def _joule_text(value: float) -> str:
    return units.quantity(value, "J")


def _second_text(value: float) -> str:
    return units.quantity(value, "s")


_Values = Sequence[Sequence[float | None]]


def _texts(
    values: _Values, text: Callable[[float], str], missing: Sequence[Sequence[str]] | None = None
) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(
            text(value) if value is not None else units.NONE if missing is None else missing[row][column]
            for column, value in enumerate(cells)
        )
        for row, cells in enumerate(values)
    )


def _rows(values: _Values) -> tuple[tuple[float | None, ...], ...]:
    return tuple(tuple(row) for row in values)


def _fewer(values: _Values) -> tuple[tuple[float | None, ...], ...]:
    """Shade by rank, as values may differ by orders of magnitude: 1 for the lowest."""
    known = np.sort([value for row in values for value in row if value is not None])

    def fullness(value: float | None) -> float | None:
        if value is None:
            return None
        return float(len(known) - np.searchsorted(known, value, side="left") - 1) / max(len(known) - 1, 1)

    return tuple(tuple(fullness(value) for value in row) for row in values)
