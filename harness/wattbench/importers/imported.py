"""The result of reading any format: the answers, and what is known of the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.importers.spool import Spool


@dataclass(frozen=True)
class Imported:
    """All that was read from some sources of one format."""

    format: str
    """The name that ``--from`` takes."""
    version: str | None
    """The version of the tool that made it, if stated."""
    files: tuple[Path, ...]
    """Every file that was read."""
    answers: Spool
    """In the order of the source."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """What was left out, with its count: ``{"requests that were cut off": 3}``."""
    scenario: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to its load, if the source states it."""
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to what is known of its settings: engine, model, server. Never a credential."""
    facts: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """(System, task) to what is known of the task: its version."""
