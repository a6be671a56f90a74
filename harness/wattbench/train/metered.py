"""Measure the joules of a build, in windows like those of a run, which are kept across interruptions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattbench.machine.environment import installation
from wattbench.meters import Metering, OpenWindow, recover_window
from wattbench.records import Purpose, WindowLabel, WindowRow, total_j
from wattbench.records.files.jsonl import Appender, read_lines
from wattbench.records.reader import read_rows
from wattbench.systems.training_ledger import Ledger


class BuildMeter:
    """Windows of one member's build, in its work folder: ``windows.jsonl`` and the ``power.csv`` behind them.

    Use as a context manager: a window is open inside it, and `mark` ends it and begins the next.
    """

    def __init__(self, metering: Metering, folder: Path, name: str) -> None:
        self._metering = metering
        self._name = name
        self._trace = folder / "power.csv"
        self._rows = folder / "windows.jsonl"
        self._opened = folder / "open-windows.jsonl"
        self._recover()
        self._appender = Appender(self._rows)
        self._open_appender = Appender(self._opened)
        self._window: OpenWindow | None = None

    @property
    def windows(self) -> list[WindowRow]:
        """Return the windows of all sessions so far, without the open one."""
        return read_rows(self._rows, WindowRow)

    def mark(self) -> None:
        """Close the window, write it, and open another."""
        self._close()
        self._open()

    def __enter__(self) -> BuildMeter:
        self._metering.trace_to(self._trace)
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._metering.trace_to(None)
        self._appender.close()
        self._open_appender.close()

    def _open(self) -> None:
        number = len(list(read_lines(self._opened))) + 1
        label = WindowLabel(
            window=f"t{number:04d}", run="family", system=self._name, task=None, purpose=Purpose.TRAINING
        )
        self._window = self._metering.open(label)
        self._open_appender.append(asdict(self._window.label))

    def _close(self) -> None:
        if self._window is not None:
            self._appender.append(asdict(self._window.close()))
            self._window = None

    def _recover(self) -> None:
        """Close the window that a killed build left open, as its joules were used."""
        closed = {row.window for row in self.windows}
        left = [row for row in read_rows(self._opened, WindowLabel) if row.window not in closed]
        if not left:
            return
        appender = Appender(self._rows)
        for row in left:
            appender.append(asdict(recover_window(self._trace, row)))
        appender.close()


Grams = Callable[[float], tuple[float | None, str]]
"""From joules to grams of CO2 equivalent, and by what figures."""


def ledger_entry(
    files: Sequence[Path],
    windows: Sequence[WindowRow],
    grams: Grams,
    packages: Sequence[str],
    *,
    results: dict[str, float],
    **settings: Any,
) -> Ledger:
    """Return the ledger entry of a build.

    Args:
        files: of what was built, which are on record by name with their digests.
        windows: in which it was metered.
        grams: of the joules.
        packages: whose versions matter.
        results: further figures of the method.
        settings: all other fields of a ledger.
    """
    energy_j: dict[str, float] = {}
    for window in windows:
        for component, joules in window.energy_j.items():
            energy_j[component] = energy_j.get(component, 0.0) + joules
    here = installation()
    grams_co2e, basis = grams(total_j(energy_j) or 0.0)
    return Ledger(
        started_utc=datetime.fromtimestamp(windows[0].started_s, UTC).isoformat(timespec="seconds"),
        finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(sum(window.duration_s for window in windows), 3),
        energy_j={component: round(joules, 3) for component, joules in energy_j.items()},
        provenance={c: p for window in windows for c, p in window.provenance.items()},
        windows=len(windows),
        windows_invalid=sorted({reason for window in windows if not window.valid for reason in window.reasons}),
        grams_co2e=None if grams_co2e is None else round(grams_co2e, 4),
        grams_basis=basis,
        hardware={key: here[key] for key in ("cpu", "cpus_usable", "memory_bytes", "gpus")},
        packages={key: here["packages"][key] for key in packages if key in here["packages"]},
        results={key: round(value, 6) for key, value in results.items()},
        files={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        bytes=sum(path.stat().st_size for path in files),
        **settings,
    )
