"""Markdown for a pull request or a page of documentation."""

from __future__ import annotations

import re

from reports import units, wording
from reports.compare import Comparison, SystemFigures
from reports.export.ranks import NOTE, rank_lines

_HEAD = (
    "system", "kind", "items", "accuracy", "p50", "p95", "tokens", "J per request", "J per correct answer",
    "CO2e per 1,000", "energy", "valid",
)  # fmt: skip
_LEFT = {"system", "kind", "energy", "valid"}


def as_markdown(comparison: Comparison) -> str:
    """A heading, one table row per system, and the caveats as a list. Names from the record are escaped."""
    rules = [":--" if name in _LEFT else "--:" for name in _HEAD]
    lines = [f"### {escaped(comparison.suite)}", "", _row(_HEAD), _row(rules)]
    lines += [_row([escaped(cell) for cell in _cells(figures, comparison)]) for figures in comparison.systems]
    lines += ["", f"Brackets hold 95% intervals. {escaped(wording.carbon_line(comparison))}"]
    for title, groups in rank_lines(comparison):
        lines += ["", f"**{title}**", "", *(f"- {escaped(group)}" for group in groups)]
    if comparison.ranked is not None and len(comparison.systems) > 1:
        lines += ["", escaped(NOTE)]
    runs = [comparison.run] if comparison.ranked is None else [each.run for each in comparison.ranked.runs]
    code = [f"`{run.replace('`', '')}`" for run in runs]
    lines += ["", f"{'Run' if len(code) == 1 else 'Runs'} {units.listed(code)}."]
    if comparison.caveats:
        lines += ["", *(f"- {escaped(caveat.text)}" for caveat in comparison.caveats)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that shows as itself: no markup, no HTML, no second table cell."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_|#~]|\[(?=[^\]]*\]\())", r"\\\1", flat)


def _cells(figures: SystemFigures, comparison: Comparison) -> tuple[str, ...]:
    return (
        figures.system,
        figures.kind,
        units.count(figures.items),
        wording.accuracy(figures),
        units.quantity(figures.latency_p50_s, "s"),
        units.quantity(figures.latency_p95_s, "s"),
        units.NONE if figures.output_tokens is None else units.digits(figures.output_tokens),
        units.quantity(figures.energy_j_per_request, "J"),
        wording.j_per_correct(figures),
        wording.co2(figures, comparison),
        wording.energy(figures),
        wording.valid(figures),
    )


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
