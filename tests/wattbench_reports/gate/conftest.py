"""Made-up gates for the tests of gates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.made_up.gates import FakeGate, FakeSide, gate_policy, write_gate
from wattbench.records import RunRecords, read_run


@pytest.fixture
def gates() -> SimpleNamespace:
    """The makers of made-up gates, for tests that need their own."""
    return SimpleNamespace(Gate=FakeGate, Side=FakeSide, policy=gate_policy, write=write_gate)


@pytest.fixture
def make_gate(tmp_path: Path) -> Callable[[FakeGate], RunRecords]:
    """Write a made-up gate and open it."""
    return lambda made_up: read_run(write_gate(tmp_path, made_up))
