"""Read ``accuracy.txt``, in which the script of each benchmark prints its scores in a form of its own.

``{'rouge1': '38.4099', ...}``, ``accuracy=71.678%, good=35839``, ``Word Error Rate: 2.2155%`` are read; other lines are
the script's log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from wattbench.importers.files import read_lines
from wattbench.importers.stated import Stated

_NUMBER = r"(-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)"
PAIRS = (
    re.compile(rf"'([A-Za-z_][\w-]{{0,60}})':\s?'?{_NUMBER}()'?"),
    re.compile(rf"\b([A-Za-z_]\w{{0,60}})={_NUMBER}(?![\w.])(%?)"),
    re.compile(rf"^([A-Z][\w ]{{2,60}}): {_NUMBER}(?![\w.])(%?)"),
)
RIGHT = ("accuracy", "exact_match")
"""Scores that are the share of right answers, in percent."""


def add_scores(stated: Stated, system: str, path: Path) -> None:
    """Add every score of a file.

    Args:
        stated: where they go.
        system: whose they are.
        path: the file.
    """
    for where, name, value, sign in _scores(path):
        share = name in RIGHT
        stated.add(
            system,
            "accuracy" if share else name,
            "mean",
            float(value),
            source=name,
            where=where,
            scale=0.01 if share else 1.0,
            unit=sign,
        )


def _scores(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield the position, the name, the number and the sign for percent of each score."""
    for where, line in read_lines(path):
        for pattern in PAIRS:
            for matched in pattern.finditer(line[:100_000]):
                yield where, matched[1], matched[2], matched[3]
