"""The keyword arguments that restate a run, under the names that the command line's options have."""

from __future__ import annotations

import json
import numbers
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from wattbench.errors import UserError
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.decision_settings import DecisionChoice, parsed_bound, parsed_seconds
from wattbench_reports.metrics.workload import WorkloadChoice


class AssumptionOptions(TypedDict, total=False):
    """The options that restate a run; one that is not given, or is None, keeps the value of the run's suite."""

    mix: str | Mapping[str, float] | None
    """The share of the requests that each domain has: ``{"arithmetic": 3, "text": 1}`` or ``"arithmetic=3,text=1"``;
    ``"items"`` gives every item the same weight."""
    requests: float | None
    """Requests per year, above 0."""
    price: float | None
    """Price of a kWh, in the suite's currency, 0 or more."""
    region: str | None
    """Country whose grid it is: its ISO 3166 code, ``FR`` or ``FRA``."""
    intensity: float | None
    """Grid intensity in g CO2e per kWh, 0 or more."""
    intensity_csv: str | os.PathLike[str] | None
    """A file of hourly grid intensities, matched to the run's clock."""
    pue: float | None
    """Power usage effectiveness, 1 or more."""
    embodied: str | Mapping[str, object] | None
    """Manufacture, as under ``carbon.embodied`` in a suite: ``"ecologits-gpu-server"``, a mapping, or ``"none"``."""
    impacts: str | Mapping[str, object] | None
    """Water, abiotic depletion and primary energy, as under ``impacts`` in a suite: ``"ecologits"``, a mapping, or
    ``"none"``."""
    sessions: str | os.PathLike[str] | None
    """Earlier sessions of the suite on the machine, for intervals of another run: what ``wattbench dev calibrate SUITE
    --sessions K`` wrote, or a folder of runs."""
    cluster: str | None
    """``"task"``: intervals are clustered by task, and speak of other tasks of the kind."""
    currency: str | None
    """Currency of the price of a kWh: ``"USD"``."""
    system_prices: Mapping[str, str | Mapping[str, object]] | None
    """Prices of systems, as under ``price`` in a suite: ``{"gpt": {"per_request": 0.01, "currency": "USD"}}``. A key
    that is not named stays as recorded."""
    min_accuracy: float | str | Mapping[str, float] | None
    """The least share of correct answers: ``0.8``, ``{"all": 0.8, "arithmetic": 0.9}`` or ``"0.8,arithmetic=90%"``, in
    place of all that the suite requires of accuracy; ``"none"`` requires nothing."""
    max_p95: float | str | None
    """Seconds within which 95% of the requests must be answered, or ``"300ms"``. Infinite or ``"none"``: the suite's
    requirement is dropped; so for the other maxima."""
    max_cost: float | str | None
    """The highest cost of a request, in money."""
    max_joules: float | str | None
    """The most joules of a request."""
    max_grams: float | str | None
    """The most grams of CO2 equivalent of a request."""
    max_memory: float | str | None
    """The most memory of a system, in GiB."""
    risk: float | None
    """Of each bound by which a requirement is met or not met, above 0 and below 0.5; 0.1 unless named."""
    worth_right: float | None
    """What a correct answer is worth, in money, 0 or more."""
    cost_wrong: float | None
    """What a wrong answer costs, in money, 0 or more."""
    carbon_price: float | None
    """Money per tonne of CO2 equivalent, 0 or more."""
    minimise: str | None
    """The unit in which costs are compared: ``"joules"``, ``"grams"``, ``"money"`` or ``"seconds"``."""


def assumptions_of(routes: str | os.PathLike[str] | None = None, **options: Unpack[AssumptionOptions]) -> Assumptions:
    """Convert the keyword arguments to the reports' `Assumptions`. The range of a value is checked when it is used.

    Raises:
        TypeError: there is no argument of that name.
        UserError: a figure is not a number, or a text is not a text.
    """
    if unknown := options.keys() - AssumptionOptions.__annotations__.keys():
        names = ", ".join(AssumptionOptions.__annotations__)
        raise TypeError(f"unexpected keyword argument {min(unknown)!r}; there are {names}")
    given: Mapping[str, object] = options
    intensity_csv, sessions = options.get("intensity_csv"), options.get("sessions")
    mix, p95 = options.get("mix"), options.get("max_p95")

    def number(name: str) -> float | None:
        return number_of(name, given.get(name))

    def text(name: str) -> str | None:
        value = given.get(name)
        if value is None or isinstance(value, str):
            return value
        raise UserError(f"{name} is {value!r:.60}: it must be a text")

    def settings(name: str) -> str | None:
        value = given.get(name)
        return json.dumps(dict(value)) if isinstance(value, Mapping) else text(name)

    def bound(name: str) -> float | None:
        value = given.get(name)
        return parsed_bound(value) if isinstance(value, str) else number(name)

    return Assumptions(
        CarbonChoice(
            region=text("region"),
            intensity_g_per_kwh=number("intensity"),
            intensity_csv=None if intensity_csv is None else Path(intensity_csv),
            pue=number("pue"),
            embodied=settings("embodied"),
        ),
        WorkloadChoice(
            mix=_by_domain(mix) if isinstance(mix, Mapping) else text("mix"),
            requests_per_year=number("requests"),
            price_per_kwh=number("price"),
            currency=text("currency"),
        ),
        None if routes is None else Path(routes),
        sessions=None if sessions is None else Path(sessions),
        cluster=text("cluster"),
        impacts=settings("impacts"),
        prices=_prices(options.get("system_prices")),
        decision=DecisionChoice(
            min_accuracy=_accuracy(given.get("min_accuracy")),
            max_p95_s=parsed_seconds(p95) if isinstance(p95, str) else number("max_p95"),
            max_cost_per_request=bound("max_cost"),
            max_joules_per_request=bound("max_joules"),
            max_grams_per_request=bound("max_grams"),
            max_memory_gib=bound("max_memory"),
            risk=number("risk"),
            worth_right=number("worth_right"),
            cost_wrong=number("cost_wrong"),
            carbon_price_per_tonne=number("carbon_price"),
            minimise=text("minimise"),
        ),
    )


def _prices(given: Mapping[str, str | Mapping[str, object]] | None) -> tuple[str, ...]:
    if given is not None and not isinstance(given, Mapping):
        raise UserError(f"system_prices is {given!r:.60}: it must be a mapping of systems to prices")
    return tuple(
        f"{name}:{price if isinstance(price, str) else ','.join(f'{key}={value}' for key, value in price.items())}"
        for name, price in (given or {}).items()
    )


def _accuracy(value: object) -> str | None:
    if isinstance(value, Mapping):
        return _by_domain(value)
    if value is None or isinstance(value, str):
        return value
    return f"{number_of('min_accuracy', value):.12g}"


def _by_domain(weights: Mapping[str, object]) -> str:
    return ",".join(f"{domain}={weight}" for domain, weight in weights.items())


def number_of(name: str, value: object) -> float | None:
    """Return an argument as a number; None where it is not given.

    Raises:
        UserError: it is not a number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise UserError(f"{name} is {value!r:.60}: it must be a number")
    return float(value)
