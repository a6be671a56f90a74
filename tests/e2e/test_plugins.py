"""The packages that docs/ tells people to write: built, installed, and measured in a run of all three."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from wattbench.records import read_run

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
LONGEST_SHORT = len("What is 1 + 7? Answer with the number alone.")
PAGES = ("adding-a-meter", "adding-a-system", "adding-a-router")

pytestmark = pytest.mark.slow


def file_of(page: str, name: str) -> str:
    """Return the file of this name that a page of docs/ shows."""
    [text] = re.findall(rf"^`{name}`:\n\n```\w+\n(.*?)^```$", (ROOT / "docs" / f"{page}.md").read_text(), re.S | re.M)
    return text


def in_the_suite(page: str, start: str) -> Any:
    """Return the YAML block of a page that begins with these words."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs" / f"{page}.md").read_text(), re.S | re.M)
    [block] = [block for block in blocks if block.startswith(start)]
    return yaml.safe_load(block)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the packages of all three pages into a folder."""
    site = tmp_path_factory.mktemp("site")
    projects = []
    for page in PAGES:
        project = tmp_path_factory.mktemp(page)
        (project / "pyproject.toml").write_text(file_of(page, "pyproject.toml"))
        module = re.findall(r"^`(wattbench_\w+\.py)`:$", (ROOT / "docs" / f"{page}.md").read_text(), re.M)[0]
        (project / module).write_text(file_of(page, module))
        projects.append(str(project))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(site), *projects], check=True, timeout=300)
    return site


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Path]:
    """Count the microjoules of 10 W in a file while the test runs, as the board's driver does."""
    file = tmp_path / "energy1_input"
    stop = threading.Event()

    def count() -> None:
        fresh = tmp_path / "energy1_input.new"
        while not stop.is_set():
            fresh.write_text(str(int(time.time() * 10e6)))
            fresh.replace(file)
            stop.wait(0.02)

    thread = threading.Thread(target=count)
    thread.start()
    yield file
    stop.set()
    thread.join()


@pytest.fixture
def plugged(wattbench: Any, site: Path, environment: dict[str, str]) -> Any:
    """Run `wattbench ARGUMENTS` where the three packages are installed."""
    environment["PYTHONPATH"] = os.pathsep.join([str(site), str(ROOT / "harness"), str(ROOT / "reports")])
    return wattbench


@pytest.fixture
def mixed(tmp_path: Path, counter: Path) -> Path:
    """Write a suite with the meter, system and router of the pages; every third request is one character longer."""
    (tmp_path / "tasks").mkdir()
    for name in ("sums.yaml", "sums.py"):
        text = (DATA / "tasks" / name).read_text()
        (tmp_path / "tasks" / name).write_text(text.replace('"b": i // 10 * 3', '"b": i % 3 * 7'))
    program = tmp_path / "answer.sh"
    program.write_text("#!/bin/sh\nawk -F'[^0-9]+' '{print $2 + $3}'\n")
    program.chmod(0o755)
    [meter] = in_the_suite("adding-a-meter", "meters: [{use: board")["meters"]
    systems = in_the_suite("adding-a-system", "small:\n") | in_the_suite("adding-a-router", "by-length:\n")
    systems["specialist"] = systems.pop("small")
    systems["by-length"]["router"]["max_characters"] = LONGEST_SHORT
    systems["generalist"] = {"kind": "generalist", "engine": "python", "call": f"{DATA / 'answers.py'}:add"}
    suite = yaml.safe_load((DATA / "suite.yaml").read_text())
    suite["tasks"]["include"] = ["tasks"]
    suite["tasks"]["select"][0]["limit"] = 12
    suite["systems"] = {"define": systems}
    suite["meters"] = [meter | {"file": str(counter)}]
    path = tmp_path / "mixed.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False))
    return path


def test_a_run_has_figures_of_a_third_partys_system_router_and_meter(plugged: Any, mixed: Path, tmp_path: Path) -> None:
    planned = plugged("suites", "plan", mixed)
    assert planned.returncode == 0, planned.stderr
    done = plugged("run", mixed, "--report", "report.html")
    assert done.returncode == 0, done.stderr
    run = tmp_path / done.stdout.splitlines()[0].strip()
    assert (tmp_path / "report.html").stat().st_size > 0

    items = pd.read_parquet(run / "items.parquet")
    assert len(items) == 36
    assert (items["energy_j"] > 0).all()
    systems = read_run(run).systems()
    assert systems["specialist"].weights_sha256 is not None
    windows = [window for window in read_run(run).windows() if window.purpose == "measured"]
    assert {component for window in windows for component in window.energy_j} == {"board"}
    assert {how for window in windows for how in window.provenance.values()} == {"counter"}
    # 10 W are counted; a machine that is short of time reads a little late.
    power_w = sum(window.energy_j["board"] for window in windows) / sum(w.finished_s - w.started_s for w in windows)
    assert power_w == pytest.approx(10, rel=0.2)

    routed = items[items["system"] == "by-length"].set_index("doc_id")
    alone = items[items["system"] != "by-length"].set_index(["system", "doc_id"])
    assert set(routed["route"]) == {"specialist", "generalist"}
    for doc_id, row in routed.iterrows():
        assert row["output"] == alone.loc[(row["route"], doc_id), "output"]
    assert items[items["system"] != "by-length"]["correct"].all()


def test_its_record_is_resumed_with_the_same_settings(plugged: Any, mixed: Path, tmp_path: Path) -> None:
    done = plugged("run", mixed, "--limit", "2")
    assert done.returncode == 0, done.stderr
    run = tmp_path / done.stdout.strip()
    (run / "finished.json").unlink()  # as if it had been interrupted at its end
    again = plugged("run", "--resume", run)
    assert again.returncode == 0, again.stderr
    header = read_run(run).header
    assert header.suite["systems"]["specialist"]["file"] == str(tmp_path / "answer.sh")
    assert header.suite["systems"]["by-length"]["router"]["max_characters"] == LONGEST_SHORT


def test_a_misspelt_setting_is_said_with_its_line(plugged: Any, mixed: Path) -> None:
    mixed.write_text(mixed.read_text().replace("max_characters", "max_character"))
    done = plugged("suites", "plan", mixed)
    assert done.returncode == 2
    line = next(n for n, text in enumerate(mixed.read_text().splitlines(), 1) if "max_character:" in text)
    assert (
        f"{mixed}:{line}: systems.define.by-length.router.max_character: unknown key; did you mean 'max_characters'?"
        in " ".join(done.stderr.split())
    )
