"""The columns of the frames of a run: types from the code, meanings from `frame_columns.csv`."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from wattbench_reports.export.frames import (
    calls_frame,
    items_frame,
    judged_frame,
    machines_frame,
    power_frame,
    systems_frame,
    windows_frame,
)

FRAMES: Mapping[str, Mapping[str, str]] = {
    "systems": systems_frame.TYPES,
    "items": items_frame.COLUMNS,
    "windows": windows_frame.COLUMNS,
    "calls": calls_frame.COLUMNS,
    "machines": machines_frame.COLUMNS,
    "power": power_frame.COLUMNS,
    "judged": judged_frame.COLUMNS,
}
"""The method of a run that returns a frame, to the types of its columns."""


def meanings() -> dict[tuple[str, str], str]:
    """Return what a column means, by frame and name."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return {(row["frame"], row["column"]): row["meaning"] for row in csv.DictReader(file)}


def sections() -> list[str]:
    """Return a section with a table for each frame."""
    found = meanings()
    head = ["", "| column | dtype | meaning |", "| --- | --- | --- |"]
    return [
        "\n".join(
            [
                f"## Columns of `{frame}()`",
                *head,
                *(f"| `{name}` | {kind} | {found[frame, name]} |" for name, kind in columns.items()),
            ]
        )
        for frame, columns in FRAMES.items()
    ]
