"""Makes every value and sentence that the controls change, by its key on the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import restate_key
from wattbench_reports.sections.verdict.verdict import verdicts
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording.decision import DecisionWords, decided

ASK = "say what you need under Change requirements"
"""What a reader of the page can do when nothing is required."""


def words_of_page(measured: Measured, paid: Paid, weighed: Weighed, comparison: Comparison) -> DecisionWords:
    """Put the decision into the words of the page."""
    return decided(measured, paid, weighed, comparison, ask=ASK)


def restated(measured: Measured, comparison: Comparison, words: DecisionWords) -> dict[str, str]:
    """Return by key all texts of the page that its controls change, for the settings of the analysis.

    Args:
        measured, comparison: of the run.
        words: from `words_of_page`.
    """
    return restated_figures(measured, comparison) | restated_decision(words)


def restated_decision(words: DecisionWords) -> dict[str, str]:
    """Return the texts of the first screen by key: advice, evidence, headings and cells."""
    texts = {"advice": words.advice}
    texts |= {f"evidence-{number}": sentence for number, sentence in enumerate(words.evidence)}
    for row in words.table.rows[:1]:
        for column, cell in zip(words.table.columns, row, strict=True):
            texts[cell.restates.replace("decision-0-", "decision-heading-", 1)] = column.label
    return texts | {cell.restates: cell.text for row in words.table.rows for cell in row}


def restated_figures(measured: Measured, comparison: Comparison) -> dict[str, str]:
    """Return the texts of the other sections by key."""
    texts = {
        "mix": measured.workload.describe_mix(),
        "least-grams": _least_grams(measured, comparison),
        **dict(_headline(measured)),
    }
    for index, figures in enumerate(comparison.systems):
        of_year = comparison.years.get(figures.system)
        metrics = {
            **_figures(comparison, figures),
            **wording.year(of_year, measured.workload.currency),
            "year-money": wording.year_cost(of_year, figures),
        }
        texts |= {restate_key(index, name): text for name, text in metrics.items()}
    return texts


def command(measured: Measured, weighed: Weighed) -> str:
    """Return the command line that prints the values of the page."""
    root = str(measured.frames.run.layout.root.resolve())
    return shlex.join(["wattbench", "runs", "compare", root, *weighed.assumptions.as_options()])


def _headline(measured: Measured) -> Iterator[tuple[str, str]]:
    first = verdicts(measured)[0]
    yield "headline", first.headline
    for index, pick in enumerate(first.picks):
        yield f"pick{index}-answer", pick.answer
        yield f"pick{index}-figure", pick.figure
        yield f"pick{index}-sure", pick.how_sure


def eligible(measured: Measured) -> tuple[str, ...]:
    """Name the systems with joules per correct answer that are comparable; none if they form several groups."""
    able = [
        name
        for name, each in measured.contest.candidates.items()
        if each.j_per_correct is not None and not measured.joules_of(name).why_not_usable
    ]
    return tuple(able) if able and measured.joules_comparable(*able) else ()


def comparable(measured: Measured) -> tuple[str, ...]:
    """Name the systems whose joules are comparable, whatever they answer; as `eligible` if they form several groups."""
    able = [name for name in measured.contest.candidates if not measured.joules_of(name).why_not_usable]
    return tuple(able) if able and measured.joules_comparable(*able) else eligible(measured)


def _least_grams(measured: Measured, comparison: Comparison) -> str:
    """Name the system with the lowest CO2e in a year, of those ranked by energy; a dash if any of them has no CO2e."""
    totals = {name: comparison.years[name].total_g for name in eligible(measured)}
    known = {name: grams for name, grams in totals.items() if grams is not None}
    if not known or len(known) < len(totals):
        return units.NONE
    least = min(known, key=lambda name: known[name])
    return f"{least}, {units.quantity(known[least], 'g')}"


def _figures(comparison: Comparison, figures: SystemFigures) -> dict[str, str]:
    tail = comparison.tail_share
    return {
        "accuracy": wording.accuracy(figures),
        "j-per-correct": wording.j_per_correct(figures),
        "j-per-request": units.quantity(figures.energy_j_per_request, "J"),
        "p50": units.quantity(figures.latency_p50_s, "s"),
        **({} if tail is None else {"tail": units.quantity(figures.latency_s(tail), "s")}),
        "co2": wording.co2(figures, comparison),
        "sci": wording.sci(figures),
        "cost-per-request": wording.cost_per_request(figures, comparison),
        "cost-per-correct": wording.many_per_correct(figures, comparison),
    }
