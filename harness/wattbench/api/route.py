"""`wattbench.read(run).route()`: what a router in front of its systems would gain, as a record and in words."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from wattbench.api.assumptions import AssumptionOptions, assumptions_of, number_of
from wattbench.api.narrowing import names_of
from wattbench.api.routers.write_route import write_route
from wattbench.api.shown import lines_of
from wattbench.errors import UserError, nearest
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.export.routing.routing_figures import write_routing_figures
from wattbench_reports.export.routing.routing_json import routing_as_json
from wattbench_reports.presenter.html import as_html
from wattbench_reports.presenter.markdown import as_markdown
from wattbench_reports.presenter.text import as_text
from wattbench_reports.routing.context import RoutingOptions
from wattbench_reports.routing.study import routing_study
from wattbench_reports.sections.routing import routing_words
from wattbench_reports.wording.routing import routing_sentences, routing_verdict

if TYPE_CHECKING:
    from wattbench.records import RunRecords
    from wattbench_reports.routing.model import RoutingChoice, RoutingStudy
    from wattbench_reports.stats import Interval

FORMATS = ("text", "markdown", "json")
"""Formats of a routing study, as `wattbench route --format` takes them."""


class RoutingSettings(TypedDict, total=False):
    """A reader's settings of a router. One that is missing or None is chosen, or taken from the record."""

    members: Sequence[str] | None
    """Systems between which a router is to choose: ``["small", "large"]``."""
    requests_per_hour: float | None
    """By which the idle power of systems that stay loaded is divided; above 0."""
    router_joules: float | None
    """The router's own joules per request, 0 or more."""
    router_seconds: float | None
    """Its own seconds per request, 0 or more."""
    router_cost: float | None
    """Its own money per request, in the currency of the run, 0 or more."""
    check_cost: float | None
    """What a cascade's check of an answer costs, in the unit in which costs are compared, 0 or more."""


class RouteOptions(AssumptionOptions, RoutingSettings, total=False):
    """All keyword arguments of `Run.route`."""


class RunRouting:
    """Whether a router is worth building, and what choices of systems would give. `print` shows the verdict and tables.

    `choices` and `singles` are records with `kind`, `name`, `setting`, `shares`, `accuracy`, `cost`, `gain` and more.
    An interval has an `estimate`, a `low` and a `high`. ``routing["small"]`` is one system alone.
    """

    def __init__(self, data: RoutingStudy | str, analysis: Analysis, options: RoutingOptions | None = None) -> None:
        self.data = data
        """The study as the reports know it; a text says why there is none. Its form may change without notice."""
        self._measured, self._paid, self._weighed = analysis.measured, analysis.paid, analysis.weighed
        self._options = options

    @property
    def verdict(self) -> str:
        """Whether a router is worth building, in one sentence."""
        return routing_verdict(self.data)

    @property
    def answer(self) -> str | None:
        """``worth building``, ``not worth it`` or ``not known``; None where no router can be judged."""
        return None if isinstance(self.data, str) else str(self.data.verdict.answer)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Sentences on what the verdict rests on."""
        return () if isinstance(self.data, str) else tuple(chain.from_iterable(routing_sentences(self.data).values()))

    @property
    def study(self) -> RoutingStudy:
        """The study: `ceiling`, `cascades`, `tolerance`, `residents`, `curves` and more.

        Raises:
            UserError: no router can be judged.
        """
        if isinstance(self.data, str):
            raise UserError(self.verdict)
        return self.data

    @property
    def best(self) -> RoutingChoice | None:
        """The recommended router; None where no router was judged."""
        return None if isinstance(self.data, str) else self.data.verdict.choice

    @property
    def gain(self) -> Interval | None:
        """The gain of the recommended router, as a share of correct answers, or as money, joules or grams per request.

        Its bounds are one-sided, of 95%, and hold for all routers that were judged together.
        """
        return None if isinstance(self.data, str) else self.data.verdict.gain

    @property
    def unit(self) -> str:
        """The unit of costs: ``J``, ``g`` or a currency.

        Empty where no cost is known; a cost is then the share of requests that the best single system answers.
        """
        return "" if isinstance(self.data, str) else self.data.label

    @property
    def choices(self) -> tuple[RoutingChoice, ...]:
        """The judged routers: those that can be built, and those of a file of routes."""
        return () if isinstance(self.data, str) else self.data.choices

    @property
    def singles(self) -> tuple[RoutingChoice, ...]:
        """Each system alone."""
        return () if isinstance(self.data, str) else self.data.singles

    @property
    def systems(self) -> tuple[str, ...]:
        """The names of the systems between which a router could choose."""
        return () if isinstance(self.data, str) else self.data.systems

    def __getitem__(self, system: str) -> RoutingChoice:
        for each in self.singles:
            if each.name == system:
                return each
        raise UserError(f"no system {system!r:.80} in this study{nearest(str(system), self.systems)}")

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Train the recommended router on some items, write it with a suite of the others, and return the suite's path.

        Args:
            folder: which is made; one that is there must be empty.

        Raises:
            UserError: no router of this run can be written, or the folder cannot be.
        """
        return write_route(self._measured, self._paid, self._weighed, self.data, Path(folder), self._options).suite

    def text(self, format: str = "text") -> str:  # noqa: A002 - the name of the command's option
        """Return the study as text.

        Args:
            format: ``text`` (as in a terminal), ``markdown`` or ``json``.

        Raises:
            UserError: there is no such format.
        """
        return rendered(self.data, format)

    def figures(self, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
        """Write the figures, accuracy against cost and cascades by their check, as SVG with their numbers as CSV.

        Args:
            folder: is made where it is not there; files of the same names in it are replaced.

        Returns:
            The files.

        Raises:
            UserError: no router can be judged, or a file cannot be written.
        """
        return write_figures(self.data, Path(folder))

    def __str__(self) -> str:
        return self.text().rstrip("\n")

    def __repr__(self) -> str:
        return lines_of("routing", self.verdict)

    def _repr_html_(self) -> str:
        """Return the study as a notebook shows it."""
        return as_html(routing_words(self.data))


def rendered(study: RoutingStudy | str, form: str) -> str:
    """Return a routing study in one of `FORMATS`, as text that ends in a newline.

    Raises:
        UserError: there is no such format.
    """
    if form not in FORMATS:
        raise UserError(f"no format {form!r:.80}{nearest(str(form), FORMATS)}")
    if form == "json":
        return routing_as_json(study)
    return (as_text if form == "text" else as_markdown)(routing_words(study))


def write_figures(study: RoutingStudy | str, folder: Path) -> tuple[Path, ...]:
    """Write the figures of a study to a folder, and return the files.

    Raises:
        UserError: there is no study, or a file cannot be written.
    """
    if isinstance(study, str):
        raise UserError(f"no figures are written. {routing_verdict(study)}")
    return write_routing_figures(study, folder)


def route_run(
    records: RunRecords, routes: str | os.PathLike[str] | None = None, **options: Unpack[RouteOptions]
) -> RunRouting:
    """Study what a router in front of the systems of a run would gain.

    Args:
        records: of the run.
        routes: a file of routes to judge.
        options: see `RouteOptions`.

    Raises:
        UserError: an argument is wrong.
    """
    given: dict[str, Any] = dict(options)
    settings = {name: given.pop(name, None) for name in RoutingSettings.__annotations__}
    analysis = analyse(records, assumptions_of(routes, **given)).by_item
    chosen = routing_options(**settings)
    return RunRouting(routing_study(analysis.measured, analysis.paid, analysis.weighed, chosen), analysis, chosen)


def routing_options(
    *,
    members: Sequence[str] | None = None,
    requests_per_hour: float | None = None,
    router_joules: float | None = None,
    router_seconds: float | None = None,
    router_cost: float | None = None,
    check_cost: float | None = None,
) -> RoutingOptions:
    """Convert a reader's settings of a router to the reports' `RoutingOptions`.

    Raises:
        UserError: a figure is not a number of 0 or more, or fewer than two members are named.
    """
    rate = _at_least_zero("requests_per_hour", requests_per_hour)
    if rate == 0:
        raise UserError("requests_per_hour is 0: it must be above 0")
    return RoutingOptions(
        members=None if members is None else _members(members),
        requests_per_hour=rate,
        router_energy_j=_at_least_zero("router_joules", router_joules),
        router_s=_at_least_zero("router_seconds", router_seconds),
        router_money=_at_least_zero("router_cost", router_cost),
        check_money=_at_least_zero("check_cost", check_cost),
    )


def _members(given: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(names_of(given, "members")))
    if len(names) < 2:
        raise UserError(f"members: {', '.join(names) or 'none'}: a router chooses between two systems or more")
    return names


def _at_least_zero(name: str, value: object) -> float | None:
    number = number_of(name, value)
    if number is not None and not 0 <= number < math.inf:
        raise UserError(f"{name} is {value!r:.60}: it must be a number of 0 or more")
    return number
