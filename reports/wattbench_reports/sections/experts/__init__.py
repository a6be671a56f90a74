"""Expert selection of a mixture: by domain, load balance, co-activation, and weights read."""

from __future__ import annotations

from wattbench_reports.analyses.experts import expert_use, recorded_choices, together, touched
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.presenter.model import Passage, Section
from wattbench_reports.sections.experts.co_activation import together_figure, together_passage
from wattbench_reports.sections.experts.load_balance import shares_figure, use_passage
from wattbench_reports.sections.experts.weights_read import touched_passage

_LEAD = (
    "A mixture of experts selects experts for every token. An expert made for a domain is not necessarily selected "
    "in that domain: routers often follow the wording rather than the topic. Recorded in a separate pass from the "
    "timed one."
)


def experts_section(measured: Measured) -> Section | None:
    """Make passages per mixture and one for all; None where no mixture's selections are recorded."""
    measured = measured.by_item
    mixtures = recorded_choices(measured)
    if not mixtures:
        return None
    uses, pairs = [expert_use(each) for each in mixtures], [(each, together(each)) for each in mixtures]
    drawn = (shares_figure(uses), together_figure(pairs))
    passages = [Passage("", (), figure=figure) for figure in drawn if figure is not None]
    for use, of_mixture in zip(uses, pairs, strict=True):
        passages += [use_passage(use), together_passage(*of_mixture)]
    passages.append(touched_passage(measured, [(each, touched(measured, each)) for each in mixtures]))
    return Section(
        "experts",
        "Experts",
        "Expert selection",
        _LEAD,
        tuple(passages),
        line="which experts are selected in which domain",
    )
