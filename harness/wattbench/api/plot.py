"""`wattbench.read(run).plot`: the figures of a run's page, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision import decide
from wattbench_reports.figures.drawing import Drawing, on_axes
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Section
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.routing.study import routing_study
from wattbench_reports.sections.agents import agents_section
from wattbench_reports.sections.arrival_rates import load_section
from wattbench_reports.sections.distillation import distillation_section
from wattbench_reports.sections.domains import domains_section
from wattbench_reports.sections.energy import energy_section
from wattbench_reports.sections.experts import experts_section
from wattbench_reports.sections.first_screen import first_screen
from wattbench_reports.sections.gate import gate_section
from wattbench_reports.sections.hybrids import hybrids_section
from wattbench_reports.sections.latency import latency_section
from wattbench_reports.sections.lifecycle.lifecycle import lifecycle_section
from wattbench_reports.sections.power import power_section
from wattbench_reports.sections.tradeoff import tradeoff_section
from wattbench_reports.wording.decision import decision_words
from wattbench_reports.wording.routing.pictures import cascades_picture, tradeoff_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Cost = Literal["joules", "money", "latency"]
Times = Literal["request", "first_token", "output_token"]
Panels: TypeAlias = "Axes | Iterable[Axes] | None"
_COSTS: Mapping[str, tuple[str, str]] = {
    "joules": ("tradeoff-figure", "joules per request"),
    "money": ("tradeoff-money-figure", "prices"),
    "latency": ("tradeoff-latency-figure", "latencies"),
}
"""The name of the figure, and what it needs of each system."""
_TIMES: Mapping[str, tuple[str, str]] = {
    "request": ("latency-figure", "no request was answered"),
    "first_token": ("first-token-figure", "no engine reported when the first token came"),
    "output_token": ("per-token-figure", "no engine reported when output tokens came"),
}
"""The name of the figure, and why there is none."""


class RunPlot:
    """The figures of a run, with the data and the look of its page.

    Each method draws on the axes that it is given, or on a new figure of pyplot, and returns the axes. Figures of
    several panels take and return as many axes. ``run.plot.tradeoff().figure.savefig("tradeoff.pdf")`` writes a
    file. A figure for which the run has no data is a `UserError` that says what is missing, as are too few axes.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._measured, self._paid, self._emitted = analysis.measured, analysis.paid, analysis.emitted
        self._weighed, self._comparison, self._analysis = analysis.weighed, analysis.comparison, analysis

    def decision(self, ax: Axes | None = None) -> Axes:
        """Draw accuracy against the cost of a request, with the requirements and the front: the page's first figure."""
        decision = decide(self._measured, self._paid, self._weighed)
        words = decision_words(decision, self._measured, self._comparison)
        figure = first_screen(words, self._measured, self._weighed).picture
        return self._one(figure.drawing if figure else None, "fewer than two systems have an accuracy and a cost", ax)

    def tradeoff(self, ax: Axes | None = None, *, cost: Cost = "joules") -> Axes:
        """Draw accuracy against joules, money or latency, with the Pareto fronts."""
        name, needed = _named(_COSTS, cost, "cost")
        why = f"it takes two systems, with {needed}"
        section = tradeoff_section(self._measured, self._paid, self._comparison)
        return self._one(_figure(section, name), why, ax)

    def latency(self, ax: Axes | None = None, *, of: Times = "request") -> Axes:
        """Draw the distribution of latencies per system: of requests, first tokens, or output tokens."""
        name, why = _named(_TIMES, of, "of")
        return self._one(_figure(latency_section(self._measured, self._comparison), name), why, ax)

    def energy(self, ax: Axes | None = None) -> Axes:
        """Draw the joules per request of each system by component, idle and above idle."""
        section = energy_section(self._measured, self._comparison)
        return self._one(_figure(section, "energy-figure"), "no system has joules", ax)

    def agents(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw where the joules of a solved task go, by model call of its attempts, a panel per agent."""
        section = agents_section(self._comparison)
        why = "it has no agent with a solved task and joules of its calls"
        return self._panels(None if section is None else _figure(section, "agent-steps-figure"), why, ax)

    def power(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw power over time, a panel per system."""
        return self._several(power_section(self._measured), "power-figure", "it has no power readings", ax)

    def domains(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw every system in every domain, a panel per metric."""
        why = "all its items are of one domain, or there are too many systems and domains to draw"
        return self._several(domains_section(self._measured, self._comparison), "domains-figure", why, ax)

    def arrival_rates(self, ax: Axes | None = None) -> Axes:
        """Draw joules per request against latency, a point per rate of arrivals."""
        why = "its requests were not sent at rates (scenario: load), or have no joules or latencies"
        return self._one(_figure(load_section(self._measured), "load-figure"), why, ax)

    def retention(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw the accuracy of students relative to their teachers by task, a panel per student."""
        why = "it has no student with its teacher"
        return self._several(distillation_section(self._measured), "retention-figure", why, ax)

    def experts(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw the share of each expert by layer and domain, a panel per expert."""
        why = "it has no recorded selections of experts in several domains, or too many to draw"
        return self._several(experts_section(self._measured), "experts-figure", why, ax)

    def co_activation(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw how often experts are selected for the same token, a panel per group of layers."""
        why = "it has no recorded pairs of experts, or too many to draw"
        return self._several(experts_section(self._measured), "co-activation-figure", why, ax)

    def lifecycle(self, ax: Axes | None = None) -> Axes:
        """Draw cumulative joules, training included, against correct answers."""
        why = "fewer than two systems have comparable joules per correct answer"
        section = lifecycle_section(self._measured, self._paid, self._emitted)
        return self._one(_figure(section, "lifecycle-figure"), why, ax)

    def misroutes(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw which members answered for hybrids by domain, a panel per hybrid."""
        return self._several(self._hybrids(), "misroutes-figure", "it has no hybrid", ax)

    def frontier(self, ax: Axes | None = None, *, hybrid: str | None = None) -> Axes:
        """Draw the accuracy of a hybrid against its joules at every threshold.

        Args:
            ax: where.
            hybrid: its name; None: the first one with a threshold.
        """
        section = self._hybrids()
        drawings = [
            passage.figure.drawing
            for passage in (section.passages if section else ())
            if passage.figure is not None and passage.figure.drawing.name.startswith("frontier-figure")
            if hybrid is None or passage.heading.startswith(f"{hybrid}: ")
        ]
        of = "no hybrid" if hybrid is None else f"no hybrid {hybrid}"
        return self._one(drawings[0] if drawings else None, f"it has {of} with a threshold that can be varied", ax)

    def routing(self, ax: Axes | None = None) -> Axes:
        """Draw accuracy against cost of systems, routers in front of them, and perfect routers."""
        study, places = self._study()
        return self._one(tradeoff_picture(study, places), "", ax)

    def cascades(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw accuracy and cost of cascades against the quality of their check, in two panels."""
        study, places = self._study()
        return self._panels(cascades_picture(study, places), "no cascade may pay", ax)

    def gate(self, ax: Panels = None) -> tuple[Axes, ...]:
        """Draw the change of each metric of a gate as items were asked, a panel per metric."""
        return self._several(gate_section(self._measured), "gate-figure", "it is not the run of a gate", ax)

    def _study(self) -> tuple[RoutingStudy, dict[str, int]]:
        sample = self._analysis.by_item
        study = routing_study(sample.measured, sample.paid, sample.weighed)
        if isinstance(study, str):
            raise self._missing(study)
        return study, {name: index for index, name in enumerate(self._measured.frames.systems)}

    def _hybrids(self) -> Section | None:
        sample = self._analysis.by_item
        return hybrids_section(sample.measured, sample.paid, sample.weighed)

    def _one(self, drawing: Drawing | None, why: str, ax: Axes | None) -> Axes:
        return self._panels(drawing, why, ax)[0]

    def _several(self, section: Section | None, name: str, why: str, ax: Panels) -> tuple[Axes, ...]:
        return self._panels(_figure(section, name), why, ax)

    def _panels(self, drawing: Drawing | None, why: str, ax: Panels) -> tuple[Axes, ...]:
        """Draw on axes in any form: one, a sequence, an array of `pyplot.subplots`."""
        if drawing is None:
            raise self._missing(why)
        given = None if ax is None else np.ravel(np.array(ax, dtype=object)).tolist()
        if given is not None and len(given) != drawing.panels:
            panels = units.plural(drawing.panels, "panel")
            raise UserError(f"{drawing.title}: it has {panels}: give as many axes, or none")
        return tuple(np.ravel(np.array(on_axes(drawing, given), dtype=object)).tolist())

    def _missing(self, why: str) -> UserError:
        return UserError(f"{self._measured.frames.run.header.run}: no such figure of this run: {why}")


def _figure(section: Section | None, name: str) -> Drawing | None:
    """Return a figure of a section by its name."""
    figures = [passage.figure for passage in (section.passages if section else ()) if passage.figure is not None]
    return next((each.drawing for each in figures if each.drawing.name == name), None)


def _named(figures: Mapping[str, tuple[str, str]], name: str, option: str) -> tuple[str, str]:
    if name not in figures:
        raise UserError(f"{option}: {name!r}: it is one of {', '.join(figures)}")
    return figures[name]
