"""The commands that train: `dev family build`, the reference family, and `router fit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._group import dev, router
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import Finite, WaitingCommand, complete_suite, wait_option
from wattbench.errors import UserError
from wattbench.progress.notices import notice, stdout_to_stderr

if TYPE_CHECKING:
    from wattbench.train import Family


@dev.group()
def family() -> None:
    """Build the reference family: models of every kind from one base."""


@family.command(
    "build",
    cls=WaitingCommand,
    short_help="Train the members of the reference family.",
    examples=(
        "wattbench dev family build",
        "wattbench dev family build generalist --wait",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--recipe", type=click.Path(path_type=Path), help="A recipe other than the one that wattbench ships.")
@wait_option
@json_option
def family_build(names: tuple[str, ...], recipe: Path | None, wait_s: float, as_json: bool) -> None:
    """Train the members of the family that are missing or out of date: all, or only each NAME.

    An interrupted build resumes from its last checkpoint when it is started again.
    """
    from wattbench.api.session import measuring_alone
    from wattbench.config import benchmarks_folder
    from wattbench.train import load_family

    reference_family = load_family(recipe or benchmarks_folder() / "family" / "recipe.yaml")
    with stdout_to_stderr(), measuring_alone(wait_s):
        built = _build_family(reference_family, names)
    paths = [str(reference_family.folder / name) for name in built]
    if as_json:
        print_json({"written": paths})
    else:
        click.echo("".join(f"{path}\n" for path in paths), nl=False)


def _build_family(reference_family: Family, names: tuple[str, ...]) -> list[str]:
    from wattbench.api.routers.training_grams import training_grams
    from wattbench.api.session import meters_here
    from wattbench.errors import require
    from wattbench.meters import Metering, watch_here
    from wattbench.progress import PlannedTurn, progress

    require("torch", extra="hf", what="training")
    from wattbench.train.build import build, planned_documents, stale

    wanted = stale(reference_family, names or tuple(reference_family.recipe.members))
    if not wanted:
        click.echo("every member is up to date with this recipe", err=True)
        return []
    turns = [PlannedTurn(name, planned_documents(reference_family, name)) for name in wanted]
    with (
        Metering(meters_here().meters, watch_here()) as metering,
        progress(turns, "documents") as shown,
    ):
        build(reference_family, wanted, metering, shown, training_grams(reference_family.recipe.carbon))
    return wanted


@router.command(
    "fit",
    cls=WaitingCommand,
    short_help="Fit the text classifier of a hybrid's router.",
    examples=(
        "wattbench router fit suite.yaml",
        "wattbench router fit suite.yaml --labelled texts.csv --input text --label team",
    ),
)
@click.argument("suite", shell_complete=complete_suite)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the router goes; default: the folder router next to the suite.",
)
@click.option(
    "--labelled",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Texts with labels (CSV, TSV, JSON lines, Parquet), in place of the suite's own training rows.",
)
@click.option("--input", "text_column", metavar="COLUMN", help="Of --labelled: the column of the texts.")
@click.option("--label", "label_column", metavar="COLUMN", help="Of --labelled: the column of the labels.")
@click.option(
    "--member",
    "members",
    multiple=True,
    metavar="LABEL=SYSTEM",
    help="The system that answers a label; default: that of its name, else the only one of its domain. Repeatable.",
)
@click.option(
    "--held-out",
    type=Finite(min=0.01, max=0.9),
    default=0.2,
    show_default=True,
    metavar="SHARE",
    help="The share of the texts by which the router is judged.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Of their choice.")
@wait_option
@json_option
def router_fit(
    suite: str,
    output: Path | None,
    labelled: Path | None,
    text_column: str | None,
    label_column: str | None,
    members: tuple[str, ...],
    held_out: float,
    seed: int,
    wait_s: float,
    as_json: bool,
) -> None:
    """Fit the text classifier of a hybrid's router to labelled texts, and write it with a hybrid for SUITE.

    Labels are the domains of the rows that the file tasks of SUITE leave for training (split:), or a column of a file.
    Texts that SUITE asks are refused. It learns what kind of request a text is, and not which system answers it best:
    that needs the answers of a run, from which wattbench route RUN --write learns.
    """
    from wattbench.api.routers.fit_router import LabelledFile, fit_router

    if (labelled is None) != (text_column is None) or (labelled is None) != (label_column is None):
        raise UserError(
            "--labelled, --input and --label go together: a file, its column of texts, its column of labels"
        )
    file = None if labelled is None else LabelledFile(labelled.resolve(), str(text_column), str(label_column))
    given = dict(_pair(each) for each in members)
    with stdout_to_stderr():
        written = fit_router(suite, output, labelled=file, members=given, held_out=held_out, seed=seed, wait_s=wait_s)
    for line in written.lines:
        notice(line)
    if as_json:
        print_json({"written": [str(written.folder)]})
    else:
        click.echo(written.folder)


def _pair(given: str) -> tuple[str, str]:
    label, equals, system = given.rpartition("=")
    if not (label and equals and system):
        raise UserError(f"--member {given}: write LABEL=SYSTEM")
    return label.strip(), system.strip()
