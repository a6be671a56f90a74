"""Waiting for a service is in no latency, and is said."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from wattbench_reports.comparison.analysis import compare


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"waited_s": 2.5, "resent": 1}, "80 requests of generalist were sent again: 3.33 min of waiting"),
        ({"waited_s": 0.25, "resent": 0}, "80 requests of generalist waited for their turn: 20.0 s of waiting in all"),
        ({"waited_s": 0.003, "resent": 0}, None),
        ({"waited_s": 0.0, "resent": 0}, None),
        ({}, None),
    ],
)
def test_a_caveat_says_how_long(make_run: Any, fake: Any, columns: dict[str, float], said: str | None) -> None:
    run = make_run(fake.golden())
    table = pd.read_parquet(run.layout.items_table).drop(columns=["waited_s", "resent"])
    for name, value in columns.items():
        table[name] = pd.Series(0, index=table.index, dtype=type(value)).mask(table["system"] == "generalist", value)
    table.to_parquet(run.layout.items_table)
    texts = [each.text for each in compare(run).caveats if each.code == "waited"]
    assert len(texts) == (said is not None)
    assert said is None or texts[0].startswith(said)
