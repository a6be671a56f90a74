"""The command `runs rescore`: recorded answers, scored anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._group import runs
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import RunPath, WaitingCommand, command_line, wait_option
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.measure.rescore import ChangedScore


@runs.command(
    cls=WaitingCommand,
    short_help="Score the recorded answers of a run anew.",
    most_used="strip lower punctuation first-line regex task metric tasks-from judge out",
    examples=(
        "wattbench runs rescore runs --strip --lower",
        "wattbench runs rescore runs --regex '[0-9]+' --task sums",
    ),
)
@click.argument("run", type=RunPath())
@click.option("--strip", is_flag=True, help="Leave out blanks at both ends of answers and targets.")
@click.option("--lower", is_flag=True, help="Lower-case answers and targets.")
@click.option(
    "--punctuation", is_flag=True, help="Leave out quotes, brackets, emphasis and full stops at both ends of both."
)
@click.option("--first-line", is_flag=True, help="Compare the first line of an answer that is not blank.")
@click.option(
    "--regex",
    metavar="PATTERN",
    help="Extract the first match from an answer, or its first group, in place of the tasks' own filters.",
)
@click.option("--task", "tasks", multiple=True, metavar="TASK", help="Only this task; may be repeated.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="TASK=METRIC",
    help="The metric of correctness of a task: exact_match, or exact_match,flexible-extract; may be repeated.",
)
@click.option(
    "--tasks-from",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="lm-eval task files, edited since: the tasks in this folder are scored by its filters and metrics.",
)
@click.option(
    "--judge",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Put the answers to a judge anew, as the suite says by now; NAME: to this judge or system of it.",
)
@click.option(
    "--suite",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --judge: the suite that names judge, rubric and scale. Default: the file of the run's suite.",
)
@click.option("--max-cost", metavar="'AMOUNT CUR'", help="With --judge: stop before it spends more, such as '5 USD'.")
@wait_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs go.")
@click.option("--allow-unsafe-code", is_flag=True, help="Allow tasks that run code which a model wrote.")
@json_option
def rescore(
    run: Path,
    strip: bool,
    lower: bool,
    punctuation: bool,
    first_line: bool,
    regex: str | None,
    tasks: tuple[str, ...],
    metrics: tuple[str, ...],
    tasks_from: Path | None,
    judge: str | None,
    suite: Path | None,
    max_cost: str | None,
    wait_s: float,
    out: Path,
    allow_unsafe_code: bool,
    as_json: bool,
) -> None:
    """Score the recorded answers of RUN anew, and print the directory of the new run. Asks nothing of any system.

    The new run has the same answers, seconds and joules, and says from which run and how it was scored. RUN stays as it
    is. With --judge a judge reads the answers again; if that is interrupted, `wattbench run --resume` finishes it.

    A run that ended as a grading function failed is finished in the new run, once the function is mended.
    """
    from wattbench.api.rescore import judged_anew, rescored_run

    forms = {"strip": strip, "lower": lower, "punctuation": punctuation, "first-line": first_line}
    if judge is not None:
        if any(forms.values()) or regex is not None or metrics or tasks_from is not None:
            raise UserError("--judge: a judge reads whole answers: of the other ways to score only --task goes with it")
        root, changes = judged_anew(
            run,
            out,
            command_line(),
            judge=judge or None,
            suite=suite,
            tasks=tasks,
            max_cost=max_cost,
            wait_s=wait_s,
            allow_unsafe_code=allow_unsafe_code,
        )
        _print(root, changes, _OPINIONS, as_json=as_json)
        return
    if suite is not None or max_cost is not None or wait_s:
        raise UserError("--suite, --max-cost and --wait go with --judge")
    root, changes = rescored_run(
        run,
        out,
        command_line(),
        forms=[name for name, chosen in forms.items() if chosen],
        regex=regex,
        tasks=tasks,
        metrics=_metrics(metrics),
        tasks_from=tasks_from,
        allow_unsafe_code=allow_unsafe_code,
    )
    _print(root, changes, _SCORES, as_json=as_json)


def _print(root: Path, changes: Sequence[ChangedScore], heads: Sequence[str], *, as_json: bool) -> None:
    """Print what changed, and the directory of the new run."""
    if changes:
        click.echo(_table(changes, heads), err=True)
    if not_judged := sum(each.not_judged for each in changes):
        click.echo(f"{not_judged:,} answers are not judged: the new run says why, answer by answer", err=True)
    if checked := sum(each.checked for each in changes):
        kept = f"{checked:,} attempts of agents keep what their check said: their working folders are gone"
        click.echo(kept, err=True)
    if as_json:
        print_json({"run": str(root), "systems": [asdict(each) for each in changes]})
    else:
        click.echo(root)


_SCORES = ("answers", "as scored", "rescored", "newly right", "newly wrong")
_OPINIONS = ("answers", "as judged", "judged anew", "higher", "lower")
"""Heads of the columns of what changed."""


def _metrics(options: Sequence[str]) -> dict[str, str]:
    metrics = {}
    for option in options:
        task, equals, metric = option.partition("=")
        if not equals or not task or not metric:
            raise UserError(f"--metric {option}: expected TASK=METRIC, such as --metric sums=exact_match")
        metrics[task] = metric
    return metrics


def _table(changes: Sequence[ChangedScore], heads: Sequence[str]) -> str:
    """Return what changed in the scores, one line per system."""
    from wattbench.terminal import TextColumn, printable, text_table

    rows = [
        (
            printable(each.system),
            f"{each.answers:,}",
            f"{100 * each.before / (each.answers or 1):.1f}%",
            f"{100 * each.after / (each.answers or 1):.1f}%",
            f"{each.newly_right:,}",
            f"{each.newly_wrong:,}",
        )
        for each in changes
    ]
    return "\n".join(text_table([TextColumn("system"), *(TextColumn(head, right=True) for head in heads)], rows))
