"""No percentile from fewer requests than LoadGen's early stopping asks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.percentiles import percentile_of
from wattbench_reports.stats.percentiles import label, needed, percentile, rule


def test_the_fewest_are_loadgens() -> None:
    assert [needed(share) for share in (0.5, 0.9, 0.95, 0.99, 0.999)] == [7, 44, 90, 459, 4603]
    assert needed(0.05) == needed(0.95)


@given(st.floats(0.5, 0.9995))
def test_so_many_and_no_fewer_show_it_with_99_percent(share: float) -> None:
    assert share ** needed(share) <= 0.01 * (1 + 1e-9)
    assert share ** (needed(share) - 1) > 0.01 * (1 - 1e-9)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_one_fewer_gives_none(share: float) -> None:
    values = np.random.default_rng(3).random(needed(share))
    assert percentile(values, share) == pytest.approx(percentile_of(values, share))
    assert percentile(values[1:], share) is None


def test_in_words() -> None:
    assert [label(share) for share in (0.5, 0.999)] == ["p50", "p99.9"]
    assert rule((0.5, 0.95, 0.999)).endswith("(7 for a p50, 90 for a p95, 4,603 for a p99.9).")
