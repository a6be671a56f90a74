"""The lock: which Pythons it is for, that every file in it has a hash, what installs from it, and who renews it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.machine import ROOT, WORKFLOWS, Job, read
from tests.made_up.repositories import commit, git

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
TOX = (ROOT / "tox.ini").read_text()
PYTHONS = [
    each.removeprefix("Programming Language :: Python :: ")
    for each in PROJECT["project"]["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", each)
]
"""Those that are promised, oldest first."""


def test_everything_that_names_pythons_names_the_same() -> None:
    assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
    for name, job in (("ci", "ci"), ("lock", "tests")):
        assert read(WORKFLOWS / f"{name}.yml")["jobs"][job]["strategy"]["matrix"]["python"] == PYTHONS
    [found] = re.findall(r"^ +for version in ([\d. ]+); do$", (ROOT / ".ci" / "run").read_text(), re.M)
    assert found.split() == PYTHONS
    factors = "".join(f"py{each.replace('.', '')}-," for each in PYTHONS)
    assert re.findall(r"^\[testenv:\{,(\S+?)\}\w+\]$", TOX, re.M) == [factors.rstrip(",")] * 3
    assert f"base_python = python{PYTHONS[0]}\n" in TOX
    first, *others, last = PYTHONS
    assert f"Python {', '.join([first, *others])} or {last}" in (ROOT / "README.md").read_text()
    beyond = f"3.{int(last.partition('.')[2]) + 1}"
    assert all(f"python_version < '{beyond}'" in each for each in PROJECT["tool"]["uv"]["environments"])


def test_each_file_that_could_be_installed_has_a_hash_and_comes_from_the_public_index() -> None:
    packages = [each for each in LOCK["package"] if "editable" not in each["source"]]
    assert len(packages) > 100
    for package in packages:
        assert package["source"] == {"registry": "https://pypi.org/simple"}
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files
        assert all(file["url"].startswith("https://files.pythonhosted.org/") for file in files)
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]) for file in files)


def test_each_environment_is_locked_but_those_that_are_there_to_try_others() -> None:
    sections = dict(re.findall(r"^\[testenv:?(.*)\]\n((?:[^\[\n].*\n|\n)*)", TOX, re.M))
    runners = {name: re.findall(r"^runner = (.+)$", text, re.M) for name, text in sections.items()}
    assert runners[""] == ["uv-venv-lock-runner"]
    assert {name for name, runner in runners.items() if runner} == {"", "newest", "lowest", "lock"}
    assert re.findall(r"^    (\S+)==\S+$", TOX, re.M) == ["tox", "tox-uv-bare", "uv"]


def required(names: set[str]) -> set[str]:
    """Return what the lock installs for some packages, themselves included, on any Python and system."""
    requirements: dict[str, list[dict[str, Any]]] = {}
    for package in LOCK["package"]:  # several versions of one name are for different Pythons
        requirements.setdefault(package["name"], []).extend(package.get("dependencies", []))
        for extra, more in package.get("optional-dependencies", {}).items():
            requirements.setdefault(f"{package['name']}[{extra}]", []).extend(more)
    reached: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            for each in requirements.get(name, []):
                waiting += [each["name"], *(f"{each['name']}[{extra}]" for extra in each.get("extra", []))]
    return {name for name in reached if "[" not in name}


def test_the_base_installs_what_the_docs_list_with_a_reason_and_no_more() -> None:
    page = (ROOT / "docs" / "installing.md").read_text()
    table = page.partition("| requirement | brings | for |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    listed = {name.strip("`"): (re.findall("`(.+?)`", brings), why) for name, brings, why in rows}
    (project,) = [each for each in LOCK["package"] if each["name"] == "wattbench"]
    assert listed.keys() == {"wattbench", *(each["name"] for each in project["dependencies"])}
    assert all(why for _, why in listed.values())
    packages = [*listed, *(name for brings, _ in listed.values() for name in brings)]
    assert sorted(packages) == sorted(required({"wattbench"}))
    assert f"wattbench and {len(packages) - 1} packages" in page
    for name, (brings, _) in listed.items():
        assert set(brings) <= required({name})


LOCKED = """
mkdir -p "$2/bin"
echo "$1" >> "$CALLS"
printf '%s' "$UV" > "$2/bin/uv"
chmod +x "$2/bin/uv"
"""
UV = """
import json, os, sys
given = sys.argv[1:]
lines = ["six==1.0 --hash=sha256:6"]
if "hf" in given and "--prune" not in given:
    lines.append("torch==2.0 ; python_full_version < '3.14'" + ("" if "--no-hashes" in given else " --hash=sha256:2"))
if given[0] == "export":
    where = open(given[-1], "w") if "--output-file" in given else sys.stdout
    print(*lines, sep="\\n", file=where)
else:
    with open(os.environ["CALLS"], "a") as calls:
        asked = [open(each).read().split("\\n")[:-1] if each.endswith(".txt") else each for each in given]
        print(json.dumps(asked), file=calls)
"""


@pytest.mark.slow
@pytest.mark.parametrize("index", ["", "https://example.org/cpu"])
@pytest.mark.parametrize("extras", ["", "hf", "router,hf"])
def test_the_script_installs_what_the_lock_names_and_then_the_checkout(tmp_path: Path, extras: str, index: str) -> None:
    checkout, programs, calls = (tmp_path / name for name in ("check out", "programs", "calls"))
    (checkout / ".ci").mkdir(parents=True)
    programs.mkdir()
    shutil.copy(ROOT / ".ci" / "install", checkout / ".ci")
    (checkout / ".ci" / "locked").write_text(LOCKED)
    (programs / "python3").symlink_to(sys.executable)
    environment = os.environ | {"CALLS": str(calls), "TORCH_INDEX": index, "UV": f"#!{sys.executable}\n{UV}"}
    environment["PATH"] = f"{programs}:{os.environ['PATH']}"
    script = [
        str(checkout / ".ci" / "install"),
        *([extras] if extras else []),
        *(["a.whl"] if index and extras else []),
    ]
    subprocess.run(["bash", *script], cwd=tmp_path, env=environment, check=True, timeout=60)

    group, *asked = calls.read_text().splitlines()
    assert group == "tox"
    into = ["pip", "install", "--quiet", "--python", str(programs / "python3")]
    torch = "torch==2.0 ; python_full_version < '3.14'"
    expected: list[list[Any]] = []
    if index and extras:
        expected.append([*into, "--index", index, "--requirement", [torch]])
    locked = ["six==1.0 --hash=sha256:6"] + ([f"{torch} --hash=sha256:2"] if extras and not index else [])
    expected.append([*into, "--no-deps", "--require-hashes", "--requirement", locked])
    expected.append([*into, "--no-deps", "a.whl" if index and extras else "."])
    assert [json.loads(each) for each in asked] == expected


PIP = """
import os, sys
from pathlib import Path
if sys.argv[1:2] == ["-"]:
    os.execv(REAL, [REAL, *sys.argv[1:]])
assert sys.argv[1:6] == ["-m", "pip", "install", "--quiet", "--no-deps"], sys.argv
assert sys.argv[6:8] == ["--require-hashes", "--target"] and sys.argv[9] == "--requirement"
Path(os.environ["CALLS"]).write_text(Path(sys.argv[10]).read_text())
uv = Path(sys.argv[8], "bin", "uv")
uv.parent.mkdir()
uv.write_text('#!/bin/sh\\necho "$UV_PROJECT_ENVIRONMENT" "$@" >> "$CALLS"\\n')
uv.chmod(0o755)
"""


@pytest.mark.slow
def test_the_programs_of_a_group_come_from_the_lock_and_so_does_uv_with_a_hash(tmp_path: Path) -> None:
    programs, calls = tmp_path / "programs", tmp_path / "calls"
    programs.mkdir()
    (programs / "python3").write_text(f"#!{sys.executable}\nREAL = {sys.executable!r}\n{PIP}")
    (programs / "python3").chmod(0o755)
    environment = os.environ | {"CALLS": str(calls), "PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", ROOT / ".ci" / "locked", "tox", "/there"], cwd=tmp_path, env=environment, check=True, timeout=60
    )
    required, synced = calls.read_text().splitlines()
    [uv] = [each for each in LOCK["package"] if each["name"] == "uv"]
    assert required.split() == [f"uv=={uv['version']}", *(f"--hash={each['hash']}" for each in uv["wheels"])]
    wanted = f"/there sync --quiet --locked --only-group tox --python {programs / 'python3'} --no-python-downloads"
    assert synced == wanted
    assert f"\n    uv=={uv['version']}\n" in TOX


def test_tox_requires_what_the_lock_has() -> None:
    assert sorted(PROJECT["dependency-groups"]["tox"]) == sorted(re.findall(r"^    (\S+==\S+)$", TOX, re.M))


def test_the_job_that_may_write_runs_no_code_of_a_package() -> None:
    propose = read(WORKFLOWS / "lock.yml")["jobs"]["propose"]
    assert propose["needs"] == ["refresh", "tests", "bounds"]
    assert [each.get("uses", "").partition("@")[0] for each in propose["steps"]] == [
        "actions/checkout", "actions/download-artifact", "",
    ]  # fmt: skip
    script = propose["steps"][-1]["run"]
    assert not re.search(r"\b(tox|pip|uv|python3?|bash)\b(?!\.lock)", script)
    refresh = read(WORKFLOWS / "lock.yml")["jobs"]["refresh"]["steps"]
    [left] = [each["with"] for each in refresh if each.get("uses", "").startswith("actions/upload-artifact@")]
    assert left == {"name": "lock", "path": "lock"}


@pytest.mark.parametrize("opened", [False, True])
def test_a_new_lock_is_proposed_once_with_what_changed_and_what_passed(
    job: Callable[[dict[str, Any]], Job], opened: bool
) -> None:
    *_, propose = read(WORKFLOWS / "lock.yml")["jobs"]["propose"]["steps"]
    machine = job({
        "github": {"token": "t", "server_url": "https://example.org", "repository": "o/wattbench", "run_id": "7"},
        "needs": {"tests": {"result": "success"}, "bounds": {"result": "failure"}},
    })  # fmt: skip
    origin = machine.root / "origin"
    git(machine.root, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(machine.workspace, "init", "--quiet", "--initial-branch=main")
    git(machine.workspace, "remote", "add", "origin", str(origin))
    (machine.workspace / "uv.lock").write_text("old\n")
    commit(machine.workspace, "base")
    lock = machine.temp / "lock"
    lock.mkdir()
    (lock / "uv.lock").write_text("new\n")
    (lock / "changes.txt").write_text("Updated numpy v2.4.6 -> v2.5.0\n")
    calls = machine.root / "gh.json"
    machine.stand_in("gh", f"import json, sys\nprint({int(opened)}) if sys.argv[2] == 'list' else "
                     f"open({str(calls)!r}, 'w').write(json.dumps(sys.argv[1:]))\n")  # fmt: skip
    assert machine.run(propose).returncode == 0

    assert git(origin, "show", "refresh-lock:uv.lock") == "new"
    [verb, action, *given] = json.loads(calls.read_text())
    assert (verb, action) == ("pr", "edit" if opened else "create")
    body = Path(given[given.index("--body-file") + 1]).read_text()
    assert "Tests with these versions, on each Python: success." in body
    assert "With the newest and the lowest versions: failure." in body
    assert "https://example.org/o/wattbench/actions/runs/7" in body
    assert "Updated numpy v2.4.6 -> v2.5.0" in body
