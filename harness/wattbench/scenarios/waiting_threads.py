"""Have the threads of a model sleep while they wait for each other, on a machine that does other work.

OpenMP's threads compute while they wait, as that is quicker on processors of their own. Where other work has the
processor of the thread that is waited for, all others compute in vain: on two processors next to two busy loops the
answers of a mixture of experts took 4 to 34 times as long (means of two blocks). With `OMP_WAIT_POLICY=passive` they
sleep (OpenMP API 5.2, chapter 21).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from wattbench.config import LocalModel, SystemBase
from wattbench.machine.busy import BusyNow, busy_now
from wattbench.machine.environment import WAIT_POLICY
from wattbench.measure.code_to_run import with_members
from wattbench.meters.contention.limits import LIMITS, Signal


def let_waiting_threads_sleep(
    systems: Mapping[str, SystemBase],
    environment: Mapping[str, Any] | None = None,
    look: Callable[[], BusyNow] = busy_now,
) -> str | None:
    """Let waiting threads sleep if this process has models and the machine is busy. To be called before PyTorch loads.

    A policy of the user's stays.

    Args:
        systems: of the run, by name.
        environment: of a run that is resumed, as its header has it: it goes on as it began. None: a new one.
        look: looks at the machine.

    Returns:
        What is to be said; None where nothing is changed.
    """
    loads = any(isinstance(config, LocalModel) for config in with_members(systems).values())
    if WAIT_POLICY in os.environ or "torch" in sys.modules or not loads or (os.cpu_count() or 1) < 2:
        return None
    if environment is not None:
        recorded = environment.get("variables")
        sleeps = isinstance(recorded, Mapping) and recorded.get(WAIT_POLICY) == "PASSIVE"
    else:
        sleeps = (look().share or 0.0) > LIMITS[Signal.FOREIGN_CPU].contended
    if not sleeps:
        return None
    os.environ[WAIT_POLICY] = "PASSIVE"
    return (
        f"the machine is busy: threads of models sleep while they wait for each other ({WAIT_POLICY}=PASSIVE), as the "
        "run could else take many times as long"
    )
