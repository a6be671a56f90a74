"""Record the lines of every subject, each with the day and the versions that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.ground_truth.line import Line, Made

FIGURES = Path(__file__).with_name("figures.json")

Figures = Mapping[str, Made]
"""Subject to its lines."""


def as_json(figures: Figures) -> str:
    """Write figures as `read` reads them."""
    return json.dumps({name: asdict(made) for name, made in figures.items()}, indent=1, ensure_ascii=False) + "\n"


def read(path: Path = FIGURES) -> dict[str, Made]:
    """Read what was recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Made(made["made_utc"], made["versions"], tuple(Line(**line) for line in made["lines"]))
        for name, made in recorded.items()
    }
