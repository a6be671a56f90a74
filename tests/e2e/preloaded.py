"""Run command lines of `python -m wattbench`, each in a process of its own that need not import everything anew.

Most of a short command's processor time goes into importing lm-eval, pandas and SciPy, building wattbench's models of
settings, and compiling the templates of its pages. `serving` starts a process that does this once, when the first
command is to run, and forks a process for each command (`preloaded_server.py`). Several processes may use it at the
same time: `tests/run.py` starts one for all of its own.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.preloaded_client import ask

MODULES = (
    "click", "codecarbon.emissions_tracker", "cpuinfo", "jinja2.sandbox", "lm_eval.evaluator",
    "matplotlib.figure", "pandas", "platformdirs", "psutil", "pyarrow.csv", "pyarrow.parquet", "pycountry", "pydantic",
    "rapidfuzz", "rich.progress", "scipy.stats", "sklearn.feature_extraction.text", "tomllib", "yaml",
)  # fmt: skip
"""Not DuckDB: some versions start threads when imported, and threads do not survive a fork."""

OWN = (
    "wattbench.api.gates.judge_gate", "wattbench.api.gates.measure_gate", "wattbench.api.suite_runs", "wattbench.cli",
    "wattbench.config", "wattbench.distributed.merging", "wattbench.distributed.shard_choice",
    "wattbench.measure.resume", "wattbench.meters.codecarbon", "wattbench.nights.add", "wattbench.nights.site",
    "wattbench.records", "wattbench.scenarios.interleaved.loop", "wattbench.scenarios.run_to_end",
    "wattbench.systems.python", "wattbench_reports.comparison.analysis", "wattbench_reports.export.night",
    "wattbench_reports.history.night_verdict", "wattbench_reports.history.what_changed", "wattbench_reports.html",
    "wattbench_reports.site.build",
)  # fmt: skip

SERVER = Path(__file__).with_name("preloaded_server.py")
CLIENT = Path(__file__).with_name("preloaded_client.py")
ADDRESS_VARIABLE = "WATTBENCH_TEST_PRELOADED"
"""Where the process listens that a test run has for all of its parts and workers."""
OUTPUTS = ("stdout", "stderr")
LOOK_EVERY_S = 0.01


def offline() -> dict[str, str]:
    """Return the environment without a hub, and with nothing of the pytest that runs this."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return inherited | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


class Started:
    """A command that runs in a process of its own: what of `subprocess.Popen` tests use, with captured text."""

    def __init__(
        self, arguments: Sequence[str], connection: socket.socket, folder: tempfile.TemporaryDirectory[str]
    ) -> None:
        """Wait until it runs; what it writes is in this folder."""
        self._arguments = [*arguments]
        self._connection = connection
        self._numbers = connection.makefile("rb", buffering=0)  # what was not read is then seen by `select`
        self._folder = folder
        self.pid = self._read_number()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, the negative number of the signal that ended it, or None while it runs."""
        return self._wait(0.0)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = 60) -> tuple[str, str]:
        """Wait for its end and return what it wrote."""
        if self._wait(timeout) is None:
            raise subprocess.TimeoutExpired(self._arguments, timeout)
        stdout, stderr = (Path(self._folder.name, name).read_text() for name in OUTPUTS)
        return stdout, stderr

    def _wait(self, timeout_s: float) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], timeout_s)[0]:
            self.returncode = self._read_number()
            self._numbers.close()
            self._connection.close()
        return self.returncode

    def _read_number(self) -> int:
        line = self._numbers.readline()
        assert line, "the process that starts commands has ended"
        return int(line)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | Started) -> None:
    """Wait until a command that runs has got so far."""
    until_s = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s, "the command never got this far"
        time.sleep(LOOK_EVERY_S)


class Preloaded:
    """What runs commands in forks of the process that `serving` has started."""

    def __init__(self, address: str) -> None:
        """Say where that process listens."""
        self.address = address

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
        started = self._start(arguments, cwd, env, module, whole=True)
        try:
            stdout, stderr = started.communicate(timeout_s)
        except subprocess.TimeoutExpired:
            started.kill()
            stdout, stderr = started.communicate()
            raise subprocess.TimeoutExpired([*arguments], timeout_s, stdout, stderr) from None
        assert started.returncode is not None
        return subprocess.CompletedProcess([*arguments], started.returncode, stdout, stderr)

    def start(
        self, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], module: str = "wattbench"
    ) -> Started:
        """Start `python -m MODULE ARGUMENTS`, as `subprocess.Popen` does with captured text."""
        return self._start(arguments, cwd, env, module, whole=False)

    def write_program(self, folder: Path) -> None:
        """Write `wattbench`, for scripts that call it to its end; a signal would end the program, not the command."""
        program = folder / "wattbench"
        words = [sys.executable, "-IS", str(CLIENT), self.address]
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        program.chmod(0o755)

    def _start(
        self, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], module: str, *, whole: bool
    ) -> Started:
        folder = tempfile.TemporaryDirectory()
        outputs = [Path(folder.name, name) for name in OUTPUTS]
        with open(os.devnull) as nothing, outputs[0].open("w") as stdout, outputs[1].open("w") as stderr:
            descriptors = [file.fileno() for file in (nothing, stdout, stderr)]
            connection = ask(self.address, arguments, descriptors, cwd=str(cwd), env=env, module=module, whole=whole)
        return Started(arguments, connection, folder)


@contextmanager
def serving(environment: Mapping[str, str], modules: Sequence[str] = (*MODULES, *OWN)) -> Iterator[Preloaded]:
    """Start the process that imports these modules when the first command is to run, and end it."""
    with tempfile.TemporaryDirectory(prefix="preloaded-") as folder, socket.socket(socket.AF_UNIX) as programs:
        address = os.path.join(folder, "socket")
        programs.bind(address)
        programs.listen()
        process = subprocess.Popen(
            [sys.executable, "-P", SERVER, str(programs.fileno()), *modules],
            env={name: value for name, value in environment.items() if name != "PYTHONPATH"},
            stdin=subprocess.PIPE,
            pass_fds=[programs.fileno()],
        )
        try:
            yield Preloaded(address)
        finally:
            process.communicate(timeout=60)


@contextmanager
def of_this_run() -> Iterator[Preloaded]:
    """Give the one of this test run, or start one if there is none."""
    if address := os.environ.get(ADDRESS_VARIABLE):
        yield Preloaded(address)
    else:
        with serving(offline()) as preloaded:
            yield preloaded
