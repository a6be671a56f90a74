"""What gates, nights and calibrations wrote, and pytest-benchmark's files; a history and its index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.families.gates import TARGETS
from tests.fuzz.short_tier import try_some
from tests.fuzz.targets import Target


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_value_or_one_sentence(target: Target, tmp_path: Path) -> None:
    try_some(target, tmp_path)
