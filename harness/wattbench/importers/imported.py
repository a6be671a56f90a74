"""The result of reading any format: the answers, and what is known of the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.importers.spool import Spool
from wattbench.importers.telemetry import Telemetry
from wattbench.records import SummaryRow


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
    """In the order of the source. Empty (``Spool.of(())``) if it has `summaries` alone."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """What was left out, with its count: ``{"requests that were cut off": 3}``."""
    scenario: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to its load, if the source states it."""
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to what is known of its settings: engine, model, server. Never a credential."""
    facts: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """(System, task) to what is known of the task: its version."""
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to what is known of the machine that answered, in the form of `RunHeader.environment`: ``{"gpus":
    [{"name": "NVIDIA H100 80GB HBM3", "uuid": "GPU-...", "power_limit_w": 700.0}]}``. What is not there is not
    recorded."""
    telemetry: Mapping[str, Telemetry] = field(default_factory=dict)
    """System to the readings of power that the source holds. They are judged, and divided among the answers."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """What a reader has to know of the source: by a code a sentence, without a full stop."""
    summaries: Sequence[SummaryRow] = ()
    """What the source states over requests that it does not list: shown, and never tested. A system may have answers
    and summaries, or summaries alone."""
