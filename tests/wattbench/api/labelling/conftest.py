"""A judged run to label: two systems, thirty letters each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up.judged_runs import FakeJudge
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.api.labelling.sheet import LabelSheet, read_sheet
from wattbench.records import read_run

JUDGED = FakeRun(
    systems=(FakeSystem("small"), FakeSystem("large", accuracy=0.8)),
    tasks=(("letters", "text"),),
    items=30,
    judges={"letters": FakeJudge()},
)


@pytest.fixture
def judged_run(tmp_path: Path) -> Path:
    return write_run(tmp_path, JUDGED)


@pytest.fixture
def sheet_of() -> Callable[[Path], LabelSheet]:
    return lambda run: read_sheet(read_run(run))
