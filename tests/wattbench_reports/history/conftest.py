"""Made-up histories: on disk, by the maker that the benches use, and in memory, figure by figure."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.nights_on_disk import make_history
from wattbench_reports.history import History, Night, Reference, load_history
from wattbench_reports.history.night_metrics import COLUMNS

FIRST = datetime.date(2026, 1, 1)
NIGHTS, SYSTEMS, DOMAINS, ITEMS = 6, 3, 2, 12


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small history on disk; nobody may change it."""
    return make_history(
        tmp_path_factory.mktemp("nights"), NIGHTS + 1, systems=SYSTEMS, domains=DOMAINS, items=ITEMS, gaps=(2,)
    )


@pytest.fixture
def nights_root(made_once: Path, tmp_path: Path) -> Path:
    """A copy of it without an index, to be changed."""
    shutil.copytree(made_once, tmp_path / "nights", ignore=shutil.ignore_patterns(".index"))
    return tmp_path / "nights"


@pytest.fixture
def indexed_root(made_once: Path, tmp_path: Path) -> Path:
    """A copy of it with its index, to be changed."""
    load_history(made_once)
    shutil.copytree(made_once, tmp_path / "nights")
    return tmp_path / "nights"


def day(place: int) -> datetime.date:
    """Place 0 is the first night's date."""
    return FIRST + datetime.timedelta(days=place)


@pytest.fixture
def in_memory(tmp_path: Path) -> Callable[..., History]:
    """A history of given figures: (system, domain, metric) to a figure per night, NaN where it has none."""

    def make(
        figures: Mapping[tuple[str, str, str], Sequence[float] | np.ndarray],
        *,
        items: int = 200,
        provenance: str = "",
        conditions: Callable[[int], str] = lambda night: "same",
        gaps: Sequence[int] = (),
        reference: Reference | None = None,
        node: Callable[[int], str] = lambda night: "",
    ) -> History:
        count = len(next(iter(figures.values())))
        there = [place for place in range(count) if place not in gaps]
        rows = [
            (f"run-{place:03}", day(place), system, "generalist", domain, metric, own[place], 0.01, items, provenance,
             conditions(place))
            for (system, domain, metric), own in figures.items()
            for place in there
            if np.isfinite(own[place])
        ]  # fmt: skip
        nights = tuple(
            Night(f"run-{place:03}", tmp_path / f"run-{place:03}", day(place), f"{day(place)}T03:00:00+00:00", None,
                  False, "nightly", node(place))
            for place in there
        )  # fmt: skip
        return History(tmp_path, nights, pd.DataFrame(rows, columns=list(COLUMNS)), reference)

    return make
