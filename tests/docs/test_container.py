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

ROOT = Path(__file__).parents[2]
DOCKERFILE = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
STEPS = [tuple(step.split(None, 1)) for step in DOCKERFILE.replace("\\\n", " ").splitlines() if step.strip()]
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def of(instruction: str) -> list[str]:
    return [text for name, text in STEPS if name == instruction]


def copied() -> list[str]:
    """Return what is copied from the repository."""
    return [path for text in of("COPY") if not text.startswith("--from") for path in text.split()[:-1]]


def test_what_it_copies_is_there_and_is_not_ignored() -> None:
    assert copied()
    assert [path for path in copied() if not (ROOT / path).exists()] == []
    assert IGNORED[0] == "*"
    assert sorted(line[1:] for line in IGNORED if line.startswith("!")) == sorted(copied())
    again = [line.removeprefix("**/") for line in IGNORED[1:] if not line.startswith("!")]
    last = max(place for place, line in enumerate(IGNORED) if not line.startswith("!"))
    # The last line that matches a path counts.
    named_after = {line[1:] for line in IGNORED[last:] if line.startswith("!")}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], PROJECT["readme"], *PROJECT["license-files"]]
    assert [path for path in needed if path.split("/")[0] not in copied()] == []
    paths = [path for path in {*needed, *copied()} if path not in named_after]
    assert [path for path in paths for part in path.split("/") if any(fnmatch(part, each) for each in again)] == []


def test_it_ends_as_a_user_without_rights_who_runs_wattbench() -> None:
    assert of("USER") == ["10001"]
    assert "--uid 10001" in of("RUN")[-1]
    environment = " ".join(of("ENV"))
    built, installed = of("RUN")[0], [text.split()[-1] for text in of("COPY") if text.startswith("--from=build")]
    assert installed == ["/opt/wattbench"]
    assert "python -m venv /opt/wattbench " in built
    assert 'PATH="/opt/wattbench/bin:${PATH}"' in environment
    assert json.loads(of("ENTRYPOINT")[0]) == ["wattbench"]
    assert "wattbench" in PROJECT["scripts"]
    assert json.loads(of("VOLUME")[0]) == ["/cache"]
    assert {"HF_HOME=/cache/huggingface", "WATTBENCH_CACHE=/cache/wattbench", "HOME=/cache"} <= set(
        of("ENV")[0].split()
    )


def test_it_installs_no_extra_by_default_on_the_oldest_python() -> None:
    arguments = dict(text.split("=", 1) for text in of("ARG"))
    assert arguments["EXTRAS"] == '""'
    base, *others = of("FROM")
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert re.fullmatch(rf"python:{re.escape(oldest)}-slim-\w+@sha256:[0-9a-f]{{64}} AS base", base)
    assert [text.split()[0] for text in others] == ["base", "base"]


@pytest.mark.slow
def test_what_it_copies_is_all_that_a_wheel_and_the_lock_need(tmp_path: Path) -> None:
    """The step that installs, in a folder of what is copied alone; what would install stands in for uv and pip."""
    source, programs, site = (tmp_path / name for name in ("source", "programs", "site"))
    programs.mkdir()
    for path in copied():
        where = source / path
        where.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, where, ignore=shutil.ignore_patterns("__pycache__", "runs", ".*"))
        else:
            shutil.copy(ROOT / path, where)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-index", "--no-deps"]
    subprocess.run([*pip, "-w", str(site), str(source)], check=True, timeout=120)
    [built] = site.iterdir()
    files = zipfile.ZipFile(built).infolist()
    assert sum(each.file_size for each in files if each.filename.startswith("wattbench/_benchmarks/tasks/")) > 1_000_000

    calls = tmp_path / "calls"
    for name in ("python", "bash", "useradd", "install"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" "[$TORCH_INDEX]" "$PATH" >> "{calls}"\n')
        (programs / name).chmod(0o755)
    arguments = dict(text.split("=", 1) for text in of("ARG"))
    arguments["EXTRAS"] = "hf,router"
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **arguments}
    for step in of("RUN"):
        subprocess.run(["sh", "-ec", step], cwd=source, env=environment, check=True, timeout=60)
    venv, install, useradd, folders = calls.read_text().splitlines()
    assert venv.startswith("python -m venv /opt/wattbench ")
    asked = f"bash .ci/install {arguments['EXTRAS']} [{arguments['TORCH_INDEX']}]"
    assert install.startswith(f"{asked} /opt/wattbench/bin:")
    assert "--uid 10001 wattbench [" in useradd
    assert "/cache /runs [" in folders
