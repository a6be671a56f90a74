"""Find result files that other tools made, which are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "WATTBENCH_OTHERS_DATA"
"""Names a folder with ``aiperf/``, ``guidellm/`` and others; tests that need it are skipped without it."""


def others(*parts: str) -> Path:
    """Return the path of a file or a folder of another tool; skip the test if it is not there."""
    root = os.environ.get(VARIABLE)
    if not root:
        pytest.skip(f"set {VARIABLE} to a folder of other tools' result files")
    path = Path(root).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path
