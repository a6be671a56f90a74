"""What commands that measure do around their work."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import click

from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.config import Suite
    from wattbench.meters import Chosen


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Libraries print; standard output is for what the command was asked for."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def measuring_alone() -> Iterator[None]:
    """Energy is device-wide: one run at a time on a machine. A polite kill is treated as Ctrl-C."""
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
        with kill_interrupts():
            yield
    finally:
        lock.release()


@contextlib.contextmanager
def kill_interrupts() -> Iterator[None]:
    """A polite kill is treated as Ctrl-C."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def meters_here(suite: Suite | None = None) -> Chosen:
    """The meters for this machine, as a suite asks for them; what is there and can't be read is said.

    Raises:
        UserError: one that the suite names cannot measure anything here, or it requires more than can be measured.
    """
    from wattbench.meters import choose, require_measured

    chosen = choose() if suite is None else choose(suite.meters)
    if suite is not None and suite.measure.require_measured:
        require_measured(chosen)
    for component in {sensor.component: None for sensor in chosen.unmeasured}:
        click.echo(
            f"wattbench: {component} cannot be measured; its joules will be missing (wattbench doctor)", err=True
        )
    return chosen
