"""Hold the documents of a split as rows: lm-eval takes each of them some ten times.

A `datasets.Dataset` extracts a row from its columns each time that it is asked for, which took a tenth of all that a
run of short requests took of the processor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

Document = dict[str, Any]


class DocumentsOfSplit(Sequence[Document]):
    """Documents as Arrow gives them. Each is a new one whenever it is asked for, as those of a data set are."""

    def __init__(self, documents: Sequence[Document]) -> None:
        """Pass the documents through a data set, so that all have the same keys, and the types that it gives them.

        Raises:
            pyarrow.ArrowInvalid: a column has values of several types.
        """
        from datasets import Dataset

        of_arrow = Dataset.from_list(list(documents))
        self.features = of_arrow.features
        """The columns."""
        self._rows: list[Document] = of_arrow.to_list()

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> list[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | list[Document]:
        if isinstance(index, slice):
            return [_copied(row) for row in self._rows[index]]
        document: Document = _copied(self._rows[index])
        return document

    def __iter__(self) -> Iterator[Document]:
        return map(_copied, self._rows)


def _copied(value: Any) -> Any:
    """Return a value of which nothing is shared that can be changed."""
    if type(value) is dict:
        return {key: each if type(each) is str else _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if type(value) is list else value
