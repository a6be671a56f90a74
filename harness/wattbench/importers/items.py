"""Number the items of all answers, and find an answer that is there twice, in a few bytes per answer.

Names are replaced by their places in one list of all different names, so that everything is exact, and the rest is
integers. Memory: the different names, and about 60 bytes per answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.errors import UserError

MOST_NAME_BYTES = 1_000_000_000
"""Of all different names of items."""

_WHOLE = "^(0|[1-9][0-9]{0,15})$"
_MERGE_BYTES = 64_000_000

Integers = NDArray[np.int64]


class Names:
    """The different names of all items, and the name of each answer's item."""

    def __init__(self) -> None:
        self._all: Any = pa.array([], pa.string())
        self._codes: list[NDArray[np.int32]] = []
        self._pending: list[Any] = []
        self._pending_bytes = 0

    def append(self, names: Any) -> None:
        """Append the names of the next answers, an Arrow array of texts.

        Raises:
            UserError: there are too many different ones.
        """
        encoded = names.dictionary_encode()
        self._pending.append(encoded)
        self._pending_bytes += encoded.dictionary.nbytes
        if self._pending_bytes > max(_MERGE_BYTES, self._all.nbytes):
            self._merge()

    def finish(self) -> tuple[Any, NDArray[np.int32]]:
        """Return the different names, in the order of the answers, and each answer's place in them."""
        self._merge()
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.int32)
        self._codes = []
        return self._all, codes

    def _merge(self) -> None:
        known = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), self._all)
        size = self._all.nbytes + self._pending_bytes
        if size > 2 * MOST_NAME_BYTES:
            raise _too_long(size)
        merged = pa.chunked_array([known, *self._pending]).unify_dictionaries().chunks  # those known keep their places
        self._all = merged[-1].dictionary
        self._codes += [each.indices.to_numpy() for each in merged[1:]]
        self._pending, self._pending_bytes = [], 0
        if self._all.nbytes > MOST_NAME_BYTES:
            raise _too_long(self._all.nbytes)


def _too_long(size: int) -> UserError:
    return UserError(f"the names of the items have {size:,} bytes; {MOST_NAME_BYTES:,} are read. Name items by numbers")


def second_answer(cells: Integers, items: Integers, repeats: Integers) -> tuple[int, int] | None:
    """Return the row of the first answer that a system gives to an item a second time, and the row of the earlier one.

    Args:
        cells: of each answer, the number of its system and task.
        items: the number of its name.
        repeats: how often the item was asked before.
    """
    keys = _together(_together(cells, items), repeats)
    ordered = np.sort(keys)
    if not np.any(ordered[1:] == ordered[:-1]):
        return None
    order = np.argsort(keys, kind="stable")
    later = np.flatnonzero(keys[order][1:] == keys[order][:-1]) + 1
    second = int(order[later].min())
    return second, int(np.flatnonzero(keys == keys[second])[0])


def items_by_cell(cells: Integers, items: Integers, number: int) -> list[int]:
    """Return the number of different items in each cell."""
    pairs = np.unique(_together(cells, items))
    return [int(each) for each in np.bincount(pairs // (int(items.max()) + 1), minlength=number)]


def numbers_of_items(names: Any, tasks: Integers, items: Integers) -> Integers:
    """Number the items of each task: by their names if all are whole numbers, else by their sorted order.

    Args:
        names: all different names, an Arrow array of texts.
        tasks: the number of each answer's task.
        items: the place of its item's name in `names`.
    """
    whole = pc.match_substring_regex(names, _WHOLE)
    as_numbers = pc.if_else(whole, names, "0").cast(pa.int64()).to_numpy()
    numbers: Integers = as_numbers[items]
    is_whole = whole.to_numpy(zero_copy_only=False)
    in_order = np.isin(tasks, np.unique(tasks[~is_whole[items]]))
    if not in_order.any():
        return numbers
    ranks = np.empty(len(names), np.int64)
    ranks[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
    pairs, order = np.unique(tasks[in_order] * len(names) + ranks[items[in_order]], return_inverse=True)
    of_pair = pairs // len(names)
    numbers[in_order] = order - np.searchsorted(of_pair, of_pair)[order]
    return numbers


def _together(first: Integers, second: Integers) -> Integers:
    """Return one number per pair of numbers: different for different pairs, and in the order of the pairs."""
    if len(second) == 0 or not second.any():
        return first
    if int(first.max()) < 2**62 // (int(second.max()) + 1):
        return first * (int(second.max()) + 1) + second
    first, second = (np.unique(each, return_inverse=True)[1] for each in (first, second))
    return np.asarray(first * (int(second.max()) + 1) + second, np.int64)
