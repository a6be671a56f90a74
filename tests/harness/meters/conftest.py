"""The fake NVIDIA driver, compiled and loaded by the real binding."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.records import WindowLabel

SOURCE = Path(__file__).parents[2] / "fakes" / "nvml.c"
REPOSITORY = Path(__file__).parents[3]

PRELUDE = """
import json, os, subprocess, sys, time
from dataclasses import asdict
from pathlib import Path
from harness.meters import Metering, MeterError, NvmlMeter
from harness.records import WindowLabel

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


class FakeDriver:
    """Runs scripts in a process whose `libnvidia-ml.so.1` is the fake one."""

    def __init__(self, library: Path, scratch: Path) -> None:
        self.library = library
        self.settings = scratch / "gpus.txt"

    def environment(self, environ: Mapping[str, str] | None = None, **settings: object) -> dict[str, str]:
        """The environment of such a process, on a machine with these settings (see the C source)."""
        lines = [f"{key.replace('__', '.')}={value}" for key, value in settings.items()]
        self.settings.write_text("\n".join(lines) + "\n")
        hidden = {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"}
        return {
            **{key: value for key, value in os.environ.items() if key not in hidden},
            "LD_LIBRARY_PATH": str(self.library.parent),
            "FAKE_NVML": str(self.settings),
            "PYTHONPATH": str(REPOSITORY),
            **(environ or {}),
        }

    def run(self, script: str, environ: Mapping[str, str] | None = None, **settings: object) -> Any:
        """What a script tells, in a process of its own; `alter`, `label` and `tell` are there for it to use."""
        result = subprocess.run(
            [sys.executable, "-c", PRELUDE + script],
            env=self.environment(environ, **settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def fake_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        reason = "no C compiler (cc, gcc or clang) to build the fake NVIDIA driver with"
        if "driver" in os.environ.get("WATTBENCH_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    library = tmp_path_factory.mktemp("driver") / "libnvidia-ml.so.1"
    command = [
        compiler,
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O1",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(SOURCE),
        "-lm",
    ]
    subprocess.run(command, check=True)
    return library


@pytest.fixture
def driver(fake_library: Path, tmp_path: Path) -> FakeDriver:
    return FakeDriver(fake_library, tmp_path)


@pytest.fixture
def label() -> WindowLabel:
    return WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured")
