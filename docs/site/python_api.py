"""The reference of the Python API: docstrings of every name that semantic versioning covers, and columns of frames."""

from __future__ import annotations

import wattbench
from docs.site import frame_columns

_HEAD = """# Python API

Generated from the docstrings, with the columns of every table. [Python](../python.md) shows the same names by example.
A figure that does not exist is missing. Columns that end in `_low` and `_high` are the bounds of a 95% interval; an
infinite bound is missing. Seconds named `started_s`, `finished_s` or `at_s` count from the Unix epoch.
"""

_OPTIONS = (
    ("wattbench.api.assumptions", "AssumptionOptions", "Arguments that restate a run"),
    ("wattbench.api.route", "RoutingSettings", "Further arguments of Run.route"),
)
"""Module and name of the keyword arguments that several functions take, and their heading."""


def page() -> str:
    """Return a page with a directive of mkdocstrings for each public name, functions first."""
    names = sorted(
        (name for name in wattbench.__all__ if not name.startswith("_")), key=lambda name: (name[0].isupper(), name)
    )
    directives = [_directive(wattbench._MODULES[name], name, f"wattbench.{name}") for name in names]
    directives += [_directive(module, name, heading) for module, name, heading in _OPTIONS]
    return "\n\n".join([_HEAD.rstrip(), *directives, *frame_columns.sections()]) + "\n"


def _directive(module: str, name: str, heading: str) -> str:
    return f"::: {module}.{name}\n    options:\n      heading: {heading}\n      toc_label: {name}"
