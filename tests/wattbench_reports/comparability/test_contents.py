"""What each cell was asked, as digests: the same as by their definition, however often a document was asked."""

from __future__ import annotations

import hashlib

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records.tables.table_columns import Coded
from wattbench_reports.comparability.fingerprint import contents

ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "<i>"]),
        st.sampled_from(["t1", "t2"]),
        st.integers(0, 12),
        st.sampled_from(["", "x", "y", "ä", "10 x", "\U0001f600", "\uff5e"]),
    ),
    min_size=1,
    max_size=60,
)


def table(answers: list[tuple[str, str, int, str]]) -> pd.DataFrame:
    items = pd.DataFrame(answers, columns=["system", "task", "doc_id", "hash"])
    for name in ("system", "task"):
        # One value that nobody has, as after a choice of some rows.
        items[name] = pd.Categorical(items[name], categories=[*items[name].unique().tolist(), "nobody"])
    return items


def coded(texts: list[str | None]) -> Coded:
    codes, distinct = pd.factorize(pd.Series(texts, dtype=object))
    return Coded(codes, pa.array(distinct.tolist(), pa.large_string()))


@given(ANSWERS)
def test_as_by_definition(answers: list[tuple[str, str, int, str]]) -> None:
    items = table(answers)
    plain: dict[tuple[str, str], set[tuple[int, str]]] = {}
    for system, task, doc_id, text in answers:
        plain.setdefault((system, task), set()).add((doc_id, text))
    found = contents(items, coded(items["hash"].tolist()))
    assert set(found) == set(plain)
    for cell, pairs in plain.items():
        lines = "\n".join(sorted(f"{doc_id} {text}" for doc_id, text in pairs))
        assert found[cell].sha256 == hashlib.sha256(lines.encode()).hexdigest()
        assert found[cell].documents == len({doc_id for doc_id, _ in pairs})


def test_a_document_without_a_hash_is_not_one_with() -> None:
    items = table([("a", "t", 1, "x"), ("b", "t", 1, "x")])
    found = contents(items, coded([None, "x"]))
    assert found["a", "t"].sha256 != found["b", "t"].sha256
    assert found["a", "t"].documents == found["b", "t"].documents == 1
