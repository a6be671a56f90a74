"""Choose what has the slots that ask a suite at once: a cluster, this machine's GPUs, or nothing but this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.api.cluster_runs import SlotSource


def slot_source(cluster: str | None, slots: str | int | None, gpus_per_slot: int | None) -> SlotSource | None:
    """Return what has the slots; None if there are to be none.

    Args:
        cluster: as `--cluster` has it.
        slots: ``auto``, or how many of this machine.
        gpus_per_slot: of either; None: 1.

    Raises:
        UserError: they do not go together, or the number is none.
    """
    from wattbench.api.cluster_runs import Cluster
    from wattbench.api.machine_slots import SlotsHere

    if cluster is not None and slots is not None:
        raise UserError("--slots asks on this machine and --cluster on others: leave one out")
    if cluster is not None:
        return Cluster(cluster, gpus_per_slot or 1)
    if slots is None:
        if gpus_per_slot is not None:
            raise UserError("--gpus-per-slot goes with --slots or --cluster")
        return None
    number = str(slots)
    if number != "auto" and not (number.isascii() and number.isdigit() and len(number) < 5 and int(number)):
        raise UserError(f"--slots {number!r:.40}: write auto, or how many slots there are to be")
    return SlotsHere(None if number == "auto" else int(number), gpus_per_slot or 1)
