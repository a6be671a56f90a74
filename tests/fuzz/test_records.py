"""A run's own files: the header, every kind of line, tables, traces; and a whole run with one of them changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.families.records import TARGETS
from tests.fuzz.short_tier import try_some
from tests.fuzz.targets import Target


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_value_or_one_sentence(target: Target, tmp_path: Path) -> None:
    try_some(target, tmp_path)
