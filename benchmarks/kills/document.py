"""Write the outcomes of the kills as a table of docs/data."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.kills.figures import Figures
from benchmarks.kills.kill import Kill
from benchmarks.written_tables import Table

COLUMNS = (
    "command",
    "kills at chosen moments",
    "at random ones",
    "of these twice",
    "answers on record",
    "lost, doubled or left",
)


def table(figures: Figures) -> Table:
    """Return the table: a row per command, and their sum."""
    by_subject: dict[str, list[Kill]] = {}
    for each in figures.kills:
        by_subject.setdefault(each.subject, []).append(each)
    rows = [_row(name, of_subject) for name, of_subject in by_subject.items()]
    made = f"Made by tox -e kills, seed {figures.seed}. SIGKILL to the process group, then resumed"
    return Table("kills", made, COLUMNS, (*rows, _row("all", figures.kills)))


def _row(name: str, kills: Iterable[Kill]) -> tuple[str, ...]:
    killed = [each for each in kills if each.killed]
    chosen = sum(each.chosen for each in killed)
    return (
        name,
        str(chosen),
        str(len(killed) - chosen),
        str(sum(each.killed > 1 for each in killed)),
        str(sum(each.answers for each in killed)),
        str(sum(bool(each.problems) for each in kills)),
    )
