"""Where all systems have to be asked to the end: a stop that is written is refused, one of a grid is off and said."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from wattbench.api.loaded_suite import asking_all, asking_all_of_part, changed_suite
from wattbench.config import load_suite, resolved_from_record
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.redaction import hide_settings

DATA = Path(__file__).parents[2] / "data"
GRID = "    small: {grid: {price.per_request: [1, 2]}, price: {currency: EUR}, "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a suite with a grid, which stops asking systems by default."""
    shutil.copytree(DATA, tmp_path / "suite")
    file = tmp_path / "suite" / "suite.yaml"
    file.write_text(file.read_text().replace("    small: {", GRID))
    return file


def written(file: Path, stop: str) -> Path:
    file.write_text(file.read_text().replace("blocks: 2", f"blocks: 2, stop: {stop}"))
    return file


def test_the_stop_of_a_grid_is_off_and_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resolved = load_suite(str(file))
    assert resolved.stops_by_default and resolved.suite.measure.stop
    part = asking_all_of_part(resolved)
    assert part.suite.measure.stop is None
    assert "all systems are asked to the end (measure.stop is off): which systems" in capsys.readouterr().err
    off = load_suite(str(written(file, "false")))
    assert asking_all_of_part(off) == off
    assert capsys.readouterr().err == ""
    assert part.sha256 == off.sha256 != resolved.sha256


def test_a_stop_that_is_written_is_refused_where_a_part_is_asked_and_off_elsewhere(file: Path) -> None:
    resolved = load_suite(str(written(file, "{minimise: joules}")))
    with pytest.raises(UserError, match=r"measure\.stop: which .* Leave stop out, or set stop: false"):
        asking_all_of_part(resolved)
    assert asking_all(resolved, "a night", refuse=False).suite.measure.stop is None


@pytest.mark.parametrize("of", ["night", "shard", "whole"])
def test_a_night_and_a_shard_that_are_resumed_ask_all_without_a_word(file: Path, whole_run: Path, of: str) -> None:
    resolved = asking_all(load_suite(str(file)), "all", refuse=False)
    header = replace(
        read_run(whole_run).header, suite=hide_settings(resolved.as_record()), command=["wattbench", "run"], gate=None
    )
    if of != "whole":
        header = replace(header, **{of: {"blocks": [0], "of": 2, "seed": 1}})
    said = changed_suite(header, resolved_from_record(header.suite))
    assert (said is None) is (of != "whole"), said
