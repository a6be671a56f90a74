"""`wattbench.metering`: the joules of a user's own code, measured and judged as those of a run are."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.api.narrowing import seconds_to_wait
from wattbench.api.session import machine_lock
from wattbench.config.third_party import meter_entries
from wattbench.errors import UserError
from wattbench.meters import Metering, choose, watch_here
from wattbench.progress.notices import stdout_to_stderr
from wattbench.quantities import quantity
from wattbench.records import Purpose, WindowLabel
from wattbench.records.files.atomic_write import failing_as
from wattbench.records.files.jsonl import Appender
from wattbench.terminal import printable

if TYPE_CHECKING:
    from wattbench.meters import Chosen
    from wattbench.records import WindowRow


@dataclass(frozen=True)
class ComponentEnergy:
    """The joules of one component in a window, and their provenance."""

    joules: float | None
    """None where its joules cannot be had, or the window is not valid."""
    provenance: str
    """``counter``, ``rapl``, ``integrated``, ``replayed`` or ``modelled``."""


class Window:
    """A span of time in which meters counted joules. Its figures can be read when its ``with`` block has ended.

    A window that is not valid has no joules: `joules` is None, and `reasons` says why.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._row: WindowRow | None = None

    @property
    def joules(self) -> float | None:
        """The energy of all measured components together, no joule twice; None where the window is not valid."""
        row = self._ended()
        return row.total_j if row.valid else None

    @property
    def seconds(self) -> float:
        """The length of the window in seconds."""
        return self._ended().duration_s

    @property
    def valid(self) -> bool:
        """Whether the joules of the window can be believed."""
        return self._ended().valid

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the window is not valid, or what a reader of a valid one should know, such as a component without a
        sensor."""
        return tuple(self._ended().reasons)

    @property
    def provenance(self) -> str:
        """The provenance of the joules, such as ``counter+modelled``; empty where the window has no joules."""
        row = self._ended()
        return row.provenance_label if row.valid else ""

    @property
    def components(self) -> Mapping[str, ComponentEnergy]:
        """Each component that was read: ``w.components["gpu0"].joules``. They may contain one another (`wall` contains
        all others): do not add them."""
        row = self._ended()
        return {
            component: ComponentEnergy(energy_j if row.valid else None, row.provenance[component])
            for component, energy_j in row.energy_j.items()
        }

    def end(self, row: WindowRow) -> None:
        """Set the judged figures; `wattbench.metering` calls it when the ``with`` block has ended."""
        self._row = row

    def _ended(self) -> WindowRow:
        if self._row is None:
            raise UserError(
                f"window {self.name!r:.80} has not ended: read its figures after the block of its `with` statement"
            )
        return self._row

    def __repr__(self) -> str:
        if self._row is None:
            return f"<window {self.name!r}: open>"
        took = quantity(self.seconds, "s")
        if self.joules is None:
            return printable(f"<window {self.name!r}: not valid, {took}: {'; '.join(self.reasons)}>")
        return f"<window {self.name!r}: {quantity(self.joules, 'J')} ({self.provenance}), {took}>"


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
