"""Put a decision into words, for every format, with the one caveat that limits it the most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.decide_systems import decide
from wattbench_reports.decision.grid_figures import GridFigures, grid_figures
from wattbench_reports.decision.model import Decision
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.presenter.model import Table
from wattbench_reports.tables.provenance import joined
from wattbench_reports.wording.arrival_rates import title
from wattbench_reports.wording.decision.advice import advice, taking_part
from wattbench_reports.wording.decision.evidence import evidence
from wattbench_reports.wording.decision.not_asked import dropped_line
from wattbench_reports.wording.decision.phrases import ASK, PHRASES
from wattbench_reports.wording.decision.table import decision_table


@dataclass(frozen=True)
class DecisionWords:
    """A decision in words."""

    decision: Decision
    advice: str
    """One sentence."""
    evidence: tuple[str, ...]
    table: Table
    """A row per system, in the order of the decision."""
    caveat: Caveat | None
    """The one that matters most."""
    grids: tuple[GridFigures, ...] = ()
    """Those of the run, in the order of its suite."""
    dropped: bool = False
    """Whether the run dropped systems, which are not in the decision."""


def decided(
    measured: Measured, paid: Paid, weighed: Weighed, comparison: Comparison, *, ask: str = ASK
) -> DecisionWords:
    """Decide which system of a run to run, and put it into words, with the grids of the run.

    Args:
        measured, paid, weighed, comparison: of the run.
        ask: as in `decision_words`.
    """
    decision = decide(measured, paid, weighed)
    words = decision_words(decision, measured, comparison, ask=ask)
    return replace(words, grids=grid_figures(measured, weighed, comparison.dropped, decision))


def decision_words(decision: Decision, measured: Measured, comparison: Comparison, *, ask: str = ASK) -> DecisionWords:
    """Put a decision into words.

    Args:
        decision: from `wattbench_reports.decision.decide`.
        measured, comparison: what it was made from.
        ask: what the reader can do where nothing is required, as a clause.
    """
    dropped = comparison.dropped
    provenance = joule_provenance(decision, measured)
    said = advice(decision, {}, provenance=provenance, dropped=dropped is not None)
    lines = () if dropped is None else (dropped_line(dropped),)
    sentences = (*_at_rate(measured), *lines, *evidence(decision, ask))
    caveat = main_caveat(comparison, decision)
    return DecisionWords(decision, said, sentences, decision_table(decision), caveat, dropped=dropped is not None)


def _at_rate(measured: Measured) -> Iterator[str]:
    """Say at which of several offered rates the decision is made."""
    load = measured.load
    if load is not None and len(load.rates) > 1:
        yield PHRASES["at_rate"].format(rate=title(load.compared))


def joule_provenance(decision: Decision, measured: Measured) -> str:
    """Return the provenance of the joules that a decision compares; empty where it is about money."""
    if decision.unit is CostUnit.MONEY:
        return ""
    costed = [each.system for each in taking_part(decision) if each.cost_per_request is not None]
    return joined(measured.systems[name].provenance for name in costed)


FIRST = (
    "dropped-otherwise",
    "judges-opinion",
    "other-judges",
    "labels-as-given",
    "people-disagree",
    "unread-answers",
    "strict-scoring",
    "scored-here",
    "cut-replies",
    "mixed-provenance",
    "few-in-common",
    "different-documents",
    "trials",
    "equal-texts",
    "no-items",
    "not-scored",
    "shard",
    "stopped",
    "not-held",
    "client-late",
    "held-here",
    "different-tasks",
    "different-device",
    "invalid-windows",
    "no-windows",
    "busy-machine",
    "no-energy",
    "modelled-energy",
    "partly-modelled-energy",
    "failed-requests",
    "rescored",
    "unmetered-items",
    "imported",
    "not-timed",
    "no-intensity",
    "hours-missing",
    "none-correct",
    "few-requests",
)
"""Codes of caveats, those first that can change which system is advised."""

MINOR = frozenset({"yardstick", "one-load"})
"""Codes of caveats that change nothing about the choice."""


OF_JOULES = frozenset({"mixed-provenance", "no-energy", "modelled-energy", "partly-modelled-energy", "unmetered-items"})
"""Codes of caveats that change little where costs are money."""


def main_caveat(comparison: Comparison, decision: Decision | None = None) -> Caveat | None:
    """Return the caveat that matters most for the choice of a system; None where none does.

    Args:
        comparison: of a run.
        decision: made from it; where its costs are money, caveats on joules count less.
    """
    in_money = decision is not None and decision.unit is CostUnit.MONEY
    minor = MINOR | OF_JOULES if in_money else MINOR
    weighty = [each for each in comparison.caveats if each.code not in minor]
    order = {code: number for number, code in enumerate(FIRST)}
    return min(weighty, key=lambda each: order.get(each.code, len(FIRST)), default=None)
