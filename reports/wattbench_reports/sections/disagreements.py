"""Items that one of two systems answers correctly and the other does not."""

from __future__ import annotations

import shlex

from wattbench_reports.analyses.disagreements import Flips, Fourfold, chosen_pairs, flips
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, numbers
from wattbench_reports.sections.answer_links import answers_link
from wattbench_reports.tables.item_matrix import RIGHT
from wattbench_reports.wording import judged

MOST_PAIRS = 8
"""How many pairs the page shows; the command lists the others."""

_LEAD = (
    "Two systems with the same accuracy may be right on different items. For the pairs that matter, this section "
    "counts what one answers correctly and the other does not. The counts link to these answers, next to each other; a "
    "command lists all of them."
)

_NOTE = (
    "p: exact McNemar test, two-sided, on the flipped items only (one system right, the other wrong): the "
    "probability that two equally accurate systems split them at least this unevenly. Not corrected for the number "
    "of pairs. A dash: no flipped item."
)


def items_section(measured: Measured) -> Section | None:
    """Make a passage per pair; None where there are no two systems to compare."""
    measured = measured.by_item
    pairs = chosen_pairs(measured)
    by_pair = flips(measured, pairs[:MOST_PAIRS])
    if not by_pair:
        return None
    passages = [_passage(measured, each, explain=each is by_pair[0]) for each in by_pair]
    if pairs[MOST_PAIRS:]:
        others = units.named([f"{pair.first} and {pair.second}" for pair in pairs[MOST_PAIRS:]])
        text = (
            f"Not shown, to keep the page small: {others}. To list them, put their names into one of the commands "
            "above."
        )
        passages.append(Passage("More pairs", (text,)))
    return Section(
        "items",
        "Items",
        "Items on which two systems differ",
        " ".join(filter(None, (_LEAD, _repeats(measured), judged.single_answers(measured.frames)))),
        tuple(passages),
        line="what one system of a pair answers correctly and the other does not",
    )


def _repeats(measured: Measured) -> str:
    if measured.table.trials.max() <= 1:
        return ""
    return "Items were asked more than once: an item counts as right if the mean score of its answers is at least ½."


def _passage(measured: Measured, each: Flips, *, explain: bool) -> Passage:
    first, second = each.pair.first, each.pair.second
    return Passage(
        heading=f"{first} and {second}",
        sentences=(each.pair.why, _counted(each.total, first, second)),
        tables=(_table(each, first, second, _NOTE if explain else ""),),
        commands=()
        if not each.total.flipped
        else ((f"List all {units.plural(each.total.flipped, 'flipped item')} as CSV", all_flipped(measured, each)),),
    )


_BY_VERDICTS = " (by a judge's verdicts, where people gave no label)"


def _counted(total: Fourfold, first: str, second: str) -> str:
    if not total.flipped:
        return f"On all {units.plural(total.items, 'item')} that both answered, both are right or both are wrong."
    chance = _BY_VERDICTS if total.p is None else f" ({units.p_value(total.p)})"
    return (
        f"Of {units.plural(total.items, 'item')} that both answered, only {first} is right on {total.first_only:,} "
        f"and only {second} on {total.second_only:,}{chance}; both are right on {total.both:,}, "
        f"and neither on {total.neither:,}."
    )


def _table(each: Flips, first: str, second: str, note: str) -> Table:
    labels = ("Both right", f"Only {first}", f"Only {second}", "Neither", "Items", "p")
    rows = each.tasks if len(each.tasks) == 1 else (each.total, *each.tasks)
    return Table(
        caption=f"Right and wrong, {first} and {second}",
        columns=(Column("Task"), *numbers(*labels)),
        rows=tuple(
            (
                Cell("All tasks" if row.task is None else row.task),
                Cell(units.count(row.both)),
                _flipped(row.first_only, first, second, row.task),
                _flipped(row.second_only, second, first, row.task),
                *(Cell(units.count(count)) for count in (row.neither, row.items)),
                Cell(units.NONE if row.p is None else units.p_value(row.p).removeprefix("p ").removeprefix("= ")),
            )
            for row in rows
        ),
        note=note,
    )


def _flipped(count: int, right: str, wrong: str, task: str | None) -> Cell:
    shown = answers_link(flipped=right, against=wrong, system=right, task=task or "", outcome="right") if count else ""
    return Cell(units.count(count), link=shown)


def all_flipped(measured: Measured, each: Flips) -> str:
    """Write a command that prints every flipped item of a pair as CSV, from the records.

    Names are written as ASCII Python literals, so that they cannot be read as code.
    """
    path = _literal(str(measured.frames.run.layout.items_table.resolve()))
    load = measured.load
    rate = "" if load is None else f', ("offered_per_s", "==", {load.compared.offered_per_s!r})'
    if load is not None and load.compared.arrivals is not None:
        rate += f', ("arrivals", "==", {_literal(load.compared.arrivals)})'
    lines = (
        "import pandas as pd",
        f"a, b = {_literal(each.pair.first)}, {_literal(each.pair.second)}",
        'key = ["task", "doc_id", "doc_hash"]',
        f't = pd.read_parquet({path}, filters=[("system", "in", [a, b]){rate}])',
        f's = t.pivot_table("correct", key, "system").dropna() >= {RIGHT}',
        "t = t.set_index(key).loc[s.index[s[a] != s[b]]].sort_index()",
        'print(t[["system", "repeat", "correct", "prompt", "target", "filtered", "output", "energy_j"]].to_csv())',
    )
    return f"python -c {shlex.quote('; '.join(lines))}"


def _literal(text: str) -> str:
    """Write a text as a Python literal in double quotes, which need no escape within a shell's single quotes."""
    inside = ascii(text)[1:-1].replace('"', '\\"')
    return f'"{inside}"'
