"""Real commands, and what becomes of them when they or we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from wattbench.config import Serve
from wattbench.errors import UserError
from wattbench.systems.endpoint.serving.command import CommandServer
from wattbench.systems.endpoint.serving.command_child import HEAD_BYTES, TAIL_BYTES, BoundedLog
from wattbench.systems.endpoint.serving.helper import HelperProcess

pytestmark = pytest.mark.slow

URL = "http://127.0.0.1:{port}/v1"
FLOODS = """
    import sys
    print("configured so")
    for number in range(200_000):
        print(f"line {number} " + "x" * 90)
    sys.exit("out of memory")
"""
HEALTHY = """
    import http.server, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], str]:
    """A command line that runs some Python, with the port as its argument."""

    def write(code: str) -> str:
        file = tmp_path / "a server.py"
        file.write_text(textwrap.dedent(code))
        return f"{sys.executable} '{file}' {{port}}"

    return write


def serve(command: str, **config: object) -> CommandServer:
    settings = Serve.model_validate({"command": command, "timeout_s": 20, **config})
    return CommandServer("system 'far'", settings, base_url=URL, key="sk-secret")


def gone(pid: int, within_s: float = 10.0) -> bool:
    """Whether a process ends in time. A zombie has ended: who reaps it is its parent's matter."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_it_is_started_awaited_and_stopped(command: Callable[[str], str]) -> None:
    with serve(command(HEALTHY)) as server:
        assert "{port}" not in server.base_url
        assert server.ended() is None
        assert (server.peak_memory_bytes() or 0) > 1_000_000
        helper = server._helper
    assert not psutil.pid_exists(server.pid)
    assert not psutil.pid_exists(helper.pid), "no zombie is left"
    server.close()


def test_one_that_ends_while_starting_shows_its_exit_code_and_log(command: Callable[[str], str]) -> None:
    code = 'import sys; print("loading\\x1b[2J with sk-secret"); sys.exit("no such model")'
    with pytest.raises(UserError) as caught:
        serve(command(code))
    message = str(caught.value)
    assert "ended while it was starting (exit code 1); the last lines of its log:\n" in message
    assert "  no such model" in message
    assert "  loading [2J with [secret]" in message


def test_one_that_is_killed_while_starting(command: Callable[[str], str]) -> None:
    with pytest.raises(UserError, match=r"exit code 137.*its log is empty"):
        serve(command("import os; os.kill(os.getpid(), 9)"))


def test_one_that_never_gets_ready_is_given_up_and_stopped(command: Callable[[str], str], tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"import os, time, pathlib; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(99)"
    with pytest.raises(UserError, match=r"/health did not answer 200 within serve\.timeout_s = 3"):
        serve(command(code), timeout_s=3)
    assert gone(int(note.read_text()))


def test_ready_may_be_another_path(command: Callable[[str], str]) -> None:
    with pytest.raises(UserError, match="/v1/models did not answer 200"):
        serve(command(HEALTHY), ready="/v1/models", timeout_s=1)


def test_what_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be started.*Permission denied"):
        serve(f"{tmp_path} {{port}}")


def test_another_server_in_its_place_is_not_measured(command: Callable[[str], str]) -> None:
    with serve(command(HEALTHY)) as server:
        settings = Serve(command="sleep 9")
        with pytest.raises(UserError, match=r"a server answers at .* before serve\.command was started"):
            CommandServer("system 'far'", settings, base_url=server.base_url, key=None)


def test_its_whole_group_ends_even_what_ignores_the_signal(
    command: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wattbench.systems.endpoint.serving.command.STOP_S", 1.0)
    note = tmp_path / "pid"
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"
    code = f"""
    import pathlib, subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", {stubborn!r}])
    pathlib.Path({str(note)!r}).write_text(str(child.pid))
"""
    server = serve(command(code + HEALTHY))
    server.close()
    assert gone(int(note.read_text()), within_s=2.0)


def test_one_that_dies_later_says_so(command: Callable[[str], str]) -> None:
    with serve(command(HEALTHY)) as server:
        os.kill(server.pid, signal.SIGKILL)
        until_s = time.monotonic() + 15
        while server.ended() is None and time.monotonic() < until_s:
            time.sleep(0.02)
        assert "its server has ended (exit code 137)" in (server.ended() or "")


PARENT = """
    import sys, time
    from wattbench.config import Serve
    from wattbench.systems.endpoint.serving.command import CommandServer
    settings = Serve(command=sys.argv[1], timeout_s=20)
    server = CommandServer("far", settings, base_url="http://127.0.0.1:{port}/v1", key=None)
    print(server.pid, server._helper.pid, flush=True)
    time.sleep(99)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_us_however_we_end(command: Callable[[str], str], number: int) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), command(HEALTHY)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.send_signal(number)
    parent.wait()
    assert all(gone(pid) for pid in pids)


def test_its_helper_takes_the_command_along_when_asked_to_end(command: Callable[[str], str]) -> None:
    with serve(command(HEALTHY)) as server:
        os.kill(server._helper.pid, signal.SIGTERM)
        assert gone(server.pid)


def test_a_log_keeps_its_start_and_its_end_and_says_what_is_left_out(tmp_path: Path) -> None:
    lines = [b"line %d\n" % number for number in range(5000)]
    with (tmp_path / "log").open("w+b") as file:
        log = BoundedLog(file.fileno(), head_bytes=100, tail_bytes=200)
        for start in range(0, len(lines), 7):
            log.write(b"".join(lines[start : start + 7]))
            assert os.fstat(file.fileno()).st_size <= 100 + 4 * 200 + 70
        text = os.pread(file.fileno(), 1 << 20, 0)
    head, _, rest = text.partition(b"\n[")
    number, _, tail = rest.partition(b" bytes of the log left out]\n")
    whole = b"".join(lines)
    assert whole.startswith(head)
    assert len(head) == 100
    assert whole.endswith(tail)
    assert len(head) + int(number) + len(tail) == len(whole)
    assert text.count(b"left out") == 1


def test_the_log_of_a_server_that_floods_it_is_bounded(
    command: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    close = HelperProcess.close

    def closed(self: HelperProcess) -> None:
        sizes.append(os.fstat(self._log.fileno()).st_size)
        close(self)

    monkeypatch.setattr(HelperProcess, "close", closed)
    with pytest.raises(UserError, match=r"(?s)ended while it was starting.*line 199999 .*out of memory"):
        serve(command(FLOODS))
    assert sizes[0] <= HEAD_BYTES + 4 * TAIL_BYTES + (1 << 17)
