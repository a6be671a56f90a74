"""Write the figures of a run that has no answers, for a terminal and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict

from wattbench.records import RunRecords
from wattbench.terminal import TextColumn, printable, text_table, wrapped
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
    columns = [TextColumn(name, right=position > 0) for position, name in enumerate(wording.HEAD[1:])]
    lines: list[str] = []
    for system in stated.systems:
        rows = [row[1:] for row in wording.rows(stated) if row[0] == system]
        lines += [*wrapped(printable(system)), *text_table(columns, rows, widest_label=40), ""]
    return "\n".join([*lines, *wrapped(wording.explained(stated))]) + "\n"


def stated_as_json(run: RunRecords) -> str:
    """Return every row of the record as JSON: ``{"run": ..., "stated": [...]}``.

    Raises:
        UserError: the record is damaged.
    """
    return json.dumps({"run": run.header.run, "stated": [asdict(row) for row in run.summaries()]}, indent=2) + "\n"
