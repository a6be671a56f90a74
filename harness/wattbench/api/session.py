"""What surrounds every measurement: one at a time on a machine, standard output kept clean, the meters chosen."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wattbench.errors import UserError
from wattbench.interrupts import noticed

if TYPE_CHECKING:
    from wattbench.config import Suite
    from wattbench.meters import Chosen


def notice(text: str) -> None:
    """Print one line on standard error, where the progress of a run goes too."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - printing is what it is for


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Redirect what libraries print: standard output is for what was asked for."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def measuring_alone() -> Iterator[None]:
    """Hold the machine's lock during a run, notice every Ctrl-C, and treat SIGTERM as one.

    Raises:
        UserError: another process is measuring on this machine.
    """
    with machine_lock(), noticed():
        yield


@contextlib.contextmanager
def machine_lock() -> Iterator[None]:
    """Hold the lock that only one measurement on a machine can have: energy is counted for the whole device.

    Raises:
        UserError: another process, or another measurement in this one, has it.
    """
    import filelock

    from wattbench.systems.weights import cache_folder

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / "measuring.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise UserError(
            "another wattbench run is measuring on this machine. Energy is counted for the whole device, so two runs "
            "would bill each other; wait for it to end"
        ) from error
    try:
        yield
    finally:
        lock.release()


def meters_here(suite: Suite | None = None) -> Chosen:
    """Choose the meters that a suite asks for on this machine; print what exists and cannot be read.

    Raises:
        UserError: a meter that the suite names cannot measure anything here, or it requires more than can be measured.
    """
    from wattbench.meters import choose, require_measured

    chosen = choose() if suite is None else choose(suite.meters)
    if suite is not None and suite.measure.require_measured:
        require_measured(chosen)
    for component in {sensor.component: None for sensor in chosen.unmeasured}:
        notice(f"wattbench: {component} cannot be measured; its joules will be missing (wattbench doctor)")
    return chosen
