"""Bounds of two records: laws that hold of all, and how often they are wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wattbench_reports.gate.bounds import MetricEvidence, verdict_of
from wattbench_reports.gate.evidence.paired_items import FIGURES, PairedItems
from wattbench_reports.gate.evidence.record_bounds import record_bounds
from wattbench_reports.gate.evidence.sessions import JudgedSystem, SessionNoise, session_noise
from wattbench_reports.gate.result import Verdict
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
    by_figure = {"energy_j": by_kind[1], "seconds": by_kind[0]}
    record = SessionRecord("", "", {}, "", tuple(map(str, range(world.sessions))), by_figure)
    earlier = tuple(range(world.sessions))
    own = [
        {"seconds": seconds[:, at].mean(), "energy_j": joules[:, at].mean()} if averaged else {}
        for at, averaged in enumerate(world.averaged)
    ]
    baseline, candidate = (JudgedSystem(name, figures, earlier) for name, figures in zip(names[:2], own, strict=True))
    noise = session_noise(record, baseline, candidate, one_run=False)
    figures = {"seconds": seconds, "energy_j": WATTS * joules}
    return record_bounds(paired_of(figures), {}, noise)


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


ALPHA, BETA, MARGIN = 0.05 / 3, 0.1, 0.05
"""Of one of three metrics."""


def drawn(seed: int, number: int, worse: float = 0.0) -> dict[str, NDArray[np.float64]]:
    """Draw figures of items, the candidate's worse by a share, or points."""
    rng = np.random.default_rng(seed)
    hard = rng.random(number)
    correct = np.column_stack([hard < 0.6, rng.random(number) * 0.2 + hard * 0.9 < 0.62 - worse])
    seconds = rng.lognormal(0, 0.6, (number, 1)) * rng.lognormal(0, 0.1, (number, 2)) * [1.0, 1 + worse]
    return {
        "correct": correct.astype(float), "seconds": seconds, "energy_j": 40 * seconds, "ttft_s": seconds / 5,
        "money": seconds * 1e-4,
    }  # fmt: skip


def bounds_of(items: PairedItems, noise: SessionNoise | None = None, drift: float = 0.0) -> dict[str, MetricEvidence]:
    found = record_bounds(items, {}, {})
    others = found.keys() - {name for name in found if name.startswith("accuracy")}
    return record_bounds(items, {}, dict.fromkeys(others, noise or SessionNoise(drift=drift)))


def ends(evidence: MetricEvidence, level: float = 0.05) -> tuple[float, float]:
    return float(evidence.bounds.low(level)[0]), float(evidence.bounds.high(level)[0])


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 120), st.sampled_from([-0.2, 0.0, 0.1]))
def test_the_verdict_follows_from_the_bounds_and_these_hold_the_estimate(seed: int, number: int, worse: float) -> None:
    for name, each in bounds_of(paired_of(drawn(seed, number, worse))).items():
        low, high = ends(each)
        assert low <= each.bounds.estimate[0] <= high, name
        assert ends(each, 0.01)[0] <= low and high <= ends(each, 0.01)[1], name
        verdict = verdict_of(low, high, MARGIN)
        assert (verdict is Verdict.REGRESSED) == (low > MARGIN), name
        assert (verdict in (Verdict.PASS, Verdict.IMPROVED)) == (high <= MARGIN), name


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(5, 120), st.sampled_from([2.0**-10, 8.0]))
def test_order_and_units_change_nothing(seed: int, number: int, unit: float) -> None:
    figures = drawn(seed, number)
    order = np.random.default_rng(seed).permutation(number)
    found = bounds_of(paired_of(figures))
    shuffled = bounds_of(paired_of({name: values[order] for name, values in figures.items()}))
    scaled = bounds_of(paired_of({n: values * (unit if n != "correct" else 1) for n, values in figures.items()}))
    for name, each in found.items():
        assert ends(shuffled[name]) == pytest.approx(ends(each)), name
        assert ends(scaled[name]) == pytest.approx(ends(each)), name


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_more_items_of_the_same_kind_narrow(seed: int) -> None:
    figures = drawn(seed, 60)
    few, many = (
        bounds_of(paired_of({name: np.tile(values, (times, 1)) for name, values in figures.items()}))
        for times in (1, 8)
    )
    for name in few:
        width, narrower = (high - low for low, high in (ends(few[name]), ends(many[name])))
        assert narrower < width, name


def test_with_the_items_bounds_narrow_to_what_sessions_differ_by() -> None:
    noise = SessionNoise(0.01**2, 12.0)
    half = np.expm1(1.7823 * 0.01)
    widths = []
    for number in (1_000, 100_000):
        each = bounds_of(paired_of(drawn(1, number)), noise)["latency_mean"]
        low, high = ends(each)
        widths.append((high - low) / 2)
    assert widths[0] > widths[1]
    assert widths[1] == pytest.approx(half, rel=0.01)
    assert each.bounds.note.startswith("What is left is how sessions differ: ±2.2%;")
    assert bounds_of(paired_of(drawn(1, 1_000)))["latency_mean"].bounds.note == ""


def test_accuracy_narrows_as_the_standard_error_does() -> None:
    rng, widths = np.random.default_rng(2), []
    for number in (5_000, 50_000, 500_000):
        hard = rng.random(number)
        correct = np.column_stack(
            [hard < 0.6, np.where(rng.random(number) < 0.1, rng.random(number) < 0.6, hard < 0.6)]
        )
        low, high = ends(bounds_of(paired_of({"correct": correct.astype(float)}))["accuracy"])
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(10**0.5, rel=0.1)
    assert widths[1] / widths[2] == pytest.approx(10**0.5, rel=0.1)


def test_what_is_not_known_of_both_has_no_bounds() -> None:
    found = bounds_of(paired_of({"seconds": np.full((4, 2), 2.0)}))
    assert set(found) == {"latency_mean", "latency_p50", "latency_p95"}
    assert record_bounds(paired_of({"seconds": np.empty((0, 2))}), {}, {}) == {}


def test_tasks_that_moved_without_a_net_change_are_no_alarm() -> None:
    rng, tasks = np.random.default_rng(3), np.repeat(np.arange(8), 40)
    fails = 0
    for _ in range(400):
        gain = np.where(tasks < 4, 0.4, -0.4)
        correct = rng.random((320, 2)) < np.column_stack([np.full(320, 0.5), 0.5 + gain])
        found = record_bounds(paired_of({"correct": correct.astype(float)}, tasks), {}, {})
        fails += ends(found["accuracy"], ALPHA)[0] > 0
    assert fails / 400 <= ALPHA + 3 * (ALPHA / 400) ** 0.5


def rates(world: SessionWorld, number: int = 400) -> dict[Verdict, float]:
    """Return the shares of the verdicts on mean seconds per request."""
    rng, counts = np.random.default_rng(4), dict.fromkeys(Verdict, 0.0)
    for _ in range(number):
        bounds = measured(world, rng)["latency_mean"].bounds
        counts[verdict_of(float(bounds.low(ALPHA)[0]), float(bounds.high(BETA)[0]), MARGIN)] += 1 / number
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("averaged", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("of_machine", [0.0, 0.95])
def test_at_the_margin_both_rates_are_kept(averaged: tuple[bool, bool], of_machine: float) -> None:
    found = rates(SessionWorld(0.015, MARGIN, of_machine, averaged=averaged), 800)
    assert found[Verdict.REGRESSED] <= ALPHA + 3 * (ALPHA / 800) ** 0.5
    assert found[Verdict.PASS] + found[Verdict.IMPROVED] <= BETA + 3 * (BETA / 800) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("session_sd", [0.01, 0.015, 0.02])
def test_ten_per_cent_is_found_where_sessions_of_both_are_known(session_sd: float) -> None:
    found = rates(SessionWorld(session_sd, 0.1, averaged=(True, True)))
    assert found[Verdict.REGRESSED] >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("odd", [0.0, 5.0])
@pytest.mark.parametrize("averaged", [(False, False), (True, False), (True, True)])
def test_the_same_system_does_not_fail(averaged: tuple[bool, bool], odd: float) -> None:
    found = rates(replace(SessionWorld(0.01, averaged=averaged), odd=odd))
    assert found[Verdict.REGRESSED] <= 0.05
