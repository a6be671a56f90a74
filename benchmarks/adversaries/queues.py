"""Rates that are called held in the long run, in queues whose share in time is known.

Seconds are mean service times of a request that is alone. A queue begins empty and is first come, first served. From a
load of 1 on nothing is in time in the long run; below it, the share is of 8,000,000 simulated requests.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.adversaries.claim import Claim, Outcomes, World
from wattbench.records.rate_bounds import why_only_here
from wattbench.scenarios.open_loop.held import rate_bounds
from wattbench_reports.stats.queueing import poisson_arrivals, sojourns

Floats = NDArray[np.float64]
Queue = Callable[[float, int, np.random.Generator], tuple[Floats, Floats]]
"""Load, requests and randomness to when each request is due and how long it takes, both of shape (requests,)."""

BELOW, ABOVE = 0.005, 0.05
"""How far the share in time of the long run is below the one that has to be, and above it."""
LEAST_SHARE, MOST_SHARE = 0.5, 0.999
"""That a suite may set."""
DEADLINES = (3.0, 8.0)
MOST_TOGETHER = 8
SIMULATED, AT_ONCE, WARM_UP = 8_000_000, 500_000, 25_000

HELD_WRONGLY, FOUND, FOUND_IN_FEWER = "rate-held-wrongly", "rate-held", "rate-held-in-fewer"

CLAIMS = (
    Claim(
        HELD_WRONGLY,
        "A rate at which fewer than the suite's share are in time in the long run is called held in the long run in at "
        "most 2% of runs.",
        "the share in time of an endless run, which is half a point below the suite's, or 0 from a load of 1 on",
        "arrivals, service and machine stay as they were, and no service time is so long that a run has none like it",
        "Runs of different hours have different shares in time, or a run ten times as long has no more effective "
        "requests.",
        most=0.02,
    ),
    Claim(
        FOUND,
        "A rate at which 5 points more than the suite's share are in time in the long run is called held, if requests "
        "are as many as its load takes.",
        "the same share",
        "as above, and requests are many: 20,000 at a load of .7, 150,000 at .85",
        "The effective requests are printed: fewer than 1,000 do not always tell 5 points.",
        least=0.8,
    ),
    Claim(
        FOUND_IN_FEWER,
        "With fewer requests it is called held less often.",
        "the same share",
        "as above, but for the number of requests",
        "The effective requests are printed: with fewer than 200 a rate is held only in this minute.",
    ),
)


def lognormal(requests: int, sigma: float, rng: np.random.Generator) -> Floats:
    """Draw service times of mean 1."""
    return rng.lognormal(-(sigma**2) / 2, sigma, requests)


def one_server(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate M/G/1 with answers of nearly equal length."""
    due_s = poisson_arrivals(load, requests, rng)
    return due_s, sojourns(due_s, lognormal(requests, 0.3, rng), 1)


def memoryless(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate M/M/1."""
    due_s = poisson_arrivals(load, requests, rng)
    return due_s, sojourns(due_s, rng.exponential(1.0, requests), 1)


def four_servers(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate M/G/4 with answers of unlike length."""
    due_s = poisson_arrivals(4 * load, requests, rng)
    return due_s, sojourns(due_s, lognormal(requests, 0.8, rng), 4)


def batching(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate a server that takes up to eight waiting requests together; each more takes a tenth longer."""
    due_s = poisson_arrivals(load * MOST_TOGETHER / (0.9 + 0.1 * MOST_TOGETHER), requests, rng)
    noise = lognormal(requests, 0.3, rng).tolist()
    due, took_s = due_s.tolist(), np.empty(requests)
    first, free_s = 0, 0.0
    while first < requests:
        free_s = max(free_s, due[first])
        last = first
        while last < min(requests, first + MOST_TOGETHER) and due[last] <= free_s:
            last += 1
        free_s += (0.9 + 0.1 * (last - first)) * noise[first]
        took_s[first:last] = free_s
        first = last
    return due_s, took_s - due_s


def heavy_tailed(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate M/G/1 with answers whose length has infinite variance: Pareto, 1.5."""
    due_s = poisson_arrivals(load, requests, rng)
    return due_s, sojourns(due_s, (rng.pareto(1.5, requests) + 1) / 3, 1)


def tides(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate M/G/1 whose arrivals are at the load for 40,000 requests on average, and then at twice the load."""
    gaps = rng.exponential(1 / load, requests)
    changes = np.cumsum(rng.random(requests) < 1 / 40_000) + rng.integers(2)
    due_s = np.cumsum(np.where(changes % 2, gaps / 2, gaps))
    return due_s, sojourns(due_s, lognormal(requests, 0.3, rng), 1)


def stalls(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate M/G/1 that stops for 3,000 s once in 60,000 requests."""
    due_s = poisson_arrivals(load, requests, rng)
    service_s = lognormal(requests, 0.3, rng) + 3000 * (rng.random(requests) < 1 / 60_000)
    return due_s, sojourns(due_s, service_s, 1)


def slows(load: float, requests: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Simulate M/G/1 that becomes slower by 1% with every 2,000 requests."""
    due_s = poisson_arrivals(load, requests, rng)
    slower = 1 + 0.01 * np.arange(requests) / 2000
    return due_s, sojourns(due_s, slower * lognormal(requests, 0.3, rng), 1)


@functools.cache
def true_shares(queue: Queue, load: float) -> tuple[float, ...]:
    """Return the share in time in the long run for each of `DEADLINES`."""
    if load >= 1:
        return (0.0,) * len(DEADLINES)
    rng = np.random.default_rng(36)
    took_s = [queue(load, AT_ONCE, rng)[1][WARM_UP:] for _ in range(SIMULATED // AT_ONCE)]
    return tuple(float(np.mean([np.mean(each <= deadline_s) for each in took_s])) for deadline_s in DEADLINES)


def held(due_s: Floats, took_s: Floats, deadline_s: float, share: float) -> bool:
    """Return whether the rule calls a rate held in the long run."""
    in_time = took_s <= deadline_s
    bounds = rate_bounds(due_s, due_s + took_s, in_time, np.ones(len(due_s), dtype=bool))
    return bool(in_time.mean() >= share) and not why_only_here(bounds, share)


def steady_run(queue: Queue, load: float, deadline_s: float, requests: int, found: str, seed: int) -> Outcomes:
    """Judge a run at a share that is half a point above the true one, and at one that is 5 points below it.

    Args:
        queue: the world.
        load: of what it can serve.
        deadline_s: in service times.
        requests: of the run.
        found: the claim that the latter counts for.
        seed: of the run.
    """
    share = true_shares(queue, load)[DEADLINES.index(deadline_s)]
    due_s, took_s = queue(load, requests, np.random.default_rng([seed, requests]))
    outcomes = {}
    if (wanted := max(LEAST_SHARE, share + BELOW)) <= MOST_SHARE:
        outcomes[HELD_WRONGLY] = (int(held(due_s, took_s, deadline_s, wanted)), 1)
    if (wanted := share - ABOVE) >= LEAST_SHARE:
        outcomes[found] = (int(held(due_s, took_s, deadline_s, wanted)), 1)
    return outcomes


def unsteady_run(queue: Queue, load: float, requests: int, seed: int) -> Outcomes:
    """Judge a run at 90% within 8 service times, which fewer are in the long run."""
    due_s, took_s = queue(load, requests, np.random.default_rng([seed, requests]))
    return {HELD_WRONGLY: (int(held(due_s, took_s, DEADLINES[-1], 0.9)), 1)}


def _steady(name: str, queue: Queue, load: float, requests: int, runs: int, found: str = FOUND_IN_FEWER) -> list[World]:
    return [
        World(
            f"{name}, load {load:g}, deadline {deadline_s:g}, {requests:,} requests",
            True,
            functools.partial(steady_run, queue, load, deadline_s, requests, found),
            runs,
        )
        for deadline_s in DEADLINES
    ]


def _unsteady(name: str, queue: Queue, load: float) -> World:
    return World(f"{name}, 20,000 requests", False, functools.partial(unsteady_run, queue, load, 20_000), 300)


QUEUES = {"M/G/1": one_server, "M/G/4": four_servers, "batching": batching}
WORLDS: tuple[World, ...] = (
    *(
        world
        for name, queue in QUEUES.items()
        for world in (
            *_steady(name, queue, 0.5, 2_000, 1000),
            *_steady(name, queue, 0.7, 20_000, 300, FOUND),
            *_steady(name, queue, 0.85, 20_000, 500),
            *_steady(name, queue, 0.85, 150_000, 60, FOUND),
            *_steady(name, queue, 0.95, 20_000, 200),
            *_steady(name, queue, 1.0, 2_000, 1000),
            *_steady(name, queue, 1.1, 2_000, 1000),
        )
    ),
    *_steady("M/M/1", memoryless, 0.7, 4_000, 1000),
    _unsteady("service times without a variance (Pareto 1.5), load .7", heavy_tailed, 0.7),
    _unsteady("load .55 and 1.1 by turns, each for 40,000 requests on average", tides, 0.55),
    _unsteady("load .7, stops for 3,000 service times once in 60,000 requests", stalls, 0.7),
    _unsteady("load .7, slower by 1% with every 2,000 requests", slows, 0.7),
)
