"""Check, before anything is loaded, that the power limits of a suite can be set on this machine."""

from __future__ import annotations

from wattbench.config import Resolved, power_limit_of
from wattbench.errors import MissingHereError, UserError
from wattbench.machine.power_limits.gpu_limits import why_not_limited


def limits_of(resolved: Resolved) -> dict[str, float]:
    """Return the power limit of each system that has one, in watts."""
    limits = {name: power_limit_of(config) for name, config in resolved.with_judges.items()}
    return {name: limit_w for name, limit_w in limits.items() if limit_w is not None}


def check_power_limits(resolved: Resolved, *, tries: bool) -> None:
    """Check that the GPUs of this machine can be limited as the systems of a suite ask for.

    Args:
        resolved: the suite.
        tries: set each limit to what it is, which shows whether this process may.

    Raises:
        UserError: the suite measures no joules: it locks no machine, and would limit GPUs that others use.
        MissingHereError: there is no such GPU, a limit is not one of its, or this process may not set it.
    """
    limits = limits_of(resolved)
    if not limits:
        return
    if not resolved.suite.measure.energy:
        raise UserError(
            f"{resolved.path}: power_limit_w of {', '.join(limits)}: with energy: off no lock of the machine is held, "
            "and other runs would be limited as well; measure joules, or leave power_limit_w out"
        )
    why = why_not_limited(limits.values(), tries=tries)
    if why is not None:
        who = ", ".join(limits)
        raise MissingHereError(
            f"{resolved.path}: power_limit_w of {who}: {why}. Leave power_limit_w out, or change that: "
            "wattbench dev doctor shows which limits can be set, and only root may set them (sudo)",
            f"a power limit that can be set: {why}",
        )
