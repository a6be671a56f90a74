"""Made-up histories on disk, by the maker that the benches use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.made_up.nights_on_disk import make_history
from wattbench_reports.history import load_history

NIGHTS, SYSTEMS, DOMAINS, ITEMS = 6, 3, 2, 12


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small history on disk; no test may change it."""
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
