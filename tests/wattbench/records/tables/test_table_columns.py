"""A column that is read part by part has the values of the file, whatever the parts and the types they are held in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.errors import UserError
from wattbench.records.tables import table_columns
from wattbench.records.tables.table_columns import TableColumns

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "ä", "b", "\U0001f600"])), min_size=1, max_size=30)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_columns, "_PART_ROWS", 4)


def written(folder: Path, name: str, values: list[object], of: pa.DataType) -> TableColumns:
    path = folder / "items.parquet"
    pq.write_table(pa.table({name: pa.array(values, of)}), path, row_group_size=7)
    return TableColumns(path)


@settings(max_examples=25)
@given(TEXTS)
def test_texts(tmp_path_factory: pytest.TempPathFactory, texts: list[str | None]) -> None:
    with written(tmp_path_factory.mktemp("t"), "system", texts, pa.string()) as table:
        read = table.coded("system")
        distinct = list(dict.fromkeys(text for text in texts if text is not None))
        assert read.texts.to_pylist() == distinct
        ordered = read.in_order()
        assert ordered.texts.to_pylist() == sorted(distinct)
        for each in (read, ordered):
            assert [each.texts[code].as_py() if code >= 0 else None for code in each.codes.tolist()] == texts
            assert [None if text != text else text for text in each.series().tolist()] == texts


@settings(max_examples=25)
@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=1, max_size=30))
def test_numbers(tmp_path_factory: pytest.TempPathFactory, values: list[float | None]) -> None:
    with written(tmp_path_factory.mktemp("t"), "energy_j", values, pa.float64()) as table:
        expected = np.array([np.nan if value is None else value for value in values])
        assert np.array_equal(table.numbers("energy_j"), expected, equal_nan=True)


@settings(max_examples=25)
@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=30))
def test_whole_numbers(tmp_path_factory: pytest.TempPathFactory, values: list[int]) -> None:
    with written(tmp_path_factory.mktemp("t"), "doc_id", values, pa.int64()) as table:
        assert table.whole_numbers("doc_id").tolist() == values


def test_a_number_that_is_always_the_same_takes_no_memory(tmp_path: Path) -> None:
    with written(tmp_path, "energy_j", [None] * 20, pa.float64()) as table:
        assert table.numbers("energy_j").strides == (0,)


def test_small_numbers_are_held_in_bytes(tmp_path: Path) -> None:
    with written(tmp_path, "repeat", [0, 127, -128], pa.int64()) as table:
        assert table.whole_numbers("repeat").dtype == np.int8


def test_what_is_damaged_is_a_sentence(tmp_path: Path) -> None:
    with (
        written(tmp_path, "doc_id", [1, None], pa.int64()) as table,
        pytest.raises(UserError, match=r"items\.parquet: some doc_id are missing; the record is damaged"),
    ):
        table.whole_numbers("doc_id")
    with written(tmp_path, "doc_id", [1.5], pa.float64()) as table, pytest.raises(UserError, match="is damaged"):
        table.whole_numbers("doc_id")
    with pytest.raises(UserError, match="no column energy_j"):
        table.numbers("energy_j")
    with pytest.raises(UserError, match="the column correct holds string, not double"):
        written(tmp_path, "correct", ["a"], pa.string())
    invalid = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    pq.write_table(pa.table({"system": invalid}), tmp_path / "items.parquet")
    with TableColumns(tmp_path / "items.parquet") as table, pytest.raises(UserError, match="cannot be read"):
        table.coded("system")


@pytest.mark.parametrize("distinct", [["unused", "b", "a"], ["b", "a", "b"]])
def test_texts_of_another_writer_are_in_the_order_in_which_they_come(tmp_path: Path, distinct: list[str]) -> None:
    """Its dictionary may be in any order, have texts of no row, and one text twice."""
    codes = [2, 1, None, 1, 2]
    encoded = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(distinct))
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"system": encoded}), path, store_schema=False)
    with TableColumns(path) as table:
        read = table.coded("system")
    expected = [None if code is None else distinct[code] for code in codes]
    assert [None if text != text else text for text in read.series().tolist()] == expected
    assert read.texts.to_pylist() == [distinct[2], distinct[1]]
