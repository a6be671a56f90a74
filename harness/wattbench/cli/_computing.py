"""How commands run that only compute: with one thread of OpenBLAS, and a garbage collector that looks rarely."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

_THREADS = "OPENBLAS_NUM_THREADS"
_COLLECTED = (50_000, 20, 20)
"""Thresholds of the garbage collector. At its own it takes a twentieth of the time of a report, most of it looking at
modules and tables that stay."""


class ComputingCommand(click.Command):
    """Run a command that only computes with one thread of OpenBLAS, unless the user sets another number.

    A second one waits for the first more than it helps with sums as short as these, and where the machine has other
    work to do, or a container a share of many cores, it takes half as long again.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _one_thread(), _rare_collections():
            return super().invoke(ctx)


@contextmanager
def _one_thread() -> Iterator[None]:
    if _THREADS in os.environ:
        yield
        return
    os.environ[_THREADS] = "1"  # read when NumPy is imported, which is after this
    try:
        yield
    finally:
        del os.environ[_THREADS]


@contextmanager
def _rare_collections() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECTED)
    try:
        yield
    finally:
        gc.set_threshold(*before)
