"""The command `items`: answers to read."""

from __future__ import annotations

from pathlib import Path

import click

from wattbench.cli._group import main
from wattbench.cli._options import RunPath


@main.command()
@click.argument("run", type=RunPath())
@click.option("--wrong", is_flag=True, help="Only wrong answers; first those that are wrong by how they are written.")
@click.option("--system", metavar="NAME", help="Only of this system.")
@click.option("--task", metavar="TASK", help="Only to this task.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=3, show_default=True, help="Answers of each system, at most."
)
def items(run: Path, wrong: bool, system: str | None, task: str | None, limit: int) -> None:
    """Print a few answers of RUN to read: prompt, answer, what was extracted of it, and the key.

    They are chosen at random, over all tasks, and are the same each time. For all answers: export --what items.
    """
    from wattbench.records import read_run
    from wattbench_reports.comparison.analysis import analyse
    from wattbench_reports.presenter.text import as_text
    from wattbench_reports.sections.wrong_answers import answers_section

    analysis = analyse(read_run(run)).by_item
    click.echo(
        as_text(answers_section(analysis.measured, system=system, task=task, limit=limit, only_wrong=wrong)), nl=False
    )
