"""Counts of draws: those of drawing one by one, the same again from memory, and the generator none the wiser."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.resampling import bootstrap_counts


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    kept = type(bootstrap_counts._kept)()
    monkeypatch.setattr(bootstrap_counts, "_kept", kept)
    return


def plain(rng: np.random.Generator, units: int, number: int, resamples: int) -> np.ndarray:
    """Without chunks and without memory."""
    drawn = rng.integers(0, units, size=(resamples, number))
    return np.array([[(row == unit).sum() for unit in range(units)] for row in drawn])


@pytest.mark.parametrize("kept_bytes", [0, bootstrap_counts.KEPT_BYTES])
@pytest.mark.parametrize("chunk_cells", [10, bootstrap_counts.CHUNK_CELLS])
def test_as_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch, kept_bytes: int, chunk_cells: int) -> None:
    monkeypatch.setattr(bootstrap_counts, "KEPT_BYTES", kept_bytes)
    monkeypatch.setattr(bootstrap_counts, "CHUNK_CELLS", chunk_cells)
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    sizes = [(7, 7, 13), (7, 6, 13), (3, 400, 9), (1, 300, 4), (7, 7, 13)]
    for units, number, resamples in sizes:  # one generator for all, so that each starts where the last one ended
        found = np.concatenate(bootstrap_counts.drawn_counts(ours, units=units, draws=number, resamples=resamples))
        assert np.array_equal(found, plain(theirs, units, number, resamples))
    assert ours.random() == theirs.random()


@given(st.lists(st.sampled_from([(4, 4), (4, 3), (9, 9), (300, 2)]), min_size=1, max_size=6), st.integers(0, 3))
def test_memory_changes_nothing(wanted: list[tuple[int, int]], seed: int) -> None:
    def everything() -> list[list[list[int]]]:
        rng = np.random.default_rng(seed)
        found = [bootstrap_counts.drawn_counts(rng, units=units, draws=number, resamples=6) for units, number in wanted]
        return [np.concatenate(each).tolist() for each in found] + [[rng.integers(0, 2**62, 3).tolist()]]

    bootstrap_counts._kept.clear()
    first = everything()
    assert len(bootstrap_counts._kept) == len(wanted)
    assert everything() == first
    assert len(bootstrap_counts._kept) == len(wanted)


def test_what_is_kept_is_given_again_and_cannot_be_spoiled() -> None:
    first, second = (
        bootstrap_counts.drawn_counts(np.random.default_rng(1), units=50, draws=50, resamples=20) for _ in range(2)
    )
    assert first is second
    with pytest.raises(ValueError, match="read-only"):
        first[0][0, 0] = 9
    assert first[0].dtype == np.uint8


def test_another_seed_or_size_is_another_draw() -> None:
    sizes = [(1, 50, 50), (2, 50, 50), (1, 50, 49), (1, 49, 50)]
    found = [
        bootstrap_counts.drawn_counts(np.random.default_rng(seed), units=units, draws=number, resamples=20)[0]
        for seed, units, number in sizes
    ]
    assert len({(counts.shape, counts.tobytes()) for counts in found}) == len(sizes)


def test_the_least_lately_used_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap_counts, "KEPT_BYTES", 2 * 50 * 20)

    def kept(seed: int) -> tuple[np.ndarray, ...]:
        return bootstrap_counts.drawn_counts(np.random.default_rng(seed), units=50, draws=50, resamples=20)

    first, second = kept(1), kept(2)
    assert kept(1) is first
    kept(3)  # room for two: the second has to go
    assert kept(1) is first
    assert kept(2) is not second
