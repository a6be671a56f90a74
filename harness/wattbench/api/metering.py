"""`wattbench.metering`: the joules of a user's own code, measured and judged as those of a run are."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.api.metered_window import Window
from wattbench.api.narrowing import seconds_to_wait
from wattbench.api.session import machine_lock
from wattbench.config.third_party import meter_entries
from wattbench.meters import Metering, choose, watch_here
from wattbench.progress.notices import stdout_to_stderr
from wattbench.records import Purpose, WindowLabel
from wattbench.records.files.atomic_write import failing_as
from wattbench.records.files.jsonl import Appender

if TYPE_CHECKING:
    from wattbench.meters import Chosen
    from wattbench.records import WindowRow

WINDOWS_FILE = "windows.jsonl"
POWER_FILE = "power.csv"


@contextlib.contextmanager
def metering(
    meters: Sequence[str | dict[str, Any]] = ("auto",),
    *,
    record: str | os.PathLike[str] | None = None,
    wait: bool | float = False,
) -> Iterator[Meters]:
    """Open this machine's meters: ``with metering() as m, m.window("name") as w: ...``.

    One at a time on a machine, and never during a run: energy is counted for the whole machine, so that what else it
    does in a window is in the joules too. Opening takes up to a few seconds.

    Args:
        meters: which, as under ``meters:`` in a suite: ``["nvml", {"use": "rapl", "components": ["cpu"]}]``. By default
            what this machine has. Relative paths start at the working directory.
        record: a folder to which windows (`windows.jsonl`) and every reading (`power.csv`) are appended; None: nothing
            is written.
        wait: while another run measures on this machine, wait this many seconds at most; True: as long as it takes.

    Raises:
        UserError: a meter cannot measure anything here, there is no such meter, the record cannot be written, or
            another run is measuring on this machine.
    """
    entries = meter_entries(meters, Path.cwd())
    with machine_lock(seconds_to_wait(wait)), contextlib.ExitStack() as stack:
        with stdout_to_stderr():
            chosen = choose(entries)
            opened = stack.enter_context(Metering(chosen.meters, watch_here()))
        yield Meters(opened, chosen, None if record is None else stack.enter_context(_recording(opened, Path(record))))


class Meters:
    """Open meters, on which windows are measured. Made by `wattbench.metering`."""

    def __init__(self, metering: Metering, chosen: Chosen, record: Callable[[WindowRow], None] | None) -> None:
        self._metering, self._record = metering, record
        self._numbers = count(1)
        self._run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-metering-{secrets.token_hex(3)}"
        self.unmeasured: dict[str, str] = {
            sensor.component: sensor.why_not or "it cannot be read" for sensor in chosen.unmeasured
        }
        """Components that exist and cannot be measured here, and why. They are in no joules; every window says so."""

    @property
    def provenance(self) -> dict[str, str]:
        """Each component with the provenance of its joules, such as ``{"gpu0": "counter", "cpu": "modelled"}``."""
        return dict(self._metering.provenance)

    @property
    def shortest_window_s(self) -> float:
        """How long a window must last for these sensors, in seconds; a shorter one is not valid."""
        return self._metering.shortest_window_s

    @contextlib.contextmanager
    def window(self, name: str = "") -> Iterator[Window]:
        """Measure the block of code under ``with``. Its figures can be read when the block has ended.

        Windows may be nested, and open in several threads at once: each counts all that the machine draws while it is
        open, so that the joules of such windows must not be added. Opening one waits for the next step of a counter
        that advances in steps (about 0.1 s), which an outer window includes.

        Args:
            name: what it is called in messages and in the record.

        Raises:
            UserError: the record cannot be written.
        """
        label = WindowLabel(
            window=f"w{next(self._numbers):04d}", run=self._run, system=name, task=None, purpose=Purpose.MEASURED
        )
        window = Window(name)
        opened = self._metering.open(label)
        try:
            yield window
        except BaseException as error:
            failure = f"the code in it raised {type(error).__name__}"
            row = opened.close()
            self._end(window, replace(row, valid=False, reasons=[failure, *row.reasons]))
            raise
        self._end(window, opened.close())

    def _end(self, window: Window, row: WindowRow) -> None:
        unmeasured = [f"{component}: not measured ({why})" for component, why in self.unmeasured.items()]
        judged = replace(row, reasons=[*row.reasons, *unmeasured])
        window.end(judged)
        if self._record is not None:
            self._record(judged)

    def __repr__(self) -> str:
        sources = ", ".join(f"{component} ({how})" for component, how in self.provenance.items())
        return f"<meters of {sources or 'nothing'}>"


@contextlib.contextmanager
def _recording(metering: Metering, folder: Path) -> Iterator[Callable[[WindowRow], None]]:
    """Record readings in a folder, and yield a function that appends a window to the folder's file of windows."""
    path = folder / WINDOWS_FILE

    def append(row: WindowRow) -> None:
        with failing_as(path, "cannot be written"):
            lines.append(asdict(row))

    metering.trace_to(folder / POWER_FILE)
    with failing_as(path, "cannot be written"):
        lines = Appender(path)
    with contextlib.closing(lines):
        yield append
