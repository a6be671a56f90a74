"""Record the outcomes of the kills."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.kills.kill import Kill

FIGURES = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Figures:
    """All kills of one run of `python -m benchmarks.kills`."""

    seed: int
    """Of the random moments."""
    kills: tuple[Kill, ...]


def as_json(figures: Figures) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> Figures:
    """Read the recorded figures."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    kills = (Kill(**each | {"problems": tuple(each["problems"])}) for each in recorded["kills"])
    return Figures(recorded["seed"], tuple(kills))


def merged(before: Figures | None, now: Figures) -> Figures:
    """Return the earlier figures with those of some commands replaced."""
    if before is None:
        return now
    made = {each.subject for each in now.kills}
    names = dict.fromkeys(each.subject for each in (*before.kills, *now.kills))
    kills = [each for each in before.kills if each.subject not in made] + [*now.kills]
    return Figures(now.seed, tuple(each for name in names for each in kills if each.subject == name))
