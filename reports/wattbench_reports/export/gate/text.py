"""The verdict for a terminal, and for the log of a job: 100 columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wattbench.terminal import Column, text_table, wrapped
from wattbench_reports.formatting import units
from wattbench_reports.gate.result import GateResult, MetricVerdict
from wattbench_reports.wording import gate as wording

_COLUMNS = (
    Column("metric"), Column("baseline", right=True), Column("candidate", right=True), Column("change"),
    Column("margin"), Column("verdict"),
)  # fmt: skip
_WIDEST_LABEL = 40

_COMMAND = re.compile(r"^\s*:(?=:)|#(?=#\[)")
"""What GitHub takes for a command in the log of a job: two colons that begin a line, and ``##[`` anywhere in it."""


def as_text(result: GateResult) -> str:
    """The verdict as plain text, the headline first; before it only that it is a drill, where it is one."""
    return "".join(_COMMAND.sub(r"\g<0> ", line) + "\n" for line in _lines(result))


def _lines(result: GateResult) -> Iterator[str]:
    if result.planted is not None:
        yield from [*wrapped(wording.drill(result.planted)), ""]
    yield from wrapped(f"{wording.said(result.verdict).upper()}: {result.headline}")
    yield from wrapped(f"{wording.pair(result)}.")
    if result.metrics:
        yield from ["", *_table(result), *_legend(result), ""]
    for reason, labels in _reasons(result).items():
        yield from _listed(f"{units.listed(labels)}: {reason}")
    yield from wrapped(wording.passes_line(result))
    for line in (*map(wording.trade, result.metrics), *map(wording.waiver, result.metrics), *result.notes):
        yield from _listed(line, "! ")
    yield from ["", *wrapped(f"Asked: {wording.asked(result)}.")]
    yield from wrapped(f"Policy: {wording.policy_line(result.policy)}.")


def _reasons(result: GateResult) -> dict[str, list[str]]:
    """Each reason once, worst first, and of which metrics it is: another machine is one for all of them."""
    labels: dict[str, list[str]] = {}
    for metric in wording.explained(result):
        labels.setdefault(metric.reason, []).append(wording.sourced(metric))
    return labels


def _table(result: GateResult) -> list[str]:
    """A line for each metric, worst first."""
    rows = [_cells(metric, result) for metric in wording.worst_first(result.metrics)]
    return text_table(_COLUMNS, rows, widest_label=_WIDEST_LABEL)


def _cells(metric: MetricVerdict, result: GateResult) -> tuple[str, ...]:
    return (
        wording.label(metric.metric),
        wording.figure(metric, metric.baseline),
        wording.figure(metric, metric.candidate),
        wording.change(metric),
        wording.margin(metric, result.policy),
        f"{wording.standing(metric)}{'' if metric.blocks else ' *'}",
    )


def _legend(result: GateResult) -> list[str]:
    marked = "" if all(metric.blocks for metric in result.metrics) else "; *: does not block"
    return wrapped(f"{wording.bounds_line(result.policy)}{marked}.")


def _listed(text: str, mark: str = "- ") -> list[str]:
    return wrapped(text, mark, "  ") if text else []
