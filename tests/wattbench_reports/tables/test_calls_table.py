"""The table of model calls as a frame: typed, checked, and what of each window was idle."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_up.agents import FakeAgent, FakeAgentRun, write_agents
from tests.made_up.digests import without_digests
from tests.made_up.rows import item, write_items
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench_reports.tables.calls_table import (
    BY_RULE,
    NUMBERS,
    TEXTS,
    check_sessions,
    idle_by_window,
    read_calls,
)
from wattbench_reports.tables.run_tables import load_frames

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    careful = FakeAgent("careful", unrecorded=0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        made = FakeAgentRun(agents=(careful, FakeAgent("spoiled")), items=4, repeats=2, invalid=frozenset({"spoiled"}))
        yield without_digests(write_agents(tmp_path_factory.mktemp("runs"), made))


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / original.name))


def calls_of(root: Path) -> pd.DataFrame:
    calls = read_calls(read_run(root))
    assert calls is not None
    return calls


def test_it_has_a_row_for_each_call_with_joules_by_each_rule(original: Path) -> None:
    calls, lines = calls_of(original), read_run(original).calls()
    assert calls["call"].tolist() == [row.call for row in lines]
    assert set(calls.columns) == {*TEXTS, *NUMBERS, "streamed", "sent"}
    assert calls["streamed"].tolist() == [row.streamed for row in lines]
    assert {str(calls[name].dtype) for name in TEXTS} == {"category"}
    assert {str(calls[name].dtype) for name in NUMBERS} == {"float64"}
    unknown = [row.prompt_tokens is None for row in lines]
    assert any(unknown)
    assert calls["prompt_tokens"].isna().tolist() == unknown
    spoiled = calls["system"] == "spoiled"
    for column in BY_RULE.values():
        assert calls[column].isna().tolist() == spoiled.tolist()


def test_a_run_without_agents_has_none(tmp_path: Path) -> None:
    assert read_calls(write_items(tmp_path, [item()])) is None


def test_idle_is_what_no_call_and_no_agent_took(original: Path) -> None:
    run = read_run(original)
    frames, calls = load_frames(run), calls_of(original)
    idle_j = idle_by_window(frames, calls)
    items = pd.read_parquet(run.layout.items_table)
    valid = [row for row in run.windows() if row.system == "careful"]
    assert idle_j.index.tolist() == [row.window for row in valid]
    for window in valid:
        of_items = items.loc[items["window"] == window.window, "energy_j"].sum()
        strays = calls.loc[(calls["window"] == window.window) & (calls["session"] == ""), "energy_j"].sum()
        assert of_items + strays + idle_j[window.window] == pytest.approx(window.total_j, rel=1e-9)
    assert (idle_j > 0).all()


def test_sessions_of_items_and_of_calls_agree(original: Path) -> None:
    calls, items = calls_of(original), pd.read_parquet(original / "items.parquet")
    check_sessions(original / "calls.parquet", calls, items)
    interrupted = calls[calls["session"] != items["session"].dropna().iloc[0]]
    check_sessions(original / "calls.parquet", calls, items.iloc[1:])  # a session without an answer
    with pytest.raises(UserError, match=r"made \d calls, and 0 are in the table; the record is damaged"):
        check_sessions(original / "calls.parquet", interrupted, items)


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("energy_j", lambda joules: joules + 1.0, "sum to .*, and its answer has"),
        ("system", lambda _: "spoiled", "is of spoiled, and its calls are of another system"),
        ("session", lambda _: "w0001-s1", "two answers are of the session 'w0001-s1'"),
    ],
)
def test_an_answer_that_contradicts_its_calls_is_named(
    original: Path, column: str, change: Callable[[Any], Any], said: str
) -> None:
    items = pd.read_parquet(original / "items.parquet")
    first = items.index[items["session"] == "w0001-s0"]
    items.loc[first, column] = items.loc[first, column].map(change)
    with pytest.raises(UserError, match=said):
        check_sessions(original / "calls.parquet", calls_of(original), items)


def test_joules_of_an_answer_need_those_of_its_calls(original: Path) -> None:
    calls, items = calls_of(original), pd.read_parquet(original / "items.parquet")
    calls.loc[calls["session"] == "w0001-s0", "energy_j"] = np.nan
    with pytest.raises(UserError, match="sum to nan, and its answer has"):
        check_sessions(original / "calls.parquet", calls, items)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"energy_j": -1.0}, "some energy_j are below 0 or infinite"),
        ({"output_tokens": -1}, "some output_tokens are below 0 or infinite"),
        ({"energy_by_time_j": float("inf")}, "some energy_by_time_j are below 0"),
        ({"energy_above_idle_j": float("-inf")}, "some energy_above_idle_j are infinite"),
        ({"energy_equal_j": None}, "joules by one rule and none by another"),
        ({"cached_tokens": 11, "prompt_tokens": 10}, "more cached tokens than tokens of their prompts"),
        ({"reasoning_tokens": 11, "output_tokens": 10}, "more reasoning tokens than tokens of their answers"),
        ({"finished_s": 1.0}, "end before they start"),
        ({"first_byte_s": 1.0}, "first byte before they start, or after they end"),
        ({"call": "w0001-s0-c2"}, "the call 'w0001-s0-c2' is there twice"),
        ({"system": "other"}, "a call is of the system 'other', which the run does not have"),
        ({"system": "spoiled"}, "the session 'w0001-s0' is of several systems"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_a_table_that_contradicts_itself_is_a_named_error(run: Path, changes: dict[str, Any], said: str) -> None:
    table = pq.read_table(run / "calls.parquet")
    rows = table.to_pylist()
    rows[0] |= changes
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), run / "calls.parquet")
    with pytest.raises(UserError, match=said) as raised:
        read_calls(read_run(run))
    assert str(raised.value).endswith("; the record is damaged")


def test_joules_above_idle_may_be_below_zero(run: Path) -> None:
    table = pq.read_table(run / "calls.parquet")
    rows = table.to_pylist()
    rows[0]["energy_above_idle_j"] = -1.5
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), run / "calls.parquet")
    assert calls_of(run)["energy_above_idle_j"].iloc[0] == -1.5


@pytest.mark.parametrize("damage", [b"", b"PAR1 no such thing", None], ids=["empty", "no table", "column missing"])
def test_a_table_that_cannot_be_read_is_a_named_error(run: Path, damage: bytes | None) -> None:
    path = run / "calls.parquet"
    if damage is None:
        pq.write_table(pq.read_table(path).drop(["energy_j"]), path)
    else:
        path.write_bytes(damage)
    with pytest.raises(UserError, match=r"calls\.parquet"):
        read_calls(read_run(run))


def test_a_column_of_another_type_is_a_named_error(run: Path) -> None:
    table = pq.read_table(run / "calls.parquet")
    at = table.schema.get_field_index("energy_j")
    pq.write_table(table.set_column(at, "energy_j", pa.array(["x"] * len(table))), run / "calls.parquet")
    with pytest.raises(UserError, match="the column energy_j holds string, not double"):
        read_calls(read_run(run))
