"""The options `--cluster` and `--gpus-per-slot` of every command that asks systems on several machines."""

from __future__ import annotations

import functools
from typing import Any

import click

from wattbench.errors import UserError


def cluster_options(command: Any) -> Any:
    """Add the options. The command gets them as `cluster`, a `wattbench.api.cluster_runs.Cluster`; None without."""

    @functools.wraps(command)
    def with_cluster(*args: Any, cluster: str | None, gpus_per_slot: int | None, **others: Any) -> Any:
        from wattbench.api.cluster_runs import Cluster

        if cluster is None and gpus_per_slot is not None:
            raise UserError("--gpus-per-slot goes with --cluster")
        return command(*args, cluster=None if cluster is None else Cluster(cluster, gpus_per_slot or 1), **others)

    with_options: Any = click.option(
        "--gpus-per-slot", type=click.IntRange(min=1), help="With --cluster: how many GPUs each slot has; default: 1."
    )(with_cluster)
    return click.option(
        "--cluster",
        metavar="ray[://HOST:PORT]",
        help="Ask on the nodes of a Ray cluster: ray is one that runs here, or else is started. On a node of another: "
        "HOST:PORT.",
    )(with_options)
