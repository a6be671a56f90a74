"""Simulate how many machines a rate of requests needs, and what requests cost with their idle time included.

A replica is a machine like the one that was measured, with the system loaded, answering one request at a time. Arrivals
are Poisson; the duration of each is drawn from the measured ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench.records import Purpose, added
from wattbench.records.schema.workload import REQUESTS_PER_YEAR
from wattbench_reports.analyses.training_cost import in_use
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.metrics.money.model import ELECTRICITY, MACHINE
from wattbench_reports.metrics.tail_latency import MEDIAN, common_tail, tail_share
from wattbench_reports.stats.budgets import ARRIVALS, SEED, WARM_UP_ARRIVALS
from wattbench_reports.stats.percentiles import quantile
from wattbench_reports.stats.queueing import poisson_arrivals, sojourns

RATES_PER_S = (0.1, 1.0, 10.0)
"""Requests per second, in addition to the rate that the requests of a year give."""

SECONDS_PER_YEAR = 365 * 24 * 3600.0
HOURS_PER_MONTH = 365 * 24 / 12

TARGET_TIMES = 2.0
"""The simulated tail latency may be at most this many times the system's tail latency when it answers alone."""

MAX_LOAD = 500.0
"""Requests in service at once above which nothing is simulated: the arrivals would not fill that many replicas for
long enough to say anything."""


@dataclass(frozen=True)
class Sized:
    """The smallest number of replicas of a system that sustains a rate."""

    rate_per_s: float
    replicas: int | None
    """None where more than the simulated maximum are needed, or no number is fast enough."""
    utilisation: float | None
    """The share of the time that a replica is answering, 0 to 1: requests per second × mean seconds / replicas."""
    tail_s: float | None
    """From arrival to the last token, as simulated."""
    j_per_request: float | None
    """Joules above idle plus the idle power of all replicas over all the time. None where these are not known."""
    idle_j_per_request: float | None
    """Of these, the joules that the replicas draw while they are not answering."""
    money_per_hour: float | None = None
    """Money of all replicas for an hour, in the currency of the run: their hours whether they answer or not, tokens and
    requests of the rate, and electricity where it is paid for. None: not known."""
    electricity_per_hour: float | None = None
    """The part of it that is for electricity; 0 where none is paid for."""

    @property
    def idle_share(self) -> float | None:
        """Return the share of the time in which a replica is idle."""
        return None if self.utilisation is None else 1.0 - self.utilisation


@dataclass(frozen=True)
class Fleet:
    """The simulated fleet of one system at every rate of requests."""

    system: str
    kind: str
    mean_s: float
    """Of answering alone, as measured."""
    tail_s: float
    """Of answering alone, as measured: the percentile `Fleets.share`."""
    target_s: float
    idle_w: float | None
    """Of one replica, as measured; None where it was not, or where the joules are not all valid."""
    provenance: str
    sized: tuple[Sized, ...]
    """In the order of `Fleets.rates_per_s`."""


@dataclass(frozen=True)
class Fleets:
    """The simulated fleets of all systems."""

    year_per_s: float
    """The rate that the requests of a year give: the first of `rates_per_s`."""
    rates_per_s: tuple[float, ...]
    fleets: tuple[Fleet, ...]
    share: float
    """The percentile that sizes all of them: the common tail of their measured latencies."""
    too_few: tuple[str, ...]
    """Systems whose requests support no percentile, and which are not sized."""
    why_not: str
    """Why no system is simulated, as a clause; empty where systems are."""


def fleets(measured: Measured, paid: Paid, requests_per_year: float = REQUESTS_PER_YEAR) -> Fleets:
    """Size every system except yardsticks, from the durations that were measured one request at a time.

    Args:
        measured, paid: the run.
        requests_per_year: the first rate is these, spread evenly over a year; above 0.
    """
    year_per_s = requests_per_year / SECONDS_PER_YEAR
    rates = (year_per_s, *RATES_PER_S)
    why_not = _why_not(measured)
    timed = {} if why_not else {name: known for name in in_use(measured) if len(known := _durations_s(measured, name))}
    tails = {name: tail_share(len(known)) for name, known in timed.items()}
    share = common_tail(tails.values()) or MEDIAN
    return Fleets(
        year_per_s=year_per_s,
        rates_per_s=rates,
        fleets=tuple(
            _fleet(measured, paid, name, known, rates, share)
            for name, known in timed.items()
            if tails[name] is not None
        ),
        share=share,
        too_few=tuple(name for name, tail in tails.items() if tail is None),
        why_not=why_not,
    )


def _why_not(measured: Measured) -> str:
    measure = measured.frames.record.suite.measure
    if measured.load is not None or measure.scenario == "load":
        return "latencies measured under load include the queueing of that load"
    if measure.scenario == "throughput" or (measure.batch or 1) > 1:
        return "requests were answered in batches, so the latency of a single request is not recorded"
    return ""


def _durations_s(measured: Measured, name: str) -> NDArray[np.float64]:
    known = measured.by_item.systems[name].latency_s.sorted_s()
    return known[known > 0]


def _fleet(
    measured: Measured,
    paid: Paid,
    name: str,
    known_s: NDArray[np.float64],
    rates: Sequence[float],
    share: float,
) -> Fleet:
    split = measured.splits[name]
    idle_w = idle_watts(measured, name) if measured.judged[name].valid else None
    above_j = None if idle_w is None else split.above_idle_j_per_request
    tail_s = quantile(known_s, share)
    target_s = TARGET_TIMES * tail_s
    return Fleet(
        system=name,
        kind=measured.kinds[name],
        mean_s=float(known_s.mean()),
        tail_s=tail_s,
        target_s=target_s,
        idle_w=idle_w,
        provenance=measured.systems[name].provenance if above_j is not None else "",
        sized=tuple(
            _priced(measured, paid, name, size(known_s, rate, target_s, share, above_idle_j=above_j, idle_w=idle_w))
            for rate in rates
        ),
    )


def _priced(measured: Measured, paid: Paid, name: str, sized: Sized) -> Sized:
    """Return the sized fleet with its money per hour. Unchanged where the price or the electricity is not known.

    Hours are paid for whole, whether a replica answers or waits: the fleet's own utilisation is in place of that of
    the price.
    """
    money = None if paid.money is None else paid.money.systems[name]
    price = paid.prices.by_system.get(name)
    if money is None or money.per_request is None or sized.replicas is None:
        return sized
    of_time = money.parts.get(MACHINE, 0.0)
    per_hour = 3600 * sized.rate_per_s
    rest = (money.per_request.estimate - of_time - money.parts.get(ELECTRICITY, 0.0)) * per_hour
    electricity = 0.0
    if money.pays_electricity and measured.workload.price_per_kwh is not None:
        if sized.j_per_request is None:
            return sized
        kwh = sized.j_per_request * per_hour * paid.pue / JOULES_PER_KWH
        electricity = kwh * measured.workload.price_per_kwh
    hours = 0.0 if price is None else sized.replicas * price.per_second * price.utilisation * 3600
    return replace(sized, money_per_hour=hours + rest + electricity, electricity_per_hour=electricity)


def idle_watts(measured: Measured, name: str) -> float | None:
    """Return the idle watts of the loaded system, from its measured windows.

    The mean weighted by the windows' lengths; None where a component's idle was not measured.
    """
    windows = [
        window
        for window in measured.frames.window_rows
        if window.system == name and window.purpose == Purpose.MEASURED and window.energy_j
    ]
    pairs = [(window, part) for window in windows for part in added(window.energy_j)]
    seconds = math.fsum(window.duration_s for window in windows)
    if not seconds or any(part not in window.idle_w for window, part in pairs):
        return None
    return math.fsum(window.idle_w[part] * window.duration_s for window, part in pairs) / seconds


def size(
    known_s: NDArray[np.float64],
    rate_per_s: float,
    target_s: float,
    share: float = 0.95,
    *,
    above_idle_j: float | None = None,
    idle_w: float | None = None,
    seed: int = SEED,
) -> Sized:
    """Find the fewest replicas that answer a share of the requests within the target time.

    Args:
        known_s: shape (requests,): measured durations, to draw from.
        rate_per_s: at which requests arrive.
        target_s: from arrival to end.
        share: of the requests, 0 to 1.
        above_idle_j: joules of a request beyond idle.
        idle_w: of one replica.
        seed: of the draws, which are the same for any number of replicas: more of them are then never slower.
    """
    load = rate_per_s * float(known_s.mean())
    if load > MAX_LOAD:
        return Sized(rate_per_s, None, None, None, None, None)
    rng = np.random.default_rng(seed)
    arrived_s = poisson_arrivals(rate_per_s, ARRIVALS, rng)
    # Every measured duration equally often, in a random order: their mean is that of the records, not luck.
    shares = (np.arange(ARRIVALS) + 0.5) / ARRIVALS
    # As `quantiles`, which looks for each of many shares anew.
    ranks = np.maximum(np.ceil(len(known_s) * shares - 1), 0).astype(np.int64)
    service_s = rng.permutation(np.sort(known_s, kind="stable")[ranks])

    def tail_s(replicas: int) -> float:
        return quantile(sojourns(arrived_s, service_s, replicas)[WARM_UP_ARRIVALS:], share)

    fewest = max(1, math.floor(load) + 1)  # with fewer, the queue grows without end
    replicas, found_s = _fewest(fewest, tail_s, target_s)
    if found_s > target_s:
        return Sized(rate_per_s, None, None, None, None, None)
    utilisation = load / replicas
    idle_j = request_j = None
    if above_idle_j is not None and idle_w is not None:
        idle_j = idle_w * replicas * (1 - utilisation) / rate_per_s
        request_j = above_idle_j + idle_w * replicas / rate_per_s
    return Sized(rate_per_s, replicas, utilisation, found_s, request_j, idle_j)


def _fewest(least: int, tail_s: Callable[[int], float], target_s: float) -> tuple[int, float]:
    """Return the smallest number of replicas, from `least` on, that is fast enough, and its tail latency.

    The search doubles its stride, then bisects. With as many replicas as arrivals, no request waits.
    """
    too_few, stride = least - 1, 1
    while (enough_s := tail_s(enough := min(too_few + stride, ARRIVALS))) > target_s and enough < ARRIVALS:
        too_few, stride = enough, 2 * stride
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if (middle_s := tail_s(middle)) > target_s:
            too_few = middle
        else:
            enough, enough_s = middle, middle_s
    return enough, enough_s
