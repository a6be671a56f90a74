"""Whether a system's figures may be believed: the judgement of its windows, gathered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from wattbench_reports.formatting.units import plural
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

    @property
    def marks(self) -> str:
        """Count the windows that are not valid, and those that were contended; empty where none are."""
        parts = ((self.invalid, "not valid"), (self.contended, "contended"))
        return ", ".join(f"{count} of {plural(self.windows, 'window')} {what}" for count, what in parts if count)


def validity(frames: Frames) -> dict[str, Validity]:
    """Each system's validity, in the order of `frames.systems`."""
    windows = frames.windows
    metered = frames.record.suite.measure.energy  # else no joules are claimed, and none can be wrong
    valid = [each or not metered for each in windows["valid"].astype(bool).tolist()]
    contended = (windows["contended"] == 1).tolist()
    reasons = windows["reasons"].tolist()

    def of_system(name: str) -> Validity:
        rows = frames.measured_rows(name)
        spoiled = [row for row in rows if not valid[row]]
        counted = Counter(str(reason) for row in spoiled if reasons[row] is not None for reason in reasons[row])
        return Validity(
            name,
            len(rows),
            len(spoiled),
            tuple(counted.most_common()),
            contended=sum(contended[row] for row in rows),
            imported=frames.record.imported is not None and not rows,
        )

    return {name: of_system(name) for name in frames.systems}
