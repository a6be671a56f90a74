"""Judge whether a system's figures may be believed, from the judgements of its windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.units import plural
from wattbench_reports.tables.run_tables import Frames

_CAUSES = (
    (
        "sensors that contradict each other",
        (
            "sensors contradict each other",
            " cannot be true",
            " seem to be swapped",
            " with nothing asked: one of the two is wrong",
            ", which is not measured",
        ),
    ),
    (
        "other work on this machine",
        ("the machine was busy: ", "what else the machine did meanwhile is not known", ": foreign process "),
    ),
    ("throttled", ("throttled", "power-capped")),
    ("interrupted", ("interrupted; ",)),
    ("no meter was read", ("nothing was measured: ", "not measured: ", "no meter could be read")),
    ("too short", ("lasted ", " is too short for a sensor ", " are too few for an integral ")),
)
"""Causes, the most telling first, and what the reasons on record that name them hold: see `wattbench.meters`."""
_OF_A_METER = "readings of a meter"


@dataclass(frozen=True)
class Validity:
    """The measured windows of one system: how many are valid, and why others are not."""

    system: str
    windows: int
    invalid: int
    causes: tuple[tuple[str, int], ...]
    """Each cause of invalid windows and the number of windows that it spoiled, commonest first."""
    contended: int = 0
    """Measured windows next to other work on the machine: their latencies are those of a busy machine."""
    imported: bool = False
    """Another tool made the figures, and holds no readings of power: there is no window."""

    @property
    def valid(self) -> bool:
        """Return whether there is a measured window, and all are valid. Imports are taken as declared."""
        return self.imported or (self.windows > 0 and self.invalid == 0)

    @property
    def marks(self) -> str:
        """Say how many windows are not valid and how many were contended; empty without such windows."""
        parts = ((self.invalid, "not valid"), (self.contended, "contended"))
        return ", ".join(f"{count} of {plural(self.windows, 'window')} {what}" for count, what in parts if count)


def cause_of(reasons: Sequence[str]) -> str:
    """Return what spoiled a window, by the reasons on its record: one cause, the most telling."""
    for cause, parts in _CAUSES:
        if any(part in reason for reason in reasons for part in parts):
            return cause
    return _OF_A_METER if reasons else "not recorded"


def by_cause(judged: Iterable[Validity]) -> str:
    """Count the invalid windows of some systems by cause: ``other work on this machine: 24, too short: 4``."""
    counted: Counter[str] = Counter()
    for each in judged:
        counted.update(dict(each.causes))
    return ", ".join(f"{cause}: {count}" for cause, count in counted.most_common())


def validity(frames: Frames) -> dict[str, Validity]:
    """Return each system's validity, in the order of `frames.systems`."""
    windows = frames.windows
    metered = frames.record.suite.measure.energy  # else no joules are claimed, and none can be wrong
    valid = [each or not metered for each in windows["valid"].astype(bool).tolist()]
    contended = (windows["contended"] == 1).tolist()
    reasons = windows["reasons"].tolist()

    def of_system(name: str) -> Validity:
        rows = frames.measured_rows(name)
        spoiled = [row for row in rows if not valid[row]]
        counted = Counter(
            cause_of([] if reasons[row] is None else [str(each) for each in reasons[row]]) for row in spoiled
        )
        return Validity(
            name,
            len(rows),
            len(spoiled),
            tuple(counted.most_common()),
            contended=sum(contended[row] for row in rows),
            imported=frames.record.imported is not None and not rows,
        )

    return {name: of_system(name) for name in frames.systems}
