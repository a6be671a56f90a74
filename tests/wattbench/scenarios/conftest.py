"""What tests of several scenarios share."""

from __future__ import annotations

import pytest

from tests.wattbench.scenarios.cut_record import Writes, note_writes


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    """Every write to a record from now on."""
    return note_writes(monkeypatch)
