"""Options that several commands share."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import click

LARGEST = 1e18
"""Of a number that an option takes: as records allow."""


def command_line() -> list[str]:
    """Return the command as it was typed, for the record of a run."""
    return ["wattbench", *sys.argv[1:]]


def names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Split a list in one argument: ``a,b``."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if value else ()


def items_options(command: Any) -> Any:
    """Add the options that select tasks of a suite and limit their items."""
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="At most this many items of each task."),
        click.option("--tasks", callback=names, metavar="A,B", help="Only these tasks of the suite."),
        click.option("--allow-unsafe-code", is_flag=True, help="Allow tasks that run code which a model wrote."),
    ):
        command = option(command)
    return command


def narrowing_options(command: Any) -> Any:
    """Add the options that select systems, tasks and items of a suite."""
    only = click.option("--systems", callback=names, metavar="A,B", help="Only these systems of the suite.")
    return only(items_options(command))


def block_options(command: Any) -> Any:
    """Add the options that select blocks of a suite: those of one shard."""
    block = click.option(
        "--block",
        metavar="I/N",
        help="Only block I of N, or a range such as 1-4/16: a shard, of which merge makes one run with the others.",
    )
    seed = click.option(
        "--seed",
        type=click.IntRange(min=0),
        help="With --block: the seed of the deal, the same for all shards. Default: by the suite's hash.",
    )
    return block(seed(command))


measured_option = click.option(
    "--require-measured",
    is_flag=True,
    help="Refuse to run where any joules would come from a formula and not from a sensor.",
)


def effort_options(command: Any) -> Any:
    """Add the options that say how much time a run may take for intervals and joules."""
    effort = click.option(
        "--effort",
        type=click.Choice(["quick", "normal", "thorough"]),
        help="How much time intervals and joules may take; normal: twice the answering time and 2 min, and loading.",
    )
    energy = click.option(
        "--energy",
        type=click.Choice(["on", "off"]),
        callback=lambda _, __, value: None if value is None else value == "on",
        help="off: accuracy and latency alone; any number of such runs may go on side by side.",
    )
    return effort(energy(command))


class _Reader(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.2 on
    """A value that a function of the reports reads, whose error is the command line's."""

    def __init__(self, name: str, function: str) -> None:
        self.name, self.function = name, function

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the function reads."""
        from wattbench.errors import UserError
        from wattbench_reports.metrics import decision_settings

        try:
            return getattr(decision_settings, self.function)(value) if isinstance(value, str) else value
        except UserError as error:
            self.fail(str(error), param, ctx)


class Finite(click.FloatRange):
    """A finite number in a range: an infinite one, or one that is none, would make every figure so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if not abs(number) <= LARGEST:
            self.fail(f"{value!r:.60} is not a number between {-LARGEST:g} and {LARGEST:g}", param, ctx)
        return number


_BOUND = _Reader("number", "parsed_bound")

_ASSUMPTIONS = (
    click.option("--region", metavar="COUNTRY", help="Country whose grid it is, by its ISO 3166 code: FR or FRA."),
    click.option("--intensity", type=Finite(min=0.0), help="Grid intensity in g CO2e per kWh."),
    click.option(
        "--intensity-csv",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Hourly grid intensities, matched to the run's clock.",
    ),
    click.option("--pue", type=Finite(min=1.0), help="Power usage effectiveness."),
    click.option(
        "--embodied",
        metavar="WHAT",
        help="Manufacture, as under carbon.embodied in a suite: ecologits-gpu-server, a mapping in YAML, or none.",
    ),
    click.option(
        "--impacts",
        metavar="WHAT",
        help="Water, abiotic depletion and primary energy, as under impacts in a suite: ecologits, a mapping in YAML, "
        "or none.",
    ),
    click.option(
        "--mix",
        metavar="DOMAIN=WEIGHT,...",
        help="The share of the requests that each domain has; items gives every item the same weight.",
    ),
    click.option("--requests", type=Finite(min=0.0, min_open=True), help="Requests per year."),
    click.option("--price", type=Finite(min=0.0), help="Price of a kWh, in the suite's currency."),
    click.option("--currency", metavar="ISO4217", help="Currency of the price of a kWh, such as USD."),
    click.option(
        "--system-price",
        "system_prices",
        multiple=True,
        metavar="SYSTEM:KEY=VALUE,...",
        help="Price of a system, as under price in a suite: gpt:input_per_million=0.15,output_per_million=0.6,"
        "currency=USD. What is not named stays as recorded. Once for each system.",
    ),
    click.option(
        "--sessions",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Earlier sessions, for intervals of another run: what calibrate --sessions wrote, or a folder of runs.",
    ),
    click.option(
        "--cluster",
        type=click.Choice(["task"]),
        help="Cluster intervals by task: they are then for other tasks of the kind, not other items of the same.",
    ),
    click.option(
        "--min-accuracy",
        metavar="SHARE[,DOMAIN=SHARE,...]",
        help="Require this share of correct answers: 0.8, 80% or 0.8,arithmetic=0.9; none drops the suite's.",
    ),
    click.option(
        "--max-p95",
        type=_Reader("time", "parsed_seconds"),
        metavar="TIME",
        help="Require that 95% of requests are answered within this time: 300ms or 0.3s; none.",
    ),
    click.option(
        "--max-cost",
        type=_BOUND,
        metavar="MONEY",
        help="Require that a request costs no more; none drops the suite's bound.",
    ),
    click.option("--max-joules", type=_BOUND, metavar="J", help="Require that a request needs no more joules; none."),
    click.option("--max-grams", type=_BOUND, metavar="G", help="Require that a request causes no more CO2e; none."),
    click.option("--max-memory", type=_BOUND, metavar="GIB", help="Require that a system needs no more memory; none."),
    click.option(
        "--risk",
        type=_Reader("share", "parsed_risk"),
        metavar="SHARE",
        help="Of each bound by which a requirement is met or not met: 0.1 unless named, or 10%.",
    ),
    click.option("--worth-right", type=Finite(min=0.0), help="What a correct answer is worth, in money."),
    click.option("--cost-wrong", type=Finite(min=0.0), help="What a wrong answer costs, in money."),
    click.option(
        "--carbon-price", type=Finite(min=0.0), help="Money per tonne of CO2e, added to what a request costs."
    ),
    click.option(
        "--minimise",
        type=click.Choice(["joules", "grams", "money", "seconds"]),
        help="The unit in which costs are compared.",
    ),
)


def assumption_options(command: Any) -> Any:
    """Add the options that restate a run, in place of its suite's settings. The command gets them as `assumptions`."""

    @functools.wraps(command)
    def with_assumptions(
        *args: Any,
        region: str | None,
        intensity: float | None,
        intensity_csv: Path | None,
        pue: float | None,
        embodied: str | None,
        impacts: str | None,
        mix: str | None,
        requests: float | None,
        price: float | None,
        currency: str | None,
        system_prices: tuple[str, ...],
        sessions: Path | None,
        cluster: str | None,
        min_accuracy: str | None,
        max_p95: float | None,
        max_cost: float | None,
        max_joules: float | None,
        max_grams: float | None,
        max_memory: float | None,
        risk: float | None,
        worth_right: float | None,
        cost_wrong: float | None,
        carbon_price: float | None,
        minimise: str | None,
        **others: Any,
    ) -> Any:
        from wattbench_reports.metrics.assumptions import Assumptions
        from wattbench_reports.metrics.carbon import CarbonChoice
        from wattbench_reports.metrics.decision_settings import DecisionChoice
        from wattbench_reports.metrics.workload import WorkloadChoice

        assumptions = Assumptions(
            CarbonChoice(region, intensity, intensity_csv, pue, embodied),
            WorkloadChoice(mix, requests, price, currency),
            sessions=sessions,
            cluster=cluster,
            impacts=impacts,
            prices=system_prices,
            decision=DecisionChoice(
                min_accuracy,
                max_p95,
                max_cost,
                max_joules,
                max_grams,
                max_memory,
                risk,
                worth_right,
                cost_wrong,
                carbon_price,
                minimise,
            ),
        )
        return command(*args, assumptions=assumptions, **others)

    with_options: Any = with_assumptions
    for option in reversed(_ASSUMPTIONS):
        with_options = option(with_options)
    return with_options
