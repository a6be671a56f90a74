"""The domain or task of each of many items as whole numbers: a million names as texts would take 40 bytes each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Labels:
    """A text for each item, out of a few."""

    codes: NDArray[np.integer[Any]]
    """Shape (items,): which of `names`."""
    names: tuple[str, ...]
    """All different, in any order. There may be some that no item has."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Number the texts of items."""
        names, codes = np.unique(np.array(list(texts), dtype=np.str_), return_inverse=True)
        return cls(codes.astype(np.min_scalar_type(len(names))), tuple(names.tolist()))

    def __len__(self) -> int:
        """Count the items."""
        return len(self.codes)

    def __getitem__(self, rows: NDArray[Any] | slice) -> Self:
        """Return the labels of some items."""
        return type(self)(self.codes[rows], self.names)

    @property
    def present(self) -> tuple[str, ...]:
        """Return the names that some item has, sorted."""
        counts = np.bincount(self.codes, minlength=len(self.names)).tolist()
        return tuple(sorted(name for name, count in zip(self.names, counts, strict=True) if count))

    def are(self, name: str) -> NDArray[np.bool_]:
        """Return which items have a label."""
        return np.asarray(self.codes == (self.names.index(name) if name in self.names else len(self.names)))

    def numbers(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return which of `names` each item has; -1: none of them."""
        number_of = {name: number for number, name in enumerate(names)}
        return np.asarray(np.array([number_of.get(name, -1) for name in self.names], dtype=np.int64)[self.codes])

    def texts(self) -> list[str]:
        """Return the text of each item."""
        return [self.names[code] for code in self.codes.tolist()]


def joined(parts: Sequence[Labels], places: Sequence[NDArray[np.integer[Any]]], items: int) -> Labels:
    """Join the labels of several runs.

    Args:
        parts: of each run.
        places: of the items of each run, among all items.
        items: how many there are in all, each of some run. One that several runs have is labelled by the first.
    """
    names = tuple(dict.fromkeys(name for each in parts for name in each.names))
    codes = np.empty(items, dtype=np.min_scalar_type(len(names)))
    for each, rows in reversed(list(zip(parts, places, strict=True))):
        codes[rows] = each.numbers(names)
    return Labels(codes, names)
