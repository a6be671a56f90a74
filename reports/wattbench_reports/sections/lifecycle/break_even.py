"""Break-even of training: the number of correct answers that saves its joules."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wattbench_reports.analyses.break_even import BreakEven, MoneyBreakEven
from wattbench_reports.analyses.training_cost import in_use, trainings
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Table
from wattbench_reports.tables.provenance import is_declared, measured_part

_NOTE = (
    "Strongest: of the systems not shown to be less accurate on the same items, the one with the fewest joules per "
    "correct answer. Break-even: the extra training joules divided by the joules saved per correct answer, over the "
    "items that both answered (a specialist: of its domain); it depends on the workload. A system without recorded "
    "training counts as zero. Brackets: 95% confidence intervals; ∞ means never, and 0 that the other system may "
    "never be right there. At once: less training and fewer joules per answer. At once, until: less training but "
    "more joules per answer, so the other system catches up there. Probability of saving: the share of bootstrap "
    "samples of the items in which it uses fewer joules per correct answer than the other system."
)


def break_even_passage(measured: Measured, paid: Paid, emitted: Emitted, pairs: Sequence[BreakEven]) -> Passage | None:
    """Make the passage on break-even: the strongest alternative and untrained generalists first, all pairs folded.

    Args:
        measured, paid, emitted: the run.
        pairs: `break_evens` of it.
    """
    if not pairs:
        return None
    plain = _as_they_are(measured, emitted)
    front = [each for each in pairs if each.rival or each.against in plain]
    sentences = list(_alone(pairs))
    if caveat := _caveat(measured, emitted, pairs):
        sentences.append(caveat)
    tables = [_table(measured, front, "Break-even in correct answers")] if front else []
    if front and paid.money is not None:
        tables.append(_money_table(measured, front, paid.money.currency))
    if len(front) == len(pairs):
        return Passage("Break-even of training", tuple(sentences), tuple(tables))
    every = _table(measured, pairs, f"Break-even against every other system ({units.plural(len(pairs), 'pair')})")
    return Passage("Break-even of training", tuple(sentences), tuple(tables), folded=(every,))


def _as_they_are(measured: Measured, emitted: Emitted) -> set[str]:
    """Return the names of generalists that were not trained, the usual alternative."""
    trained = {each.system for each in trainings(measured, emitted)}
    return {name for name in in_use(measured) if measured.kinds[name] == "generalist" and name not in trained}


def _alone(pairs: Sequence[BreakEven]) -> list[str]:
    alone = [
        name
        for name in dict.fromkeys(each.system for each in pairs)
        if not any(each.rival for each in pairs if each.system == name)
    ]
    if not alone:
        return []
    return [
        f"There is no strongest alternative to {units.named(alone, 'or')}: every other system with comparable "
        "joules is shown to be less accurate on the same items."
    ]


def _caveat(measured: Measured, emitted: Emitted, pairs: Sequence[BreakEven]) -> str:
    """Warn that a break-even divides declared joules, which were not measured."""
    stated = [each for each in pairs if each.payback is not None and each.declared]
    if not stated:
        return ""
    names = [each.system for each in trainings(measured, emitted) if is_declared(each.provenance)]
    read = sorted({measured_part(each.answers_provenance) for each in stated})
    return (
        f"Break-even values that involve {units.named(names, 'or')} divide declared training joules by answer "
        f"joules with provenance {units.named(read, 'or')}. Their intervals cover the error of the latter only; if "
        "the declared value is wrong by half, so is the break-even."
    )


def _table(measured: Measured, pairs: Sequence[BreakEven], caption: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column("System"),
            Column("Compared with"),
            Column("Domain"),
            Column("Extra training joules", numeric=True),
            Column("Break-even, correct answers"),
            Column("Probability of saving"),
            Column("Provenance: training / answers"),
        ),
        rows=tuple(
            (
                Cell(
                    each.system, series=measured.frames.systems.index(each.system), detail=measured.kinds[each.system]
                ),
                Cell(f"{each.against} (strongest)" if each.rival else each.against),
                Cell(each.domain or "all domains"),
                Cell(units.quantity(each.outlay_j, "J").replace("-", "−")),
                Cell(_until(each)),
                Cell(_how_sure(each)),
                Cell(f"{each.provenance or 'none'} / {each.answers_provenance or 'none'}"),
            )
            for each in pairs
        ),
        note=_NOTE,
    )


def _money_table(measured: Measured, pairs: Sequence[BreakEven], currency: str) -> Table:
    rows = [(each, each.money) for each in pairs if each.money is not None]
    return Table(
        caption="Break-even in money, in correct answers",
        columns=(
            Column("System"),
            Column("Compared with"),
            Column("Domain"),
            Column("Extra money of training", numeric=True),
            Column("Break-even, correct answers"),
            Column("Probability of saving"),
        ),
        rows=tuple(
            (
                Cell(
                    each.system, series=measured.frames.systems.index(each.system), detail=measured.kinds[each.system]
                ),
                Cell(f"{each.against} (strongest)" if each.rival else each.against),
                Cell(each.domain or "all domains"),
                Cell(units.money(money.outlay, currency).replace("-", "−")),
                Cell(_until(money)),
                Cell(_how_sure(money)),
            )
            for each, money in rows
        ),
        note=(
            "As the break-even in joules, with the money of answers at the systems' prices. A training costs what its "
            "declaration states, or its joules at the workload's price of electricity."
        ),
    )


def _until(even: BreakEven | MoneyBreakEven) -> str:
    if even.payback is None:
        return f"not available: {even.reason}"
    answers = even.payback.answers
    bounds = f"[{units.roughly(answers.low)}, {units.roughly(answers.high)}]"
    if even.ahead:
        if math.isinf(answers.estimate):
            return "at once" if math.isinf(answers.low) else f"at once, until ∞ {bounds}"
        return f"at once, until {units.roughly(answers.estimate)} {bounds}"
    if math.isinf(answers.estimate):
        return "never" if math.isinf(answers.low) else f"never {bounds}"
    if not answers.estimate:  # it took as much to train, and takes less to run
        return f"at once {bounds}" if answers.high else "at once"
    return f"{units.roughly(answers.estimate)} {bounds}"


def _how_sure(even: BreakEven | MoneyBreakEven) -> str:
    if even.payback is None:
        return units.NONE
    saves = even.payback.probability
    return units.certainty(1.0 - saves if even.ahead else saves)
