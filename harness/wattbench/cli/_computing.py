"""How commands run that only compute: with one thread of OpenBLAS."""

from __future__ import annotations

import os
from typing import Any

import click

_THREADS = "OPENBLAS_NUM_THREADS"


class ComputingCommand(click.Command):
    """Run a command that only computes with one thread of OpenBLAS, unless the user sets another number.

    A second one waits for the first more than it helps with sums as short as these, and where the machine has other
    work to do, or a container a share of many cores, it takes half as long again.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        if _THREADS in os.environ:
            return super().invoke(ctx)
        os.environ[_THREADS] = "1"  # read when NumPy is imported, which is after this
        try:
            return super().invoke(ctx)
        finally:
            del os.environ[_THREADS]
