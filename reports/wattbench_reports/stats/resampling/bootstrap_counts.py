"""Count how often each unit is drawn, once for all sums over the same draws: drawing is what a bootstrap costs.

A report asks for hundreds of sums over the items of a run, a domain or a task, always with the same seed. Twenty
million draws take a third of a second and multiplying their counts by a column a hundredth, so the counts are kept, in
the fewest bytes that hold them. A generator is left as drawing leaves it: nobody can tell whether it was drawn again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK_CELLS = 2_000_000
"""Counts per chunk: 16 MB where they are multiplied."""

KEPT_BYTES = 400_000_000
"""Counts that are kept, all together: twenty times 4,000 draws of 5,000 units. The least lately used are dropped."""

TABLE_CELLS = 8192
"""Counts of rows that are counted together: a table of this size stays in the processor's nearest memory."""

_Key = tuple[Any, ...]
_Chunks = tuple[NDArray[np.unsignedinteger[Any]], ...]


class _Kept(OrderedDict[_Key, tuple[_Chunks, dict[str, Any]]]):
    """Counts by what they were drawn from, with how large all of them are: many small ones are not added up each time.

    What leaves it, leaves by `drop`.
    """

    size_bytes = 0

    def keep(self, key: _Key, chunks: _Chunks, after: dict[str, Any]) -> None:
        self[key] = chunks, after
        self.size_bytes += _size_bytes(chunks)
        while len(self) > 1 and self.size_bytes > KEPT_BYTES:
            self.drop()

    def drop(self) -> None:
        """Drop the least lately used."""
        _, (chunks, _) = self.popitem(last=False)
        self.size_bytes -= _size_bytes(chunks)


_kept = _Kept()


def drawn_counts(rng: np.random.Generator, *, units: int, draws: int, resamples: int) -> _Chunks:
    """Draw units with replacement, and count each.

    Args:
        rng: moves on as by drawing, whether or not the counts were kept.
        units: how many there are to draw from, 1 or more.
        draws: how many make up one resample.
        resamples: how often they are drawn.

    Returns:
        Chunks of shape (resamples of the chunk, units), to be read and not written: how often each unit was drawn.
    """
    key = (units, draws, resamples, *_flat(rng.bit_generator.state))
    if key in _kept:
        _kept.move_to_end(key)
        chunks, after = _kept[key]
        rng.bit_generator.state = after
        return chunks
    step = max(1, CHUNK_CELLS // units)
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    chunks = tuple(_chunk(rng, units, draws, size) for size in sizes)
    _kept.keep(key, chunks, dict(rng.bit_generator.state))
    return chunks


def _chunk(rng: np.random.Generator, units: int, draws: int, size: int) -> NDArray[np.unsignedinteger[Any]]:
    drawn = rng.integers(0, units, size=(size, draws))
    counts = np.empty((size, units), dtype=np.min_scalar_type(draws))
    rows = max(1, TABLE_CELLS // units)
    first = np.arange(rows)[:, None] * units  # of each row's own units, so that one call counts several rows
    for start in range(0, size, rows):
        some = drawn[start : start + rows]
        some += first[: len(some)]
        counts[start : start + rows] = np.bincount(some.ravel(), minlength=some.shape[0] * units).reshape(-1, units)
    small: NDArray[np.unsignedinteger[Any]] = counts.astype(np.min_scalar_type(int(counts.max())), copy=False)
    small.setflags(write=False)
    return small


def _size_bytes(chunks: _Chunks) -> int:
    return sum(chunk.nbytes for chunk in chunks)


def _flat(state: Any) -> tuple[Any, ...]:
    """Flatten a generator's state into a key."""
    if isinstance(state, dict):
        return tuple(part for name in sorted(state) for part in (name, *_flat(state[name])))
    return (state.tobytes(),) if isinstance(state, np.ndarray) else (state,)
