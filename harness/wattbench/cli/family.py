"""`wattbench family`: building the reference family."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._group import main
from wattbench.cli._session import measuring_alone, meters_here, stdout_to_stderr

if TYPE_CHECKING:
    from wattbench.train import Family


@main.group()
def family() -> None:
    """The reference family: models of every kind, all made from one base."""


@family.command("build")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--recipe", type=click.Path(path_type=Path), help="Another recipe than the one wattbench ships.")
def family_build(names: tuple[str, ...], recipe: Path | None) -> None:
    """Train the members of the family that are missing or out of date: all, or those NAMEd.

    An interrupted build goes on from its last checkpoint when it is started again.
    """
    from wattbench.config import benchmarks_folder
    from wattbench.train import load_family

    made_by = load_family(recipe or benchmarks_folder() / "family" / "recipe.yaml")
    with stdout_to_stderr(), measuring_alone():
        built = _build_family(made_by, names)
    for name in built:
        click.echo(made_by.folder / name)


def _build_family(made_by: Family, names: tuple[str, ...]) -> list[str]:
    from wattbench.errors import require
    from wattbench.meters import Metering
    from wattbench.progress import progress
    from wattbench_reports.metrics.carbon import carbon_of_suite

    require("torch", extra="hf", what="training")
    from wattbench.train.build import build, planned_documents, stale

    wanted = stale(made_by, names or tuple(made_by.recipe.members))
    if not wanted:
        click.echo("every member is built by this recipe already", err=True)
        return []
    carbon = carbon_of_suite(made_by.recipe.carbon.model_dump())

    def grams(joules: float) -> tuple[float | None, str]:
        if carbon is None:
            return None, "no region given"
        known = carbon.grams(joules)
        return known, carbon.describe() if known is not None else "an hourly intensity says nothing of a whole training"

    documents = sum(planned_documents(made_by, name) for name in wanted)
    with Metering(meters_here().meters) as metering, progress(len(wanted), documents, "members", "documents") as shown:
        build(made_by, wanted, metering, shown, grams)
    return wanted
