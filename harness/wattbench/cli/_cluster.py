"""The options `--cluster`, `--slots` and `--gpus-per-slot` of every command that asks systems on several slots."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.api.cluster_runs import SlotSource


def cluster_options(command: Any) -> Any:
    """Add the options. The command gets them as `cluster`, a `wattbench.api.cluster_runs.SlotSource`; None without."""

    @functools.wraps(command)
    def with_cluster(
        *args: Any, cluster: str | None, slots: str | None, gpus_per_slot: int | None, **others: Any
    ) -> Any:
        return command(*args, cluster=_source(cluster, slots, gpus_per_slot), **others)

    with_options: Any = click.option(
        "--gpus-per-slot",
        type=click.IntRange(min=1),
        help="With --slots or --cluster: how many GPUs each slot has; default: 1.",
    )(with_cluster)
    with_options = click.option(
        "--slots",
        metavar="auto|N",
        help="Ask on N slots of this machine at once, each with an NVIDIA GPU of its own; auto: on all there are.",
    )(with_options)
    return click.option(
        "--cluster",
        metavar="ray[://HOST:PORT]",
        help="Ask on the nodes of a Ray cluster: ray is one that runs here, or else is started. On a node of another: "
        "HOST:PORT.",
    )(with_options)


def _source(cluster: str | None, slots: str | None, gpus_per_slot: int | None) -> SlotSource | None:
    """Return what has the slots.

    Raises:
        UserError: the options do not go together, or the number is none.
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
    if slots != "auto" and not (slots.isascii() and slots.isdigit() and len(slots) < 5 and int(slots)):
        raise UserError(f"--slots {slots!r:.40}: write auto, or how many slots there are to be")
    return SlotsHere(None if slots == "auto" else int(slots), gpus_per_slot or 1)
