"""Hybrids whose answers are really their members': what a replay has to find again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.made_up.routed import Routed, routed_run
from tests.made_up.runs import FakeRun
from wattbench.records import RunRecords


@pytest.fixture
def compose(make_run: Callable[[FakeRun], RunRecords]) -> Callable[..., Routed]:
    """Make a run in which the hybrid gives its members' own recorded answers."""
    return partial(routed_run, make_run)
