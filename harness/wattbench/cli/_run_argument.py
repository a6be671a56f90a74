"""The argument RUN: the directory of a run, or a folder of runs, of which the newest finished one is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class RunPath(click.Path):
    """A path at which a run is. Which one was taken of a folder of runs is said on standard error."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the run's directory."""
        from wattbench.api.run_folder import find_run

        path: Any = super().convert(value, param, ctx)
        return find_run(path)
