"""Makes the sections of the page and the study of routers, by two processes where a second one is wanted.

The study is nearly half of the work, and no other section needs a part of it: a second process begins with it. Sections
that share cached sums and tests stay in this process. The rest are made by whichever process comes to them first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.gate.result import GateResult
from wattbench_reports.html.whatif import WHAT_IF, what_if_section
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.routing.study import routing_study
from wattbench_reports.second_process import meanwhile, shared_parts
from wattbench_reports.sections.arrival_rates import load_section
from wattbench_reports.sections.carbon import carbon_section
from wattbench_reports.sections.comparison import comparison_section
from wattbench_reports.sections.content import with_content
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
from wattbench_reports.sections.model import Section
from wattbench_reports.sections.power import power_section
from wattbench_reports.sections.routing import routing_section
from wattbench_reports.sections.stated import stated_section
from wattbench_reports.sections.systems import systems_section
from wattbench_reports.sections.tradeoff import tradeoff_section
from wattbench_reports.sections.validity import validity_section
from wattbench_reports.sections.wrong_answers import wrong_section

Panel = Callable[[Analysis], Section | None]
"""Makes a section; None where a run has nothing for it."""


StudyOfRun = Callable[[], RoutingStudy | str]
"""Returns the study of routers in front of the run's systems; a text is why there is none, as a clause."""


def panels(study: StudyOfRun, gate: GateResult | None = None) -> tuple[Panel, ...]:
    """List the sections in the order of the page: a gate's before the verdict on which system to run, others after
    it."""
    return (
        gate_section if gate is None else lambda analysis: gate_section(analysis, gate),
        what_if_section,
        comparison_section,
        tradeoff_section,
        domains_section,
        partial(routing_section, study_of_run=study),
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


EITHER = (experts_section, power_section, wrong_section, items_section, latency_section, validity_section)
"""Sections that share nothing with others, the longest first."""

_Section = Section | None
_Parts = Iterable[int]


@dataclass(frozen=True)
class Made:
    """What the page shows."""

    study: RoutingStudy | str
    """Of routers in front of the run's systems; a text is why there is none, as a clause."""
    sections: list[Section]
    """In the order of the page."""


@contextmanager
def making(analysis: Analysis, *, second_process: bool, gate: GateResult | None = None) -> Iterator[Callable[[], Made]]:
    """Begin to make the sections in a second process, and yield the function that makes the rest of them.

    Args:
        analysis: of the run.
        second_process: whether there may be one; they are the same without.
        gate: what its gate's section shows; None: a gate's run is judged by itself.
    """
    with (
        shared_parts(len(EITHER)) as parts,
        meanwhile(partial(_study_and_parts, analysis, parts), wanted=second_process) as second,
    ):
        yield lambda: _made(analysis, parts, second, gate)


_Second = Callable[[], tuple[RoutingStudy | str, dict[int, _Section]]]


def _study_and_parts(analysis: Analysis, parts: _Parts) -> tuple[RoutingStudy | str, dict[int, _Section]]:
    study = routing_study(analysis.by_item)
    return study, _made_of(analysis, parts)


def _made_of(analysis: Analysis, parts: _Parts) -> dict[int, _Section]:
    return {number: EITHER[number](analysis) for number in parts}


def _made(analysis: Analysis, parts: _Parts, second: _Second, gate: GateResult | None) -> Made:
    shared: dict[int, _Section] = {}

    def study() -> RoutingStudy | str:
        """Wait for the study, once nothing else is left to be made here."""
        shared.update(_made_of(analysis, parts))
        of_run, made_there = second()
        shared.update(made_there)
        # What a second process took that was ended from outside.
        shared.update(_made_of(analysis, set(range(len(EITHER))) - set(shared)))
        return of_run

    studied = cache(study)
    makers = panels(studied, gate)
    of_both = [number for number, make in enumerate(makers) if make not in EITHER]
    made = {number: makers[number](analysis) for number in sorted(of_both, key=lambda each: _waits(makers[each]))}
    study_of_run = studied()
    of_page = (shared[EITHER.index(make)] if make in EITHER else made[number] for number, make in enumerate(makers))
    joules = any(each.j_per_request is not None for each in analysis.measured.values())
    whole = (with_content(section, joules=joules) for section in of_page if section is not None)
    return Made(study_of_run, [each for each in whole if each.passages or each.id == WHAT_IF])


def _waits(make: Panel) -> bool:
    """Return whether a section needs the study, and so is made last."""
    return isinstance(make, partial)
