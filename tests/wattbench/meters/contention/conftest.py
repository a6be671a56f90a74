from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.proc import FakeProc


@pytest.fixture
def fake_proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)
