"""Commands that are forked from a preloaded process end, fail and are killed as other processes are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.preloaded import Preloaded, serving, wait_until

PROGRAM = """
import os, sys, time

what, *rest = sys.argv[1:]
if what == "say":
    print(os.getcwd(), os.environ["ONLY"], len(os.environ), *rest)
    print("loaded" if "tomllib" in sys.modules else "not loaded", file=sys.stderr)
elif what == "exit":
    sys.exit(int(rest[0]))
elif what == "raise":
    raise ValueError(rest[0])
elif what == "wait":
    open(rest[0], "w").close()
    while True:
        time.sleep(0.01)
elif what == "meet":
    open(rest[0], "w").close()
    while not os.path.exists(rest[1]):
        time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def commands() -> Iterator[Preloaded]:
    with serving(os.environ, ["tomllib"]) as commands:
        yield commands


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "program.py").write_text(PROGRAM)
    return {"PYTHONPATH": str(tmp_path), "ONLY": "this"}


def test_a_command_has_a_folder_and_variables_of_its_own(
    commands: Preloaded, env: dict[str, str], tmp_path: Path
) -> None:
    done = commands.run(["say", "a b"], cwd=tmp_path, env=env, timeout_s=60, module="program")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path} this {len(env)} a b\n", "loaded\n")


@pytest.mark.parametrize(
    ("words", "code", "said"), [(["exit", "7"], 7, ""), (["raise", "why"], 1, "ValueError: why\n")]
)
def test_its_exit_status_is_reported(
    words: list[str], code: int, said: str, commands: Preloaded, env: dict[str, str], tmp_path: Path
) -> None:
    done = commands.run(words, cwd=tmp_path, env=env, timeout_s=60, module="program")
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.endswith(said)


def test_several_run_at_once(commands: Preloaded, env: dict[str, str], tmp_path: Path) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    codes: list[int] = []

    def meet(own: str, other: str) -> None:
        done = commands.run(["meet", own, other], cwd=tmp_path, env=env, timeout_s=60, module="program")
        codes.append(done.returncode)

    threads = [threading.Thread(target=meet, args=pair) for pair in ((first, second), (second, first))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert codes == [0, 0]


def test_one_that_takes_too_long_is_killed(commands: Preloaded, env: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        commands.run(["wait", str(tmp_path / "runs")], cwd=tmp_path, env=env, timeout_s=0.3, module="program")
    done = commands.run(["exit", "0"], cwd=tmp_path, env=env, timeout_s=60, module="program")
    assert done.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it(number: int, commands: Preloaded, env: dict[str, str], tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    started = commands.start(["wait", str(runs)], cwd=tmp_path, env=env, module="program")
    wait_until(runs.exists, started)
    started.send_signal(number)
    _, stderr = started.communicate()
    assert started.returncode == started.poll() == -number
    assert ("KeyboardInterrupt" in stderr) == (number == signal.SIGINT)


def test_a_script_calls_it_as_a_program(commands: Preloaded, tmp_path: Path) -> None:
    (tmp_path / "wattbench.py").write_text("import sys; print(sys.argv[1:], sys.stdin.read()); sys.exit(3)")
    commands.write_program(tmp_path)
    done = subprocess.run(
        ["./wattbench", "a b", "'"], cwd=tmp_path, input="given", capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (3, "['a b', \"'\"] given\n", "")


def test_a_priority_is_kept(commands: Preloaded, tmp_path: Path) -> None:
    (tmp_path / "wattbench.py").write_text("import os; print(os.getpriority(os.PRIO_PROCESS, 0))")
    commands.write_program(tmp_path)
    lower = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 1)
    script = f"import os, subprocess; os.setpriority(os.PRIO_PROCESS, 0, {lower}); subprocess.run('./wattbench')"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{lower}\n"
