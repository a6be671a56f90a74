"""Compute the energy, emissions and cost of a year of requests, and of training."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.records import SystemRow, total_j
from wattbench.records.schema.training import training_records
from wattbench_reports.metrics.carbon import JOULES_PER_KWH, Carbon
from wattbench_reports.metrics.carbon.sci import Sci
from wattbench_reports.metrics.workload import Workload


@dataclass(frozen=True)
class Year:
    """The energy, emissions and cost of one system for the workload's requests of a year."""

    system: str
    energy_kwh: float | None
    """At the machine, times PUE; None without joules."""
    cost: float | None
    """Of that energy, in the workload's currency; None where no price is named."""
    operational_g: float | None
    """Grams of CO2 equivalent of that energy; None without an intensity. So for the next two."""
    embodied_g: float | None
    """Of the hardware in those hours; None where no manufacture is declared."""
    training_g: float | None
    """Of everything that was trained for it, once; None where none is on record, too."""
    money: float | None = None
    """All that the requests cost, in the currency of the run's money; None where it is not known."""

    @property
    def total_g(self) -> float | None:
        """Return the grams of the first year: energy, declared manufacture and training."""
        if self.operational_g is None:
            return None
        return self.operational_g + (self.embodied_g or 0.0) + (self.training_g or 0.0)


def year(
    system: str,
    j_per_request: float | None,
    row: SystemRow | None,
    carbon: Carbon | None,
    pue: float,
    sci: Sci | None,
    workload: Workload,
    money_per_request: float | None,
) -> Year:
    """Compute one system's year from the joules and the money of one request.

    Args:
        system: its name.
        j_per_request: at the machine; None without joules.
        row: what is on record of it.
        carbon: what a joule costs the climate.
        pue: what the building draws for each watt, which needs no intensity.
        sci: the system's terms by that.
        workload: how many requests, and at what price.
        money_per_request: all that one costs; None where it is not known.
    """
    requests = workload.requests_per_year
    energy_kwh = None if j_per_request is None else j_per_request * requests / JOULES_PER_KWH * pue
    kwh_price = workload.price_per_kwh
    training = training_j(row)
    per_request = (None, None) if sci is None else (sci.operational_g_per_request, sci.embodied_g_per_request)
    return Year(
        system=system,
        energy_kwh=energy_kwh,
        cost=None if kwh_price is None or energy_kwh is None else energy_kwh * kwh_price,
        operational_g=None if per_request[0] is None else per_request[0] * requests,
        embodied_g=None if per_request[1] is None else per_request[1] * requests,
        training_g=None if training is None or carbon is None else carbon.grams(training),
        money=None if money_per_request is None else money_per_request * requests,
    )


def training_j(row: SystemRow | None) -> float | None:
    """Return the joules of everything that was trained for a system; None where the joules of a step are not known."""
    known = [total_j(step.energy_j) for step in training_records(row).values()]
    if not known or any(each is None for each in known):
        return None
    return sum(each for each in known if each is not None)
