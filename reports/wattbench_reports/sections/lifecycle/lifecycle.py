"""The cost of a system over its life: training, a year of requests, and idle replicas."""

from __future__ import annotations

from wattbench_reports.analyses.break_even import break_evens
from wattbench_reports.analyses.lifecycle import Total, totals
from wattbench_reports.analyses.training_cost import Step, Training, trainings, without_recorded_training
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.formatting import units
from wattbench_reports.metrics.carbon import Carbon, HourlyIntensity
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, energy_badge, numbers
from wattbench_reports.sections.lifecycle.break_even import break_even_passage
from wattbench_reports.sections.lifecycle.capacity import fleet_passage
from wattbench_reports.sections.lifecycle.cumulative_energy import course_passage
from wattbench_reports.sections.lifecycle.own_hardware import own_hardware_passage

_LEAD = (
    "The cost of a system over its life: training before its first answer, then every request, and the idle time of "
    "machines that wait for requests. Training of a base model is included only where a ledger or a declaration "
    "states it."
)


def lifecycle_section(measured: Measured, paid: Paid, emitted: Emitted) -> Section | None:
    """Make the section: training, break-even, a year of requests and fleet size; None without any of them."""
    requests_per_year = measured.workload.requests_per_year
    trained = trainings(measured, emitted)
    passages: list[Passage | None] = [] if not trained else [_training_passage(measured, emitted, trained)]
    if trained:
        passages += [
            break_even_passage(measured, paid, emitted, break_evens(measured, paid, emitted)),
            course_passage(measured, emitted, requests_per_year),
        ]
    passages += [
        own_hardware_passage(measured, paid, requests_per_year),
        _year_passage(measured, emitted, requests_per_year),
        fleet_passage(measured, paid, requests_per_year),
    ]
    shown = tuple(passage for passage in passages if passage is not None)
    return (
        Section(
            "lifecycle",
            "Lifecycle",
            "Lifecycle: training, requests and idle time",
            _LEAD,
            shown,
            line="break-even of trainings, and machines that wait",
        )
        if shown
        else None
    )


def _training_passage(measured: Measured, emitted: Emitted, trained: tuple[Training, ...]) -> Passage:
    sentences = []
    if silent := without_recorded_training(measured):
        sentences.append(f"No training is on record for {units.named(silent)}: its cost is unknown, not zero.")
    if shared := _shared(trained):
        counts = "is counted" if len(shared) == 1 else "are counted"
        sentences.append(f"{units.named(shared)} {counts} in full for each of several systems: do not add up the rows.")
    declared = {step.name: step for each in trained for step in each.steps if step.source}
    sentences += [
        f"The training of {step.name} is declared, not measured; source: {step.source}." for step in declared.values()
    ]
    return Passage(
        "Training cost", tuple(sentences), (_cost_table(measured, emitted, trained),), folded=(_steps_table(trained),)
    )


def _shared(trained: tuple[Training, ...]) -> list[str]:
    names = [step.name for each in trained for step in each.steps]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def _cost_table(measured: Measured, emitted: Emitted, trained: tuple[Training, ...]) -> Table:
    return Table(
        caption="Training of each system",
        columns=(
            Column("System"),
            Column("Trained for it"),
            *numbers("Tokens", "Teacher tokens", "Time", "Joules"),
            Column("Provenance"),
            Column("CO2e", numeric=True),
        ),
        rows=tuple(_cost_row(measured, each) for each in trained),
        note=(
            "Tokens: processed forwards and backwards. Teacher tokens: processed by the teacher to produce its "
            f"answers. A dash: not recorded for all of it. CO2e: {_grid(emitted.carbon)}."
        ),
    )


def _grid(factor: Carbon | None) -> str:
    if factor is None:
        return "not available, because no intensity is set"
    if isinstance(factor.intensity, HourlyIntensity):
        return (
            "not available, because the intensity is hourly and the hours of the training are not recorded; set "
            "--region to get it"
        )
    return f"{factor.describe()}, regardless of where it was trained"


def _cost_row(measured: Measured, each: Training) -> tuple[Cell, ...]:
    return (
        Cell(each.system, series=measured.frames.systems.index(each.system), detail=each.kind),
        Cell(", ".join(step.name for step in each.steps)),
        Cell(units.count(each.tokens)),
        Cell(units.count(each.teacher_tokens or None)),
        Cell(_duration(each.seconds)),
        Cell(units.quantity(each.energy_j, "J")),
        energy_badge(each.provenance),
        Cell(units.quantity(each.grams_co2e, "g")),
    )


def _duration(seconds: float | None) -> str:
    return units.NONE if seconds is None else units.duration(seconds)


def _steps_table(trained: tuple[Training, ...]) -> Table:
    steps = {step.name: step for each in trained for step in each.steps}
    return Table(
        caption=f"All trained components, each once ({len(steps)})",
        columns=(
            Column("Component"),
            Column("Method"),
            *numbers("Documents", "Tokens", "Teacher tokens", "Time", "Joules"),
            Column("Provenance"),
            Column("Hardware or source"),
        ),
        rows=tuple(_step_row(step) for step in steps.values()),
    )


def _step_row(step: Step) -> tuple[Cell, ...]:
    return (
        Cell(step.name),
        Cell(step.recorded.method),
        Cell(units.count(step.recorded.documents)),
        Cell(units.count(step.recorded.tokens)),
        Cell(units.count(step.recorded.teacher_tokens or None)),
        Cell(_duration(step.recorded.seconds)),
        Cell(units.quantity(step.energy_j, "J")),
        energy_badge(step.provenance),
        Cell(_basis(step)),
    )


def _basis(step: Step) -> str:
    if not step.source:
        return step.recorded.cpu or units.NONE
    stated = [] if step.recorded.gpu_hours is None else [f"{units.count(step.recorded.gpu_hours)} GPU-hours"]
    if step.recorded.grams_co2e is not None:
        stated.append(f"{units.quantity(step.recorded.grams_co2e, 'g')} CO2e")
    return f"{step.source} ({', '.join(stated)})" if stated else step.source


def _year_passage(measured: Measured, emitted: Emitted, requests: float) -> Passage | None:
    yearly = totals(measured, emitted, requests)
    if not yearly:
        return None
    sentences = []
    if invalid := [each.system for each in yearly if not each.valid]:
        sentences.append(f"Not all measured windows of {units.named(invalid)} are valid: these values are unreliable.")
    factor = emitted.carbon
    made = "" if factor is None or factor.embodied is None else f" Manufacture: {factor.embodied.describe()}."
    trained = any(each.training_recorded for each in yearly)
    table = Table(
        caption=f"Joules and CO2e of {requests:,.0f} requests and of training",
        columns=(
            Column("System"),
            *numbers("Joules of requests", "Joules of training", "Total joules"),
            Column("Provenance"),
            *numbers("CO2e of requests", "CO2e of training", "CO2e of manufacture", "Total CO2e"),
        ),
        rows=tuple(_year_row(measured, emitted, each, "none" if trained else units.NONE) for each in yearly),
        note=(
            "Requests with the item mix of this run, at their mean joules, without idle time between them. Training "
            "is counted in full, although it serves more than one year. None: no training on record. CO2e: "
            f"{_grid(factor)}.{made}"
        ),
    )
    return Passage(f"{requests:,.0f} requests", tuple(sentences), (table,))


def _year_row(measured: Measured, emitted: Emitted, each: Total, without: str) -> tuple[Cell, ...]:
    declared = emitted.carbon is not None and emitted.carbon.embodied is not None
    return (
        Cell(each.system, series=measured.frames.systems.index(each.system), detail=each.kind),
        Cell(units.quantity(each.requests_j, "J")),
        Cell(units.quantity(each.training_j, "J") if each.training_recorded else without),
        Cell(units.quantity(each.energy_j, "J")),
        energy_badge(each.provenance),
        Cell(units.quantity(each.requests_g, "g")),
        Cell(units.quantity(each.training_g, "g") if each.training_recorded else without),
        Cell(units.quantity(each.manufacture_g, "g") if declared else "not declared"),
        Cell(units.quantity(each.grams_co2e, "g")),
    )
