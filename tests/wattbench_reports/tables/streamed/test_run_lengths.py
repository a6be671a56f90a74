"""Stretches say of every row what the column said."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.tables.streamed.run_lengths import RunLengths

CODES = st.lists(st.integers(0, 2), min_size=1, max_size=30).map(lambda codes: np.array(codes, dtype=np.int8))


@given(CODES, st.data())
def test_it_is_the_column(codes: np.ndarray, data: st.DataObject) -> None:
    found = RunLengths.of(codes)
    start = data.draw(st.integers(0, len(codes)))
    rows = slice(start, data.draw(st.integers(start, len(codes))))
    assert found.at(rows).tolist() == codes[rows].tolist()
    places = np.array(data.draw(st.lists(st.integers(0, len(codes) - 1))), dtype=np.int64)
    assert found.at(places).tolist() == codes[places].tolist()


@given(CODES, st.integers(0, 3))
def test_rows_of_a_code_are_a_slice_where_they_can_be(codes: np.ndarray, code: int) -> None:
    rows = RunLengths.of(codes).rows_of(code)
    places = np.arange(len(codes))[rows].tolist()
    assert places == np.flatnonzero(codes == code).tolist()
    assert isinstance(rows, slice) == (not places or places == list(range(places[0], places[-1] + 1)))
