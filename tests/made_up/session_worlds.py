"""Worlds of two records: each of a session of the machine, after earlier ones that show how much sessions differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.bounds import MetricEvidence
from wattbench_reports.gate.evidence.paired_items import FIGURES, PairedItems
from wattbench_reports.gate.evidence.record_bounds import record_bounds
from wattbench_reports.gate.evidence.sessions import JudgedSystem, session_noise
from wattbench_reports.tables.labels import Labels
from wattbench_reports.tables.session_record import SessionRecord

WATTS = 50.0
LENGTHS = 0.8
"""Log standard deviation of how long items take."""
ALIKE = 0.05
"""The same, of what a candidate changes of single items."""


@dataclass(frozen=True)
class SessionWorld:
    """How sessions differ, and what the candidate does."""

    session_sd: float
    """Of the logarithm of a figure between sessions."""
    slower: float = 0.0
    of_machine: float = 0.5
    """The share of the variance between sessions that is common to all systems."""
    of_system: float = 0.8
    """Of the rest, the share that is common to the seconds and joules of a system."""
    sessions: int = 5
    """Earlier ones, each of all systems."""
    systems: int = 3
    items: int = 400
    averaged: tuple[bool, bool] = (False, False)
    """Whether the sessions are of the very system of the baseline, and of the candidate."""
    odd: float = 0.0
    """One of all sessions is above the others by this many standard deviations."""


def measured(world: SessionWorld, rng: np.random.Generator) -> dict[str, MetricEvidence]:
    """Draw earlier sessions and two runs, and return what wattbench makes of them."""
    names = [f"system {number}" for number in range(world.systems)]
    factor = np.exp(_effects(world, rng))
    ours_s = rng.lognormal(0, LENGTHS, world.items)
    theirs_s = ours_s * rng.lognormal(-(ALIKE**2) / 2, ALIKE, world.items) * (1 + world.slower)
    still = np.column_stack([ours_s, theirs_s])
    seconds, joules = (still * [factor[-2, 0, kind], factor[-1, 1, kind]] for kind in (0, 1))
    means = [*still.mean(axis=0), *[1.0] * (world.systems - 2)]
    by_kind = [
        {
            name: tuple(mean * factor[: world.sessions, at, kind])
            for at, (name, mean) in enumerate(zip(names, means, strict=True))
        }
        for kind in (0, 1)
    ]
    record = SessionRecord("", "", {}, "", tuple(map(str, range(world.sessions))), by_kind[1], by_kind[0])
    earlier = tuple(range(world.sessions))
    own = [
        {"seconds": seconds[:, at].mean(), "energy_j": joules[:, at].mean()} if averaged else {}
        for at, averaged in enumerate(world.averaged)
    ]
    baseline, candidate = (JudgedSystem(name, figures, earlier) for name, figures in zip(names[:2], own, strict=True))
    noise = session_noise(record, baseline, candidate, one_run=False)
    figures = {"seconds": seconds, "energy_j": WATTS * joules}
    return record_bounds(paired_of(figures), {}, noise, {})


def paired_of(figures: dict[str, NDArray[np.float64]], tasks: NDArray[np.int64] | None = None) -> PairedItems:
    """Return items with some figures, shape (items, 2) each; of one task, where none are given."""
    number = len(next(iter(figures.values())))
    nothing = np.full((number, 2), np.nan)
    codes = np.zeros(number, dtype=np.int64) if tasks is None else tasks
    names = tuple(f"task-{each}" for each in range(int(codes.max(initial=0)) + 1))
    return PairedItems(Labels(codes, names), np.arange(number), {name: figures.get(name, nothing) for name in FIGURES})


def _effects(world: SessionWorld, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the logarithm of what each session does to the seconds and joules of each system; the last two judge."""
    shape = (world.sessions + 2, world.systems, 2)
    of_system = np.sqrt(world.of_system) * rng.normal(size=(*shape[:2], 1))
    own = of_system + np.sqrt(1 - world.of_system) * rng.normal(size=shape)
    effects = np.sqrt(world.of_machine) * rng.normal(size=(shape[0], 1, 1)) + np.sqrt(1 - world.of_machine) * own
    effects[rng.integers(shape[0])] += world.odd
    return np.asarray(world.session_sd * effects)
