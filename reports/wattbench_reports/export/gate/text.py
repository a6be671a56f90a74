"""Write the verdict for a terminal of 100 columns, and for the log of a job."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench.terminal import TextColumn, clipped, printable, text_table, without_commands, wrapped
from wattbench_reports.formatting import units
from wattbench_reports.gate.result import FlippedItems, GateResult, MetricVerdict
from wattbench_reports.wording import flips as words
from wattbench_reports.wording import gate as wording

_COLUMNS = (
    TextColumn("metric"), TextColumn("baseline", right=True), TextColumn("candidate", right=True), TextColumn("change"),
    TextColumn("fails beyond"), TextColumn("verdict"),
)  # fmt: skip
_WIDEST_LABEL = 40
_LOST, _WON = 5, 3
"""Flipped items that are listed; the page has more."""
_WIDTHS = (26, 24, 24, 14)
"""Columns of an item, two answers and a key."""


def as_text(result: GateResult) -> str:
    """Return the verdict as plain text. Before the headline is only that the gate is a drill, or can never pass."""
    return "".join(f"{without_commands(line)}\n" for line in _lines(result))


def _lines(result: GateResult) -> Iterator[str]:
    if result.planted is not None:
        yield from [*wrapped(wording.drill_line(result.planted)), ""]
    if result.undecidable:
        yield from wrapped(f"WARNING: {wording.undecidable_line(result)}")
    yield from wrapped(f"{wording.verdict_name(result.verdict).upper()}: {result.headline}")
    if result.metrics:
        yield from ["", *_table(result), *_legend(result)]
    if result.flips is not None:
        yield from ["", *_flips(result, result.flips)]
    yield ""
    for reason, labels in _reasons(result).items():
        yield from _listed(f"{units.listed(labels)}: {reason}")
    yield from wrapped(wording.passes_line(result))
    let_through = (*map(wording.trade_line, result.metrics), *map(wording.waiver_line, result.metrics))
    for line in (*wording.lost_domain_lines(result), *let_through, *result.notes):
        yield from _listed(line, "! ")
    yield from ["", *wrapped(f"{wording.pair_line(result)}.")]
    yield from wrapped(f"Measured: {wording.measured(result)}.")
    yield from wrapped(f"Policy: {wording.policy_line(result.policy)}.")
    yield from wrapped(wording.finds_line(result))


def _flips(result: GateResult, flips: FlippedItems) -> Iterator[str]:
    """Write the number of flipped items, and the first of them with the key and both answers."""
    yield from wrapped(f"{words.TITLE}: {words.counts_line(flips)}")
    shown = words.first_of_each(flips, _LOST, _WON)
    if not shown:
        return
    heads = ("", "item", result.baseline, result.candidate, "key")
    cells = [
        (words.item(each), words.answer(each.baseline), words.answer(each.candidate), words.key(each)) for each in shown
    ]
    columns = [TextColumn(clipped(printable(head), _WIDTHS[1])) for head in heads]
    yield from text_table(
        columns,
        [
            ("lost" if each.lost else "won", *(clipped(text, width) for text, width in zip(row, _WIDTHS, strict=True)))
            for each, row in zip(shown, cells, strict=True)
        ],
    )
    yield from wrapped(words.unrecorded_line(shown))


def _reasons(result: GateResult) -> dict[str, list[str]]:
    """Map each reason to its metrics, worst first: several metrics may share one, such as another machine."""
    labels: dict[str, list[str]] = {}
    for metric in wording.with_reason_shown(result):
        labels.setdefault(metric.reason, []).append(wording.label(metric.metric))
    return labels


def _table(result: GateResult) -> list[str]:
    """Lay out a line for each metric, worst first."""
    metrics = wording.worst_first(result.metrics)
    rows = [_cells(metric, result) for metric in metrics]
    joules = [_listed(wording.joules_line(metric), "  joules: ") for metric in metrics]
    return text_table(_COLUMNS, rows, below=joules, widest_label=_WIDEST_LABEL)


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
