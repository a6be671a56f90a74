"""The fake NVIDIA driver, compiled, and processes that run on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
DRIVER = "libnvidia-ml.so.1"

Process = subprocess.Popen[str]
Name = TypeVar("Name", bound=Hashable)

PRELUDE = """
import json, os, subprocess, sys, time
from dataclasses import asdict
from pathlib import Path
from wattbench.meters import Metering, MeterError, NvmlMeter
from wattbench.records import WindowLabel

def alter(**settings):
    "Change the machine: as from now, these settings beside those of before."
    path = Path(os.environ["FAKE_NVML"])
    lines = [f"{key.replace('__', '.')}={value}" for key, value in settings.items()]
    changed = {line.split("=")[0] for line in lines}
    lines = [line for line in path.read_text().splitlines() if line.split("=")[0] not in changed] + lines
    path.with_suffix(".new").write_text("\\n".join(lines) + "\\n")
    path.with_suffix(".new").replace(path)

def label(purpose="measured"):
    return WindowLabel(window="w1", run="r", system="s", task="t", purpose=purpose)

def tell(what):
    print(json.dumps(what, default=asdict))
"""


def compiler() -> str | None:
    """Return the C compiler of this machine; None where there is none."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(compiler: str, folder: Path) -> Path:
    """Compile the fake driver into a folder."""
    library = folder / DRIVER
    flags = ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", f"-Wl,-soname,{DRIVER}"]
    subprocess.run([compiler, *flags, "-o", str(library), str(HERE / "nvml.c"), "-lm"], check=True)
    return library


class FakeDriver:
    """Runs scripts in a process whose `libnvidia-ml.so.1` is the fake one."""

    def __init__(self, library: Path, scratch: Path) -> None:
        """Take the library, and a folder for its settings."""
        self.driver = library
        self.settings = scratch / "gpus.txt"

    def environment(self, environ: Mapping[str, str] | None = None, **settings: object) -> dict[str, str]:
        """Return the environment of a process on a machine with these settings (see the C source)."""
        lines = [f"{key.replace('__', '.')}={value}" for key, value in settings.items()]
        self.settings.write_text("\n".join(lines) + "\n")
        hidden = {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"}
        return {
            **{key: value for key, value in os.environ.items() if key not in hidden},
            "LD_LIBRARY_PATH": str(self.driver.parent),
            "FAKE_NVML": str(self.settings),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
            **(environ or {}),
        }

    def start(self, script: str, environ: Mapping[str, str] | None = None, **settings: object) -> Process:
        """Start a script in a process of its own; `alter`, `label` and `tell` are there for it to use."""
        return subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script],
            env=self.environment(environ, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, script: str, environ: Mapping[str, str] | None = None, timeout_s: float = 60, **settings: object
    ) -> Any:
        """Run a script in a process of its own, and return its result."""
        return result_of(self.start(script, environ, **settings), timeout_s)


def result_of(process: Process, timeout_s: float = 60) -> Any:
    """Wait for a script that was started, and return its result."""
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert process.returncode == 0, stderr
    return json.loads(stdout.splitlines()[-1])


def results_of(starts: Mapping[Name, Callable[[], Process]], *, at_once: int) -> dict[Name, Any]:
    """Run many scripts, `at_once` of them at a time, and return their results: they mostly sleep."""
    names, rows = list(starts), {}
    for batch in (names[first : first + at_once] for first in range(0, len(names), at_once)):
        running = {name: starts[name]() for name in batch}
        try:
            rows |= {name: result_of(process, timeout_s=120) for name, process in running.items()}
        finally:
            for process in running.values():
                process.kill()
    return rows
