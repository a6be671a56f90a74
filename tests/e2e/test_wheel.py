"""What is in the wheel, and what works where it is installed: suites by name, and projects with any package names."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    out = folder / "out"
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(out), str(ROOT)]
    subprocess.run(build, check=True, timeout=120)
    return next(out.glob("wattbench-*.whl"))


def test_it_holds_the_packages_and_the_benchmarks_as_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"wattbench", "wattbench_reports"}
    for needed in ("suites/quick.yaml", "systems/smol.yaml"):
        assert f"wattbench/_benchmarks/{needed}" in names
    assert any(name.startswith("wattbench/_benchmarks/tasks/") and name.endswith(".jsonl") for name in names)
    assert any(name.endswith(".j2") for name in names)
    assert "wattbench/py.typed" in names


def test_a_shipped_suite_is_found_by_name_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    offline = {"PYTHONPATH": str(site), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    where = [sys.executable, "-P", "-c", "import wattbench; print(wattbench.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=os.environ | offline, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(site))
    plan = [sys.executable, "-P", "-m", "wattbench", "suites", "plan", "quick", "--systems", "generalist"]
    done = subprocess.run(plan, cwd=tmp_path, env=os.environ | offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(site / "wattbench" / "_benchmarks" / "suites" / "quick.yaml") in done.stdout.replace(
        "\n", ""
    )  # a long path is broken into lines


TESTS = """
from pathlib import Path

import harness
import pytest
import reports

import wattbench as installed


def test_the_packages_are_the_projects_own():
    here = Path(__file__).parent
    assert Path(harness.__file__) == here / "harness" / "__init__.py"
    assert Path(reports.__file__) == here / "reports" / "__init__.py"
    assert reports.total(harness.NUMBERS) == 6
    assert "site-packages" in installed.__file__
    assert installed.__version__


@pytest.mark.wattbench(suite="suite.yaml", limit=8)
def test_a_system_is_accurate(wattbench):
    [adder] = wattbench.measure("adder")
    assert adder.accuracy.estimate == 1.0
    assert installed.read(adder.run).name == adder.run.name
"""


@pytest.fixture
def installed_python(wheel: Path, tmp_path: Path) -> Path:
    """Install the wheel into a virtual environment that has this one's other packages, and return its interpreter."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=120)
    python = venv / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        f"--python={python}",
        "install",
        "--no-compile",  # what is imported is compiled then
        "--no-deps",
        "--no-index",
        "-q",
        str(wheel),
    ]
    subprocess.run(install, check=True, timeout=120)
    [site] = venv.glob("lib/python*/site-packages")
    # A path file adds the folder, and not what its own path files name: an editable wattbench stays out.
    (site / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


def test_a_project_with_packages_named_reports_and_harness_can_be_tested(
    installed_python: Path, suite: Callable[..., Path], environment: dict[str, str]
) -> None:
    project = suite().parent
    (project / "harness").mkdir()
    (project / "harness" / "__init__.py").write_text("NUMBERS = (1, 2, 3)\n")
    (project / "reports").mkdir()
    (project / "reports" / "__init__.py").write_text("def total(numbers):\n    return sum(numbers)\n")
    (project / "test_project.py").write_text(TESTS)
    variables = {
        name: value for name, value in environment.items() if name != "PYTHONPATH" and not name.startswith("PYTEST_")
    }
    done = subprocess.run(
        [installed_python, "-m", "pytest", "-p", "no:cacheprovider", "test_project.py"],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
