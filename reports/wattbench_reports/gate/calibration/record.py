"""The calibration of a machine's gates, with its file: error rates, and the noise floor of each metric."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.files.regular_file import read_regular
from wattbench_reports.gate.calibration.simulate import Rates
from wattbench_reports.stats import Interval

SCHEMA_VERSION = 3

_MAKE_ONE = "wattbench dev calibrate SUITE --system SYSTEM"


@dataclass(frozen=True)
class Drill:
    """Gates against a candidate that was changed on purpose."""

    planted: Mapping[str, float]
    verdicts: tuple[str, ...]
    """Of the real gates over all of their rounds, one for each restart."""
    regressed: tuple[str, ...]
    """The metrics that regressed in any of them, those that do not block included."""
    rates: Rates
    """Of stretches of them."""
    trade: bool = False
    """What it gains in one task it loses in another: without a margin for each domain it is to pass."""


@dataclass(frozen=True)
class Calibration:
    """The measured error rates and noise floors of a machine's gates."""

    suite: str
    system: str
    created_utc: str
    machine: Mapping[str, Mapping[str, str]]
    """Part of the machine (device, driver, power limit) to its facts."""
    runs: tuple[str, ...]
    items: int
    """The item cap of its gates."""
    restarts: int
    """How often the systems were started anew: a real gate of each kind every time."""
    rounds: int
    """Rounds of the real gates of the system against itself, all together."""
    alpha: float
    """The false-alarm rate that its policy promises."""
    beta: float
    """The miss rate that its policy promises."""
    equal: Rates
    """Rates of the system against itself."""
    drills: tuple[Drill, ...]
    floors: Mapping[str, float | None]
    """Metric to the smallest margin at which an equal candidate passes in 1 - `beta`. None: no margin up to a half."""
    not_judged: Mapping[str, str] = field(default_factory=dict)
    """Metric to why it was not calibrated."""
    noise: Mapping[str, float] = field(default_factory=dict)
    """Metric to the standard error of a worsening times the square root of its items."""


def as_json(calibration: Calibration) -> str:
    """Write a calibration as JSON, as `read_calibration` reads it."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(calibration)}, indent=2) + "\n"


def read_calibration(path: Path) -> Calibration:
    """Read a calibration that `wattbench dev calibrate` wrote.

    Raises:
        UserError: the file is not there, is none, or is of an earlier version, whose rates do not hold.
    """
    try:
        recorded = json.loads(read_regular(path))
        version = recorded.pop("schema_version")
    except (UserError, AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a calibration ({error}). Make one with: {_MAKE_ONE}") from error
    if version in (1, 2):
        raise UserError(
            f"{path}: an earlier wattbench made this calibration, of gates that decided otherwise: its rates do not "
            f"hold. Make a new one with: {_MAKE_ONE} -o {path}"
        )
    try:
        if version != SCHEMA_VERSION:
            raise ValueError("it is of another version")
        equal, drills = _rates(recorded.pop("equal")), recorded.pop("drills")
        return Calibration(
            **recorded | {"runs": tuple(recorded["runs"])},
            equal=equal,
            drills=tuple(
                Drill(
                    **drill
                    | {
                        "rates": _rates(drill["rates"]),
                        "regressed": tuple(drill["regressed"]),
                        "verdicts": tuple(drill["verdicts"]),
                    }
                )
                for drill in drills
            ),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a calibration ({error}). Make one with: {_MAKE_ONE}") from error


def _rates(recorded: dict[str, Any]) -> Rates:
    shares = {name: Interval(**recorded[name]) for name in ("regressed", "passed", "inconclusive")}
    return Rates(
        gates=int(recorded["gates"]),
        median_items=float(recorded["median_items"]),
        **shares,
    )
