"""Write the figures of a run that has no answers, for a terminal and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict

from wattbench.records import RunRecords
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table
from wattbench_reports.presenter.text import as_text
from wattbench_reports.tables.stated_figures import stated_figures
from wattbench_reports.wording import stated as wording


def stated_as_text(run: RunRecords) -> str:
    """Return the figures that the source of a run states, as a table.

    Raises:
        UserError: the record is damaged.
    """
    stated = stated_figures(run)
    if stated is None:
        return ""
    columns = tuple(Column(name, numeric=position > 0) for position, name in enumerate(wording.HEAD[1:]))
    rows = list(wording.rows(stated))
    passages = [
        Passage(name, tables=(Table("", columns, tuple(tuple(map(Cell, row[1:])) for row in rows if row[0] == name)),))
        for name in stated.systems
    ]
    explained = Passage(sentences=(wording.explained(stated),))
    return as_text(Section("stated", "Stated", "Stated by the source", "", (*passages, explained)))


def stated_as_json(run: RunRecords) -> str:
    """Return every row of the record as JSON: ``{"run": ..., "stated": [...]}``.

    Raises:
        UserError: the record is damaged.
    """
    return json.dumps({"run": run.header.run, "stated": [asdict(row) for row in run.summaries()]}, indent=2) + "\n"
