"""What suites and runs there are, and which run is meant by a folder of them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import wattbench
import wattbench_reports.html
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems
from tests.made_up.store import RunStore
from wattbench.api.list_suites import suites_here
from wattbench.api.run_folder import find_run, runs_in
from wattbench.cli import command_at, main
from wattbench.cli._options import RunPath
from wattbench.errors import UserError
from wattbench.records import SCHEMA_VERSION, RunHeader, RunWriter

SUITE = """name: mine
description: Tickets by team
tasks: {select: [{file: tickets.csv, input: text, target: team, score: label, domain: support}]}
systems: {define: {rules: {kind: specialist, engine: python, call: "./rules.py:answer"}}}
"""


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    return RunStore(folder / "store").write(folder, FakeRun(plain_systems()))


def header(run: str, **changes: Any) -> RunHeader:
    given: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION, "run": run, "suite": {"suite": {"name": "mine"}}, "suite_sha256": "",
        "created_utc": f"2026-03-0{len(changes) + 1}T10:00:00+00:00", "command": [], "environment": {}, "meters": {},
        "cells": [{"system": name, "task": task, "items": 20} for name in "ab" for task in ("x", "y")],
    }  # fmt: skip
    return RunHeader(**(given | changes))


@pytest.fixture
def folder(tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of runs of every kind and state; some of what is in it is no run."""
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    shutil.copytree(finished, runs / finished.name)
    for run, changes in (
        ("run-interrupted", {}),
        ("gate interrupted", {"gate": {"seed": 1}}),
        ("night-interrupted", {"night": {"date": "2026-03-01"}, "meters": {"cpu": "rapl"}}),
    ):
        RunWriter.create(runs / run, header(run, **changes)).close()
    for name, text in (("damaged-header", "{"), ("damaged-types", '{"schema_version": 1, "cells": 3}')):
        (runs / name).mkdir()
        (runs / name / "run.json").write_text(text)
    shutil.copytree(finished, runs / "damaged-end")
    (runs / "damaged-end" / "finished.json").write_text('{"items": -1}')
    (runs / ".wattbench-aside").mkdir()
    (runs / ".wattbench-aside" / "run.json").write_text("{}")
    (runs / "no-run").mkdir()
    (runs / "report.html").write_text("")
    with RunWriter.create(runs / "written-now", header("written-now", command=["wattbench"])):
        yield runs


def test_runs_are_listed_with_what_can_be_done_about_them(folder: Path, golden: Callable[[str, str], None]) -> None:
    done = call("runs", "list")
    assert done.exit_code == 0, done.output
    lines = [re.sub(r" +[0-9.]+ k?B  ", "      SIZE  ", line).rstrip() for line in done.stdout.splitlines()]
    golden("runs.txt", "\n".join(lines) + "\n")
    assert "Traceback" not in done.output


def test_runs_as_json_say_the_same(folder: Path) -> None:
    listed = {each["run"]: each for each in json.loads(call("runs", "list", folder, "--json").stdout)["runs"]}
    assert {run: each["state"] for run, each in listed.items() if run.startswith("damaged")} == dict.fromkeys(
        ["damaged-header", "damaged-types", "damaged-end"], "damaged"
    )
    assert listed["run-interrupted"]["resume"] == f"wattbench run --resume {folder / 'run-interrupted'}"
    assert listed["gate interrupted"]["resume"] == f"wattbench gate --resume '{folder / 'gate interrupted'}'"
    night = f"wattbench nightly --history {folder.parent} --resume {folder / 'night-interrupted'}"
    assert listed["night-interrupted"]["resume"] == night
    assert (listed["run-interrupted"]["systems"], listed["run-interrupted"]["items"]) == (["a", "b"], 40)
    assert listed["written-now"]["state"] == "being written"
    assert listed["written-now"]["resume"] is None
    sizes = {
        path.name: sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) for path in folder.iterdir()
    }
    assert {run: each["size_bytes"] for run, each in listed.items()} == {run: sizes[run] for run in listed}


def test_a_folder_that_is_none_and_one_without_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gone = call("runs", "list")
    assert gone.exit_code == 2
    assert "runs: the runs in this folder cannot be listed (No such file or directory)" in gone.output
    assert call("runs", "list", tmp_path).stdout == f"no runs in {tmp_path}\n"


def test_a_run_is_listed_by_its_own_directory(finished: Path) -> None:
    assert [each.path for each in runs_in(finished)] == [finished]


def test_the_newest_finished_run_of_a_folder_is_meant(
    folder: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = folder / "renamed"
    shutil.copytree(finished, newer)
    finish = json.loads((newer / "finished.json").read_text())
    from wattbench.records.finish_record import seal

    finish |= {"finished_utc": "2030-01-01T00:00:00+00:00"}
    (newer / "finished.json").write_text(json.dumps(finish | {"own_sha256": seal(finish)}))
    assert find_run(folder) == newer
    assert capsys.readouterr().err == (
        f"wattbench: {folder} is a folder of runs; the newest finished one is {newer}; 3 damaged runs were left out\n"
    )
    assert find_run(newer) == newer
    assert capsys.readouterr().err == ""


def test_a_folder_without_a_finished_run_says_how_to_finish_one(folder: Path, finished: Path) -> None:
    shutil.rmtree(folder / finished.name)
    with pytest.raises(UserError, match="none of the 7 runs in this folder is finished; finish the newest with: wattb"):
        find_run(folder)


@pytest.mark.parametrize("path", ["nowhere", "no-run", "report.html", "x" * 300, "a\0b"])
def test_what_is_no_folder_of_runs_is_read_as_it_is(folder: Path, path: str) -> None:
    assert find_run(folder / path) == folder / path


@pytest.mark.parametrize(
    "words",
    [
        "runs compare", "runs items", "runs verify", "runs export --to csv", "route", "runs report -o page.html",
        "runs rescore --strip --out rescored",
    ],
)  # fmt: skip
def test_every_command_that_takes_a_run_takes_a_folder_of_runs(
    folder: Path, finished: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wattbench_reports.html, "write_report", lambda *_, **__: None)  # it takes seconds
    command = command_at(words.partition(" -")[0])
    taken = [each for each in command.params if isinstance(each, click.Argument)]
    assert [type(each.type) for each in taken] == [RunPath]
    of_folder = call(*words.split(), "runs")
    assert f"runs is a folder of runs; the newest finished one is runs/{finished.name}" in of_folder.stderr
    assert "not a run directory" not in of_folder.output


def test_python_takes_a_folder_of_runs_too(folder: Path, finished: Path) -> None:
    assert wattbench.read(folder).path == folder / finished.name
    assert wattbench.compare(folder).systems == wattbench.compare(folder / finished.name).systems


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("mine.yaml", SUITE),
        ("wrong.yml", SUITE.replace("systems:", "systems: {selekt: []}\nx:")),
        ("catalogue.yaml", "systems: {}\n"),
        ("workflow.yaml", "on: push\njobs: {}\n"),
        ("noise.yaml", "tasks:\n\tsystems: \x00"),
        ("benchmarks/nightly/deep.yaml", SUITE),
        ("benchmarks/a/b/c/d/too-deep.yaml", SUITE),
        ("benchmarks/.hidden/no.yaml", SUITE),
        ("other/elsewhere.yaml", SUITE),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        (path.parent / "tickets.csv").write_text("text,team\na,b\nc,d\n")
    return tmp_path


def test_suites_are_the_shipped_ones_and_those_here(suites: Path) -> None:
    listed = suites_here(suites)
    assert [each.name for each in listed if each.shipped] == [
        "accuracy", "calculator", "gate", "gpu", "load", "nightly", "notes", "quick"
    ]  # fmt: skip
    assert all(each.problem is None and each.tasks and each.systems for each in listed if each.shipped)
    own = {each.name: each for each in listed if not each.shipped}
    assert list(own) == ["mine.yaml", "wrong.yml", "benchmarks/nightly/deep.yaml"]
    assert (own["mine.yaml"].tasks, own["mine.yaml"].systems) == (("tickets",), ("rules",))
    assert "unknown key; did you mean 'select'?" in str(own["wrong.yml"].problem)


def test_the_command_lists_them(suites: Path) -> None:
    done = call("suites", "list")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert any(line.split() == ["mine.yaml", "1", "1", "Tickets", "by", "team"] for line in lines)
    broken = next(number for number, line in enumerate(lines) if line.startswith("wrong.yml"))
    assert lines[broken].endswith("cannot be read")
    assert "unknown key" in lines[broken + 1]
    as_json = {each["name"]: each for each in json.loads(call("suites", "list", "--json").stdout)["suites"]}
    assert as_json["gate"]["gate"] is True
    assert as_json["mine.yaml"]["path"] == str(suites / "mine.yaml")


def test_in_wattbenchs_own_checkout_a_suite_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    assert [each.name for each in suites_here(root) if not each.shipped] == []
