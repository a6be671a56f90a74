"""The keyword arguments that restate a run, under the names that the command line's options have."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

if TYPE_CHECKING:
    from wattbench_reports.metrics.assumptions import Assumptions


class AssumptionOptions(TypedDict, total=False):
    """What is not given, or is None, stays as the run's suite has it."""

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


def assumptions_of(routes: str | os.PathLike[str] | None = None, **options: Unpack[AssumptionOptions]) -> Assumptions:
    """Return the keyword arguments as the reports know them; what is wrong with a value is said when it is used.

    Raises:
        TypeError: there is no argument of that name.
    """
    from wattbench_reports.metrics.assumptions import Assumptions
    from wattbench_reports.metrics.carbon import CarbonChoice
    from wattbench_reports.metrics.workload import WorkloadChoice

    if unknown := options.keys() - AssumptionOptions.__annotations__.keys():
        raise TypeError(f"unexpected keyword argument {min(unknown)!r}; there are {', '.join(_names())}")
    mix, embodied, intensity_csv = options.get("mix"), options.get("embodied"), options.get("intensity_csv")
    return Assumptions(
        CarbonChoice(
            region=options.get("region"),
            intensity_g_per_kwh=options.get("intensity"),
            intensity_csv=None if intensity_csv is None else Path(intensity_csv),
            pue=options.get("pue"),
            embodied=embodied if embodied is None or isinstance(embodied, str) else json.dumps(embodied),
        ),
        WorkloadChoice(
            mix=mix if mix is None or isinstance(mix, str) else _mix_as_option(mix),
            requests_per_year=options.get("requests"),
            price_per_kwh=options.get("price"),
        ),
        None if routes is None else Path(routes),
    )


def _mix_as_option(mix: Mapping[str, float]) -> str:
    return ",".join(f"{domain}={weight}" for domain, weight in mix.items())


def _names() -> list[str]:
    return list(AssumptionOptions.__annotations__)
