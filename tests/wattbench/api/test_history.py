"""A history in Python is what `wattbench runs history` lists."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import wattbench
from tests.made_up.nights_on_disk import Step, make_history
from wattbench.cli import main


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of three nights, with a gap."""
    root = tmp_path_factory.mktemp("history")
    make_history(root, 4, systems=2, domains=2, items=12, gaps=(2,))
    return root


def _listed(nights: Path, *options: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(main, ["runs", "history", str(nights), "--format", "csv", *options])
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "code", "verdict"),
    [([], 0, "pass"), ([Step(10, "generalist", seconds=1.0)], 1, "regressed"),
     ([Step(11, "generalist", seconds=1.0)], 2, "inconclusive")],
    ids=["unchanged", "two slow nights", "one slow night"],
)  # fmt: skip
def test_a_night_has_one_verdict_wherever_it_is_read(
    tmp_path: Path, steps: list[Step], code: int, verdict: str
) -> None:
    root = make_history(tmp_path / "nights", 12, systems=2, domains=1, items=200, noise=0.002, steps=steps)
    written = tmp_path / "night.json"
    done = CliRunner().invoke(main, ["nightly", "--history", str(root), "--json", str(written), "--no-github"])
    assert done.exit_code == code, done.output
    document = json.loads(written.read_text())
    assert (document["verdict"], document["exit_code"]) == (verdict, code)
    assert " ".join(done.stdout.split()).startswith(f"{verdict.upper()}: {document['headline']}")
    kept = json.loads((root / "verdicts" / f"{document['runs'][0]}.json").read_text())
    assert kept == document
    page = (root / "site" / "index.html").read_text()
    assert f">{verdict}</span>" in page
    for change in document["night"]["changes"]:
        if change["state"] == "worse":
            assert f"+{100 * change['change']:.1f}% [+" in page
