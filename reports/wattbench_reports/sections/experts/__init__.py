"""Expert selection of a mixture: by domain, load balance, co-activation, and weights read."""

from __future__ import annotations

from wattbench_reports.analyses.experts import expert_use, recorded_choices, together, touched
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.sections.experts.co_activation import together_passage
from wattbench_reports.sections.experts.load_balance import use_passage
from wattbench_reports.sections.experts.weights_read import touched_passage
from wattbench_reports.sections.model import Passage, Section

_LEAD = (
    "A mixture of experts selects experts for every token. An expert made for a domain is not necessarily selected "
    "in that domain: routers often follow the wording rather than the topic. Recorded in a separate pass from the "
    "timed one."
)


def experts_section(analysis: Analysis) -> Section | None:
    """Make passages per mixture and one for all; None where no mixture's selections are recorded."""
    analysis = analysis.by_item
    mixtures = recorded_choices(analysis)
    if not mixtures:
        return None
    passages: list[Passage] = []
    for index, choices in enumerate(mixtures):
        passages += [
            use_passage(index, expert_use(choices)),
            together_passage(index, choices, together(choices)),
        ]
    passages.append(touched_passage(analysis, [(each, touched(analysis, each)) for each in mixtures]))
    return Section(
        "experts",
        "Experts",
        "Expert selection",
        _LEAD,
        tuple(passages),
        line="which experts are selected in which domain",
    )
