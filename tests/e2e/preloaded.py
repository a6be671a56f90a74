"""Run command lines of `python -m wattbench`, each in a process of its own that need not import everything anew.

Most of a short command's processor time goes into importing lm-eval, pandas and SciPy, building wattbench's models of
settings, and compiling the templates of its pages. `Preloaded` starts this file once: it does all that, and forks a
process for each command. That process has its own arguments, folder, environment, output, signals, clock and exit
status. Of wattbench it has what reads no environment when it is imported.

A command that runs to its end waits for its threads and runs its exit handlers, as in any Python, but does not free
what was imported: that would copy most of the shared memory, for a quarter of a second. One that a test ends with a
signal frees it, too.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = (
    "click", "codecarbon.emissions_tracker", "cpuinfo", "duckdb", "jinja2.sandbox", "lm_eval.evaluator",
    "matplotlib.figure", "pandas", "platformdirs", "psutil", "pyarrow.csv", "pyarrow.parquet", "pycountry", "pydantic",
    "rapidfuzz", "rich.progress", "scipy.stats", "sklearn.feature_extraction.text", "tomllib", "yaml",
)  # fmt: skip

OWN = (
    "wattbench.api.gates.judge_gate", "wattbench.api.gates.measure_gate", "wattbench.api.suite_runs", "wattbench.cli",
    "wattbench.config", "wattbench.distributed.merging", "wattbench.distributed.shard_choice",
    "wattbench.measure.resume", "wattbench.meters.codecarbon", "wattbench.nights.add", "wattbench.nights.site",
    "wattbench.records", "wattbench.scenarios.interleaved.loop", "wattbench.scenarios.run_to_end",
    "wattbench.systems.python", "wattbench_reports.comparison.analysis", "wattbench_reports.export.night",
    "wattbench_reports.history.night_verdict", "wattbench_reports.history.what_changed", "wattbench_reports.html",
    "wattbench_reports.site.build",
)  # fmt: skip
ROOT = Path(__file__).parents[2]

LOOK_EVERY_S = 0.01

CLIENT = """
import json, os, socket, sys

server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b" "], [0, 1, 2])
asked = {{"module": "wattbench", "arguments": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}}
server.sendall(json.dumps(asked).encode() + b"\\n")
sys.exit(int(server.makefile().read()))
"""
"""The program `wattbench` of scripts: it has its own command line, folder, environment and descriptors taken over."""


def offline() -> dict[str, str]:
    """Return the environment without a hub, and with nothing of the pytest that runs this."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return inherited | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


class Started:
    """A command that runs in a process of its own: what of `subprocess.Popen` tests use, with captured text."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = [*arguments]
        self._folder = tempfile.TemporaryDirectory()
        self.outputs = [os.path.join(self._folder.name, name) for name in ("stdout", "stderr")]
        self.status = os.path.join(self._folder.name, "status")
        """A file with the exit status, which is there when the process has ended."""
        self.pid = 0
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, the negative number of the signal that ended it, or None while it runs."""
        if self.returncode is None:
            with contextlib.suppress(FileNotFoundError):
                self.returncode = int(Path(self.status).read_text())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = 60) -> tuple[str, str]:
        """Wait for its end and return what it wrote."""
        until_s = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until_s:
                raise subprocess.TimeoutExpired(self._arguments, timeout)
            time.sleep(LOOK_EVERY_S)
        stdout, stderr = (Path(output).read_text() for output in self.outputs)
        return stdout, stderr


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | Started) -> None:
    """Wait until a command that runs has got so far."""
    until_s = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s, "the command never got this far"
        time.sleep(LOOK_EVERY_S)


class Preloaded:
    """The process that has everything imported, and asks its forks to run commands."""

    def __init__(self, environment: Mapping[str, str], modules: Sequence[str] = (*MODULES, *OWN)) -> None:
        """Start it, with modules to import."""
        self._folder = tempfile.TemporaryDirectory(prefix="preloaded-")
        self._address = os.path.join(self._folder.name, "socket")
        with socket.socket(socket.AF_UNIX) as programs:
            programs.bind(self._address)
            programs.listen()
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(programs.fileno()), *modules],
                env={name: value for name, value in environment.items() if name != "PYTHONPATH"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=[programs.fileno()],
            )

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        timeout_s: float,
        module: str = "wattbench",
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m MODULE ARGUMENTS`, as `subprocess.run` does with captured text."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            outputs = [os.path.join(folder, name) for name in ("stdout", "stderr")]
            asked = {
                "module": module, "arguments": [*arguments], "cwd": str(cwd), "env": dict(env), "outputs": outputs
            }  # fmt: skip
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            pid = int(process.stdout.readline())
            in_time = bool(select.select([process.stdout], [], [], timeout_s)[0])
            if not in_time:
                os.kill(pid, signal.SIGKILL)
            status = int(process.stdout.readline())
            stdout, stderr = (Path(output).read_text() for output in outputs)
        if not in_time:
            raise subprocess.TimeoutExpired([*arguments], timeout_s, stdout, stderr)
        return subprocess.CompletedProcess([*arguments], status, stdout, stderr)

    def start(
        self, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], module: str = "wattbench"
    ) -> Started:
        """Start `python -m MODULE ARGUMENTS`, as `subprocess.Popen` does with captured text."""
        process, started = self._process, Started(arguments)
        assert process.stdin is not None
        assert process.stdout is not None
        asked = {
            "module": module, "arguments": [*arguments], "cwd": str(cwd), "env": dict(env),
            "outputs": started.outputs, "status": started.status, "whole": False,
        }  # fmt: skip
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        started.pid = int(process.stdout.readline())
        return started

    def write_program(self, folder: Path) -> None:
        """Write `wattbench`, for scripts that call it to its end; a signal would end the program, not the command."""
        client = Path(self._folder.name, "client.py")
        client.write_text(CLIENT.format(address=self._address))
        program = folder / "wattbench"
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-IS", str(client)])} "$@"\n')
        program.chmod(0o755)

    def close(self) -> None:
        """End the process, which ends when it is asked nothing more."""
        self._process.communicate(timeout=60)
        self._folder.cleanup()


@dataclass
class _End:
    """How this process ends."""

    status: int | None = None
    """The exit status with which it ends without freeing its memory; None: as any Python does."""


_end = _End()


def _end_at_once() -> None:
    """End the process after all other exit handlers, as the first that was registered."""
    if _end.status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_end.status)


def _run_to_its_end(module: str) -> None:
    """Run a module, and have the process end at once where it says with which status."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, int):
            _end.status = ended.code
        raise


def _become(module: str, arguments: Sequence[str], cwd: str, env: Mapping[str, str], whole: bool = True) -> None:
    """Run one command, in a process that was forked for it and has its descriptors; `whole`: to its end."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    if "wattbench.clock" in sys.modules:  # it is read when the process starts
        importlib.reload(sys.modules["wattbench.clock"])
    sys.path[:0] = [cwd, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv[1:] = arguments
    if whole:
        _run_to_its_end(module)
    else:
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _write_to(outputs: Sequence[str]) -> None:
    """Have this process read nothing, and write to files."""
    for descriptor, output in enumerate(outputs, start=1):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _serve() -> None:
    atexit.register(_end_at_once)  # before what is imported registers its own: the first one runs last
    sources = [str(ROOT / "harness"), str(ROOT / "reports")]
    sys.path[:0] = sources
    for module in sys.argv[2:]:
        with contextlib.suppress(ImportError):  # what needs it says so itself
            importlib.import_module(module)
    _compile_templates()
    del sys.path[: len(sources)]
    gc.freeze()  # forks share this memory until they write to it, which collecting garbage does
    with socket.socket(fileno=int(sys.argv[1])) as programs:
        programs.set_inheritable(False)
        waiting: list[int] = []
        while True:
            ready, _, _ = select.select([sys.stdin, programs], [], [])
            if programs in ready:
                waiting.append(_answer_program(programs))
            elif line := sys.stdin.readline():  # one at a time: each waits for what is said to it
                waiting += _answer_test(json.loads(line))
            else:
                return
            waiting = [each for each in waiting if os.waitpid(each, os.WNOHANG)[0] == 0]


def _compile_templates() -> None:
    """Compile the templates of pages, which takes as long as a fifth of a small report."""
    if "wattbench_reports.site" not in sys.modules:  # it was not asked to import them
        return
    from wattbench_reports.html.templating import engine

    for each in (engine(), engine("wattbench_reports.site")):
        for name in each.list_templates(extensions=["j2"]):
            each.get_template(name)


def _answer_test(asked: dict[str, Any]) -> list[int]:
    """Run a command that a test asks for; return the processes to wait for later."""
    status, outputs = asked.pop("status", None), asked.pop("outputs")
    pid = os.fork()
    if pid == 0 and (status is None or _watched(status)):
        _write_to(outputs)
        _become(**asked)  # ends as Python ends, by its exceptions and exit handlers
        sys.exit()
    if status is not None:
        return [pid]
    _say(pid)
    _say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return []


def _answer_program(programs: socket.socket) -> int:
    """Run the command of a program that was started, in its place; return the process that tells it how that ended."""
    connection, _ = programs.accept()
    with connection:
        if (watching := os.fork()) != 0:
            return watching
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
        asked = json.loads(connection.makefile().readline())
        if (pid := os.fork()) != 0:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            connection.sendall(str(code if code >= 0 else 128 - code).encode())
            os._exit(0)
    programs.close()
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
        os.close(descriptor)
    _become(**asked)
    sys.exit()


def _watched(status: str) -> bool:
    """Go on in a process whose parent says its number, waits for it and writes down how it ended."""
    pid = os.fork()
    if pid == 0:
        return True
    _say(pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(FileNotFoundError):  # the test has ended
        Path(f"{status}.new").write_text(str(code))
        os.replace(f"{status}.new", status)
    os._exit(0)


if __name__ == "__main__":
    _serve()
