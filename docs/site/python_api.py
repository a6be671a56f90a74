"""The reference of the Python API: the docstrings of every name that semantic versioning covers, for mkdocstrings."""

from __future__ import annotations

import wattbench

_HEAD = """# Python API

Generated from the docstrings. [Python](../python.md) explains the same names with examples, and the columns
of every table.
"""


def page() -> str:
    """Return a page with a directive of mkdocstrings for each public name, functions first."""
    names = sorted(
        (name for name in wattbench.__all__ if not name.startswith("_")), key=lambda name: (name[0].isupper(), name)
    )
    return "\n\n".join([_HEAD.rstrip(), *(_directive(name) for name in names)]) + "\n"


def _directive(name: str) -> str:
    module = wattbench._MODULES[name]
    return f"::: {module}.{name}\n    options:\n      heading: wattbench.{name}\n      toc_label: {name}"
