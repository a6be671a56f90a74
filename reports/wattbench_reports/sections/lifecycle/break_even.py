"""When a training has paid for itself, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wattbench_reports.analyses.break_even import BreakEven
from wattbench_reports.analyses.training_cost import in_use, trainings
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Passage
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.tables.provenance import is_declared, measured_part

_NOTE = (
    "Strongest: of the systems that are not shown to be less accurate on the same items, the one with the fewest "
    "joules per correct answer. Until then: "
    "joules of its training less those of the other one's, over the joules that each correct answer saves, over the "
    "items that both answered (a specialist: of its domain). Other work has another figure. A system without a "
    "training on record counts as one that took none. Brackets hold a 95% interval; ∞ is never, and 0 that the other "
    "one may never be right there. At once: it took less to make and takes less to run. At once, until: it took less "
    "to make and takes more to run, so that the other one catches up there. Sure that it saves: the share of the draws "
    "of items in which it takes fewer joules per correct answer than the other one."
)


def break_even_passage(analysis: Analysis, found: Sequence[BreakEven]) -> Passage | None:
    """The strongest alternative and the systems that are run as they are in front, every pair folded; None without any.

    Args:
        analysis: the run.
        found: `break_evens` of it.
    """
    if not found:
        return None
    plain = _as_they_are(analysis)
    front = [each for each in found if each.rival or each.against in plain]
    sentences = list(_alone(found))
    if caveat := _caveat(analysis, found):
        sentences.append(caveat)
    tables = (_table(analysis, front, "After how many correct answers the training is saved"),) if front else ()
    if len(front) == len(found):
        return Passage("When the training has paid for itself", tuple(sentences), tables)
    every = _table(analysis, found, f"The same against every other system ({units.plural(len(found), 'pair')})")
    return Passage("When the training has paid for itself", tuple(sentences), tables, folded=(every,))


def _as_they_are(analysis: Analysis) -> set[str]:
    """Generalists that nothing was trained for: what one would run without any training."""
    trained = {each.system for each in trainings(analysis)}
    return {name for name in in_use(analysis) if analysis.kinds[name] == "generalist" and name not in trained}


def _alone(found: Sequence[BreakEven]) -> list[str]:
    alone = [
        name
        for name in dict.fromkeys(each.system for each in found)
        if not any(each.rival for each in found if each.system == name)
    ]
    if not alone:
        return []
    return [
        f"There is no strongest alternative to {units.listed(alone, 'or')}: every other system whose joules may be set "
        "beside is shown to be less accurate on the same items."
    ]


def _caveat(analysis: Analysis, found: Sequence[BreakEven]) -> str:
    """Declared joules are a numerator that nobody here has read."""
    stated = [each for each in found if each.payback is not None and each.declared]
    if not stated:
        return ""
    names = [each.system for each in trainings(analysis) if is_declared(each.provenance)]
    read = sorted({measured_part(each.answers_provenance) for each in stated})
    return (
        f"Where {units.listed(names, 'or')} takes part, the number of answers is a ratio of a declared and a measured "
        f"figure: the training's joules are declared, those of the answers {units.listed(read, 'or')}. Its interval "
        "holds the error of the second alone; if the declared figure is wrong by half, so is the number."
    )


def _table(analysis: Analysis, found: Sequence[BreakEven], caption: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column("System"),
            Column("Instead of"),
            Column("In"),
            Column("More joules to train", numeric=True),
            Column("Correct answers until then"),
            Column("Sure that it saves"),
            Column("Joules: training / answers"),
        ),
        rows=tuple(
            (
                Cell(
                    each.system, series=analysis.frames.systems.index(each.system), detail=analysis.kinds[each.system]
                ),
                Cell(f"{each.against} (strongest)" if each.rival else each.against),
                Cell(each.domain or "all domains"),
                Cell(units.quantity(each.outlay_j, "J").replace("-", "−")),
                Cell(_until(each)),
                Cell(_how_sure(each)),
                Cell(f"{each.provenance or 'none'} / {each.answers_provenance or 'none'}"),
            )
            for each in found
        ),
        note=_NOTE,
    )


def _until(even: BreakEven) -> str:
    if even.payback is None:
        return f"cannot be told: {even.reason}"
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


def _how_sure(even: BreakEven) -> str:
    if even.payback is None:
        return units.NONE
    saves = even.payback.probability
    return units.certainty(1.0 - saves if even.ahead else saves)
