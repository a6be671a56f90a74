"""How the joules of each component came about: what the windows of a run say, and its header of the meters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import Analysis


@dataclass(frozen=True)
class Origin:
    """One component, read in one way."""

    component: str
    provenance: str
    meter: str
    """Which meter reads it; empty where the record does not say. So `reads`."""
    reads: str
    """What the meter reads, in words."""
    step_s: float | None
    """How often its figure advances."""
    windows: int
    """Windows with joules of it, of every purpose."""
    energy_j: float
    """Their joules together."""
    systems: tuple[str, ...]
    """Whose windows they are, in the order they first ran."""


@dataclass
class _Sum:
    windows: int = 0
    energy_j: float = 0.0
    systems: dict[str, None] = field(default_factory=dict)


def origins(analysis: Analysis) -> tuple[Origin, ...]:
    """Every component and provenance that some window has, in the order of the record; empty without joules.

    Raises:
        UserError: the table of windows is damaged.
    """
    frames = analysis.frames
    told = frames.window_columns("energy_j", "provenance")
    sums: dict[tuple[str, str], _Sum] = {}
    for system, energy, provenance in zip(frames.windows["system"], told["energy_j"], told["provenance"], strict=True):
        joules, how = (_object(text, str(frames.run.layout.windows_table)) for text in (energy, provenance))
        for component, energy_j in joules.items():
            own = sums.setdefault((component, str(how.get(component, ""))), _Sum())
            own.windows += 1
            own.energy_j += float(energy_j)
            own.systems[str(system)] = None
    header = frames.run.header
    return tuple(
        Origin(component, provenance, *_meter(header.meter_details, component), own.windows, own.energy_j,
               tuple(name for name in frames.systems if name in own.systems))
        for (component, provenance), own in sums.items()
    )  # fmt: skip


def _meter(details: Mapping[str, Any], component: str) -> tuple[str, str, float | None]:
    told = details.get(component)
    told = told if isinstance(told, Mapping) else {}
    step_s = told.get("step_s")
    known = float(step_s) if isinstance(step_s, int | float) and not isinstance(step_s, bool) else None
    return str(told.get("meter") or ""), str(told.get("reads") or ""), known


def _object(text: Any, path: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise UserError(f"{path}: {text!r} is not a JSON object; the record is damaged")
    return value
