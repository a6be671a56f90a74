"""Locks of its own for each test, on a machine without GPUs."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.machine import measuring_lock as locks


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the locks, which the first of them makes."""
    monkeypatch.setenv(locks.FOLDER, str(tmp_path / "locks"))
    monkeypatch.setattr(locks, "_gpu_uuids", list)
    return tmp_path / "locks"
