"""Say at the start of a run what else runs on the machine, and refuse to start next to it where the suite says so."""

from __future__ import annotations

from typing import Literal

from wattbench.errors import UserError
from wattbench.machine.busy import BusyNow
from wattbench.meters.contention.limits import LIMITS, Signal
from wattbench.progress import Progress


def check_other_work(now: BusyNow, busy: Literal["retry", "mark", "refuse"], shown: Progress) -> None:
    """Show the other work on the machine, and refuse to start on a busy machine where the suite says so.

    Args:
        now: what else runs.
        busy: the suite's setting.
        shown: where it is said.

    Raises:
        UserError: the machine is busy, and the suite refuses that.
    """
    limit = LIMITS[Signal.FOREIGN_CPU].contended
    busier = now.share is not None and now.share > limit
    if busy == "refuse" and busier:
        raise UserError(
            f"{now.text}, and measure.busy is refuse (limit {limit:.0%}). Wait until the machine is free, or set busy: "
            "retry or mark"
        )
    shown.note(now.text, keep=busier)
