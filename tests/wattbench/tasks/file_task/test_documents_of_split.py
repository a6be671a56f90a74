"""Documents of a split are those of a data set, and are not changed by who takes them."""

from __future__ import annotations

from typing import Any

import pytest
from datasets import Dataset

from wattbench.tasks.file_task.documents_of_split import DocumentsOfSplit

DOCUMENTS: list[dict[str, Any]] = [
    {"text": "Where is it?", "choices": ["a", "b"], "letter": "A"},
    {"text": "ü\n", "choices": [], "letter": ""},
    {"text": "Refund me", "choices": ["c"], "letter": "B"},
]


def test_they_are_those_of_a_data_set() -> None:
    ours, theirs = DocumentsOfSplit(DOCUMENTS), Dataset.from_list(DOCUMENTS)
    assert list(ours) == list(theirs) == DOCUMENTS
    assert [list(each) for each in ours] == [list(each) for each in theirs]  # the order of the keys, which is hashed
    assert [ours[index] for index in (0, -1)] == [theirs[index] for index in (0, -1)]
    assert (len(ours), list(ours.features)) == (len(theirs), list(theirs.features))
    assert ours[:2] == DOCUMENTS[:2]
    with pytest.raises(IndexError):
        ours[3]


@pytest.mark.parametrize("take", [lambda of: of[0], lambda of: next(iter(of)), lambda of: of[:1][0]])
def test_what_is_done_to_one_changes_no_other(take: Any) -> None:
    documents = DocumentsOfSplit(DOCUMENTS)
    one = take(documents)
    one["choices"].append("c")
    one["text"] = "changed"
    assert documents[0] == DOCUMENTS[0]
