"""Ray itself next to an `amdsmi` whose library is missing, as on a machine without ROCm."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wattbench.distributed.ray_cluster import amdsmi_for_ray
from wattbench.errors import UserError

WITHOUT_LIBRARY = "print('Unable to find libamd_smi.so library')\n{}['libamd_smi.so']\n"
"""As amdsmi 7.0 ends."""
CHILD = [sys.executable, "-c", "import amdsmi"]


@pytest.fixture
def amdsmi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package, first on the path of this process and of its children."""
    package = tmp_path / "amdsmi.py"
    package.write_text(WITHOUT_LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.delitem(sys.modules, "amdsmi", raising=False)
    return package


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray")
@pytest.mark.usefixtures("amdsmi")
def test_ray_is_imported_where_amdsmi_has_no_library(tmp_path: Path) -> None:
    code = (
        "import pathlib; from wattbench.distributed.ray_cluster import amdsmi_for_ray as spared\n"
        "with spared(pathlib.Path('no')): import ray"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.usefixtures("amdsmi")
def test_children_find_it_missing_and_the_path_is_as_before_at_the_end(tmp_path: Path) -> None:
    before = (list(sys.path), os.environ["PYTHONPATH"])
    with amdsmi_for_ray(tmp_path / "no"):
        there = subprocess.run(CHILD, capture_output=True, text=True, check=False)
    assert "ImportError: libamd_smi.so of ROCm is missing" in there.stderr
    assert (sys.path, os.environ["PYTHONPATH"]) == before
    assert "KeyError" in subprocess.run(CHILD, capture_output=True, text=True, check=False).stderr


def test_an_amdsmi_that_works_stays(amdsmi: Path, tmp_path: Path) -> None:
    amdsmi.write_text("")
    before = list(sys.path)
    with amdsmi_for_ray(tmp_path):
        assert sys.path == before


@pytest.mark.usefixtures("amdsmi")
def test_on_a_machine_with_amds_gpus_the_fault_is_said(tmp_path: Path) -> None:
    message = (
        r"amdsmi cannot be used \(KeyError: 'libamd_smi.so'\), and without it Ray sees no AMD GPU. Install amd-smi"
    )
    with pytest.raises(UserError, match=message), amdsmi_for_ray(tmp_path):
        """Never reached."""
