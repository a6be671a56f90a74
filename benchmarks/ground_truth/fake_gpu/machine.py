"""The fake GPU, and processes that run on it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ground_truth.line import NotHereError
from tests.fakes.driver import FakeDriver, build, compiler
from tests.fakes.waveform import Waveform

WAVE = Waveform("square", watts=500.0, low=100.0, period=1.0)
LONGEST_S = 300.0


class Machine:
    """A folder with the driver, and a program that is called `nvidia-smi`, which codecarbon looks for."""

    def __init__(self, folder: Path) -> None:
        """Compile the driver.

        Raises:
            NotHereError: there is no C compiler.
        """
        found = compiler()
        if found is None:
            raise NotHereError("no C compiler (cc, gcc or clang) to build the fake NVIDIA driver with: install one")
        self.folder = folder
        self._driver = FakeDriver(build(found, folder), folder)
        nvidia_smi = folder / "nvidia-smi"
        nvidia_smi.write_text("#!/bin/sh\n", encoding="utf-8")
        nvidia_smi.chmod(0o755)

    def run(self, command: Sequence[str], *, own_environment: bool) -> str:
        """Run a command on it and return what it prints.

        Args:
            command: the interpreter or program, and its arguments.
            own_environment: it is of an environment of its own, which this one's paths must not reach into.

        Raises:
            NotHereError: it failed, or did not end; the text has the end of its standard error.
        """
        path = f"{self.folder}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = self._driver.environment({"PATH": path}, **WAVE.settings())
        if own_environment:
            environment.pop("PYTHONPATH", None)
        try:
            done = subprocess.run(
                command,
                env=environment,
                cwd=self.folder,
                capture_output=True,
                text=True,
                timeout=LONGEST_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotHereError(f"{command[0]} cannot be run ({error})") from error
        if done.returncode:
            said = (done.stderr or done.stdout)[-2000:]
            raise NotHereError(f"{command[0]} failed (exit code {done.returncode}): {said}")
        return done.stdout
