"""The made-up history that benches are fed: every night in it is a run like any other."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.made_up.nights_on_disk import Step, make_history
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import analyse


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunRecords]:
    steps = [Step(2, "generalist", seconds=0.5, joules=0.1, wrong=0.5, domain="text")]
    root = make_history(tmp_path_factory.mktemp("nights"), 4, systems=2, domains=2, items=10, steps=steps, gaps=(1,))
    return [read_run(path) for path in sorted((root / "runs").iterdir())]


def figures(run: RunRecords, system: str, domain: str) -> pd.Series:
    items = pd.read_parquet(run.layout.items_table)
    own = items[(items["system"] == system) & (items["domain"] == domain)]
    return pd.Series(
        {
            "seconds": (own["finished_s"] - own["started_s"]).sum(),
            "energy_j": own["energy_j"].sum(),
            "correct": own["correct"].sum(),
        }
    )


def test_a_run_a_night_but_for_gaps(runs: list[RunRecords]) -> None:
    assert [run.header.night["date"] for run in runs if run.header.night] == ["2026-01-01", "2026-01-03", "2026-01-04"]
    for run in runs:
        analysis = analyse(run)
        assert not analysis.frames.differences
        assert len(analysis.frames.items) == 2 * 2 * 10


def test_items_sum_to_their_windows(runs: list[RunRecords]) -> None:
    for run in runs:
        sums = pd.read_parquet(run.layout.items_table).groupby("window")["energy_j"].sum()
        windows = {window.window: window.total_j for window in run.windows()}
        assert sums.to_dict() == pytest.approx({name: windows[str(name)] for name in sums.index})


def test_a_step_is_where_it_was_asked_for(runs: list[RunRecords]) -> None:
    before, after, _ = (figures(run, "generalist", "text") for run in runs)
    assert after["seconds"] / before["seconds"] == pytest.approx(1.5, rel=0.1)
    assert after["energy_j"] / before["energy_j"] == pytest.approx(1.65, rel=0.1)
    for system, domain in (("generalist", "arithmetic"), ("generalist-large", "text")):
        before, after, _ = (figures(run, system, domain) for run in runs)
        assert after["seconds"] / before["seconds"] == pytest.approx(1.0, rel=0.1)
