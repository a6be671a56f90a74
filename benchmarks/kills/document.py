"""Write the outcomes of the kills as a table into docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.kills.figures import Figures
from benchmarks.kills.kill import Kill
from benchmarks.written_tables import table as markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- kills: written by tox -e kills -->\n", "<!-- end of kills -->\n"
COLUMNS = (
    "command",
    "kills at chosen moments",
    "at random ones",
    "of these twice",
    "answers on record",
    "lost, doubled or left",
)


def table(figures: Figures) -> str:
    """Return the table as Markdown: a row per command, and their sum."""
    by_subject: dict[str, list[Kill]] = {}
    for each in figures.kills:
        by_subject.setdefault(each.subject, []).append(each)
    rows = [_row(name, of_subject) for name, of_subject in by_subject.items()]
    return markdown(COLUMNS, [*rows, _row("**all**", figures.kills)])


def _row(name: str, kills: Iterable[Kill]) -> list[str]:
    killed = [each for each in kills if each.killed]
    chosen = sum(each.chosen for each in killed)
    return [
        name,
        str(chosen),
        str(len(killed) - chosen),
        str(sum(each.killed > 1 for each in killed)),
        f"{sum(each.answers for each in killed):,}",
        str(sum(bool(each.problems) for each in kills)),
    ]


def filled(document: str, figures: Figures) -> str:
    """Return a document with the table between the two markers."""
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}{table(figures)}{END}{rest.split(END)[1]}"
