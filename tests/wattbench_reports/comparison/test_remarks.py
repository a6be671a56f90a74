"""What is remarked of answers, counts of tokens that are not recorded among it, is said with how many they are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from wattbench_reports.comparison.analysis import compare

NOT_COUNTED = "token counts not recorded: more output tokens than the limit that the request set"


def texts(run: Any) -> list[str]:
    return [each.text for each in compare(run).caveats if each.code == "remarks"]


def test_a_caveat_says_what_and_of_how_many(make_run: Any, fake: Any) -> None:
    run = make_run(fake.golden())
    assert texts(run) == []
    table = pd.read_parquet(run.layout.items_table)
    own = table.index[table["system"] == "generalist"]
    table.loc[own[:3], "remark"] = NOT_COUNTED
    table.loc[own[3:4], "remark"] = "asked again"
    table.to_parquet(run.layout.items_table)
    assert sorted(texts(run)) == [
        "1 answer of generalist: asked again.",
        f"3 answers of generalist: {NOT_COUNTED}.",
    ]
    table.drop(columns="remark").to_parquet(run.layout.items_table)  # as older runs have it
    assert texts(run) == []
