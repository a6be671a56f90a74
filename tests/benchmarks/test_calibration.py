"""The table of intervals is that those of the recorded figures, and the code still gives these."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.calibration.document import tables
from benchmarks.calibration.figures import (
    BLOCKS,
    FIRST,
    ITEMS,
    OUTCOMES,
    TODAY,
    read,
)
from benchmarks.calibration.judge import SESSIONS, verdict
from benchmarks.shares import share
from benchmarks.written_tables import stale
from tests.made_up.noisy_machine import NOISES

RECORDED = read()


def test_the_tables_have_the_recorded_figures() -> None:
    assert stale(tables(RECORDED)) == [], "tox -e calibration writes the tables and the figures together"


def test_every_machine_and_layout_is_recorded() -> None:
    kinds = [(kind.items, kind.noise, kind.blocks) for kind in RECORDED.kinds]
    assert kinds == [(items, noise, blocks) for items in ITEMS for noise in NOISES for blocks in (BLOCKS, TODAY)]
    assert all(kind.runs >= 250 and len(kind.first) == FIRST for kind in RECORDED.kinds), "recorded of a trial run"
    assert RECORDED.sessions == SESSIONS


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECORDED.kinds, ids=lambda kind: f"{kind.noise}, {kind.items}, {kind.blocks}")
def test_the_code_gives_the_recorded_runs(kind) -> None:
    for number, recorded in enumerate(kind.first):
        found = verdict(kind.noise, kind.items, kind.blocks, number)
        assert {name: getattr(found, name) for name in OUTCOMES} == {name: getattr(recorded, name) for name in OUTCOMES}
        # Another processor's logarithm may differ in its last digit.
        assert asdict(found) == pytest.approx(asdict(recorded), rel=1e-9)


@given(st.lists(st.integers(0, 8), min_size=2, max_size=50))
def test_an_error_is_never_below_the_binomial_one(right: list[int]) -> None:
    found = share([each / 8 for each in right], 8)
    part = np.mean(right) / 8
    assert found.share == pytest.approx(part, abs=1e-6)
    assert found.error > 0
    assert found.error >= math.sqrt(part * (1 - part) / (8 * len(right))) * (1 - 1 / len(right))
