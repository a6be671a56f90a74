"""Read the LLM inference traces of Azure: CSV with `TIMESTAMP,ContextTokens,GeneratedTokens`.

Source: AzureLLMInferenceDataset2023.md and -2024.md of github.com/Azure/AzurePublicDataset. Moments have seven decimals
in 2023, and a time zone in 2024. There are no users or conversations in it, on purpose.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from wattbench.traces.model import Stamped, TraceRows, check_number, clean, moment_ns, refuse, tokens

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
NO_SESSIONS = "Azure's traces have no users and no conversations"


def is_format(first: str) -> bool:
    """Return whether the first line is the heading of such a CSV, complete or nearly."""
    names = {name.strip().strip('"').casefold() for name in first.split(",")}
    return len(names & {name.casefold() for name in COLUMNS}) >= 2


def read(path: Path, text: str) -> TraceRows:
    """Read every row.

    Raises:
        UserError: a column is missing, or a row is wrong.
    """
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    stamped: list[Stamped] = []
    places: dict[str, int] = {}
    zoned: bool | None = None
    width = 0
    try:
        for cells in lines:
            row = lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not places:
                places, width = _places(path, row, cells), len(cells)
                continue
            if len(cells) != width:
                refuse(path, row, f"{len(cells)} values, and the heading names {width}")
            at_ns, states_zone = moment_ns(path, row, COLUMNS[0], cells[places[COLUMNS[0]]])
            if zoned is not None and zoned != states_zone:
                refuse(path, row, "TIMESTAMP has a time zone in some rows and none in others; write it in all")
            zoned = states_zone
            prompt, answer = (tokens(path, row, name, cells[places[name]].strip()) for name in COLUMNS[1:])
            stamped.append(Stamped(at_ns, row, prompt, answer))
            check_number(path, stamped)
    except csv.Error as error:
        refuse(path, lines.line_num, f"not valid CSV ({error})")
    return TraceRows("Azure LLM inference CSV", stamped, len(stamped), no_sessions=NO_SESSIONS)


def _places(path: Path, row: int, cells: list[str]) -> dict[str, int]:
    names = [cell.strip() for cell in cells]
    for name in COLUMNS:
        if names.count(name) != 1:
            how = "is missing" if name not in names else "is there twice"
            refuse(path, row, f"the column {name} {how}; the heading is {clean(','.join(names))!r}")
    return {name: names.index(name) for name in COLUMNS}
