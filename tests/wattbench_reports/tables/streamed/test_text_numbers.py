"""Numbers of texts depend on nothing but their content."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.tables.streamed.text_numbers import text_numbers

TEXTS = st.lists(st.none() | st.text(max_size=20), max_size=40)


@given(TEXTS)
def test_equal_texts_have_equal_numbers_and_others_do_not(texts: list[str | None]) -> None:
    numbers = text_numbers(pa.array(texts, pa.string())).tolist()
    known = {text: number for text, number in zip(texts, numbers, strict=True) if text is not None}
    assert [known.get(text, 0) if text is not None else 0 for text in texts] == numbers
    assert len(set(known.values())) == len(known)


@given(TEXTS, st.integers(0, 40))
def test_how_texts_lie_in_memory_changes_nothing(texts: list[str | None], start: int) -> None:
    plain = pa.array(texts, pa.string())
    numbers = text_numbers(plain)
    for other in (plain.dictionary_encode(), plain.cast(pa.large_string())):
        np.testing.assert_array_equal(text_numbers(other), numbers)
    np.testing.assert_array_equal(text_numbers(plain.slice(start)), numbers[start:])


def test_digests_that_differ_in_one_letter_differ() -> None:
    digests = ["a" * place + "b" + "a" * (63 - place) for place in range(64)] + ["a" * 64, "a" * 63, "a" * 65]
    assert len(set(text_numbers(pa.array(digests)).tolist())) == len(digests)
