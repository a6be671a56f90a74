"""Says what labels make of a judge's opinion where the truth is known: ``python -m benchmarks.judged_notes RUN...``.

Runs are of the suite `notes`, finished and without labels; each has one judge. The program that grades notes labels the
answers that are drawn first, and grades all others too. Writes the table: opinion, corrected figure and truth.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

import wattbench
from benchmarks.tasks.writing import draw_notes
from benchmarks.tasks.writing.check_notes import grade
from wattbench.records.label_order import draw_position

TABLE = Path(__file__).parents[1] / "docs" / "data" / "judged-notes.csv"
MADE = "# Measured by python -m benchmarks.judged_notes: runs of the suite notes, labelled by its program. In percent"
LABELS = 20
"""Of each system."""
FIELDS = ("judge", "system", "answers", "opinion", "labels", "corrected", "low", "high", "truth")


def graded(run: Path) -> pd.DataFrame:
    """Return the answers of a run, each with what the program says of it, in the order in which they are drawn."""
    answers = wattbench.read(run).items("all")
    rows = draw_notes.rows()
    answers["truth"] = [float(grade(rows[row.item], row.answer)) for row in answers.itertuples()]
    answers["position"] = [
        draw_position(run.name, row.task, (row.item, row.repeat, None, None)) for row in answers.itertuples()
    ]
    return answers.sort_values("position", kind="stable")


def label(run: Path, answers: pd.DataFrame) -> None:
    """Label the first answers of each system, as a person does who is never wrong."""
    drawn = answers.groupby("system").head(LABELS).rename(columns={"item": "doc_id"}).drop(columns="score")
    columns = ["task", "doc_id", "repeat", "system", "answer"]
    rows = drawn.assign(score=drawn["truth"].map({1.0: "pass", 0.0: "fail"}), drawn="evenly")
    wattbench.label(run, rows[[*columns, "score", "drawn"]], person="check_notes.py")


def rows_of(run: Path) -> list[tuple[object, ...]]:
    """Label a run, and return its rows of the table."""
    answers = graded(run)
    label(run, answers)
    truth = answers.groupby("system")["truth"].mean()
    return [
        (row.judge, row.system, row.answers, *_percent(row.judges_opinion), row.labels,
         *_percent(row.corrected, row.corrected_low, row.corrected_high, truth[row.system]))
        for row in wattbench.read(run).judged().itertuples()
    ]  # fmt: skip


def table(runs: Iterable[Path]) -> str:
    """Return the table of some runs."""
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\n")
    write.writerow(FIELDS)
    write.writerows(row for run in runs for row in rows_of(run))
    return f"{MADE}\n{file.getvalue()}"


def _percent(*shares: float) -> tuple[str, ...]:
    return tuple(f"{share:.1%}"[:-1] for share in shares)


if __name__ == "__main__":
    TABLE.write_text(table(map(Path, sys.argv[1:])), encoding="utf-8")
