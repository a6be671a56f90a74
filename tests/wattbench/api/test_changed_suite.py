"""A resumed run says what has changed in its suite file since it began."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from wattbench.api.loaded_suite import NAMED, changed_suite
from wattbench.config import load_suite, resolved_from_record
from wattbench.records import RunHeader, read_run
from wattbench.redaction import hide_settings

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    shutil.copytree(DATA, tmp_path / "suite")
    return tmp_path / "suite" / "suite.yaml"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


class Begun:
    """The record of a run of a suite file."""

    def __init__(self, header: RunHeader, file: Path, command: Sequence[str] = (), **narrowing: object) -> None:
        record = hide_settings(load_suite(str(file)).narrowed(**narrowing).as_record())
        self.header = dataclasses.replace(header, suite=record, command=["wattbench", "run", *command], gate=None)

    def said(self) -> str | None:
        return changed_suite(self.header, resolved_from_record(self.header.suite))


@pytest.fixture
def header(whole_run: Path) -> RunHeader:
    return read_run(whole_run).header


def test_a_file_that_says_the_same_is_not_mentioned(file: Path, header: RunHeader) -> None:
    begun = Begun(header, file)
    assert begun.said() is None
    change(file, "name: sums", "# a comment\nname: sums")
    assert begun.said() is None
    file.unlink()
    assert begun.said() is None


def test_settings_that_differ_are_named_with_both_values(file: Path, header: RunHeader) -> None:
    begun = Begun(header, file)
    change(file, "blocks: 2", "blocks: 4")
    change(file, ":add_small", ":wrong")
    said = begun.said()
    assert said is not None and said.startswith(f"wattbench: {file} has changed since (")
    assert "measure.blocks: 2, now 4" in said and "systems.small.call: " in said
    assert said.endswith("; the run goes on with the suite as it was recorded")
    assert "\n" not in said


def test_what_the_command_left_out_is_no_change(file: Path, header: RunHeader) -> None:
    begun = Begun(header, file, ["--systems", "adder", "--limit=3"], systems=["adder"], limit=3)
    assert begun.said() is None
    change(file, "define:", 'define:\n    third: {kind: generalist, engine: python, call: "./answers.py:add"}')
    assert begun.said() is None
    whole = Begun(header, file)
    change(file, "third:", "fourth:")
    said = whole.said()
    assert said is not None and "systems.third: {" in said and "systems.fourth: not set, now {" in said


def test_no_secret_is_shown(file: Path, header: RunHeader) -> None:
    endpoint = 'define:\n    api: {kind: generalist, engine: endpoint, base_url: "http://u:%s@h/v1", model: m}'
    change(file, "define:", endpoint % "pa55-one")
    begun = Begun(header, file)
    change(file, "pa55-one", "pa55-two")
    change(file, "model: m", "model: other")
    said = begun.said()
    assert said is not None and 'systems.api.model: "m", now "other"' in said
    assert "pa55" not in said


def test_a_file_that_is_broken_now_does_not_stop_the_run(file: Path, header: RunHeader) -> None:
    begun = Begun(header, file)
    change(file, "blocks: 2", "blocks: -1")
    said = begun.said()
    assert said is not None and "cannot be read any more" in said and "blocks" in said


def test_many_changes_are_counted(file: Path, header: RunHeader) -> None:
    begun = Begun(header, file)
    change(
        file, "idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2", "idle_s: 3, warmup: 4, min_window_s: 5, blocks: 6"
    )
    change(file, "pue: 1.2", "pue: 1.3")
    change(file, "region: DEU", "region: FRA")
    said = begun.said()
    assert said is not None and said.count(", now ") == NAMED and "and 1 more" in said
