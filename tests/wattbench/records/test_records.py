"""A run directory survives kills, refuses strangers, and reads back as it was written."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.made_up.rows import ANSWER, HEADER, WINDOW
from wattbench.errors import UserError
from wattbench.records import (
    ExpertRow,
    RunLayout,
    RunWriter,
    WindowLabel,
    read_run,
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with RunWriter.create(tmp_path / "run", HEADER) as writer:
        writer.append_answer("s", "t", ANSWER)
        writer.append_answer("s", "t", replace(ANSWER, doc_id=1))
        writer.append_open_window(WindowLabel(window="w0001", run="r", system="s", task="t", purpose="measured"))
        writer.append_open_window(WindowLabel(window="w0002", run="r", system="s", task="t", purpose="measured"))
        writer.append_window(WINDOW)
    return tmp_path / "run"


def test_rows_read_back_as_written(run: Path) -> None:
    records = read_run(run)
    assert records.header == HEADER
    assert records.answers("s", "t") == [ANSWER, replace(ANSWER, doc_id=1)]
    assert records.windows() == [WINDOW]
    assert [label.window for label in records.open_windows()] == ["w0002"]
    assert not records.finished


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_torn_last_line_is_dropped_and_appending_goes_on_behind_it(run: Path, cut: int) -> None:
    path = RunLayout(run).answers("s", "t")
    path.write_bytes(path.read_bytes()[:-cut])
    assert [row.doc_id for row in read_run(run).answers("s", "t")] == [0]
    with RunWriter(run) as writer:
        writer.append_answer("s", "t", replace(ANSWER, doc_id=1))
    assert [row.doc_id for row in read_run(run).answers("s", "t")] == [0, 1]


def test_what_a_killed_process_left_under_temporary_names_is_removed_when_the_run_is_resumed(run: Path) -> None:
    left = [run / ".wattbench-0123456789abcdef.tmp", RunLayout(run).answers("s", "t").with_name(".wattbench-0.tmp")]
    for path in left:
        path.write_text("half")
    (run / "notes.tmp").write_text("somebody's own")
    before = RunLayout(run).answers("s", "t").read_bytes()
    RunWriter(run).close()
    assert not any(path.exists() for path in left)
    assert (run / "notes.tmp").exists()
    assert RunLayout(run).answers("s", "t").read_bytes() == before


def test_damage_before_the_last_line_is_an_error_not_a_gap(run: Path) -> None:
    path = RunLayout(run).answers("s", "t")
    path.write_bytes(b"{oops\n" + path.read_bytes())
    with pytest.raises(UserError, match="line 1 is not JSON"):
        read_run(run).answers("s", "t")


def test_a_line_written_twice_counts_once(run: Path) -> None:
    with RunWriter(run) as writer:
        writer.append_answer("s", "t", replace(ANSWER, replies=["another"]))
    assert [row.replies for row in read_run(run).answers("s", "t")] == [["2"], ["2"]]


def test_fields_of_a_newer_writer_are_ignored_and_missing_ones_are_named(run: Path) -> None:
    path = RunLayout(run).answers("s", "t")
    path.write_text(json.dumps(asdict(ANSWER) | {"colour": "blue"}) + "\n")
    assert read_run(run).answers("s", "t") == [ANSWER]
    path.write_text(json.dumps({"doc_id": 1}) + "\n")
    with pytest.raises(UserError, match="a field is missing"):
        read_run(run).answers("s", "t")


def test_experts_read_as_written_and_older_rows_lack_the_prompt_and_the_pairs(run: Path) -> None:
    row = ExpertRow(
        doc_id=1, repeat=0, tokens=3, counts=[[3, 2, 1]], prompt_tokens=2, prompt_counts=[[2, 2, 0]], pairs=[[2, 1, 0]]
    )
    with RunWriter(run) as writer:
        writer.write_experts("s", "t", [row])
    assert read_run(run).experts("s", "t") == [row]
    RunLayout(run).experts("s", "t").write_text('{"doc_id": 1, "repeat": 0, "tokens": 3, "counts": [[3, 2, 1]]}\n')
    (old,) = read_run(run).experts("s", "t")
    assert (old.counts, old.prompt_tokens, old.prompt_counts, old.pairs) == ([[3, 2, 1]], None, [], [])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('{"schema_version": 99}', "newer wattbench"),
        ('{"schema_version": 0}', "schema 0 is unknown"),
        ('{"schema_version": "1"}', "not a number"),
        ("[]", "not a number"),
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('{"schema_version": 1}', "a field is missing"),
    ],
)
def test_headers_that_cannot_be_read_are_explained(run: Path, header: str, expected: str) -> None:
    (run / "run.json").write_text(header)
    with pytest.raises(UserError, match=expected):
        read_run(run)


def test_a_run_of_before_is_read_with_its_limits_of_tokens_as_they_were_meant(run: Path) -> None:
    header = json.loads((run / "run.json").read_text())
    systems = {"plain": {"max_output_tokens": 256}, "long": {"max_output_tokens": 512}}
    old = header | {"schema_version": 1, "suite": {**header["suite"], "systems": systems}}
    (run / "run.json").write_text(json.dumps(old))
    read = read_run(run).header
    assert read.suite["systems"] == {"plain": {"max_output_tokens": None}, "long": {"max_output_tokens": 512}}
    assert read.schema_version == 1, "as it was written: it cannot be resumed"
    (run / "run.json").write_text(json.dumps(old | {"schema_version": 2}))
    assert read_run(run).header.suite["systems"] == systems


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such run directory"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(UserError, match="not a run directory"):
        read_run(tmp_path)


def test_only_one_process_may_append(run: Path) -> None:
    with RunWriter(run), pytest.raises(UserError, match="another process is writing this run"):
        RunWriter(run)


def test_a_window_totals_only_what_it_can_label() -> None:
    assert WINDOW.total_j == 12.0
    assert WINDOW.provenance_label == "modelled+rapl"
    assert WINDOW.above_idle_j == pytest.approx(12.0 - 1.5 * 2.0)
    assert replace(WINDOW, idle_w={"cpu": 1.0}).above_idle_j is None
    assert replace(WINDOW, energy_j={}).total_j is None


NAMES = st.text(st.characters(codec=None), min_size=1) | st.builds(
    lambda text, times, end: text * times + end, st.text(min_size=1), st.integers(20, 200), st.text()
)
"""Halves of surrogate pairs and long names among them."""


@example(system="s", task="." * 84)
@given(system=NAMES, task=NAMES)
def test_no_name_leads_out_of_the_run_directory(system: str, task: str) -> None:
    path = RunLayout(Path("/runs/r")).answers(system, task)
    assert max(len(os.fsencode(part)) for part in path.parts) <= 255
    assert path.parent.parent == Path("/runs/r/items")
    assert path.name.endswith(".jsonl")
    assert ".." not in path.parts


@given(first=NAMES, second=NAMES)
def test_two_names_never_share_a_path(first: str, second: str) -> None:
    layout = RunLayout(Path("/runs/r"))
    same = layout.trace("s", first) == layout.trace("s", second)
    assert same == (first == second)
    assert layout.trace("s", first) != layout.trace("s", None)


def test_a_name_that_no_file_can_have_is_cut_and_any_other_is_not() -> None:
    layout = RunLayout(Path("/runs/r"))
    assert layout.answers("s", "a" * 249).name == f"{'a' * 249}.jsonl"
    one, other = layout.answers("s", "語" * 200), layout.answers("s", "語" * 199 + "語語")
    assert one.name.startswith("%E8%AA%9E" * 22 + "%~")
    assert one != other
