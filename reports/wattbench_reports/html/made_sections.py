"""Make the sections of the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.gate.result import GateResult
from wattbench_reports.html.whatif import WHAT_IF, what_if_section
from wattbench_reports.presenter.content import with_content
from wattbench_reports.presenter.model import Section
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.sections.arrival_rates import load_section
from wattbench_reports.sections.carbon import carbon_section
from wattbench_reports.sections.comparison import comparison_section
from wattbench_reports.sections.disagreements import items_section
from wattbench_reports.sections.distillation import distillation_section
from wattbench_reports.sections.domains import domains_section
from wattbench_reports.sections.energy import energy_section
from wattbench_reports.sections.environment import environment_section
from wattbench_reports.sections.estimated import estimated_section
from wattbench_reports.sections.experts import experts_section
from wattbench_reports.sections.gate import gate_section
from wattbench_reports.sections.latency import latency_section
from wattbench_reports.sections.lifecycle.lifecycle import lifecycle_section
from wattbench_reports.sections.machines import machines_section
from wattbench_reports.sections.power import power_section
from wattbench_reports.sections.routing import routing_section
from wattbench_reports.sections.stated import stated_section
from wattbench_reports.sections.systems import systems_section
from wattbench_reports.sections.tradeoff import tradeoff_section
from wattbench_reports.sections.validity import validity_section
from wattbench_reports.sections.wrong_answers import wrong_section

Panel = Callable[[Analysis], Section | None]
"""Makes a section; None where a run has nothing for it."""


def panels(study: RoutingStudy | str, gate: GateResult | None = None) -> tuple[Panel, ...]:
    """List the sections in the order of the page: a gate's before the verdict on which system to run, others after
    it."""
    return (
        gate_section if gate is None else lambda analysis: gate_section(analysis, gate),
        what_if_section,
        comparison_section,
        tradeoff_section,
        domains_section,
        partial(routing_section, study=study),
        experts_section,
        distillation_section,
        lifecycle_section,
        load_section,
        latency_section,
        energy_section,
        power_section,
        carbon_section,
        estimated_section,
        systems_section,
        stated_section,
        items_section,
        wrong_section,
        machines_section,
        validity_section,
        environment_section,
    )


def page_sections(analysis: Analysis, study: RoutingStudy | str, gate: GateResult | None = None) -> list[Section]:
    """Make the sections of the page, in its order; those without content are left out.

    Args:
        analysis: of the run.
        study: of routers in front of its systems; a text is why there is none, as a clause.
        gate: what the gate's section shows; None: a gate's run is judged by itself.
    """
    joules = any(each.j_per_request is not None for each in analysis.measured.values())
    made = (make(analysis) for make in panels(study, gate))
    whole = (with_content(section, joules=joules) for section in made if section is not None)
    return [each for each in whole if each.passages or each.id == WHAT_IF]
