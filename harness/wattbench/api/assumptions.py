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
    """Country whose grid it is: an ISO 3166 alpha-3 code such as ``FRA``."""
    intensity: float | None
    """Grid intensity in g CO2e per kWh, 0 or more."""
    intensity_csv: str | os.PathLike[str] | None
    """A file of hourly grid intensities, matched to the run's clock."""
    pue: float | None
    """Power usage effectiveness, 1 or more."""
    embodied: str | Mapping[str, object] | None
    """Manufacture, as under ``carbon.embodied`` in a suite: ``"ecologits-gpu-server"``, a mapping, or ``"none"``."""
    sessions: str | os.PathLike[str] | None
    """Earlier sessions of the suite on the machine, for intervals of another run: what ``wattbench calibrate SUITE
    --sessions K`` wrote, or a folder of runs."""
    cluster: str | None
    """``"task"``: intervals are clustered by task, and speak of other tasks of the kind."""


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
    sessions = options.get("sessions")
    return Assumptions(
        CarbonChoice(
            region=_text("region", options.get("region")),
            intensity_g_per_kwh=_number("intensity", options.get("intensity")),
            intensity_csv=None if intensity_csv is None else Path(intensity_csv),
            pue=_number("pue", options.get("pue")),
            embodied=json.dumps(dict(embodied)) if isinstance(embodied, Mapping) else _text("embodied", embodied),
        ),
        WorkloadChoice(
            mix=_mix_as_option(mix) if isinstance(mix, Mapping) else _text("mix", mix),
            requests_per_year=_number("requests", options.get("requests")),
            price_per_kwh=_number("price", options.get("price")),
        ),
        None if routes is None else Path(routes),
        sessions=None if sessions is None else Path(sessions),
        cluster=_text("cluster", options.get("cluster")),
    )


def _mix_as_option(mix: Mapping[str, float]) -> str:
    return ",".join(f"{domain}={weight}" for domain, weight in mix.items())


def _number(name: str, value: object) -> float | None:
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
