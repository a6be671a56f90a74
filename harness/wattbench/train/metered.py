"""Measure the joules of a build, in windows like those of a run, which are kept across interruptions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from wattbench.meters import Metering, OpenWindow, recover_window
from wattbench.records import Purpose, WindowLabel, WindowRow
from wattbench.records.files.jsonl import Appender, read_lines
from wattbench.records.reader import read_rows


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
