"""Routing decisions of hybrids: their losses, and what other choices would have given."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.analyses.hybrids import Studies, prediction_checks, studies
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.sections.hybrids.counterfactuals import choices_passage
from wattbench_reports.sections.hybrids.frontier import frontier_passage
from wattbench_reports.sections.hybrids.offline_routers import offline_passage
from wattbench_reports.sections.hybrids.predictions import prediction_passage
from wattbench_reports.sections.hybrids.routing_summary import sent_figure, sent_passage
from wattbench_reports.sections.model import Passage, Section

_LEAD = (
    "A hybrid is worth its router if it sends items to members that answer them well, and if no single system does "
    "as well. The members' own answers to the same items in this run show what other choices would have given. A "
    "member's joules include the idle draw of that model only, not that of the other resident members of a hybrid: "
    "every choice except the live hybrid is slightly too cheap, by the same effect."
)


def hybrids_section(analysis: Analysis) -> Section | None:
    """Make passages per hybrid, and one for the routers of a file; None where there are neither."""
    all_studies = studies(analysis)
    if all_studies is None:
        return None
    return Section(
        "routing",
        "Routing",
        "Routing decisions of the hybrids",
        _LEAD,
        tuple(_passages(all_studies, analysis)),
        line="what routers chose, and what other choices would have given",
    )


def _passages(all_studies: Studies, analysis: Analysis) -> Iterable[Passage]:
    places = {name: index for index, name in enumerate(analysis.frames.systems)}
    checks = {check.hybrid: check for check in prediction_checks(analysis)}
    currency = "" if analysis.money is None else analysis.money.currency
    if all_studies.hybrids:
        yield Passage("", (), figure=sent_figure(all_studies.hybrids))
    for number, each in enumerate(all_studies.hybrids):
        check = checks.get(each.routing.system)
        passages = (
            sent_passage(each, analysis),
            None if check is None else prediction_passage(check, currency),
            choices_passage(each, analysis.money),
            frontier_passage(each.frontier, all_studies.quality, places, number),
        )
        yield from (passage for passage in passages if passage is not None)
    offline = offline_passage(all_studies.offline)
    if offline is not None:
        yield offline
