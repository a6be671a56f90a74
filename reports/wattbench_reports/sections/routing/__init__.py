"""Where hybrids sent their items, in words: what they lost by it, and what another choice would have given."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.analyses.routing import Studies, studies
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.sections.model import Passage, Section
from wattbench_reports.sections.routing.counterfactuals import choices_passage
from wattbench_reports.sections.routing.frontier import frontier_passage
from wattbench_reports.sections.routing.offline_routers import offline_passage
from wattbench_reports.sections.routing.routing_summary import sent_passage

_LEAD = (
    "A hybrid is worth its router where it sends each item to a member that answers it well, and where no single "
    "system does as well alone. The members' own answers to the same items in this run say what another choice would "
    "have given. A member's joules hold the idle draw of that model alone: what others draw that wait beside it in a "
    "hybrid is not in them, so that every choice but a hybrid as it ran is a little too cheap, and all in the same way."
)


def routing_section(analysis: Analysis) -> Section | None:
    """Passages for each hybrid, and one for the routers of a file; None where there are neither."""
    found = studies(analysis)
    if found is None:
        return None
    return Section("routing", "Routing", "Where the hybrids send their items", _LEAD, tuple(_passages(found, analysis)))


def _passages(found: Studies, analysis: Analysis) -> Iterable[Passage]:
    places = {name: place for place, name in enumerate(analysis.frames.systems)}
    for number, each in enumerate(found.hybrids):
        passages = (
            sent_passage(each, analysis, number),
            choices_passage(each),
            frontier_passage(each.frontier, found.quality, places, number),
        )
        yield from (passage for passage in passages if passage is not None)
    offline = offline_passage(found.offline)
    if offline is not None:
        yield offline
