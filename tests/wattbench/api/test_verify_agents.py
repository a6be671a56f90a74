"""A run with agents whose sessions, calls or joules were edited is found by `verify`; one that was not passes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_up.agents import FakeAgentRun, write_agents
from tests.made_up.digests import made_consistent
from wattbench.api.verify import Verified, verify
from wattbench.records.finish_record import finish_record, read_finish
from wattbench.records.layout import RunLayout

pytestmark = pytest.mark.slow

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield write_agents(tmp_path_factory.mktemp("runs"), FakeAgentRun(items=4, repeats=2))


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / original.name))


def problems(found: Verified) -> dict[str, str]:
    return {check.name: "; ".join(check.problems) for check in found.checks if check.problems}


def sealed(run: Path) -> Path:
    """Write the digests anew, as someone would who edits a run."""
    layout = RunLayout(run)
    record = read_finish(layout)
    ended = finish_record(layout, record.finished_utc, record.items, record.windows, record.calls)
    layout.finished.write_bytes(ended)
    return run


def edit_lines(path: Path, change: Callable[[Rows], Rows | None]) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = change(rows) or rows
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def edit_table(path: Path, change: Callable[[Rows], Rows | None]) -> None:
    table = pq.read_table(path)
    rows = table.to_pylist()
    pq.write_table(pa.Table.from_pylist(change(rows) or rows, schema=table.schema), path)


def test_a_run_with_agents_passes_every_check(original: Path) -> None:
    found = verify(original)
    assert found.ok, problems(found)
    assert "calls.parquet" in next(check.said for check in found.checks if check.name == "tables")
    assert read_finish(RunLayout(original)).calls == pq.read_metadata(original / "calls.parquet").num_rows > 0


def _drop(rows: Rows) -> Rows:
    return rows[1:]


def _double(rows: Rows) -> Rows:
    return [*rows, rows[0]]


def _other_session(rows: Rows) -> None:
    rows[0]["session"] = rows[-2]["session"] if rows[-2]["session"] != rows[0]["session"] else rows[20]["session"]


def _other_system(rows: Rows) -> None:
    rows[0]["system"] = "no such system"


def _long_before(rows: Rows) -> None:
    rows[0].update(started_s=rows[0]["started_s"] - 9.0)


def _more_tokens(rows: Rows) -> None:
    rows[3]["output_tokens"] += 1000


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        (_drop, "invariants", "calls of the session"),
        (_double, "invariants", "has the call 'w0001-s0-c0' 2 times"),
        (_other_session, "invariants", "which made"),
        (_other_system, "invariants", "a call of 'no such system', which is no system of this run"),
        (_long_before, "invariants", "began outside of the attempt of its session"),
        (_more_tokens, "tables", "energy_j of row"),
    ],
    ids=lambda each: each.__name__.strip("_") if callable(each) else "",
)
def test_edited_lines_are_found_although_the_digests_are_new(
    run: Path, change: Callable[[Rows], Rows | None], check: str, said: str
) -> None:
    edit_lines(run / "calls.jsonl", change)
    assert said in problems(verify(sealed(run)))[check]


def _more_joules(rows: Rows) -> None:
    rows[0]["energy_j"] += 5.0


def _no_joules(rows: Rows) -> None:
    rows[0]["energy_by_time_j"] = None


def _other_window(rows: Rows) -> None:
    rows[0]["window"] = "w0006"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_more_joules, "the joules of the calls of careful have another sum by each rule"),
        (_more_joules, "the joules of the session 'w0001-s0' sum to"),
        (_no_joules, "a call of careful has joules by one rule and none by another"),
        (_other_window, "a call of careful was under way in the window 'w0006', which is not one of its own"),
        (_drop, "calls.parquet has"),
        (_double, "calls.parquet has the call 'w0001-s0-c0' twice"),
    ],
)
def test_an_edited_table_of_calls_is_found(run: Path, change: Callable[[Rows], Rows | None], said: str) -> None:
    edit_table(run / "calls.parquet", change)
    found = problems(verify(sealed(run)))
    assert said in found["invariants"]
    assert "calls.parquet" in found["tables"]


def test_sessions_cannot_have_more_than_their_window(run: Path) -> None:
    def much_more(rows: Rows) -> None:
        rows[0]["energy_j"] *= 100

    edit_table(run / "items.parquet", much_more)
    assert "which is more than the window's" in problems(verify(sealed(run)))["invariants"]


@pytest.mark.parametrize("name", ["calls.parquet", "calls.jsonl"])
def test_a_missing_file_of_calls_is_found(run: Path, name: str) -> None:
    (run / name).unlink()
    found = problems(verify(run))
    assert f"{name} is missing" in found["digests"]
    assert problems(verify(sealed(run)))["invariants" if name == "calls.parquet" else "tables"]


def test_lines_that_were_edited_in_all_places_make_another_run_that_is_whole(run: Path) -> None:
    edit_lines(run / "calls.jsonl", _more_tokens)
    found = verify(made_consistent(run))
    assert found.ok, problems(found)
