"""Nights that are remembered: how fast a year's site is rebuilt, and a sample of how often nights are wrong.

The year on disk is made up (`nights_on_disk`), outside what is timed; a rebuild is a process of its own that begins
without an index, as after `rm -r .index`. The simulated years are a small sample of what `tox -e calibration` writes
into docs/methodology.md; `WATTBENCH_BENCH_YEARS` says how many there are of each kind (4).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from benchmarks.nights.judge import BY, CHANGED_ON

from benchmarks.nights.document import LEAST_FOUND, tables
from benchmarks.nights.figures import NightFigures, simulated
from tests.made_up.nights_on_disk import Step, make_history
from tests.made_up.noisy_nights import NIGHTS

YEARS = int(os.environ.get("WATTBENCH_BENCH_YEARS", "4"))
CELLS = 24
MOST_S = 10.0

# The whole site, as the first run on a machine and `wattbench history DIR` have it.
SCRIPT = """
import sys, time
from pathlib import Path
from wattbench_reports.site import build_site
page = build_site(Path(sys.argv[1]))
print(time.process_time(), sum(path.stat().st_size for path in page.parent.rglob("*.html")))
"""


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year on disk, with the step in one system."""
    steps = [Step(CHANGED_ON, "generalist-large", seconds=BY)]
    return make_history(tmp_path_factory.mktemp("year"), NIGHTS, systems=6, domains=4, steps=steps)


def test_the_site_of_a_year_is_rebuilt_in_seconds(benchmark: Any, year: Path) -> None:
    """Three times with nothing but the runs there, and once after that."""
    rebuilds_s: list[float] = []

    def rebuild() -> None:
        before_s = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", SCRIPT, str(year)], capture_output=True, check=False, text=True)
        rebuilds_s.append(time.perf_counter() - before_s)
        assert done.returncode == 0, done.stderr
        processor_s, size = (float(each) for each in done.stdout.split())
        benchmark.extra_info |= {"processor seconds": processor_s, "MB": size / 1e6}
        print(f"\n{NIGHTS} nights of {CELLS} cells: {rebuilds_s[-1]:.1f} s, {processor_s:.1f} s of processor; "
              f"{size / 1e6:.1f} MB of pages")  # fmt: skip

    def forget() -> None:
        for folder in (".index", "site"):
            shutil.rmtree(year / folder, ignore_errors=True)

    benchmark.pedantic(rebuild, setup=forget, rounds=3)
    assert min(rebuilds_s) <= MOST_S
    rebuild()  # now from the index


def test_alarms_of_simulated_years(benchmark: Any) -> None:
    """Simulate some years of each world and some planted changes, and print the tables."""
    done: list[NightFigures] = []
    benchmark.pedantic(lambda: done.append(simulated(YEARS)), rounds=1)
    [figures] = done
    print(f"\n{tables(figures)}")
    of_several = [each for each in figures.years if each.systems > 2]
    alarmed, years = sum(each.alarmed for each in of_several), sum(len(each.years) for each in of_several)
    benchmark.extra_info |= {"years": years, "alarmed": alarmed}
    assert alarmed <= max(2, 0.1 * years)
    found = [each for each in figures.steps if each.world.startswith("alike")]
    assert sum(each.found for each in found) >= LEAST_FOUND * YEARS * len(found) - 1
    assert not any("step" in each.shapes for each in figures.creeps)
