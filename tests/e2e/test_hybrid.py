"""A hybrid through the command line, beside the systems that it chooses from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattbench.records import read_run

HYBRID = (
    "    chance: {kind: hybrid, engine: hybrid, members: {one: adder, other: small}, router: {type: random}}\nmeasure:"
)


@pytest.mark.alone  # its windows have to be valid
@pytest.mark.parametrize("batch", [1, 8])
def test_a_hybrid_is_measured_as_any_other_and_says_who_answered(wattbench, suite, tmp_path: Path, batch: int) -> None:
    scenario = "idle_s: 1.1" if batch == 1 else f"scenario: throughput, batch: {batch}, idle_s: 1.1"
    done = wattbench("run", suite(("measure:", HYBRID), ("idle_s: 1.1", scenario)))
    assert done.returncode == 0, done.stderr
    run = tmp_path / done.stdout.strip()
    items = pd.read_parquet(run / "items.parquet")
    assert items.groupby("system")["doc_hash"].apply(frozenset).nunique() == 1
    own = items[items["system"] == "chance"].set_index("doc_id").sort_index()
    others = items[items["system"] != "chance"]
    assert others[["route", "route_score", "router_s", "router_energy_j"]].isna().all(axis=None)

    assert set(own["route"]) == {"adder", "small"}
    assert [list(asked) for asked in own["route_asked"]] == [[route] for route in own["route"]]
    for route, answered in own.groupby("route"):  # a replay of the records gives what the hybrid gave
        alone = items[items["system"] == route].set_index("doc_id").loc[answered.index]
        assert (answered["correct"] == alone["correct"]).all()
        assert (answered["output"] == alone["output"]).all()

    assert (own["router_s"] > 0).all()
    assert (own["router_s"] <= own["finished_s"] - own["started_s"]).all()
    assert own["router_energy_j"].between(0, own["energy_j"], inclusive="neither").all()
    # The router's joules are to the batch's as its seconds are to the batch's, whoever's items ended first.
    batches = own.groupby("batch")
    share = batches["router_s"].sum() / (batches["finished_s"].max() - batches["started_s"].min())
    assert np.allclose(batches["router_energy_j"].sum(), batches["energy_j"].sum() * share)

    records = read_run(run)
    measured = {w.window: w for w in records.windows() if w.system == "chance" and w.purpose == "measured"}
    assert measured
    for name, window in measured.items():
        assert window.valid, window.reasons
        of_window = own[own["window"] == name]
        assert of_window["energy_j"].sum() * window.passes == pytest.approx(window.total_j)
        assert of_window["energy_above_idle_j"].sum() * window.passes == pytest.approx(window.above_idle_j)
    assert records.systems()["chance"].members == ["adder", "small"]
    assert records.systems()["adder"].members == []


def test_a_plan_of_a_hybrid_names_the_code_that_only_it_runs(wattbench, suite) -> None:
    done = wattbench("suites", "plan", suite(("measure:", HYBRID)), "--systems", "chance")
    assert done.returncode == 0, done.stderr
    assert "1 cells, an unknown number of items to ask" in done.stdout
    assert "runs its own code: system 'adder'" in done.stdout
    assert "runs its own code: system 'small'" in done.stdout
