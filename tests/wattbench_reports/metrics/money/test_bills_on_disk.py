"""Money on disk is the money that was written."""

from __future__ import annotations

import numpy as np
import pytest

from wattbench_reports.metrics.money.bills import PartsOnDisk


def test_it_reads_what_was_written() -> None:
    parts = {"tokens": np.arange(5.0), "requests": np.broadcast_to(0.25, (5,)), "machine": np.arange(10.0)[::2]}
    kept = PartsOnDisk(parts)
    assert list(kept) == list(parts)
    assert len(kept) == 3
    for _ in range(2):
        for name, money in parts.items():
            np.testing.assert_array_equal(kept[name], money)
    assert "tokens" in kept
    assert "electricity" not in kept
    with pytest.raises(KeyError):
        kept["electricity"]
