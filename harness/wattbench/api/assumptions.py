"""The keyword arguments that restate a run, under the names that the command line's options have."""

from __future__ import annotations

import json
import numbers
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench_reports.metrics.assumptions import Assumptions
    from wattbench_reports.metrics.decision_settings import DecisionChoice


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
    """Earlier sessions of the suite on the machine, for intervals of another run: what ``wattbench calibrate SUITE
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
    """Return the keyword arguments as the reports know them, which check a value's range when they use it.

    Raises:
        TypeError: there is no argument of that name.
        UserError: a figure is not a number, or a text is not a text.
    """
    from wattbench_reports.metrics.assumptions import Assumptions
    from wattbench_reports.metrics.carbon import CarbonChoice
    from wattbench_reports.metrics.workload import WorkloadChoice

    if unknown := options.keys() - AssumptionOptions.__annotations__.keys():
        raise TypeError(f"unexpected keyword argument {min(unknown)!r}; there are {', '.join(_names())}")
    mix, embodied, intensity_csv = options.get("mix"), options.get("embodied"), options.get("intensity_csv")
    sessions, impacts = options.get("sessions"), options.get("impacts")
    return Assumptions(
        CarbonChoice(
            region=_text("region", options.get("region")),
            intensity_g_per_kwh=number_of("intensity", options.get("intensity")),
            intensity_csv=None if intensity_csv is None else Path(intensity_csv),
            pue=number_of("pue", options.get("pue")),
            embodied=json.dumps(dict(embodied)) if isinstance(embodied, Mapping) else _text("embodied", embodied),
        ),
        WorkloadChoice(
            mix=_mix_as_option(mix) if isinstance(mix, Mapping) else _text("mix", mix),
            requests_per_year=number_of("requests", options.get("requests")),
            price_per_kwh=number_of("price", options.get("price")),
            currency=_text("currency", options.get("currency")),
        ),
        None if routes is None else Path(routes),
        sessions=None if sessions is None else Path(sessions),
        cluster=_text("cluster", options.get("cluster")),
        impacts=json.dumps(dict(impacts)) if isinstance(impacts, Mapping) else _text("impacts", impacts),
        prices=_prices(options.get("system_prices")),
        decision=_decision(options),
    )


def _decision(options: AssumptionOptions) -> DecisionChoice:
    from wattbench_reports.metrics.decision_settings import DecisionChoice, parsed_bound, parsed_seconds

    def bound(name: str, value: object) -> float | None:
        return parsed_bound(value) if isinstance(value, str) else number_of(name, value)

    least, p95 = options.get("min_accuracy"), options.get("max_p95")
    return DecisionChoice(
        min_accuracy=_accuracy(least),
        max_p95_s=parsed_seconds(p95) if isinstance(p95, str) else number_of("max_p95", p95),
        max_cost_per_request=bound("max_cost", options.get("max_cost")),
        max_joules_per_request=bound("max_joules", options.get("max_joules")),
        max_grams_per_request=bound("max_grams", options.get("max_grams")),
        max_memory_gib=bound("max_memory", options.get("max_memory")),
        risk=number_of("risk", options.get("risk")),
        worth_right=number_of("worth_right", options.get("worth_right")),
        cost_wrong=number_of("cost_wrong", options.get("cost_wrong")),
        carbon_price_per_tonne=number_of("carbon_price", options.get("carbon_price")),
        minimise=_text("minimise", options.get("minimise")),
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
        return _mix_as_option(value)
    if value is None or isinstance(value, str):
        return value
    return f"{number_of('min_accuracy', value):.12g}"


def _mix_as_option(mix: Mapping[str, float]) -> str:
    return ",".join(f"{domain}={weight}" for domain, weight in mix.items())


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


def _text(name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UserError(f"{name} is {value!r:.60}: it must be a text")


def _names() -> list[str]:
    return list(AssumptionOptions.__annotations__)
