"""Nights that remember: how fast a year's site is rebuilt, whether a step is found, how often nothing raises an alarm.

The year on disk is made up (`nights_on_disk`), outside what is timed; a rebuild is a process of its own that begins
without an index, as after `rm -r .index`. The simulated years are figures alone: 24 cells of seven metrics, 168 series,
each with noise of 1%, and every night of a year is judged.

`WATTBENCH_BENCH_YEARS` says how many stepless years are simulated (40; of other noise than normal a quarter of them).
"""

from __future__ import annotations

import datetime
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.made_up.nights_on_disk import Step, make_history
from wattbench_reports.history import ALPHA, History, Night, Trend, trends
from wattbench_reports.history.night_metrics import COLUMNS, FIGURES
from wattbench_reports.stats import HORIZON, Noise, change_points, noise_of
from wattbench_reports.stats.changepoints import penalty

YEARS = int(os.environ.get("WATTBENCH_BENCH_YEARS", "40"))
STEPS = 40
"""Simulated histories with a step."""
NIGHTS, CELLS = 365, 24
SERIES = CELLS * len(FIGURES)
AT, BY, NOISE = 300, 0.05, 0.01
"""The night of the step, its size, and the noise of every series."""
MOST_S = 10.0
MOST_ALARMED, LEAST_FOUND = 0.05, 0.90

LEVEL = ALPHA / HORIZON / SERIES
TOLD = {"resolution": 0.005, "least": math.log(1.02)}

# The whole site, as the first run on a machine and `wattbench history DIR` have it.
SCRIPT = """
import sys, time
from pathlib import Path
from wattbench_reports.site import build_site
page = build_site(Path(sys.argv[1]))
print(time.process_time(), sum(path.stat().st_size for path in page.parent.rglob("*.html")))
"""

Figures = NDArray[np.float64]
"""Shape (series, nights): logarithms. The series of a metric are neighbours."""


def normal(rng: np.random.Generator) -> Figures:
    """Independent nights."""
    return rng.normal(0.0, NOISE, (SERIES, NIGHTS))


def heavy(rng: np.random.Generator) -> Figures:
    """Student's t with four degrees of freedom: a night of five standard deviations every few weeks in some series."""
    return NOISE / math.sqrt(2) * rng.standard_t(4, (SERIES, NIGHTS))


def alike(rng: np.random.Generator, rho: float = 0.3) -> Figures:
    """A night resembles the one before: autoregression of first order."""
    figures = normal(rng)
    for night in range(1, NIGHTS):
        figures[:, night] = rho * figures[:, night - 1] + math.sqrt(1 - rho**2) * figures[:, night]
    return figures


def creeping(rng: np.random.Generator) -> Figures:
    """Every series 5% higher at the end of the year than at its beginning, a little each night."""
    return normal(rng) + np.linspace(0.0, BY, NIGHTS)


KINDS: dict[str, Callable[[np.random.Generator], Figures]] = {
    "normal": normal, "heavy tails": heavy, "nights alike": alike, "creeping": creeping,
}  # fmt: skip


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year on disk, with the step in one system."""
    steps = [Step(AT, "generalist-large", seconds=BY)]
    return make_history(tmp_path_factory.mktemp("year"), NIGHTS, systems=6, domains=4, steps=steps)


def test_the_site_of_a_year_is_rebuilt_in_seconds(benchmark: Any, year: Path) -> None:
    """Three times with nothing but the runs there, and once after that."""
    taken: list[float] = []

    def rebuilt() -> None:
        before_s = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", SCRIPT, str(year)], capture_output=True, check=False, text=True)
        taken.append(time.perf_counter() - before_s)
        assert done.returncode == 0, done.stderr
        processor_s, size = (float(each) for each in done.stdout.split())
        benchmark.extra_info |= {"processor seconds": processor_s, "MB": size / 1e6}
        print(f"\n{NIGHTS} nights of {CELLS} cells: {taken[-1]:.1f} s, {processor_s:.1f} s of processor; "
              f"{size / 1e6:.1f} MB of pages")  # fmt: skip

    def forget() -> None:
        for folder in (".index", "site"):
            shutil.rmtree(year / folder, ignore_errors=True)

    benchmark.pedantic(rebuilt, setup=forget, rounds=3)
    assert min(taken) <= MOST_S
    rebuilt()  # now from the index


def test_a_step_is_found_and_dated(benchmark: Any) -> None:
    """By one of the two nights after the step's first: `STEPS` times, in one of all the series."""
    found = {1: 0, 2: 0}

    def all_of_them() -> None:
        for seed in range(STEPS):
            figures = normal(np.random.default_rng([1, seed]))
            figures[seed % SERIES, AT:] += math.log1p(BY)
            known = False
            for later in found:  # once shown, an alarm has been raised
                known = known or _dated(trends(_history(figures[:, : AT + later + 1])))
                found[later] += known

    benchmark.pedantic(all_of_them, rounds=1)
    shares = {later: number / STEPS for later, number in found.items()}
    benchmark.extra_info |= {f"found {later} nights later": share for later, share in shares.items()}
    told = ", ".join(f"{share:.0%} of {STEPS} by {later} nights later" for later, share in shares.items())
    print(f"\na step of {BY:.0%} in noise of {NOISE:.0%}, found and dated within two nights: {told}")
    assert shares[2] >= LEAST_FOUND


@pytest.mark.parametrize("kind", KINDS)
def test_years_without_a_step(benchmark: Any, kind: str) -> None:
    """How many of them raise any alarm, on any night, in any series."""
    years = YEARS if kind == "normal" else max(YEARS // 4, 1)
    first: list[int] = []

    def all_of_them() -> None:
        for seed in range(years):
            night = first_alarm(KINDS[kind](np.random.default_rng([2, seed])))
            first.extend([] if night is None else [night])

    benchmark.pedantic(all_of_them, rounds=1)
    share = len(first) / years
    benchmark.extra_info |= {"years": years, "alarmed": share}
    print(f"\n{kind}: {len(first)} of {years} years raise an alarm", f"(first on night {min(first)})" if first else "")
    if kind == "normal":  # the others are told as they are
        assert share <= MOST_ALARMED


def first_alarm(figures: Figures) -> int | None:
    """The first night of a year on which any series shows a change; None where none does.

    Every series is to be divided anew every night, which takes minutes a year. Most of it can be left out: where an
    optimal partition divides a series at k, the two stretches explain more than the penalty, and they explain no more
    than the farthest stretch that ends at k and the farthest that begins there do of their distance from any one level.
    Those are known night by night.
    """
    count = figures.shape[1]
    sums = np.cumsum(figures - figures.mean(axis=1, keepdims=True), axis=1)
    sums = np.concatenate([np.zeros((len(figures), 1)), sums], axis=1)
    size = np.cumsum(np.abs(np.diff(figures, axis=1)), axis=1) / np.arange(1, count) * math.sqrt(math.pi) / 2
    ending, beginning = np.zeros_like(sums), np.zeros_like(sums)
    for at in range(2, count + 1):
        ending[:, at] = ((sums[:, [at]] - sums[:, : at - 1]) ** 2 / np.arange(at, 1, -1)).max(axis=1)
    for nights in range(4, count + 1):
        at = np.arange(2, nights - 1)
        own = (sums[:, [nights]] - sums[:, at]) ** 2 / (nights - at)
        beginning[:, at] = np.maximum(beginning[:, at], own)
        most = (ending[:, at] + beginning[:, at]).max(axis=1)
        noise = np.maximum(size[:, nights - 2], TOLD["resolution"])
        for place in np.flatnonzero(most > penalty(LEVEL) * noise**2):
            if _shows(figures[:, :nights], int(place)):
                return nights - 1
    return None


def _shows(figures: Figures, place: int) -> bool:
    """Whether a series shows a change. What shows none where nights are independent and normal shows none elsewhere."""
    if not change_points(figures[place], level=LEVEL, **TOLD, noise=Noise()):
        return False
    first = place - place % CELLS
    noise = noise_of(list(figures[first : first + CELLS]), level=LEVEL, resolution=TOLD["resolution"])
    return bool(change_points(figures[place], level=LEVEL, **TOLD, noise=noise))


def _dated(shown: Sequence[Trend]) -> bool:
    return any(abs((change.date - _day(AT)).days) <= 2 for trend in shown for change in trend.changes)


def _day(night: int) -> datetime.date:
    return datetime.date(2026, 1, 1) + datetime.timedelta(days=night)


def _history(figures: Figures) -> History:
    """Figures as a history; where they are of accuracy they stand for another metric, as all are logarithms here."""
    count = figures.shape[1]
    nights = tuple(Night(f"n{n}", Path(), _day(n), "", None, False, "year") for n in range(count))
    named = [name for name in FIGURES if name != "accuracy"]
    rows = [
        (f"n{night}", _day(night), f"system{place}", "generalist", "text", named[(place // CELLS) % len(named)],
         value, 0.0, 200, "", "same")
        for place, own in enumerate(np.exp(figures))
        for night, value in enumerate(own.tolist())
    ]  # fmt: skip
    return History(Path(), nights, pd.DataFrame(rows, columns=list(COLUMNS)), None)
