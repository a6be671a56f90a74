"""Percentiles of latency: how often intervals hold the truth, and equal systems are called different.

Runs are those of `tests.made_up.noisy_runs`: eight systems in pairs that are alike, 400 items. The truth is the
percentile of all requests of `SESSIONS` further sessions of the same machine.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.adversaries.claim import Claim, Outcomes, World
from tests.made_up.noisy_machine import NOISES, Noise
from tests.made_up.noisy_runs import ALIKE, SYSTEMS, answers_to, run
from wattbench_reports.comparison.ties import ALPHA, one_sided_latencies
from wattbench_reports.stats import eliminate_by_pairs
from wattbench_reports.stats.quantile_intervals import Sample, quantile_gap, quantile_interval

ITEMS, SESSIONS = 400, 300
SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95}
HELD_AGAINST = (0, 6)
"""Systems whose intervals are held against the truth: one of the fastest, one of the slowest."""

_ASSUMPTION = "what slows the machine lasts no longer than a block, and is met by many of them"
_SEEN_BY = (
    "It is seen where neighbouring blocks resemble each other, or where few blocks have most of the slow requests."
)

CLAIMS = (
    *(
        Claim(
            f"latency-interval-{name}",
            f"The interval of a {name} holds it in 95% of runs.",
            f"the {name} of a system's requests over other items and other sessions of the machine",
            _ASSUMPTION,
            _SEEN_BY,
            0.93,
            0.97,
        )
        for name in SHARES
    ),
    *(
        Claim(
            f"latency-alike-{name}",
            f"Two alike systems are called different in their {name} in at most 5% of runs.",
            f"the difference of their {name}s, which is 0",
            _ASSUMPTION,
            _SEEN_BY,
            most=0.05,
        )
        for name in SHARES
    ),
    Claim(
        "latency-leaders",
        "One of the two fastest of eight systems, which are alike, is said to be behind in at most 5% of runs.",
        "the p50 of each system",
        _ASSUMPTION,
        _SEEN_BY,
        most=0.05,
    ),
)

MACHINES: dict[str, tuple[Noise, float]] = {
    "still": (NOISES["still"], 0.5),
    "drift over 30 s": (NOISES["drift over 30 s"], 0.5),
    "heavy tails": (NOISES["still"], 1.5),
    "drift over 300 s": (NOISES["drift over 300 s"], 0.5),
    "bursts of 20 s": (NOISES["bursts"], 0.5),
    "rare spells of 60 s": (replace(NOISES["still"], burst_slowdown=2.0, burst_s=60.0, between_bursts_s=1800.0), 0.5),
}
"""Noise of the machine, and the standard deviation of the logarithm of an item's seconds."""

SHORT = ("still", "drift over 30 s", "heavy tails")
"""Machines on which a block of 30 s or more is independent of the others."""


def outcomes(seed: int, machine: str, blocks: int) -> Outcomes:
    """Simulate a run, and compare its intervals and comparisons with the truth."""
    seconds, block = seconds_of(machine, blocks, [seed, blocks])
    samples = [Sample(seconds[:, each], block) for each in range(SYSTEMS)]
    found: dict[str, tuple[int, int]] = {}
    for name, share in SHARES.items():
        truth, held = truths(machine), 0
        for system in HELD_AGAINST:
            interval = quantile_interval(samples[system], share)
            assert interval is not None
            held += interval.low <= truth[name][system] <= interval.high
        gaps = [quantile_gap(samples[one], samples[other], share) for one, other in ALIKE]
        different = sum(gap is not None and gap.p_value is not None and gap.p_value <= ALPHA for gap in gaps)
        found[f"latency-interval-{name}"] = held, len(HELD_AGAINST)
        found[f"latency-alike-{name}"] = different, len(ALIKE)
    pairs = [[quantile_gap(one, other, 0.5) for other in samples[number + 1 :]] for number, one in enumerate(samples)]
    members = eliminate_by_pairs(one_sided_latencies(pairs), ALPHA).members
    found["latency-leaders"] = int(not set(ALIKE[0]) <= set(members)), 1
    return found


def seconds_of(machine: str, blocks: int, seed: list[int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Simulate a run: the seconds of each item and system, and what clusters them: blocks, or items without blocks."""
    noise, log_sd = MACHINES[machine]
    rng = np.random.default_rng(seed)
    made = run(rng, noise, answers_to(rng, ITEMS, log_sd), blocks=blocks, watts=np.ones(SYSTEMS))
    # At one watt joules are seconds.
    return made.item_joules, made.block_of if blocks > 1 else np.arange(ITEMS)


@lru_cache
def truths(machine: str) -> dict[str, NDArray[np.float64]]:
    """Return each percentile of each system over all sessions."""
    every = np.concatenate([seconds_of(machine, 8, [seed, 0, 1])[0] for seed in range(SESSIONS)])
    return {name: np.quantile(every, share, axis=0, method="inverted_cdf") for name, share in SHARES.items()}


def _name(machine: str, blocks: int) -> str:
    return f"{machine}, {blocks} blocks" if blocks > 1 else f"{machine}, no blocks"


WORLDS = (
    *(
        World(
            _name(machine, blocks),
            machine in SHORT,
            partial(outcomes, machine=machine, blocks=blocks),
            1500 if machine in SHORT else 600,
        )
        for machine in MACHINES
        for blocks in (8, 16, 32)
    ),
    World(_name("still", 1), True, partial(outcomes, machine="still", blocks=1), 600),
    World(_name("drift over 30 s", 1), False, partial(outcomes, machine="drift over 30 s", blocks=1), 600),
)
