"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click


def names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """A list in one argument: ``a,b``."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if value else ()


def narrowing_options(command: Any) -> Any:
    """The options that make a suite smaller."""
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="At most so many items of each task."),
        click.option("--tasks", callback=names, metavar="A,B", help="Only these tasks of the suite."),
        click.option("--systems", callback=names, metavar="A,B", help="Only these systems of the suite."),
        click.option("--allow-unsafe-code", is_flag=True, help="Allow tasks that run code which a model wrote."),
    ):
        command = option(command)
    return command


def carbon_options(command: Any) -> Any:
    """The options that restate a run's grams; joules stay what they were."""
    for option in (
        click.option("--pue", type=click.FloatRange(min=1.0), help="Power usage effectiveness."),
        click.option("--intensity", type=click.FloatRange(min=0.0), help="Grid intensity in g CO2e per kWh."),
        click.option("--region", metavar="ISO3", help="Country whose grid it is, such as FRA."),
    ):
        command = option(command)
    return command
