"""The options `--cluster`, `--slots` and `--gpus-per-slot` of every command that asks systems on several slots."""

from __future__ import annotations

import functools
from typing import Any

import click


def cluster_options(command: Any) -> Any:
    """Add the options. The command gets them as `cluster`, a `wattbench.api.cluster_runs.SlotSource`; None without."""

    @functools.wraps(command)
    def with_cluster(
        *args: Any, cluster: str | None, slots: str | None, gpus_per_slot: int | None, **others: Any
    ) -> Any:
        from wattbench.api.slot_source import slot_source

        return command(*args, cluster=slot_source(cluster, slots, gpus_per_slot), **others)

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
