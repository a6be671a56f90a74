"""Where the joules go: idle and above idle, by component, by phase, and for loading and routing."""

from __future__ import annotations

import math

from wattbench.records import Split
from wattbench_reports import figures
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.metrics.energy_breakdown import Component, Phases, SystemSplit, contained
from wattbench_reports.presenter.model import Cell, Column, Figure, Passage, Section, Table, energy_badge, numbers
from wattbench_reports.stats import Interval
from wattbench_reports.tables.provenance import is_modelled
from wattbench_reports.wording import comparison as wording

_LEAD = (
    "The joules of a request by idle draw and energy above idle, by component, and by phase: reading the prompt "
    "(prefill) and generating the answer (decode)."
)


def energy_section(measured: Measured, comparison: Comparison) -> Section | None:
    """Make the section on where the joules go; None where no system has joules."""
    if all(split.j_per_request is None for split in measured.splits.values()):
        return None
    first = Passage("", (), (_request_table(measured, comparison),), figure=_drawing(measured))
    passages = (first, *_phase_passage(measured))
    return Section(
        "energy", "Energy", "Where the joules go", _LEAD, passages, line="idle and active, by component, and by phase"
    )


def _system(measured: Measured, name: str) -> Cell:
    return Cell(name, series=measured.frames.systems.index(name))


def _request_table(measured: Measured, comparison: Comparison) -> Table:
    names = list(dict.fromkeys(each.name for split in measured.splits.values() for each in split.components))
    walls = any(contained(split.components) for split in measured.splits.values())
    note = (
        "Idle: the idle draw of the loaded system for the duration of the requests. Components: joules per request, "
        "with the part above idle in brackets. Routing: the router of a hybrid, included in the total. Loading is 1% "
        "after: the number of requests that use 100 times the joules of loading; – if those are missing, not valid "
        "or not comparable."
    )
    if walls:
        note += " A meter at the wall gives the total: it includes the other components, which are not added."
    return Table(
        caption="Joules per request by component",
        columns=(
            Column("System"),
            *numbers("Total", "Idle", "Above idle"),
            *(Column(name, numeric=True) for name in names),
            *numbers("Routing", "Loading", "Loading is 1% after"),
            *((Column("CPU per request", numeric=True),) if wording.has_own_cpu(comparison) else ()),
            Column("Provenance"),
        ),
        rows=tuple(_request_row(measured, comparison, split, names) for split in measured.splits.values()),
        note=note,
    )


def _request_row(measured: Measured, comparison: Comparison, split: SystemSplit, names: list[str]) -> tuple[Cell, ...]:
    parts = {each.name: each for each in split.components}
    load = split.load
    loading = units.NONE if load is None else units.quantity(load.energy_j, "J")
    if load is not None and not load.valid:
        loading += ", not valid"
    return (
        _system(measured, split.system),
        Cell(units.quantity(split.j_per_request, "J")),
        Cell(units.quantity(split.idle_j_per_request, "J")),
        Cell(units.quantity(split.above_idle_j_per_request, "J")),
        *(Cell(_component(parts.get(name))) for name in names),
        Cell(units.quantity(split.router_j_per_request, "J")),
        Cell(loading),
        Cell(units.NONE if load is None or load.requests is None else units.roughly(load.requests)),
        *(
            (Cell(units.quantity(measured.systems[split.system].own_cpu_s, "s")),)
            if wording.has_own_cpu(comparison)
            else ()
        ),
        energy_badge(split.provenance),
    )


def _component(part: Component | None) -> str:
    if part is None:
        return units.NONE
    label = f", {part.provenance}" if part.provenance else ""
    return f"{units.quantity(part.j_per_request, 'J')} ({units.quantity(part.above_idle_j_per_request, 'J')}{label})"


def _drawing(measured: Measured) -> Figure | None:
    names = list(dict.fromkeys(each.name for split in measured.splits.values() for each in split.components))
    bars = tuple(
        figures.Bar(split.system, split.j_per_request, _slices(split, names))
        for split in measured.splits.values()
        if split.j_per_request and split.components
    )
    if not bars:
        return None
    return Figure(
        figures.energy(bars),
        "Figure: joules per request by component",
        "Share of each component in the joules of a request; faint: its idle draw.",
    )


def _slices(split: SystemSplit, names: list[str]) -> tuple[figures.Slice, ...]:
    """List the parts of the total; behind a meter at the wall, its components and the rest of the machine."""
    total_j = split.j_per_request or 0.0
    inside = [each for each in split.components if not each.in_total]
    shown = inside if inside else [each for each in split.components if each.in_total]
    slices = [part for each in shown for part in _component_slices(each, names.index(each.name))]
    rest_j = total_j - sum(part.joules for part in slices)
    if inside and rest_j > 0:
        outer = next(names.index(each.name) for each in split.components if each.in_total)
        slices.append(figures.Slice("rest of the machine", outer, rest_j, faint=False))
    return tuple(slices)


def _component_slices(each: Component, index: int) -> tuple[figures.Slice, ...]:
    idle_j, above_j = each.idle_j_per_request, each.above_idle_j_per_request
    if idle_j is None or above_j is None or min(idle_j, above_j) < 0:
        return (figures.Slice(each.name, index, each.j_per_request, faint=False),)
    return (
        figures.Slice(f"{each.name}, idle", index, idle_j, faint=True),
        figures.Slice(f"{each.name}, above idle", index, above_j, faint=False),
    )


def _phase_passage(measured: Measured) -> tuple[Passage, ...]:
    rows = [(name, each) for name, split in measured.splits.items() for each in split.phases]
    totals = [(name, each) for name, each in rows if each.component == "total"]
    if not totals:
        return ()
    sentences = []
    not_split = [name for name, each in totals if not each.tasks]
    if not_split:
        why: dict[str, list[str]] = {}
        for name, each in totals:
            if not each.tasks:
                why.setdefault(units.listed(each.reasons), []).append(name)
        sentences.append(
            "Not split into phases: "
            + "; ".join(f"{units.named(names)} ({reason})" for reason, names in why.items())
            + "."
        )
    if any(is_modelled(each.provenance) for _, each in totals if each.tasks):
        sentences.append(
            "Modelled joules follow the load of the processor, so they say little about the difference between "
            "prefill and decode."
        )
    shown = [(name, each) for name, each in totals if each.tasks]
    table = (_phase_table(measured, shown, "Joules of prefill and decode", note=_NOTE),) if shown else ()
    parts = [(name, each) for name, each in rows if each.component != "total"]
    folded = (_phase_table(measured, parts, "Prefill and decode by component"),) if parts else ()
    return (Passage("Prefill and decode", tuple(sentences), table, folded=folded),)


_NOTE = (
    "Fitted: watts of each phase by least squares over the readings of the power trace; brackets: 95% confidence "
    "intervals over blocks of readings. By time: the phases are not distinguishable, and the value assumes equal "
    "power. Partly fitted: some components are fitted and the others split by time; the bounds allow any split of "
    "the latter. Per prompt token: prefill joules divided by all prompt tokens. Per output token: decode joules "
    "divided by all output tokens."
)


def _phase_table(measured: Measured, rows: list[tuple[str, Phases]], caption: str, note: str = "") -> Table:
    return Table(
        caption=caption,
        columns=(
            Column("System"),
            Column("Component"),
            *numbers("Prefill", "Decode", "Neither", "Per prompt token", "Per output token"),
            Column("Method"),
            Column("Provenance"),
            Column("Remarks"),
        ),
        rows=tuple(_phase_row(measured, name, each) for name, each in rows),
        note=note,
    )


def _phase_row(measured: Measured, name: str, each: Phases) -> tuple[Cell, ...]:
    split = each.tasks > 0
    missing = f"{units.plural(each.missing, 'task')} left out; " if each.missing and split else ""
    return (
        _system(measured, name),
        Cell(each.component),
        Cell(_joules(each.prefill) if split else units.NONE),
        Cell(_joules(each.decode) if split else units.NONE),
        Cell(units.quantity(each.other_j, "J") if split else units.NONE),
        Cell(_joules(each.j_per_prompt_token)),
        Cell(_joules(each.j_per_output_token)),
        Cell(each.method or "not split", "badge-warn" if each.method in {Split.BY_TIME, Split.NONE} else "badge"),
        energy_badge(each.provenance),
        Cell(f"{missing}{'; '.join(each.reasons)}"),
    )


def _joules(interval: Interval | None) -> str:
    """Format joules, with bounds where there are any."""
    if interval is None:
        return units.NONE
    if math.isnan(interval.low):
        return units.quantity(interval.estimate, "J")
    return units.quantity_interval(interval, "J")
