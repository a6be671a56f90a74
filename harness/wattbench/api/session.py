"""Prepare a measurement: take the locks of the machine, and choose the meters."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from wattbench.interrupts import noticed
from wattbench.machine.lock_holder import Waiting
from wattbench.machine.measuring_lock import measuring_lock
from wattbench.machine.power_limits.note import restore_left_limits
from wattbench.machine.shared_machine import SharedMachine
from wattbench.machine.slot import find_slot
from wattbench.meters import choose, choose_for, require_measured, unmeasured_systems
from wattbench.progress.notices import notice
from wattbench.redaction import hide
from wattbench.terminal import printable

if TYPE_CHECKING:
    from wattbench.config import Suite, SystemBase
    from wattbench.meters import Chosen


@contextlib.contextmanager
def sharing_machine(wait_s: float = 0.0, slot: str | None = None, *, metered: bool = True) -> Iterator[SharedMachine]:
    """Lock this machine for a run while it measures. Ctrl-C is noticed, and SIGTERM and SIGHUP are treated as Ctrl-C.

    Args:
        wait_s: how long to wait for another measurement to end; infinite: as long as it takes. 0: one that measures
            already is refused to be waited for.
        slot: the GPUs to have, as a user names them, while other slots have others; None: the whole machine. A slot is
            held all the while, as it decides which meters there are.
        metered: whether joules are measured. Without, nothing is held, and there is no wait.

    Raises:
        UserError: another process is measuring on this machine, or on the slot's GPUs; or there is no such slot.
    """
    set_back_left_limits()
    machine = SharedMachine()
    with noticed(), contextlib.ExitStack() as stack:
        if slot is not None and metered:
            stack.enter_context(machine_lock(wait_s, slot))
        else:
            if slot is not None:
                find_slot(slot).take()
            stack.enter_context(machine.shared(_waiting(wait_s), metered=metered))
        yield machine


@contextlib.contextmanager
def measuring_alone(wait_s: float = 0.0) -> Iterator[None]:
    """Hold the machine's lock from beginning to end, and notice interrupts as `sharing_machine` does.

    Raises:
        UserError: another process is measuring on this machine.
    """
    set_back_left_limits()
    with noticed(), machine_lock(wait_s):
        yield


def set_back_left_limits() -> None:
    """Set back the power limits of GPUs that a killed run left changed, and print it."""
    for said in restore_left_limits():
        notice(f"wattbench: {said}")


@contextlib.contextmanager
def machine_lock(wait_s: float = 0.0, slot: str | None = None) -> Iterator[None]:
    """Hold the locks of this machine, or of a slot: only one measurement at a time can count its energy.

    Args:
        wait_s: as of `sharing_machine`.
        slot: as well. This process then sees its GPUs alone.

    Raises:
        UserError: another process, or another measurement in this one, has it.
    """
    gpus = None if slot is None else find_slot(slot)
    if gpus is not None:
        gpus.take()
    with measuring_lock(_waiting(wait_s), gpus):
        yield


def _waiting(wait_s: float) -> Waiting:
    return Waiting(wait_s, notice, show=_show_line if sys.stderr.isatty() else None)


def _show_line(text: str) -> None:
    """Show a line on the terminal in place of the one before."""
    with contextlib.suppress(OSError):
        print(f"\r\x1b[K{printable(hide(text))}", end="", file=sys.stderr, flush=True)  # noqa: T201 - as `notice`


def meters_here(suite: Suite | None = None, systems: Mapping[str, SystemBase] | None = None) -> Chosen:
    """Choose the meters that a suite asks for on this machine; print the sensors that exist and cannot be read.

    Args:
        suite: that names them; None takes those of this machine.
        systems: that will be measured, by name; those that run on a machine which no meter reads are printed too.

    Raises:
        UserError: a meter that the suite names cannot measure anything here, or it requires more than can be measured.
    """
    chosen = choose() if suite is None else choose_for(suite)
    if suite is not None and not suite.measure.energy:
        return chosen
    if suite is not None and suite.measure.require_measured:
        require_measured(chosen, systems)
    for component in {sensor.component: None for sensor in chosen.unmeasured}:
        notice(f"wattbench: {component} cannot be measured; its joules will be missing (wattbench dev doctor)")
    for name, why in unmeasured_systems(chosen.provenance, systems or {}).items():
        notice(f"wattbench: the energy of {name} is {why}")
    return chosen
