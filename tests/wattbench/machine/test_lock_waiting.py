"""Who holds the measuring lock is named, and a run can wait for it: for some time, or as long as it takes."""

from __future__ import annotations

import json
import math
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.errors import UserError
from wattbench.machine import lock_holder
from wattbench.machine import measuring_lock as locks
from wattbench.machine.lock_holder import SAY_EVERY_S, LockHolder, Waiting
from wattbench.machine.measuring_lock import measuring_lock, name_end, name_run

pytestmark = pytest.mark.usefixtures("folder")


class Elsewhere:
    """A process that holds the lock until it is ended."""

    def __init__(self, run: Path | None = None, ends_s: float | None = None) -> None:
        ready, written = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:  # pragma: no cover - another process
            try:
                with measuring_lock():
                    if run is not None:
                        name_run(run)
                    name_end(ends_s)
                    os.write(written, b"x")
                    signal.pause()
            finally:
                os._exit(1)
        assert os.read(ready, 1) == b"x"
        os.close(ready)
        os.close(written)

    def end(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


@contextmanager
def measuring_elsewhere(run: Path | None = None, ends_s: float | None = None) -> Iterator[Elsewhere]:
    held = Elsewhere(run, ends_s)
    try:
        yield held
    finally:
        held.end()


class Clock:
    """Time passes only where something sleeps; after some sleeps, something happens."""

    def __init__(self, after_sleeps: int = 0, then: Callable[[], object] = lambda: None) -> None:
        self.now_s, self._sleeps, self._after, self._then = 0.0, 0, after_sleeps, then

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds
        self._sleeps += 1
        if self._sleeps == self._after:
            self._then()


def waiting(limit_s: float, clock: Clock, said: list[str] | None = None) -> Waiting:
    return Waiting(limit_s, (said if said is not None else []).append, clock.now, clock.sleep)


def test_the_refusal_names_the_process_its_command_since_when_and_its_run(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "20260102T030405Z-quick-abc123"
    with measuring_elsewhere(run) as held, pytest.raises(UserError) as refusal, measuring_lock():
        pass
    said = str(refusal.value)
    assert f"another wattbench run, process {held.pid or ''}" in said
    assert "(" + LockHolder.here().command[:20] in said
    assert re.search(r", since \d{4}-\d\d-\d\d \d\d:\d\d UTC \(\d+ s ago\), run ", said)
    assert f"run {run}, is measuring on this machine" in said
    assert said.endswith("wait for it: --wait, in Python wait=True")


def test_a_run_waits_for_as_long_as_it_takes() -> None:
    said: list[str] = []
    with measuring_elsewhere() as held:
        clock = Clock(5000, held.end)
        with measuring_lock(waiting(math.inf, clock, said)):
            assert clock.now() == 5000
    assert len(said) == 2 + 5000 // SAY_EVERY_S, "at the start, each minute, and when it is over"
    assert all(each.startswith("wattbench: waiting for process ") for each in said[:-1])
    assert "), 3 min 0 s so far (Ctrl-C ends the wait)" in said[3]
    assert said[-1] == "wattbench: the machine is free, after a wait of 1 h 23 min"


def test_a_terminal_shows_one_line_of_its_width_which_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["wattbench", "run", "tickets" * 40])
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(lock_holder, "now_s", lambda: 1000.0)
    said: list[str] = []
    shown: list[str] = []
    with measuring_elsewhere(ends_s=1303.0) as held:
        clock = Clock(90, held.end)
        with measuring_lock(Waiting(math.inf, said.append, clock.now, clock.sleep, shown.append)):
            """It is free."""
    assert len(shown) == 91
    assert re.fullmatch(r"waiting for process \d+ \(w.*\.\.\., 1 min 29 s so far; it expects 5 min 3 s more", shown[-2])
    assert max(map(len, shown)) == 79
    assert shown[-1] == ""
    assert said == ["wattbench: the machine is free, after a wait of 1 min 30 s"]


def test_who_waits_sees_how_long_the_other_will_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_holder, "now_s", lambda: 1000.0)
    said: list[str] = []
    with measuring_elsewhere(tmp_path / "runs" / "20260102T030405Z-quick-abc", ends_s=1303.0) as held:
        pid = held.pid
        with measuring_lock(waiting(math.inf, Clock(1, held.end), said)):
            """It is free."""
    assert said[0].startswith(f"wattbench: waiting for process {pid} (")
    assert said[0].endswith(
        ", runs/20260102T030405Z-quick-abc), 0 s so far; it expects 5 min 3 s more (Ctrl-C ends the wait)"
    )


def test_a_wait_ends_when_its_time_is_over() -> None:
    clock = Clock()
    late = pytest.raises(UserError, match="is still measuring on this machine after a wait of 90 s")
    with measuring_elsewhere(), late, measuring_lock(waiting(90, clock)):
        pass
    assert clock.now() == 90
    with measuring_lock():
        """Nothing is held."""


def test_ctrl_c_ends_a_wait_and_holds_nothing() -> None:
    def press() -> None:
        raise KeyboardInterrupt

    with measuring_elsewhere() as held:
        with pytest.raises(KeyboardInterrupt), measuring_lock(waiting(math.inf, Clock(3, press))):
            pass
        held.end()
        with measuring_lock():
            """Nothing is held."""


def test_a_free_machine_is_not_waited_for() -> None:
    said: list[str] = []
    with measuring_lock(waiting(math.inf, Clock(1, pytest.fail), said)):
        pass
    assert said == []


def test_a_gpu_and_the_machine_are_waited_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_gpu_uuids", lambda: ["GPU-1"])
    said: list[str] = []
    with measuring_elsewhere() as held:
        monkeypatch.setattr(locks, "host_id", lambda: "another host")
        with measuring_lock(waiting(60, Clock(3, held.end), said)):
            pass
    assert said[0].endswith("on the GPU GPU-1, 0 s so far (Ctrl-C ends the wait)")


def test_what_a_killed_run_left_in_the_file_names_no_one(folder: Path) -> None:
    with measuring_elsewhere(Path("old-run")) as held:
        held.end()
    [file] = folder.iterdir()
    assert json.loads(file.read_text())["run"].endswith("old-run")
    with measuring_lock():
        assert json.loads(file.read_text())["pid"] == os.getpid()
        file.write_text(json.dumps({**json.loads(file.read_text()), "pid": 2**31 - 1}))
        with pytest.raises(UserError, match="another wattbench run is measuring"), measuring_lock():
            pass
    assert file.read_text() == "", "what ends names itself no longer"


def test_a_process_of_another_container_is_named_as_such(folder: Path) -> None:
    with measuring_lock():
        [file] = folder.iterdir()
        file.write_text(json.dumps({**json.loads(file.read_text()), "pid": 7, "processes_of": "pid:[1]"}))
        with pytest.raises(UserError, match=r"process 7 of another container \("), measuring_lock():
            pass


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
_key = st.sampled_from(["pid", "processes_of", "command", "since_s", "run", "does", "ends_s"])


@given(st.binary(max_size=60) | st.dictionaries(_key, _json, min_size=3).map(lambda each: json.dumps(each).encode()))
def test_whatever_is_in_the_file_ends_in_a_name_or_none(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.lock"
    path.write_bytes(data)
    with path.open("rb") as file:
        holder = LockHolder.read(file.fileno())
    assert holder is None or (holder.describe() and holder.text and holder.name_with_run)
