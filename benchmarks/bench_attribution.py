"""Giving joules to items and model calls: ten times as many should take about ten times as long, up to 100,000."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from wattbench.measure.item_rows import attribute
from wattbench.meters.windows.calls import InFlight, divide
from wattbench.meters.windows.in_flight import shares
from wattbench.meters.windows.series import Point
from wattbench.records import AnswerRow, WindowRow

SIZES = (10_000, 100_000)
PER_WINDOW = 500
MOST = 20.0
"""Times as long for ten times the items: n log n is 13 (it sorts), n squared would be 100."""


def arrivals(items: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return open-loop arrivals, about eight in flight at any time: starts and finishes, in seconds."""
    random = np.random.default_rng(0)
    started_s = np.sort(random.uniform(0, items / 8, items))
    return started_s, started_s + random.exponential(1.0, items)


def run(items: int) -> tuple[list[AnswerRow], dict[str, WindowRow]]:
    """Return a run's answers and windows, with `PER_WINDOW` items in each window."""
    started_s, finished_s = arrivals(items)
    answers = [
        AnswerRow(
            doc_id=i,
            repeat=0,
            request_type="generate_until",
            prompt="",
            prompt_hash="",
            replies=[""],
            prompt_tokens=None,
            output_tokens=None,
            scheduled_s=a_s,
            started_s=a_s,
            first_token_s=None,
            finished_s=b_s,
            batch=i,
            batch_size=1,
            window=f"w{i // PER_WINDOW}",
        )
        for i, (a_s, b_s) in enumerate(zip(started_s.tolist(), finished_s.tolist(), strict=True))
    ]
    windows = {
        name: WindowRow(
            window=name,
            run="r",
            system="s",
            task="t",
            purpose="measured",
            started_s=0.0,
            finished_s=60.0,
            energy_j={"gpu0": 3000.0, "cpu": 1000.0},
            provenance={"gpu0": "counter", "cpu": "rapl"},
            idle_w={"gpu0": 20.0, "cpu": 5.0},
        )
        for name in {answer.window for answer in answers}
    }
    return answers, windows


@pytest.mark.benchmark(group="attribution: overlapping items in one window")
@pytest.mark.parametrize("items", SIZES)
def test_shares(benchmark: Any, items: int) -> None:
    """Time one window with all items."""
    own = benchmark(shares, *arrivals(items))
    assert own.sum() == pytest.approx(1.0)


@pytest.mark.benchmark(group="attribution: a run's answers in windows of 500")
@pytest.mark.parametrize("items", SIZES)
def test_a_run(benchmark: Any, items: int) -> None:
    """Time a run from rows to rows; items sum to their windows, and windows to the run."""
    answers, windows = run(items)
    energies = benchmark.pedantic(attribute, (answers, windows), rounds=5, warmup_rounds=1)
    assert sum(total for total, _ in energies) == pytest.approx(4000.0 * len(windows))


def model_calls(calls: int) -> tuple[list[list[Point]], list[InFlight], float, float]:
    """Return a window of model calls, about eight in flight at any time, whose joules are read ten times a second."""
    started_s, finished_s = arrivals(calls)
    random = np.random.default_rng(1)
    first_s = started_s + 0.1 * (finished_s - started_s)
    weights = random.uniform(0.5, 2.0, (2, calls))
    rows = np.column_stack([started_s, first_s, finished_s, *weights]).tolist()
    end_s = float(finished_s.max())
    curve = [(at_s, 300.0 * at_s) for at_s in np.append(np.arange(0.0, end_s, 0.1), end_s).tolist()]
    return [curve], [InFlight(*row) for row in rows], 0.0, end_s


@pytest.mark.benchmark(group="attribution: model calls in one window")
@pytest.mark.parametrize("calls", SIZES)
def test_model_calls(benchmark: Any, calls: int) -> None:
    """Time one window; its calls and what is idle sum to its joules by every rule."""
    given = model_calls(calls)
    made = benchmark.pedantic(divide, given, rounds=3, warmup_rounds=1)
    total_j = 300.0 * given[3]
    for of_calls in (made.tokens_j, made.time_j, made.equal_j):
        assert of_calls.sum() + made.idle_j == pytest.approx(total_j, rel=1e-9)


@pytest.mark.parametrize(
    ("what", "prepare"),
    [(shares, arrivals), (attribute, run), (divide, model_calls)],
    ids=["shares", "run", "model calls"],
)
def test_it_grows_in_proportion(benchmark: Any, what: Callable[..., Any], prepare: Callable[[int], Any]) -> None:
    """Compare the fastest of each size, measured in turns."""
    given = {items: prepare(items) for items in SIZES}
    taken_s: dict[int, list[float]] = {items: [] for items in SIZES}

    def both() -> None:
        for items in SIZES:
            before_s = time.perf_counter()
            what(*given[items])
            taken_s[items].append(time.perf_counter() - before_s)

    benchmark.pedantic(both, rounds=7)
    few_s, many_s = (min(taken_s[items]) for items in SIZES)
    benchmark.extra_info["ratio"] = many_s / few_s
    print(f"\n{what.__name__}: {many_s:.3f} s for {SIZES[1]:,} items, {many_s / few_s:.1f} times that for {SIZES[0]:,}")
    assert many_s / few_s <= MOST
