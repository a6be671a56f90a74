"""What counts of a run with blocks: the last complete attempt of each block."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import rows
from wattbench.errors import UserError
from wattbench.records import (
    AnswerRow,
    BlockPlan,
    BlockRow,
    PassRow,
    Purpose,
    RunWriter,
    WindowLabel,
    read_run,
)
from wattbench.records.rows.blocks import counted_attempts

ANSWER, WINDOW = replace(rows.ANSWER, window="w1", block=0), replace(rows.WINDOW, window="w1", block=0)
BLOCK = BlockRow(number=0, attempt=0, order=["s"], doc_ids={"t": [0]}, windows={"s": ["w1"]})
PLAN = BlockPlan(blocks=5, seed=2**40, resident="all", chosen_by="auto", why="because", item_s={"s": 0.5})


def test_answers_of_an_attempt_count_until_a_later_one_is_complete(writer: RunWriter) -> None:
    again = replace(ANSWER, window="w2", attempt=1, replies=["later"])
    for row in (ANSWER, again):
        writer.append_answer("s", "t", row)
    for window in (WINDOW, replace(WINDOW, window="w2", attempt=1), replace(WINDOW, window="w0", block=None)):
        writer.append_window(window)
    records = read_run(writer.layout.root)
    assert records.answers("s", "t") == [ANSWER]  # no attempt is complete: the first is under way
    writer.append_block(BLOCK)
    assert records.answers("s", "t") == [ANSWER]  # the second is under way
    assert {row.purpose for row in records.windows()} == {Purpose.MEASURED}
    writer.append_block(replace(BLOCK, attempt=1, windows={"s": ["w2"]}))
    assert records.answers("s", "t") == [again]
    assert {row.window: row.purpose for row in records.windows()} == {
        "w1": Purpose.SUPERSEDED, "w2": Purpose.MEASURED, "w0": Purpose.MEASURED,
    }  # fmt: skip
    assert records.answers_of_all_attempts("s", "t") == [ANSWER, again]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=12))
def test_the_last_attempt_of_each_block_counts(attempts: list[tuple[int, int]]) -> None:
    counted = counted_attempts(replace(BLOCK, number=number, attempt=attempt) for number, attempt in attempts)
    assert counted == {number: max(a for n, a in attempts if n == number) for number in {n for n, _ in attempts}}


def test_a_plan_is_read_as_written_and_one_that_is_damaged_is_said(writer: RunWriter) -> None:
    records = read_run(writer.layout.root)
    assert records.block_plan() is None
    writer.write_block_plan(PLAN)
    assert records.block_plan() == PLAN
    for text in ("{", "[]", '{"blocks": 5}'):
        writer.layout.block_plan.write_text(text)
        with pytest.raises(UserError, match=r"blocks\.json: cannot be read .*the record is damaged"):
            records.block_plan()


def test_passes_are_those_of_windows_that_have_several(writer: RunWriter) -> None:
    rows = [
        PassRow(window=window, number=number, started_s=float(number), finished_s=number + 0.5)
        for window in ("w1", "w2")
        for number in range(2)
    ]
    writer.append_passes(rows)
    writer.append_window(replace(WINDOW, passes=2))
    writer.append_window(replace(WINDOW, window="w2"))  # closed from its trace: the first pass alone
    assert read_run(writer.layout.root).passes() == rows[:2]
    assert PassRow(window="w1", number=2, started_s=1.0, finished_s=2.0, passes=4).duration_s == 0.25


def test_rows_from_before_there_were_blocks_have_none() -> None:
    old = {key: value for key, value in vars(ANSWER).items() if key not in ("block", "attempt")}
    assert AnswerRow.from_json(old).block is None
    label = WindowLabel.from_json({"window": "w1", "run": "r", "system": "s", "task": "t", "purpose": "load"})
    assert (label.block, label.attempt) == (None, 0)
