"""Each field of a record has the type and the range that its dataclass gives it, or the line is named."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.made_up import rows
from tests.made_up.rows import ANSWER
from wattbench.errors import UserError
from wattbench.records import (
    AnswerRow,
    BlockRow,
    ItemRow,
    LoadRow,
    PassRow,
    PhaseRow,
    RunHeader,
    ScoreRow,
    SystemRow,
    WindowRow,
)
from wattbench.records.reader import read_rows
from wattbench.records.rows.schema import FieldError, RecordRow

SCORE = ScoreRow(doc_id=0, repeat=0, doc_hash="d", target="2", filtered="2", correct=1.0, metrics={})
WINDOW = replace(rows.WINDOW, energy_j={"cpu": 10.0}, provenance={"cpu": "rapl"})


@pytest.mark.parametrize(
    ("row", "field", "value", "said"),
    [
        (ANSWER, "finished_s", "soon", "finished_s is 'soon': it must be a number"),
        (ANSWER, "finished_s", 0.5, "finished_s is 0.5: it must not be before started_s (1.0)"),
        (ANSWER, "started_s", float("nan"), "started_s is nan: it must be a finite number"),
        (ANSWER, "started_s", 10**400, "it must be a finite number"),
        (ANSWER, "doc_id", -1, "doc_id is -1: it must be a whole number from 0"),
        (ANSWER, "doc_id", True, "doc_id is True: it must be a whole number"),
        (ANSWER, "output_tokens", 2**63, "it must be a whole number from 0"),
        (ANSWER, "request_type", "generate", "request_type is 'generate': it must be one of 'generate_until'"),
        (ANSWER, "replies", [], "replies is []: it must have a reply"),
        (ANSWER, "token_s", [1.0, None], "token_s is None: it must be a number"),
        (ANSWER, "usage", ["big"], "usage is 'big': it must be a mapping"),
        (SCORE, "correct", 1.5, "correct is 1.5: it must be between 0 and 1"),
        (SCORE, "correct", -0.5, "correct is -0.5: it must be between 0"),
        (SCORE, "metrics", [], "metrics is []: it must be a mapping"),
        (WINDOW, "purpose", "measurex", "purpose is 'measurex': it must be one of 'load'"),
        (WINDOW, "energy_j", {"cpu": "10"}, "energy_j.cpu is '10': it must be a number"),
        (WINDOW, "energy_j", {"cpu": -1.0}, "energy_j holds -1.0: it must not be below 0 in a valid window"),
        (WINDOW, "energy_j", {"gpu0": 1.0}, "provenance lacks 'gpu0', which has joules"),
        (WINDOW, "passes", 0, "passes is 0: it must be 1 or more"),
        (WINDOW, "valid", 1, "valid is 1: it must be true or false"),
        (WINDOW, "reasons", "hot", "reasons is 'hot': it must be a list"),
    ],
)
def test_a_value_that_no_writer_gives_is_named_with_its_line(
    tmp_path: Path, row: RecordRow, field: str, value: object, said: str
) -> None:
    good = asdict(row)  # type: ignore[call-overload]  # every row is a dataclass
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(good) + "\n" + json.dumps(good | {field: value}) + "\n")
    with pytest.raises(UserError) as raised:
        read_rows(path, type(row))
    assert f"{path}: line 2: " in str(raised.value)
    assert said in str(raised.value)
    assert str(raised.value).endswith("; the record is damaged")


def test_a_window_that_is_not_valid_may_hold_whatever_was_read() -> None:
    row = asdict(WINDOW) | {"energy_j": {"cpu": -5.0}, "valid": False}
    assert WindowRow.from_json(row).energy_j == {"cpu": -5.0}


@pytest.mark.parametrize("line", [b'{"a": "\\ud800"}\n', b"[" * 100_000 + b"\n", b'{"a": 1' + b"0" * 5000 + b"}\n"])
def test_lines_that_python_cannot_write_again_are_not_read(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(line)
    with pytest.raises(UserError, match="line 1 is not JSON"):
        read_rows(path, ScoreRow)


ROWS: list[type[RecordRow]] = [
    AnswerRow, BlockRow, ItemRow, LoadRow, PassRow, PhaseRow, ScoreRow, SystemRow, WindowRow,
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "shard",
    [
        {},
        {"blocks": [0], "of": "4", "seed": 1},
        {"blocks": [0], "of": 4, "seed": True},
        {"blocks": [4], "of": 4, "seed": 1},
    ],
)
def test_a_shard_that_cannot_be_is_refused(shard: dict[str, object]) -> None:
    with pytest.raises(FieldError, match="shard"):
        RunHeader.check({"cells": [], "shard": shard})
