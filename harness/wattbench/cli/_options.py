"""Options that several commands share."""

from __future__ import annotations

import functools
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click
from click.shell_completion import CompletionItem

from wattbench.cli._exit_codes import EXIT_INTERRUPTED
from wattbench.cli._help import DescribedCommand

LARGEST = 1e18
"""Of a number that an option takes: as records allow."""


def command_line() -> list[str]:
    """Return the command as it was typed, for the record of a run."""
    return ["wattbench", *sys.argv[1:]]


def as_option(name: str) -> str:
    """Return the name of an argument as it is typed on the command line."""
    return f"--{name.replace('_', '-')}"


def complete_suite(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the names of shipped suites that begin so; where none does, the shell completes files. Read no suite."""
    from wattbench.config import benchmarks_folder

    shipped = sorted(path.stem for path in (benchmarks_folder() / "suites").glob("*.yaml"))
    return [CompletionItem(name) for name in shipped if name.startswith(begun)] or [CompletionItem(begun, "file")]


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
        help="Only block I of N, or a range such as 1-4/16: a shard, which runs merge makes one run with the others.",
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


class RunPath(click.Path):
    """The argument RUN: the directory of a run, or a folder of runs, of which the newest finished one is taken.

    Which one that is goes to standard error.
    """

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the run's directory."""
        from wattbench.api.run_folder import find_run

        path: Any = super().convert(value, param, ctx)
        return find_run(path)


class _Reader(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.2 on
    """The type of an option whose value a function of the reports parses; its errors become usage errors."""

    def __init__(self, name: str, function: str) -> None:
        self.name, self.function = name, function

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the parsed value."""
        from wattbench.errors import UserError
        from wattbench_reports.metrics import decision_settings

        try:
            return getattr(decision_settings, self.function)(value) if isinstance(value, str) else value
        except UserError as error:
            self.fail(str(error), param, ctx)


class Finite(click.FloatRange):
    """A finite number in a range: infinity or NaN would make every figure infinite or NaN."""

    name = "number"

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
        help="Earlier sessions, for intervals of another run: a file of dev calibrate --sessions, or a folder of runs.",
    ),
    click.option(
        "--cluster",
        "cluster_by",
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
        *args: Any, system_prices: tuple[str, ...], cluster_by: Literal["task"] | None, **options: Any
    ) -> Any:
        from wattbench.api.assumptions import AssumptionOptions, assumptions_of

        options["cluster"] = cluster_by
        given = {name: options.pop(name) for name in AssumptionOptions.__annotations__ if name in options}
        return command(*args, assumptions=replace(assumptions_of(**given), prices=system_prices), **options)

    with_options: Any = with_assumptions
    for option in reversed(_ASSUMPTIONS):
        with_options = option(with_options)
    return with_options


def cluster_options(command: Any) -> Any:
    """Add the options of clusters and slots.

    The command gets them as `cluster`, a `wattbench.api.slot_source.SlotSource` or None.
    """

    @functools.wraps(command)
    def with_cluster(
        *args: Any, cluster: str | None, slots: str | None, gpus_per_slot: int | None, **others: Any
    ) -> Any:
        from wattbench.api.slot_source import slot_source

        return command(*args, cluster=slot_source(cluster, slots, gpus_per_slot), **others)

    with_options: Any = click.option(
        "--gpus-per-slot",
        type=click.IntRange(min=1),
        help="With --slots or --cluster: how many GPUs each slot has; default: 1.",
    )(with_cluster)
    with_options = click.option(
        "--slots",
        metavar="auto|N",
        help="Ask on N slots of this machine at once, each with an NVIDIA GPU of its own; auto: on all there are.",
    )(with_options)
    return click.option(
        "--cluster",
        metavar="ray[://HOST:PORT]",
        help="Ask on the nodes of a Ray cluster: ray is one that runs here, or else is started. On a node of another: "
        "HOST:PORT.",
    )(with_options)


_NAME = "--wait"
_FOREVER = "forever"
_JSON = "--json"


class _Seconds(Finite):
    """A time to wait: seconds, or as long as it takes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the seconds to wait. Infinity if the option has no number."""
        return math.inf if value in (_FOREVER, math.inf) else super().convert(value, param, ctx)


class WaitingCommand(DescribedCommand):
    """A command with `--wait`. The option's number may be left out, even before an argument; so may the file of --json.

    What follows --json is its file, unless it exists and is no verdict: a suite or a run is not replaced.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; `--wait SUITE` is `--wait` without a number, and a suite."""
        options = args[: args.index("--")] if "--" in args else args
        for index, word in enumerate(options):
            following = args[index + 1] if index + 1 < len(options) else ""
            if word == _NAME and not _is_number(following):
                args = [*args[:index], f"{_NAME}={_FOREVER}", *args[index + 1 :]]
            if word == _JSON and self._json_takes_file and not _is_file_of_verdict(following):
                args = [*args[:index], f"{_JSON}=-", *args[index + 1 :]]
        return super().parse_args(ctx, args)

    @property
    def _json_takes_file(self) -> bool:
        return any(_JSON in each.opts and not getattr(each, "is_flag", True) for each in self.params)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Ctrl-C ends it without a traceback, whether it waits or measures."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from error


wait_option = click.option(
    _NAME,
    "wait_s",
    type=_Seconds(min=0.0),
    default=0.0,
    metavar="[SECONDS]",
    help="Wait while another run measures on this machine: this long at most, or as long as it takes.",
)


def wait_words(wait_s: float) -> list[str]:
    """Return `--wait` as words of another command. Empty if the command does not wait."""
    return [f"{_NAME}={_FOREVER if math.isinf(wait_s) else wait_s}"] if wait_s else []


def _is_file_of_verdict(word: str) -> bool:
    path = Path(word)
    if word.startswith("-") or not word or path.is_dir():
        return word == "-"
    try:
        with path.open("rb") as file:
            return b'"schema_version"' in file.read(100)
    except (OSError, ValueError):  # it is yet to be written
        return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
