"""What is no file in a run's folder is named by every command, at once."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.made_up.odd_files import ODD, put
from tests.made_up.whole_run import write_whole_run
from wattbench.cli import main
from wattbench.records.finish_record import run_files
from wattbench.records.layout import RunLayout

COMMANDS = {
    "compare": ["runs", "compare"],
    "export": ["runs", "export", "--to", "csv", "--what", "items", "-o", "out.csv"],
    "history": ["runs", "history", "nights", "--add"],
    "items": ["runs", "items"],
    "report": ["runs", "report", "-o", "out.html"],
    "route": ["route"],
    "verify": ["runs", "verify"],
    "view": ["view", "--no-open"],
}
AT_ONCE_S = 60


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """End a test that waits."""

    def ended(*_: object) -> None:
        raise TimeoutError("it waits for what has no end")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(AT_ONCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_whole_run(tmp_path / "runs")


def refused(command: str, run: Path, name: str) -> None:
    result = CliRunner().invoke(main, [*COMMANDS[command], str(run)])
    assert result.exit_code == 2, (command, name, result.output)
    assert isinstance(result.exception, SystemExit)
    assert Path(name).name in result.output


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_names_it(run: Path, command: str, kind: str) -> None:
    for name in ("windows.jsonl", "items.parquet"):
        kept = run.parent / "kept"
        shutil.move(run / name, kept)
        put(kind, run / name)
        refused(command, run, name)
        put("a pipe", run / name)  # which is a folder no more
        (run / name).unlink()
        shutil.move(kept, run / name)


@pytest.mark.parametrize("kind", ODD)
def test_every_file_of_a_record_is_looked_at(run: Path, kind: str) -> None:
    names = [*run_files(RunLayout(run)), "finished.json", "power/big/add.csv", "items/big/other.jsonl"]
    for name in names:
        copy = run.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(run, copy)
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        put(kind, copy / name)
        if kind == "a folder" and name in names[-2:]:
            continue  # an empty folder next to the files of a record is nothing that a reader would look for
        refused("verify", copy, name)


@pytest.mark.parametrize("kind", ODD)
def test_a_list_of_runs_goes_on(run: Path, kind: str) -> None:
    put(kind, run / "run.json")
    result = CliRunner().invoke(main, ["runs", "list", str(run.parent)])
    assert result.exit_code in (0, 2)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert run.name in result.output
