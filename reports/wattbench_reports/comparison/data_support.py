"""Say what the data of some runs can support: items, pairs, and which figures are there for which systems.

A figure that is not recorded is missing, never zero. For each the answers that have it are counted, by system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from wattbench.records.schema.header import ImportedColumn
from wattbench_reports.comparability.input_check import JOULES, OUTPUT_TOKENS, SECONDS, InputCheck
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.tables.header_record import HeaderRecord


class Supported(Enum):
    """What may be recorded of an answer, or follows from what is."""

    ACCURACY = "accuracy"
    LATENCY = "latency"
    TOKENS = "tokens"
    JOULES = "joules"
    MONEY = "money"
    CO2 = "CO2e"


class DataOrigin(Enum):
    """Where the answers come from, which says how a missing figure is brought."""

    MEASURED = "measured"
    """By wattbench."""
    TABLE = "table"
    TOOL = "tool"
    """Another tool's results."""
    SEVERAL = "several"


@dataclass(frozen=True)
class SupportedBy:
    """How many answers of each system have one quantity."""

    quantity: Supported
    known: Mapping[str, int]
    """By system, in the order of the comparison; 0: missing."""
    unit: str = ""
    """The currency of money, the provenance of joules; empty: it needs none."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the systems of which no answer has it."""
        return tuple(system for system, answers in self.known.items() if not answers)

    @property
    def recorded(self) -> bool:
        """Return whether any answer has it."""
        return any(self.known.values())


@dataclass(frozen=True)
class DataSupport:
    """What the data can support."""

    check: InputCheck
    """Items, those that all systems answered, and answers by system."""
    domains: tuple[str, ...]
    blocks: int
    """The fewest of any system; intervals hold time only with two or more."""
    quantities: tuple[SupportedBy, ...]
    origin: DataOrigin
    columns: tuple[ImportedColumn, ...]
    """Of tables: which column was read as what, and which was not read."""
    lacking_labels: int = 0
    """Labels that lack where a judge's opinion is all that there is of answers; 0 anywhere else."""

    @property
    def unpaired(self) -> bool:
        """Return whether there are systems to compare, and no two of them answered an item in common."""
        systems = len(self.check.systems)
        apart = [common for _, _, common in self.check.pairs]
        return systems > 1 and len(apart) == systems * (systems - 1) // 2 and not any(apart)

    def of(self, quantity: Supported) -> SupportedBy:
        """Return what is known of a quantity."""
        return next(each for each in self.quantities if each.quantity is quantity)

    def as_data(self) -> dict[str, object]:
        """Return the support as plain data: ``{items, common, answers: {system: n}, domains, blocks, origin,
        quantities: {name: {unit, known: {system: n}, missing: [system]}}, columns}``."""
        return {
            "items": self.check.items,
            "common": self.check.common,
            "answers": {each.system: each.answers for each in self.check.systems},
            "domains": list(self.domains),
            "blocks": self.blocks,
            "origin": self.origin.value,
            "quantities": {
                each.quantity.value: {"unit": each.unit, "known": dict(each.known), "missing": list(each.missing)}
                for each in self.quantities
            },
            "columns": [each.model_dump() for each in self.columns],
        }


def data_support(comparison: Comparison, headers: Sequence[HeaderRecord]) -> DataSupport | None:
    """Return what the data of some compared runs can support. None without answers.

    Args:
        comparison: of the runs.
        headers: theirs.
    """
    check = comparison.data
    if check is None:
        return None
    answers = {each.system: each.answers for each in check.systems}
    figures = {each.system: each.figures for each in check.systems}
    known = {
        Supported.ACCURACY: {
            name: number if scored else 0
            for name, number, scored in (
                (each.system, each.answers, each.score_low is not None) for each in check.systems
            )
        },
        Supported.LATENCY: {name: each[SECONDS].known for name, each in figures.items()},
        Supported.TOKENS: {name: each[OUTPUT_TOKENS].known for name, each in figures.items()},
        Supported.JOULES: {name: each[JOULES].known for name, each in figures.items()},
        Supported.MONEY: _all_or_none(answers, comparison, "cost_per_request"),
        Supported.CO2: _all_or_none(answers, comparison, "co2_g_per_1000"),
    }
    units = {
        Supported.JOULES: _joined(each.energy_provenance for each in comparison.systems),
        Supported.MONEY: _joined(each.cost_currency or "" for each in comparison.systems),
    }
    judged = comparison.judged
    imported = [each.imported for each in headers if each.imported is not None]
    return DataSupport(
        check=check,
        domains=tuple(dict.fromkeys(domain for each in check.systems for domain in each.domains)),
        blocks=min((each.blocks for each in comparison.systems), default=1),
        quantities=tuple(SupportedBy(each, known[each], units.get(each, "")) for each in Supported),
        origin=_origin(headers),
        columns=tuple(column for each in imported for column in each.columns),
        lacking_labels=0 if judged is None or not judged.nothing_scored else judged.lacking_labels,
    )


def _origin(headers: Iterable[HeaderRecord]) -> DataOrigin:
    origins = {
        DataOrigin.MEASURED
        if each.imported is None
        else DataOrigin.TABLE
        if each.imported.source == "table"
        else DataOrigin.TOOL
        for each in headers
    }
    return origins.pop() if len(origins) == 1 else DataOrigin.SEVERAL


def _all_or_none(answers: Mapping[str, int], comparison: Comparison, figure: str) -> dict[str, int]:
    """Return all answers of a system where a figure of it is known, which is known of all of them or of none."""
    known = {each.system for each in comparison.systems if getattr(each, figure) is not None}
    return {name: number if name in known else 0 for name, number in answers.items()}


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))
