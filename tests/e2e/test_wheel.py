"""What is in the wheel: the suites and tasks travel with it, and the suites resolve from where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(out), str(ROOT)]
    subprocess.run(build, check=True, timeout=120)
    return next(out.glob("wattbench-*.whl"))


@pytest.mark.package
def test_it_holds_the_packages_and_the_benchmarks_as_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"wattbench", "wattbench_reports"}
    for needed in ("suites/quick.yaml", "systems/smol.yaml"):
        assert f"wattbench/_benchmarks/{needed}" in names
    assert any(name.startswith("wattbench/_benchmarks/tasks/") and name.endswith(".jsonl") for name in names)
    assert any(name.endswith(".j2") for name in names)
    assert "wattbench/py.typed" in names


@pytest.mark.package
def test_a_shipped_suite_is_found_by_name_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    offline = {"PYTHONPATH": str(site), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    where = [sys.executable, "-P", "-c", "import wattbench; print(wattbench.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=os.environ | offline, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(site))
    plan = [sys.executable, "-P", "-m", "wattbench", "plan", "quick", "--systems", "generalist"]
    done = subprocess.run(plan, cwd=tmp_path, env=os.environ | offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(site / "wattbench" / "_benchmarks" / "suites" / "quick.yaml") in done.stdout
