"""Write the figures of a run that has no answers, for a terminal and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict

from wattbench.records import RunRecords
from wattbench_reports.presenter.text import as_text
from wattbench_reports.sections.stated import stated_words
from wattbench_reports.tables.stated_figures import stated_figures


def stated_as_text(run: RunRecords) -> str:
    """Return the figures that the source of a run states, as a table.

    Raises:
        UserError: the record is damaged.
    """
    stated = stated_figures(run)
    return "" if stated is None else as_text(stated_words(stated))


def stated_as_json(run: RunRecords) -> str:
    """Return every row of the record as JSON: ``{"run": ..., "stated": [...]}``.

    Raises:
        UserError: the record is damaged.
    """
    return json.dumps({"run": run.header.run, "stated": [asdict(row) for row in run.summaries()]}, indent=2) + "\n"
