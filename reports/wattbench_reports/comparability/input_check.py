"""Check the data of a run before anything is concluded: which figures are present, missing, repeated, zero or constant.

A figure that is not recorded is missing, and a zero that no answered request can have is not recorded: an import takes
it so (`wattbench.importers.zeros`) and says how many there were, which are counted here as zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.common_items import overlaps
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.joules import JouleOwner, joule_owners
from wattbench_reports.tables.run_tables import Frames

FEWEST = 10
"""With at least this number of equal figures they are called constant: a few that are equal may be so by chance."""

PROMPT_TOKENS, OUTPUT_TOKENS, JOULES, SECONDS = "prompt_tokens", "output_tokens", "joules", "seconds"
"""The columns of a table of answers that are looked at, by the names that an import has for them."""


@dataclass(frozen=True)
class FigureCheck:
    """One figure of the answers of one system."""

    known: int
    """Answers that have it."""
    missing: int
    """Answers that do not, without `zeros` that were taken as not recorded."""
    zeros: int
    negative: int
    low: float | None
    """The least that is known. So `high`."""
    high: float | None

    @property
    def constant(self) -> bool:
        """Return whether at least `FEWEST` answers have the figure, all with one value that is not 0."""
        return self.known >= FEWEST and self.low == self.high != 0


@dataclass(frozen=True)
class SystemInput:
    """The data of one system."""

    system: str
    answers: int
    items: int
    """Distinct ones."""
    missing: int
    """Items that another system answered and this one did not."""
    score_low: float | None
    """None where no answer was scored. So `score_high`."""
    score_high: float | None
    figures: Mapping[str, FigureCheck]
    """By the names of columns above."""
    joules_of: JouleOwner
    domains: tuple[str, ...] = ()
    """Those of its run, in the order of the suite."""

    @property
    def repeated(self) -> int:
        """Return the number of answers that are not the first one of their item."""
        return self.answers - self.items

    @property
    def notable(self) -> bool:
        """Return whether something in the system's data is worth showing."""
        figures = self.figures
        some = any((each.missing > 0 and each.known) or each.negative for each in figures.values())
        never = [figures[name].zeros for name in (PROMPT_TOKENS, JOULES, SECONDS)]
        constant = any(figures[name].constant for name in (JOULES, SECONDS))
        return bool(self.missing or some or any(never) or constant or self.joules_of == JouleOwner.CLIENT)


@dataclass(frozen=True)
class InputCheck:
    """The data of all systems that are compared."""

    items: int
    """Distinct items that any system answered."""
    common: int
    """Items that all systems answered."""
    systems: tuple[SystemInput, ...]
    pairs: tuple[tuple[str, str, int], ...]
    """Each two systems that do not have all items in common, and how many they have."""

    @property
    def notable(self) -> bool:
        """Return whether something in the data of any system is worth showing."""
        return any(each.notable for each in self.systems)


def system_inputs(frames: Frames) -> dict[str, SystemInput]:
    """Check the recorded answers of each system, without comparing them with those of other systems.

    Args:
        frames: the run. Of a run on unlike machines those of all of them.
    """
    imported = frames.record.imported
    owners = joule_owners(frames)
    taken = {} if imported is None else {(each.system, each.column): each.answers for each in imported.zeros}
    prompt_tokens = frames.further("prompt_tokens")
    domains = tuple(frames.categories("domain"))
    inputs = {}
    for name in frames.systems:
        rows = frames.answers_of(name)
        scores = frames.figures("score", rows)
        columns = {
            PROMPT_TOKENS: prompt_tokens(rows),
            OUTPUT_TOKENS: frames.figures("output_tokens", rows),
            JOULES: frames.figures("energy_j", rows),
            SECONDS: frames.seconds(rows),
        }
        inputs[name] = SystemInput(
            system=name,
            answers=len(scores),
            items=0,
            missing=0,
            score_low=_least(scores),
            score_high=_least(-scores, -1.0),
            figures={key: _figure(values, taken.get((name, key), 0)) for key, values in columns.items()},
            joules_of=owners[name],
            domains=domains,
        )
    return inputs


def input_check(inputs: Mapping[str, SystemInput], prints: Mapping[str, Fingerprint]) -> InputCheck:
    """Combine the checks of all systems, with the items that they have in common.

    Args:
        inputs: name to what `system_inputs` returned for it, of any runs.
        prints: name to fingerprint.
    """
    shared = overlaps(prints)
    every, common = _items_of(list(prints.values()))
    items = dict(zip(shared.names, shared.items.tolist(), strict=True))
    pairs = [
        (one, other, int(shared.common[position, position + 1 + after]))
        for position, one in enumerate(shared.names)
        for after, other in enumerate(shared.names[position + 1 :])
    ]
    systems = tuple(
        replace(each, system=name, items=items[name], missing=every - items[name]) for name, each in inputs.items()
    )
    apart = tuple(pair for pair in pairs if pair[2] < max(items[pair[0]], items[pair[1]]))
    return InputCheck(every, common, systems, apart)


def _items_of(prints: Sequence[Fingerprint]) -> tuple[int, int]:
    """Count the items that any system answered, and the items that all systems answered."""
    every = common = 0
    for task in dict.fromkeys(task for each in prints for task in each.by_task):
        holders = [each.by_task[task] for each in prints if task in each.by_task]
        distinct = {id(each.answered): each.items for each in holders}
        items, times = np.unique(np.concatenate(list(distinct.values())), return_counts=True)
        every += len(items)
        common += int((times == len(distinct)).sum()) if len(holders) == len(prints) else 0
    return every, common


def _figure(values: NDArray[np.float64], taken: int) -> FigureCheck:
    known = values[~np.isnan(values)]
    return FigureCheck(
        known=len(known),
        missing=len(values) - len(known) - taken,
        zeros=int((known == 0).sum()) + taken,
        negative=int((known < 0).sum()),
        low=_least(known),
        high=_least(-known, -1.0),
    )


def _least(values: NDArray[np.float64], sign: float = 1.0) -> float | None:
    known = values[~np.isnan(values)]
    return sign * float(known.min()) if len(known) else None
