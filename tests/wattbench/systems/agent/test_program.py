"""Programs of agents: their output, their end, and what is left of them."""

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

from wattbench.systems.agent import program as module
from wattbench.systems.agent.program import Order, Ran, end_of_log, how_it_failed, run_program

pytestmark = pytest.mark.slow


def run(
    folder: Path, code: str, why_stop: Callable[[], str | None] = lambda: None, given: str = "", **variables: str
) -> Ran:
    (folder / "agent.py").write_text(textwrap.dedent(code))
    order = Order([sys.executable, "agent.py"], folder, {"PATH": os.environ["PATH"], **variables}, given)
    return run_program(order, why_stop)


def test_its_output_its_log_its_code_and_its_seconds(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        import os, sys
        print(sys.stdin.read(), os.environ["NAME"], os.getcwd())
        print("a note", file=sys.stderr)
        sys.exit(3)
        """,
        given="a task\n",
        NAME="value",
    )
    assert (ran.code, ran.output, ran.left_out) == (3, f"a task\n value {tmp_path}\n", 0)
    assert ran.log == "a note\n"
    assert ran.cpu_s is not None
    assert ran.cpu_s > 0
    assert how_it_failed(ran) == "exit code 3; its log ends: a note"


def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    ran = run_program(Order(["./no-such-program"], tmp_path, {}), lambda: None)
    assert ran.code is None
    assert "it cannot be run: " in how_it_failed(ran)
    assert "no-such-program" in how_it_failed(ran)


def test_output_is_bounded_and_bytes_that_are_no_text_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OUTPUT_BYTES", 1000)
    ran = run(
        tmp_path,
        """
        import sys
        sys.stdout.buffer.write(b"\\xff" + b"a" * 100_000)
        sys.stderr.write("b" * 100_000 + "\\x1b[2Jthe end")
        """,
    )
    assert (len(ran.output), ran.output[:3], ran.left_out) == (1000, "\ufffdaa", 99_001)
    assert len(ran.log) <= 1 << 14
    assert end_of_log(ran).endswith("...")
    assert "\x1b" not in end_of_log(ran)


def test_a_program_that_does_not_read_its_input_ends(tmp_path: Path) -> None:
    assert run(tmp_path, "print('done')", given="a" * 1_000_000).output == "done\n"


STUBBORN = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    far = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    with open("pids.part", "w") as file:
        file.write(f"{os.getpid()} {child.pid} {far.pid}")
    os.rename("pids.part", "pids")
    time.sleep(600)
"""


def pids(folder: Path) -> list[int]:
    return [int(text) for text in (folder / "pids").read_text().split()]


def gone(numbers: list[int]) -> bool:
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        if not any(psutil.pid_exists(number) for number in numbers):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.2)


@pytest.mark.usefixtures("impatient")
def test_it_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    ran = run(tmp_path, STUBBORN, lambda: "over a limit" if (tmp_path / "pids").exists() else None)
    assert (ran.stopped, ran.code) == ("over a limit", -signal.SIGKILL)
    assert how_it_failed(ran) == "stopped, over a limit"
    assert gone(pids(tmp_path))


def test_what_it_leaves_behind_ends_with_it_and_its_seconds_count(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        import subprocess, sys, time
        busy = "import os, time\\nwhile time.process_time() < 0.3: pass\\n" \\
               "open('busy', 'w').close()\\ntime.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", busy], start_new_session=True)
        import pathlib
        while not pathlib.Path("busy").exists():
            time.sleep(0.01)
        pathlib.Path("pids").write_text(str(child.pid))
        """,
    )
    assert ran.code == 0
    assert gone(pids(tmp_path))
    assert ran.cpu_s is not None
    assert ran.cpu_s >= 0.3


@pytest.mark.usefixtures("impatient")
def test_an_exception_while_it_runs_ends_it(tmp_path: Path) -> None:
    def interrupted() -> str | None:
        if (tmp_path / "pids").exists():
            raise KeyboardInterrupt
        return None

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, STUBBORN, interrupted)
    assert gone(pids(tmp_path))


def test_the_end_of_its_helper_is_said_and_ends_its_group(tmp_path: Path) -> None:
    def killed() -> str | None:
        if (tmp_path / "pids").exists():
            helper = psutil.Process(pids(tmp_path)[0]).parent()
            if helper is not None and helper.pid != os.getpid():
                helper.kill()
        return None

    code = "import os, time\nopen('part', 'w').write(str(os.getpid()))\nos.rename('part', 'pids')\ntime.sleep(600)"
    ran = run(tmp_path, code, killed)
    assert ran.error == "the process that ran it was killed"
    assert gone(pids(tmp_path))


def test_a_killed_parent_takes_the_program_and_its_folder_along(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "agent.py").write_text(textwrap.dedent(STUBBORN))
    code = f"""
        from pathlib import Path
        from wattbench.systems.agent import program
        program.GRACE_S = 0.2
        folder = Path({str(folder)!r})
        program.run_program(program.Order([{sys.executable!r}, "agent.py"], folder, {{}}, "", folder), lambda: None)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    until_s = time.monotonic() + 60
    while not (folder / "pids").exists():
        assert parent.poll() is None
        assert time.monotonic() < until_s
        time.sleep(0.01)
    numbers = pids(folder)
    parent.kill()
    parent.wait()
    assert gone(numbers)
    while folder.exists():
        assert time.monotonic() < until_s
        time.sleep(0.01)
