"""What was spent before the first answer, and when that is saved."""

from __future__ import annotations

import math

from reports import units
from reports.carbon import Carbon, HourlyIntensity
from reports.compare import Analysis
from reports.panels.section import Passage, Section
from reports.panels.table import Cell, Column, Table, energy_badge
from reports.training import BreakEven, Step, Training, trainings, untold

_LEAD = (
    "Whatever was trained for a system has to be paid for before it answers anything. What the base itself took to "
    "train is in none of these figures, and is not known here."
)


def training_section(analysis: Analysis) -> Section | None:
    """The costs, the break-even points and the ledger entries; None where no system has a training on record."""
    found = trainings(analysis)
    if not found:
        return None
    sentences = []
    if silent := untold(analysis):
        sentences.append(
            f"No training is on record for {units.listed(silent)}: what that took is unknown, not nothing."
        )
    if shared := _shared(found):
        sentences.append(
            f"{units.listed(shared)} went into several systems and {_counts(shared)} whole in each: the rows "
            "may not be added up."
        )
    tables = [_cost_table(analysis, found)]
    if any(each.break_even for each in found):
        tables.append(_break_even_table(analysis, found))
    else:
        sentences.append("No generalist of this run is without a training: there is nothing to break even with.")
    passage = Passage("", tuple(sentences), tuple(tables), folded=(_steps_table(found),))
    return Section("training", "Training", "What it took to make them", _LEAD, (passage,))


def _counts(names: list[str]) -> str:
    return "counts" if len(names) == 1 else "count"


def _shared(found: tuple[Training, ...]) -> list[str]:
    names = [step.name for each in found for step in each.steps]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def _cost_table(analysis: Analysis, found: tuple[Training, ...]) -> Table:
    return Table(
        caption="What was trained for each system",
        columns=(
            Column("System"),
            Column("Trained for it"),
            Column("Tokens", numeric=True),
            Column("Of a teacher", numeric=True),
            Column("Time", numeric=True),
            Column("Joules", numeric=True),
            Column("Energy"),
            Column("CO2e", numeric=True),
        ),
        rows=tuple(_cost_row(analysis, each) for each in found),
        note=(
            "Tokens: worked through forwards and backwards. Of a teacher: worked through by the system that taught, to "
            f"have its answers. CO2e: {_grid(analysis.comparison.carbon)}."
        ),
    )


def _grid(factor: Carbon | None) -> str:
    if factor is None:
        return "not stated, as no intensity is set"
    if isinstance(factor.intensity, HourlyIntensity):
        return (
            "not stated, as the intensity goes by the hour and the hours of the training are not on record; name a "
            "--region to have it"
        )
    return f"{factor.describe()}, wherever it was trained"


def _cost_row(analysis: Analysis, each: Training) -> tuple[Cell, ...]:
    return (
        Cell(each.system, series=analysis.frames.systems.index(each.system), detail=each.kind),
        Cell(", ".join(step.name for step in each.steps)),
        Cell(units.count(each.tokens)),
        Cell(units.count(each.teacher_tokens) if each.teacher_tokens else units.NONE),
        Cell(units.duration(each.seconds)),
        Cell(units.quantity(each.energy_j, "J")),
        energy_badge(each.provenance),
        Cell(units.quantity(each.grams_co2e, "g")),
    )


def _break_even_table(analysis: Analysis, found: tuple[Training, ...]) -> Table:
    return Table(
        caption="After how many correct answers the training is saved",
        columns=(
            Column("System"),
            Column("Instead of"),
            Column("In"),
            Column("Correct answers until then"),
            Column("How sure"),
        ),
        rows=tuple(
            (
                Cell(each.system, series=analysis.frames.systems.index(each.system), detail=each.kind),
                Cell(even.against),
                Cell(even.domain or "all domains"),
                Cell(_until(even)),
                Cell(_how_sure(even)),
            )
            for each in found
            for even in each.break_even
        ),
        note=(
            "The joules of the training over the joules saved with each correct answer, against a generalist that is "
            "run as it is, over the items that both answered (a specialist: of its domain). Other work has another "
            "figure. Brackets hold a 95% interval; ∞ is never, and 0 that the generalist may never be right there. How "
            "sure: the share of the draws of items in which it is ever saved."
        ),
    )


def _until(even: BreakEven) -> str:
    if even.payback is None:
        return f"cannot be told: {even.reason}"
    answers = even.payback.answers
    bounds = f"[{units.roughly(answers.low)}, {units.roughly(answers.high)}]"
    if math.isinf(answers.estimate):
        return "never" if math.isinf(answers.low) else f"never {bounds}"
    return f"{units.roughly(answers.estimate)} {bounds}"


def _how_sure(even: BreakEven) -> str:
    return units.NONE if even.payback is None else units.certainty(even.payback.probability)


def _steps_table(found: tuple[Training, ...]) -> Table:
    steps = {step.name: step for each in found for step in each.steps}
    return Table(
        caption=f"Everything that was trained, each once ({len(steps)})",
        columns=(
            Column("Trained"),
            Column("Method"),
            Column("Documents", numeric=True),
            Column("Tokens", numeric=True),
            Column("Of a teacher", numeric=True),
            Column("Time", numeric=True),
            Column("Joules", numeric=True),
            Column("Energy"),
            Column("Processor"),
        ),
        rows=tuple(_step_row(step) for step in steps.values()),
    )


def _step_row(step: Step) -> tuple[Cell, ...]:
    return (
        Cell(step.name),
        Cell(step.method),
        Cell(units.count(step.documents)),
        Cell(units.count(step.tokens)),
        Cell(units.count(step.teacher_tokens) if step.teacher_tokens else units.NONE),
        Cell(units.duration(step.seconds)),
        Cell(units.quantity(step.energy_j, "J")),
        energy_badge(step.provenance),
        Cell(step.cpu or units.NONE),
    )
