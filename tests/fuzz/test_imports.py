"""Files of other tools: lm-eval, GuideLLM, AIPerf, tables of one's own; and ledgers and documents of trainings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.families.imports import TARGETS
from tests.fuzz.short_tier import try_some
from tests.fuzz.targets import Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_value_or_one_sentence(target: Target, tmp_path: Path) -> None:
    try_some(target, tmp_path)
