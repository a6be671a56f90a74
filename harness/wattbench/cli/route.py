"""The command `route`: whether a router in front of a run's systems is worth building, from their own answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wattbench.cli._group import ComputingCommand, main
from wattbench.cli._json import json_option
from wattbench.cli._options import Finite, RunPath, assumption_options, names

if TYPE_CHECKING:
    from wattbench_reports.metrics.assumptions import Assumptions

_COST = Finite(min=0.0)


@main.command(
    cls=ComputingCommand,
    short_help="Say whether a router in front of a run's systems pays.",
    most_used="members min-accuracy max-p95 max-cost worth-right cost-wrong requests-per-hour routes write format",
    examples=(
        "wattbench route runs",
        "wattbench route runs --min-accuracy 0.9 --write routed",
    ),
)
@click.argument("run", type=RunPath())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="The format of the output.",
)
@click.option(
    "--members", callback=names, metavar="A,B", help="Systems to choose between; default: those that gain the most."
)
@click.option(
    "--routes",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Routers to judge as well: a CSV file, or a routing log of vLLM's semantic router or of LiteLLM.",
)
@click.option(
    "--requests-per-hour",
    type=Finite(min=0.0, min_open=True),
    metavar="N",
    help="By which the idle power of systems that stay loaded is divided; default: of the suite's requests per year.",
)
@click.option("--router-joules", type=_COST, metavar="J", help="The router's own joules per request.")
@click.option("--router-seconds", type=_COST, metavar="S", help="The router's own seconds per request.")
@click.option("--router-cost", type=_COST, metavar="MONEY", help="The router's own money per request.")
@click.option(
    "--check-cost",
    type=_COST,
    metavar="COST",
    help="What a cascade's check of an answer costs, in the unit in which costs are compared.",
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write the figures of the study to this folder: SVG, and their numbers as CSV.",
)
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Train the recommended router on some of the items, and write it with a suite that asks the others.",
)
@json_option
@assumption_options
def route(
    run: Path,
    form: str,
    members: tuple[str, ...],
    routes: Path | None,
    requests_per_hour: float | None,
    router_joules: float | None,
    router_seconds: float | None,
    router_cost: float | None,
    check_cost: float | None,
    figures: Path | None,
    folder: Path | None,
    assumptions: Assumptions,
    as_json: bool,
) -> None:
    """Say whether a router in front of the systems of RUN is worth building, from their answers alone.

    The first sentence is the verdict. Then: what a perfect router would give; routers by domain and by the words of the
    requests, judged on items that they were not fitted to; cascades, by how good their check is; which systems to keep
    loaded. Requirements and worths say what a router is to gain; without any it is accuracy above the most
    accurate system at no more cost, or its accuracy at less cost.
    """
    from wattbench.api.route import rendered, routing_options, write_figures
    from wattbench.progress.notices import notice
    from wattbench.records import read_run
    from wattbench_reports.comparison.analysis import analyse
    from wattbench_reports.routing.study import routing_study

    options = routing_options(
        members=members or None,
        requests_per_hour=requests_per_hour,
        router_joules=router_joules,
        router_seconds=router_seconds,
        router_cost=router_cost,
        check_cost=check_cost,
    )
    analysis = analyse(read_run(run), replace(assumptions, routers=routes)).by_item
    study = routing_study(analysis.measured, analysis.paid, analysis.weighed, options)
    click.echo(rendered(study, "json" if as_json else form), nl=False)
    if figures is not None:
        for path in write_figures(study, figures):
            notice(f"figure: {path}")
    if folder is not None:
        from wattbench.api.routers.write_route import write_route

        for line in write_route(analysis.measured, analysis.paid, analysis.weighed, study, folder, options).lines:
            notice(line)
