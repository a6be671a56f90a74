"""Runs with nothing in them, for what is done to whole runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wattbench.nights import NightsLayout
from wattbench.records import SCHEMA_VERSION, RunHeader, RunWriter

MakeRun = Callable[..., Path]


@pytest.fixture
def layout(tmp_path: Path) -> NightsLayout:
    return NightsLayout(tmp_path / "nights").created()


@pytest.fixture
def make_run() -> MakeRun:
    """Writes a run into a folder, named after its night."""

    def make(folder: Path, date: str, *, id: str = "000000", finished: bool = True, **given: Any) -> Path:  # noqa: A002
        run = f"{date.replace('-', '')}T010203Z-sums-{id}"
        header = {
            "suite": {"suite": {"name": "sums"}, "systems": {}},
            "environment": {"cpu": "a CPU", "commit": "c" * 40},
            "night": {"date": date, "commit": f"{id}", "backfilled": False},
        }
        written = RunHeader(
            schema_version=SCHEMA_VERSION, run=run, suite_sha256="", created_utc=f"{date}T01:02:03+00:00", command=[],
            meters={}, cells=[], **(header | given),
        )  # fmt: skip
        with RunWriter.create(folder / run, written) as writer:
            if finished:
                writer.finish([], [], f"{date}T02:00:00+00:00")
        return folder / run

    return make
