"""`--json` of all commands: one object on standard output, whose schema `wattbench dev schema --of COMMAND` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from wattbench.cli._ending import Ended
    from wattbench_reports.export.compared_runs import ComparedRuns

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object in place of text; notices go to standard error."
)


def print_json(document: Any) -> None:
    """Print an object of `wattbench.api.outputs.OUTPUTS` on standard output."""
    from wattbench_reports.formatting.json_text import json_text, plain_data

    click.echo(json_text(plain_data(document)), nl=False)


def print_run(root: Path, ended: Ended) -> None:
    """Print a run that has ended: its directory, its page, what it did not ask, and what `runs compare` says of it.

    Of a shard it says null.
    """
    from wattbench.records import read_run
    from wattbench.records.dropped import answers_left_out
    from wattbench_reports.wording.dropped import reason

    run = read_run(root)
    header = run.header
    left_out, of = answers_left_out(run)
    dropped = [
        {"system": row.system, "after_blocks": look.blocks, "reason": reason(row, look)}
        for look in run.looks()
        for row in look.dropped
    ]
    decides_nothing = header.shard is not None and header.part_of is None
    print_json(
        {
            "run": str(root),
            "report": None if ended.page is None else str(ended.page),
            "left_out": {"systems": dropped, "requests": left_out, "of": of} if dropped else None,
            "compared": None if decides_nothing else _compared(root, ended.compared),
        }
    )


def _compared(root: Path, compared: ComparedRuns | None) -> Any:
    from wattbench.records import read_run
    from wattbench_reports.export import render
    from wattbench_reports.export.compared_runs import compare_runs
    from wattbench_reports.export.stated_text import stated_as_json
    from wattbench_reports.tables.stated_figures import only_stated

    if compared is None:
        run = read_run(root)
        if only_stated(run):
            return json.loads(stated_as_json(run))
        compared = compare_runs([run])
    return json.loads(render(compared.comparison, "json", compared.decided))
