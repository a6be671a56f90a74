"""Whether a system's figures may be believed: the judgement of its windows, gathered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from wattbench_reports.tables.run_tables import Frames


@dataclass(frozen=True)
class Validity:
    """What the measured windows of one system say about it."""

    system: str
    windows: int
    invalid: int
    reasons: tuple[tuple[str, int], ...]
    """Each reason of the invalid windows and how many of them it spoiled, commonest first."""
    contended: int = 0
    """Measured windows next to other work on the machine: their latencies are those of a busy machine."""
    imported: bool = False
    """Another tool made the figures, and holds no readings of power: there is no window."""

    @property
    def valid(self) -> bool:
        """Every measured window is valid, and there is one. What was imported is taken as it was declared."""
        return self.imported or (self.windows > 0 and self.invalid == 0)


def validity(frames: Frames) -> dict[str, Validity]:
    """Each system's validity, in the order of `frames.systems`."""
    return {name: _of_system(frames, name) for name in frames.systems}


def _of_system(frames: Frames, name: str) -> Validity:
    windows = frames.measured_windows(name)
    spoiled = windows[~windows["valid"].astype(bool)]
    reasons = Counter(str(reason) for row in spoiled["reasons"] for reason in (() if row is None else row))
    return Validity(
        name,
        len(windows),
        len(spoiled),
        tuple(reasons.most_common()),
        contended=int((windows["contended"] == 1).sum()),
        imported=frames.record.imported is not None and windows.empty,
    )
