"""Labels of items as numbers, against the texts themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.tables.labels import Labels, joined

TEXTS = st.lists(st.sampled_from(["b", "a", "ä", "Z", "long name"]), min_size=1, max_size=30)


@given(TEXTS)
def test_labels_say_what_their_texts_say(texts: list[str]) -> None:
    labels = Labels.of(texts)
    assert (len(labels), labels.texts()) == (len(texts), texts)
    assert labels.present == tuple(np.unique(np.array(texts)).tolist())
    for name in ("a", "Z", "of no item"):
        assert labels.are(name).tolist() == [text == name for text in texts]
    order = ("Z", "b", "of no item")
    assert labels.numbers(order).tolist() == [order.index(text) if text in order else -1 for text in texts]


@given(TEXTS)
def test_some_of_them_have_only_their_own_names(texts: list[str]) -> None:
    rows = np.arange(len(texts)) % 2 == 0
    kept = Labels.of(texts)[rows]
    assert kept.texts() == texts[::2]
    assert kept.present == tuple(sorted(set(texts[::2])))


def test_an_item_of_several_runs_is_labelled_by_the_first() -> None:
    one, other = Labels.of(["a", "b"]), Labels.of(["c", "d"])
    assert joined([one, other], [np.array([0, 1]), np.array([1, 2])], 3).texts() == ["a", "b", "d"]
