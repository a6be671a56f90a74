"""How fast the site of a year of nights is rebuilt.

The year on disk is made up (`nights_on_disk`), outside what is timed; a rebuild is a process of its own that begins
without an index, as after `rm -r .index`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.nights_on_disk import Step, make_history
from tests.made_up.noisy_nights import NIGHTS

CELLS = 24
MOST_S = 10.0

# The whole site, as the first run on a machine and `wattbench runs history DIR` have it.
SCRIPT = """
import sys, time
from pathlib import Path
from wattbench_reports.site import build_site
page = build_site(Path(sys.argv[1]))
print(time.process_time(), sum(path.stat().st_size for path in page.parent.rglob("*.html")))
"""


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a year of nights, with a step in one system."""
    steps = [Step(300, "generalist-large", seconds=0.2)]
    return make_history(tmp_path_factory.mktemp("year"), NIGHTS, systems=6, domains=4, steps=steps)


def test_the_site_of_a_year_is_rebuilt_in_seconds(benchmark: Any, year: Path) -> None:
    """Build the site three times from the runs alone, and once more after that."""
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
