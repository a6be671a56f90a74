"""Which experts a mixture asks: by domain, how evenly, together, and what that reads of its weights."""

from __future__ import annotations

from wattbench_reports.analyses.experts import expert_use, recorded_choices, together, touched
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.sections.experts.co_activation import together_passage
from wattbench_reports.sections.experts.load_balance import use_passage
from wattbench_reports.sections.experts.weights_read import touched_passage
from wattbench_reports.sections.model import Passage, Section

_LEAD = (
    "A mixture chooses experts for every token. Whether an expert that was made for a domain is asked in that domain "
    "is a question of its own: routers often go by the wording rather than by the topic. From a pass apart from the "
    "timed one."
)


def experts_section(analysis: Analysis) -> Section | None:
    """Passages for each mixture, and one for all of them; None where no mixture's choices are on record."""
    found = recorded_choices(analysis)
    if not found:
        return None
    passages: list[Passage] = []
    for place, choices in enumerate(found):
        passages += [
            use_passage(place, expert_use(choices)),
            together_passage(place, choices, together(choices)),
        ]
    passages.append(touched_passage(analysis, [(each, touched(analysis, each)) for each in found]))
    return Section("experts", "Experts", "Which experts are asked", _LEAD, tuple(passages))
