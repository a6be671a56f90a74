"""Tasks of inspect_ai in a suite: its own solvers, tools, sandboxes and scorers, every model call through the gateway."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.tool_server import MODEL, ToolServer
from wattbench.records import RunRecords

pytestmark = pytest.mark.slow
pytest.importorskip("inspect_ai")

EVALS = Path(__file__).parents[1] / "data" / "inspect_evals.py"
SUITE = """\
name: inspected
tasks: {select: [TASKS]}
systems:
  define:
SYSTEMS
measure: {warmup: 0, repeats: 1, blocks: 1, batch: 2, scenario: throughput, idle_s: 0, min_window_s: 0}
meters: [time]
"""
SYSTEM = "{kind: generalist, engine: inspect, base_url: URL, model: MODEL, timeout_s: 60SETTINGS}"


@pytest.fixture
def server() -> Iterator[ToolServer]:
    server = ToolServer()
    yield server
    server.close()
