"""Write the verdict for a terminal of 100 columns, and for the log of a job."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.terminal import TextColumn, text_table, without_commands, wrapped
from wattbench_reports.formatting import units
from wattbench_reports.gate.result import GateResult, MetricVerdict
from wattbench_reports.wording import gate as wording

_COLUMNS = (
    TextColumn("metric"), TextColumn("baseline", right=True), TextColumn("candidate", right=True), TextColumn("change"),
    TextColumn("margin"), TextColumn("verdict"),
)  # fmt: skip
_WIDEST_LABEL = 40


def as_text(result: GateResult) -> str:
    """Return the verdict as plain text, the headline first; before it only that it is a drill, or can never pass."""
    return "".join(f"{without_commands(line)}\n" for line in _lines(result))


def _lines(result: GateResult) -> Iterator[str]:
    if result.planted is not None:
        yield from [*wrapped(wording.drill_line(result.planted)), ""]
    if result.undecidable:
        yield from wrapped(f"WARNING: {wording.undecidable_line(result)}")
    yield from wrapped(f"{wording.verdict_name(result.verdict).upper()}: {result.headline}")
    yield from wrapped(wording.finds_line(result))
    yield from wrapped(f"{wording.pair_line(result)}.")
    if result.metrics:
        yield from ["", *_table(result), *_legend(result), ""]
    for reason, labels in _reasons(result).items():
        yield from _listed(f"{units.listed(labels)}: {reason}")
    yield from wrapped(wording.passes_line(result))
    let_through = (*map(wording.trade_line, result.metrics), *map(wording.waiver_line, result.metrics))
    for line in (*wording.lost_domain_lines(result), *let_through, *result.notes):
        yield from _listed(line, "! ")
    yield from ["", *wrapped(f"Measured: {wording.measured(result)}.")]
    yield from wrapped(f"Policy: {wording.policy_line(result.policy)}.")


def _reasons(result: GateResult) -> dict[str, list[str]]:
    """Return each reason once, worst first, with its metrics: all may share one, such as another machine."""
    labels: dict[str, list[str]] = {}
    for metric in wording.with_reason_shown(result):
        labels.setdefault(metric.reason, []).append(wording.label_with_provenance(metric))
    return labels


def _table(result: GateResult) -> list[str]:
    """Lay out a line for each metric, worst first."""
    rows = [_cells(metric, result) for metric in wording.worst_first(result.metrics)]
    return text_table(_COLUMNS, rows, widest_label=_WIDEST_LABEL)


def _cells(metric: MetricVerdict, result: GateResult) -> tuple[str, ...]:
    return (
        wording.label(metric.metric),
        wording.figure(metric, metric.baseline),
        wording.figure(metric, metric.candidate),
        wording.change(metric),
        wording.margin(metric, result.policy),
        f"{wording.outcome(metric)}{'' if metric.blocks else ' *'}",
    )


def _legend(result: GateResult) -> list[str]:
    marked = "" if all(metric.blocks for metric in result.metrics) else "; *: not blocking"
    return wrapped(f"{wording.bounds_line(result.policy)}{marked}.")


def _listed(text: str, mark: str = "- ") -> list[str]:
    return wrapped(text, mark, "  ") if text else []
