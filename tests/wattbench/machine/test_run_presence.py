"""Runs say that they are here; what others put into the folder of locks is shown as text, or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.other_process import holding_elsewhere, kill
from wattbench.machine.lock_holder import Doing, LockHolder
from wattbench.machine.run_presence import RunPresence, live_runs

HOST = "abc"


@contextmanager
def named(folder: Path) -> Iterator[None]:
    with RunPresence(folder, HOST, Doing.ENERGY_OFF) as presence:
        presence.name_run(Path("/runs/one"))
        yield


def elsewhere(folder: Path) -> AbstractContextManager[int]:
    """A process with a presence, which a test may kill."""
    return holding_elsewhere(lambda: named(folder))


def test_a_run_is_seen_with_what_it_does_until_it_ends(tmp_path: Path) -> None:
    with RunPresence(tmp_path, HOST, Doing.PREPARES) as presence:
        presence.say(Doing.WAITS)
        [seen] = live_runs(tmp_path, HOST)
        assert (seen.pid, seen.does) == (os.getpid(), Doing.WAITS)
        assert live_runs(tmp_path, "another") == []
    assert live_runs(tmp_path, HOST) == []
    assert list(tmp_path.iterdir()) == []


def test_one_of_another_process_is_named_until_it_is_killed_and_then_cleared_away(tmp_path: Path) -> None:
    with elsewhere(tmp_path) as pid:
        [seen] = live_runs(tmp_path, HOST)
        assert (seen.pid, seen.does, seen.run) == (pid, Doing.ENERGY_OFF, "/runs/one")
        assert seen.name == f"process {pid} ({LockHolder.here().command})"
        kill(pid)
        assert live_runs(tmp_path, HOST) == []
        [left] = tmp_path.iterdir()
        with RunPresence(tmp_path, HOST, Doing.PREPARES):
            assert left not in tmp_path.iterdir()
            assert len(live_runs(tmp_path, HOST)) == 1


def test_a_command_has_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/lib/wattbench/__main__.py", "run", "--url", "https://me:hunter22@host/v1"])
    with RunPresence(tmp_path, HOST, Doing.PREPARES):
        [file] = tmp_path.iterdir()
        assert "hunter22" not in file.read_text()
        assert live_runs(tmp_path, HOST)[0].command.startswith("wattbench run --url ")


def test_a_file_names_no_process_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = SimpleNamespace(uids=lambda: SimpleNamespace(effective=os.geteuid() + 1))
    with RunPresence(tmp_path, HOST, Doing.PREPARES):
        monkeypatch.setattr(psutil, "Process", lambda _: theirs)
        assert live_runs(tmp_path, HOST) == []


def test_a_folder_that_cannot_be_written_hides_a_run_and_ends_none(tmp_path: Path) -> None:
    with RunPresence(tmp_path / "none", HOST, Doing.PREPARES) as presence:
        presence.say(Doing.MEASURES)
        assert live_runs(tmp_path / "none", HOST) == []


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    name = f"wattbench-run-{HOST}-"
    (tmp_path / f"{name}1.run").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / f"{name}2.run")
    (tmp_path / f"{name}3.run").mkdir()
    with RunPresence(tmp_path, HOST, Doing.PREPARES):
        assert len(live_runs(tmp_path, HOST)) == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_a_name_is_short_and_steers_no_terminal() -> None:
    hostile = replace(LockHolder.here(), command="\x1b[2J" + "x" * 300, run="\x1b[2J" * 9)
    assert hostile.name.isprintable()
    assert len(hostile.name) < 130


_texts = st.text(max_size=5) | st.sampled_from(["\x1b[2J", "x" * 5000, "energy off"])
_values = st.none() | st.booleans() | st.integers() | st.floats() | _texts | st.lists(st.integers(), max_size=2)
_fields = st.dictionaries(st.sampled_from(sorted(asdict(LockHolder.here()))), _values)


@given(st.binary(max_size=60) | _fields.map(lambda given: json.dumps({**asdict(LockHolder.here()), **given}).encode()))
def test_whatever_is_in_a_file_ends_in_names_or_none(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("locks")
    with RunPresence(folder, HOST, Doing.PREPARES):
        [file] = folder.iterdir()
        file.write_bytes(data)
        for holder in live_runs(folder, HOST):
            assert holder.name.isprintable()
            assert len(holder.name) < 150
            assert len(holder.text) < 1000
