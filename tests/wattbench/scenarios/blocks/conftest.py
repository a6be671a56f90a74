"""Runs in blocks of real tasks and systems that answer at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lm_eval.api.instance import Instance

from tests.made_up.meters import PlayedMeter
from tests.made_up.progress import Quiet
from tests.made_up.suites import changed_suite
from wattbench.config import Resolved
from wattbench.measure.measuring_context import measuring
from wattbench.measure.plan import Cell, plan
from wattbench.measure.resume import new_run
from wattbench.meters import Chosen
from wattbench.records import RunRecords, RunWriter, read_run
from wattbench.scenarios.blocks import run_blocks
from wattbench.scenarios.blocks.looks import Looker
from wattbench.systems import Reply
from wattbench.systems.python import PythonEngine

DATA = Path(__file__).parents[3] / "data"
FILTERED = "it ended the answer with finish_reason content_filter"
"""Why a document is refused, as a reply has it."""
QUICK = "idle_s: 0.01, warmup: 2, min_window_s: 0.01"


@dataclass
class Blocked:
    """A run that can be begun, and resumed."""

    resolved: Resolved
    cells: list[Cell]
    root: Path
    make_meter: Callable[[], PlayedMeter]
    quiet: Quiet
    looker: Looker | None = None

    def run(self) -> RunRecords:
        with measuring(RunWriter(self.root), self.resolved, Chosen([self.make_meter()]), self.quiet) as context:
            run_blocks(context, self.cells, self.looker)
        return self.records

    @property
    def records(self) -> RunRecords:
        return read_run(self.root)

    @property
    def items(self) -> pd.DataFrame:
        return pd.read_parquet(self.records.layout.items_table)


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Resolved]:
    """The test suite with windows as short as can be and two tasks, some text replaced."""

    def make(*changes: tuple[str, str], measure: str = "blocks: 3") -> Resolved:
        more = (DATA / "tasks" / "sums.yaml").read_text().replace("task: sums", "task: more")
        (tmp_path / "more.yaml").write_text(more)
        (tmp_path / "sums.py").write_text((DATA / "tasks" / "sums.py").read_text())
        return changed_suite(
            tmp_path,
            ("{idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2}", f"{{{QUICK}, {measure}}}"),
            ("[tasks]", f"[{DATA / 'tasks'}, {tmp_path}]"),
            (
                "- {task: sums, domain: arithmetic}",
                "- {task: sums, domain: arithmetic, limit: 5}\n    - {task: more, domain: more, limit: 4}",
            ),
            *changes,
        )

    return make


@pytest.fixture
def blocked(tmp_path: Path, suite: Callable[..., Resolved], make_steady: Any, quiet: Quiet) -> Callable[..., Blocked]:
    def make(*changes: tuple[str, str], measure: str = "blocks: 3", shard: dict[str, Any] | None = None) -> Blocked:
        resolved = suite(*changes, measure=measure)
        cells = plan(resolved)
        with new_run(tmp_path / "runs", resolved, cells, {"cpu": "rapl"}, [], shard=shard) as writer:
            return Blocked(resolved, cells, writer.layout.root, make_steady, quiet)

    return make


class Refusing:
    """Makes python systems refuse some documents, as a server with a filter does."""

    def __init__(self) -> None:
        self.documents: set[int] = set()
        self.asked: list[int] = []

    def answer(self, replies: Sequence[Reply], requests: Sequence[Instance]) -> list[Reply]:
        self.asked += [int(request.doc_id) for request in requests]
        return [
            replace(reply, value="", failure=FILTERED) if request.doc_id in self.documents else reply
            for reply, request in zip(replies, requests, strict=True)
        ]


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Refusing:
    refusing, answer = Refusing(), PythonEngine.answer

    def refuse(self: PythonEngine, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        return refusing.answer(answer(self, request_type, requests), requests)

    monkeypatch.setattr(PythonEngine, "answer", refuse)
    return refusing
