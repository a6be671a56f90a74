"""`wattbench family`: build the reference family."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._group import main
from wattbench.cli._waiting import WaitingCommand, wait_option
from wattbench.progress.notices import stdout_to_stderr

if TYPE_CHECKING:
    from wattbench.train import Family


@main.group()
def family() -> None:
    """Build the reference family: models of every kind, all made from one base model."""


@family.command("build", cls=WaitingCommand)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--recipe", type=click.Path(path_type=Path), help="A recipe other than the one that wattbench ships.")
@wait_option
def family_build(names: tuple[str, ...], recipe: Path | None, wait_s: float) -> None:
    """Train the members of the family that are missing or out of date: all, or only each NAME.

    An interrupted build resumes from its last checkpoint when it is started again.
    """
    from wattbench.api.session import measuring_alone
    from wattbench.config import benchmarks_folder
    from wattbench.train import load_family

    reference_family = load_family(recipe or benchmarks_folder() / "family" / "recipe.yaml")
    with stdout_to_stderr(), measuring_alone(wait_s):
        built = _build_family(reference_family, names)
    for name in built:
        click.echo(reference_family.folder / name)


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
