"""Number texts by their content in 64 bits, so that equal texts have equal numbers in every part of a file.

Two different texts have the same number with a chance of 2^-64: among ten million, with less than one in 100,000.
Numbers are not secret: they tell items apart and deal them into pools, and no digest is made of them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_WORD = 8
_ODD, _FIRST, _SECOND = (np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return values with their bits mixed, one to one.

    Source: the finaliser of splitmix64; G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number
    generators", OOPSLA 2014.
    """
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * _FIRST
        values = (values ^ (values >> np.uint64(27))) * _SECOND
        return np.asarray(values ^ (values >> np.uint64(31)))


def joined(number: NDArray[np.uint64], more: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a number for each pair of numbers."""
    with np.errstate(over="ignore"):
        return mixed(number * _ODD + more)


def text_numbers(texts: pa.Array) -> NDArray[np.uint64]:
    """Return the number of each text; 0 where there is none.

    Args:
        texts: as `wattbench.records.tables.table_columns.TableColumns.parts` yields them.
    """
    if pa.types.is_dictionary(texts.type):
        of_code = np.append(text_numbers(texts.dictionary), np.uint64(0))
        return np.asarray(of_code[pc.fill_null(texts.indices, len(of_code) - 1).to_numpy(zero_copy_only=False)])
    texts = pc.cast(texts, pa.large_string())
    missing = texts.is_null().to_numpy(zero_copy_only=False)
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    numbers = np.zeros(len(texts), dtype=np.uint64)
    for length in np.unique(lengths[~missing]).tolist():
        chosen = ~missing & (lengths == length)
        numbers[chosen] = _of_length(texts if chosen.all() else texts.filter(pa.array(chosen)), length)
    return numbers


def _of_length(texts: pa.Array, length: int) -> NDArray[np.uint64]:
    """Return the numbers of texts of one length in bytes."""
    numbers = np.full(len(texts), length + 1, dtype=np.uint64)
    if not length:
        return mixed(numbers)
    first = int(np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset])
    letters = np.frombuffer(texts.buffers()[2], dtype=np.uint8)[first : first + len(texts) * length]
    letters = letters.reshape(len(texts), length)
    whole = length // _WORD * _WORD
    if whole:
        words = np.ascontiguousarray(letters[:, :whole]).view(np.uint64)
        for column in words.T:
            numbers = joined(numbers, column)
    if length > whole:
        rest = np.zeros((len(texts), _WORD), dtype=np.uint8)
        rest[:, : length - whole] = letters[:, whole:]
        numbers = joined(numbers, rest.view(np.uint64)[:, 0])
    return mixed(numbers)
