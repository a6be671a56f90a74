"""A history in Python is what `wattbench history` lists."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import wattbench
from tests.made_up.nights_on_disk import make_history
from wattbench.cli import main


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of three nights, with a gap."""
    root = tmp_path_factory.mktemp("history")
    make_history(root, 4, systems=2, domains=2, items=12, gaps=(2,))
    return root


def _listed(nights: Path, *options: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(main, ["history", str(nights), "--format", "csv", *options])
    assert done.exit_code == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_nights_are_those_of_the_command(nights: Path) -> None:
    history = wattbench.history(nights)
    frame, listed = history.nights(), _listed(nights)
    assert list(frame) == list(listed[0])
    assert [f"{date:%Y-%m-%d}" for date in frame["date"]] == [row["date"] for row in listed]
    assert list(frame["run"].fillna("")) == [row["run"] for row in listed]
    assert frame["notes"].str.startswith("gap:").sum() == 1
    assert history.notes() == ()
    assert repr(history) == f"<history {nights}>"
    assert history.path == nights


def test_a_series_is_that_of_the_command(nights: Path) -> None:
    history = wattbench.history(str(nights))
    frame, listed = history.series(metric="latency_p50"), _listed(nights, "--metric", "latency_p50")
    assert list(frame) == list(listed[0])
    assert len(frame) == len(listed)
    assert frame["value"].dropna().tolist() == [float(row["value"]) for row in listed if row["value"]]
    system = frame["system"].iloc[0]
    assert set(history.series(system=system)["system"]) == {system}
    with pytest.raises(wattbench.UserError, match="not in this history"):
        history.series(metric="latncy")


def test_sql_is_answered_as_a_frame(nights: Path) -> None:
    history = wattbench.history(nights)
    frame = history.sql("SELECT system, count(*) AS answers FROM items GROUP BY system ORDER BY system")
    assert isinstance(frame, pd.DataFrame)
    assert list(frame) == ["system", "answers"]
    assert len(frame) == 2
    with pytest.raises(wattbench.UserError, match="one SELECT"):
        history.sql("DROP VIEW items")


def test_a_folder_without_nights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(wattbench.UserError, match="not a history"):
        wattbench.history(tmp_path)
