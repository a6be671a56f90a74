"""Commands about a suite's tasks: `tasks export`."""

from __future__ import annotations

from pathlib import Path

import click

from wattbench.cli._group import main
from wattbench.errors import UserError, nearest
from wattbench.progress.notices import notice, stdout_to_stderr


@main.group()
def tasks() -> None:
    """Tasks of a suite, for other tools."""


@tasks.command("export")
@click.argument("suite")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="A folder; what an earlier export left there is replaced.",
)
@click.option("--task", "names", metavar="TASK", multiple=True, help="Only this one; can be repeated.")
def export(suite: str, output: Path, names: tuple[str, ...]) -> None:
    """Write the tasks of SUITE that are files as lm-eval YAML, and print the paths of what was written.

    Next to each YAML are its documents as JSON lines (test, and if there are any fewshot and train), and its scores as
    a Python file that needs neither wattbench nor the suite. lm_eval asks the same prompts and scores alike.
    """
    from wattbench.config import FileTask, load_suite
    from wattbench.tasks.file_task.export import export_task

    resolved = load_suite(suite)
    known = {choice.task: choice for choice in resolved.tasks if isinstance(choice, FileTask)}
    if not known:
        raise UserError(f"{resolved.path}: tasks.select: no task is a file; others are lm-eval's own YAML already")
    for name in names:
        if name not in known:
            raise UserError(f"--task {name}: no file of this suite is a task of this name{nearest(name, known)}")
    chosen = names or tuple(known)
    with stdout_to_stderr():
        written = [path for name in chosen for path in export_task(known[name], output)]
    for path in written:
        click.echo(path)
    notice(f"to run them: lm_eval --tasks {','.join(chosen)} --include_path {output} ...")
