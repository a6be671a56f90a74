"""The Dockerfile, as far as it can be tried without Docker: what it copies, what it runs, and as whom."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.made_up.uncompressed import uncompressed

ROOT = Path(__file__).parents[2]
DOCKERFILE = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
STEPS = [tuple(step.split(None, 1)) for step in DOCKERFILE.replace("\\\n", " ").splitlines() if step.strip()]
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def of(instruction: str) -> list[str]:
    return [text for name, text in STEPS if name == instruction]


def copied() -> list[str]:
    """What is copied from the repository."""
    return [path for text in of("COPY") if not text.startswith("--from") for path in text.split()[:-1]]


def test_what_it_copies_is_there_and_is_not_ignored() -> None:
    assert copied()
    assert [path for path in copied() if not (ROOT / path).exists()] == []
    assert IGNORED[0] == "*"
    assert sorted(line[1:] for line in IGNORED if line.startswith("!")) == sorted(copied())
    again = [line.removeprefix("**/") for line in IGNORED[1:] if not line.startswith("!")]
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], PROJECT["readme"], *PROJECT["license-files"]]
    assert [path for path in needed if path.split("/")[0] not in copied()] == []
    assert [path for path in needed for part in path.split("/") if any(fnmatch(part, each) for each in again)] == []


def test_it_ends_as_a_user_without_rights_who_runs_wattbench() -> None:
    assert of("USER") == ["10001"]
    assert "--uid 10001" in of("RUN")[-1]
    assert json.loads(of("ENTRYPOINT")[0]) == ["wattbench"]
    assert "wattbench" in PROJECT["scripts"]
    assert json.loads(of("VOLUME")[0]) == ["/cache"]
    assert {"HF_HOME=/cache/huggingface", "WATTBENCH_CACHE=/cache/wattbench", "HOME=/cache"} <= set(
        of("ENV")[0].split()
    )


def test_it_installs_extras_that_there_are_on_a_python_that_they_need() -> None:
    arguments = dict(text.split("=", 1) for text in of("ARG"))
    assert set(arguments["EXTRAS"].split(",")) <= PROJECT["optional-dependencies"].keys()
    assert arguments["BASE"].startswith(f"python:{PROJECT['requires-python'].removeprefix('>=')}-slim")
    assert [text.split()[0] for text in of("FROM")] == ["${BASE}", "${BASE}"]


@pytest.mark.package
def test_its_steps_build_the_wheel_and_name_it(tmp_path: Path) -> None:
    """The first as it is, of what is copied alone; the second with what changes the system standing in."""
    source, wheels, programs = (tmp_path / name for name in ("source", "wheels", "programs"))
    programs.mkdir()
    for path in copied():
        where = source / path
        where.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, where, ignore=shutil.ignore_patterns("__pycache__", "runs", ".*"))
        else:
            shutil.copy(ROOT / path, where)
    build, install = (text.replace("/wheels", str(wheels)) for text in of("RUN"))
    here = f'"{sys.executable}" -m pip wheel --no-build-isolation --no-index'
    subprocess.run(
        ["sh", "-ec", build.replace("python -m pip wheel", here)],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=120,
        env=uncompressed(tmp_path / "site"),
    )
    [wheel] = wheels.iterdir()
    files = zipfile.ZipFile(wheel).infolist()
    assert sum(each.file_size for each in files if each.filename.startswith("wattbench/_benchmarks/tasks/")) > 1_000_000
    for name in ("python", "useradd", "install"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> "{tmp_path / "calls"}"\n')
        (programs / name).chmod(0o755)
    arguments = dict(text.split("=", 1) for text in of("ARG"))
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **arguments}
    subprocess.run(["sh", "-ec", install], env=environment, check=True, timeout=60)
    pip, useradd, folders = (tmp_path / "calls").read_text().splitlines()
    assert pip.endswith(f" {wheel}[{arguments['EXTRAS']}]")
    assert f"--extra-index-url {arguments['TORCH_INDEX']}" in pip
    assert useradd.endswith("--uid 10001 wattbench")
    assert folders.endswith("/cache /runs")
    assert not wheels.exists()
