"""A run that meters nothing: accuracy and latency, and one line that says so."""

from __future__ import annotations

import json
from pathlib import Path

import click.testing
import pytest

import wattbench
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.records import Purpose

DATA = Path(__file__).parents[2] / "data"
NOT_METERED = "Joules are not metered (energy: off)."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> wattbench.Run:
    return wattbench.run(DATA / "suite.yaml", limit=12, energy=False, out=tmp_path_factory.mktemp("runs"))


def shown(run: wattbench.Run, form: str) -> str:
    done = click.testing.CliRunner().invoke(main, ["runs", "compare", str(run.path), "--format", form])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_accuracy_and_latency_are_on_record_and_no_joules(run: wattbench.Run) -> None:
    items = run.items()
    assert len(items) == 2 * 12
    assert items["score"].notna().all()
    assert (items["seconds"] > 0.0).all()
    assert items["joules"].isna().all()


def test_no_meter_is_opened_nothing_is_idle_and_no_item_is_asked_again(run: wattbench.Run) -> None:
    records = run.records
    assert records.header.meters == {}
    windows = records.windows()
    assert Purpose.IDLE not in {row.purpose for row in windows}
    assert {row.passes for row in windows} == {1}  # though the suite sets min_window_s
    assert all(row.energy_j == row.provenance == row.idle_w == {} for row in windows)
    assert all(row.duration_s > 0.0 for row in windows)


def test_a_comparison_says_in_one_line_that_nothing_is_metered(run: wattbench.Run) -> None:
    text = shown(run, "table")
    assert text.count(NOT_METERED) == 1
    assert "NOT VALID" not in text
    assert "invalid" not in text
    [caveat] = [each for each in json.loads(shown(run, "json"))["caveats"] if each["text"] == NOT_METERED]
    assert caveat == {"code": "not-metered", "text": NOT_METERED, "systems": ["adder", "small"]}


def test_the_page_calls_no_window_invalid(run: wattbench.Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = click.testing.CliRunner().invoke(main, ["runs", "report", str(run.path), "--output", str(page)])
    assert done.exit_code == 0, done.output
    assert NOT_METERED in page.read_text()
    assert "NOT VALID" not in page.read_text()


def test_what_must_be_measured_cannot_be_off() -> None:
    with pytest.raises(UserError, match="energy is off, so that no joules can be measured"):
        wattbench.run(DATA / "suite.yaml", energy=False, require_measured=True)
    with pytest.raises(UserError, match=r"effort: .*'quick', 'normal' or 'thorough'"):
        wattbench.plan(DATA / "suite.yaml", effort="slow")
