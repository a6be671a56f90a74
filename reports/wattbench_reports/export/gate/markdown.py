"""Write a gate's verdict as Markdown for GitHub: a comment on a pull request, and the summary of a job.

Everything from a record is hostile. It is cut and escaped: markup, HTML, cells of a table, and what GitHub by itself
makes links of, which are people, issues and addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped_for_github as escaped
from wattbench_reports.formatting.markdown import in_code, markdown_table
from wattbench_reports.gate.result import FlippedItem, FlippedItems, GateResult, MetricVerdict
from wattbench_reports.wording import flips as words
from wattbench_reports.wording import gate as wording

MARKER = "<!-- wattbench-gate -->"
"""The first line, by which an earlier comment is found and replaced."""

MOST_BYTES = 65_000
"""GitHub takes comments of less than 65,536; what a workflow adds has some room."""

_NAME, _SENTENCE = 100, 500
"""Characters of a name, and of a headline, reason or note. None takes more than 14 bytes as it is escaped here."""
_RUNS = 4
"""Named at most."""
_UNFOLDED = 5
"""The number of reasons of blocking metrics that are seen without a click."""
_FIXED_TEXT = 2_000
"""Bytes for the fixed text between the parts."""
_OF_ROWS, _OF_FLIPS, _OF_REASONS, _OF_NOTES = 0.35, 0.2, 0.3, 0.15
"""Of the bytes that are left."""

_COMPLETE = "the job log and the gate's JSON list all"
_COLUMNS = (
    TextColumn("metric"), TextColumn("baseline", right=True), TextColumn("candidate", right=True), TextColumn("change"),
    TextColumn("fails beyond"), TextColumn("verdict"),
)  # fmt: skip
_LOST, _WON = 5, 3
"""Flipped items that are listed; the page has more."""
_TASK, _TEXT = 60, 160
"""Characters of a flipped item's name, and of each of its texts."""


def as_markdown(result: GateResult, *, command: str = "gate") -> str:
    """Return the verdict as Markdown of less than `MOST_BYTES`. Lines left out are counted, with where to find them.

    Args:
        result: of a gate, or of a command that failed before it had a verdict.
        command: as it is in the title: ``gate`` or ``nightly``.
    """
    head, basis = _head(result, command), _folded("Data and policy", _basis(result))
    room = MOST_BYTES - _FIXED_TEXT - _size([*head, *basis])
    table, notes = _table(result, int(_OF_ROWS * room)), _notes(result, int(_OF_NOTES * room))
    flips = [] if result.flips is None else _flips(result, result.flips, int(_OF_FLIPS * room))
    seen, folded = _reasons(result, int(_OF_REASONS * room))
    return "\n".join([*head, *table, *flips, *seen, *notes, *folded, "", *basis]) + "\n"


def _head(result: GateResult, command: str) -> list[str]:
    drill = [] if result.planted is None else [f"**{escaped(wording.drill_line(result.planted), _SENTENCE)}**", ""]
    title = f"### wattbench {command}: {wording.verdict_name(result.verdict)}"
    warning = wording.undecidable_line(result)
    return [
        MARKER,
        *drill,
        title,
        "",
        *([f"**{escaped(warning, _SENTENCE)}**", ""] if warning else []),
        escaped(result.headline, _SENTENCE),
    ]


def _flips(result: GateResult, flips: FlippedItems, room: int) -> list[str]:
    """Write the number of flipped items, and the first of them: the prompt's end, the key and both answers."""
    shown = words.first_of_each(flips, _LOST, _WON)
    counts = ["", f"{words.TITLE}: {words.counts_line(flips)}"]
    if not shown:
        return counts
    heads = ("", "item", "prompt", *(escaped(name, _NAME) for name in (result.baseline, result.candidate)), "key")
    head, rule, *lines = markdown_table([TextColumn(each) for each in heads], [_flip(each) for each in shown])
    missing = words.unrecorded_line(shown)
    return [*counts, "", head, rule, *_fitting(lines, room), *(["", missing] if missing else [])]


def _flip(flipped: FlippedItem) -> tuple[str, ...]:
    texts = (words.prompt(flipped), words.answer(flipped.baseline), words.answer(flipped.candidate), words.key(flipped))
    return (
        "**lost**" if flipped.lost else "won",
        escaped(words.item(flipped), _TASK),
        *(escaped(text, _TEXT) for text in texts),
    )


def _table(result: GateResult, room: int) -> list[str]:
    """Return the table, blocking metrics first."""
    ordered = wording.worst_first(result.metrics)
    head, rule, *lines = markdown_table(_COLUMNS, [_row(each, result) for each in ordered])
    rows = _fitting(lines, room)
    if not rows:
        return []
    rest = ordered[len(rows) :]
    left_out = ["", f"{len(rest):,} more are not shown: {wording.verdict_counts(rest)}; {_COMPLETE}."] if rest else []
    unblocking = "" if all(each.blocks for each in result.metrics) else "; in italics: not blocking"
    legend = escaped(f"{wording.bounds_line(result.policy)}{unblocking}.", _SENTENCE)
    return ["", head, rule, *rows, *left_out, "", legend]


def _row(metric: MetricVerdict, result: GateResult) -> tuple[str, ...]:
    mark = "" if metric.blocks and not wording.is_blocking(metric) else "**" if metric.blocks else "*"
    return (
        escaped(wording.label_with_provenance(metric), _NAME),
        wording.figure(metric, metric.baseline),
        wording.figure(metric, metric.candidate),
        escaped(wording.change(metric), _NAME),
        wording.margin(metric, result.policy),
        f"{mark}{wording.outcome(metric)}{mark}",
    )


def _reasons(result: GateResult, room: int) -> tuple[list[str], list[str]]:
    """Return the lines of the reasons that are always visible, and of the others in a box that opens."""
    metrics = wording.with_reason_shown(result)
    lines = _fitting(map(_reason, metrics), room)
    seen = min(_UNFOLDED, len(lines), sum(wording.is_blocking(each) for each in metrics))
    folded = lines[seen:]
    if rest := len(metrics) - len(lines):
        folded.append(f"- The reasons of {rest:,} more are not shown; {_COMPLETE}.")
    if passed := wording.passes_line(result):
        folded.append(f"- {passed}")
    return _after_space(lines[:seen]), _after_space(_folded("Reasons by metric", folded) if folded else [])


def _reason(metric: MetricVerdict) -> str:
    label = escaped(wording.label(metric.metric), _NAME)
    return f"- **{label}** ({wording.outcome(metric)}): {escaped(metric.reason, _SENTENCE)}"


def _notes(result: GateResult, room: int) -> list[str]:
    """List the domains that lost accuracy, the regressions that were let through and why, then the other notes."""
    let_through = [*map(wording.trade_line, result.metrics), *map(wording.waiver_line, result.metrics)]
    notes = [each for each in (*wording.lost_domain_lines(result), *let_through, *result.notes) if each]
    lines = _fitting((f"- {escaped(each, _SENTENCE)}" for each in notes), room)
    if rest := len(notes) - len(lines):
        lines.append(f"- {rest:,} more notes are not shown; {_COMPLETE}.")
    return _after_space(lines)


def _basis(result: GateResult) -> list[str]:
    runs = [in_code(run[:_NAME]) for run in result.runs[:_RUNS]]
    names = [escaped(each, _NAME) for each in (result.candidate, result.baseline, result.suite)]
    return [
        f"- Candidate {names[0]} against baseline {names[1]}, suite {names[2]}",
        *([f"- Runs: {', '.join(runs)}{' and more' if len(result.runs) > _RUNS else ''}"] if runs else []),
        f"- Measured: {escaped(wording.measured(result), _SENTENCE)}",
        f"- Policy: {wording.policy_line(result.policy)}",
        *([f"- {escaped(finds, _SENTENCE)}"] if (finds := wording.finds_line(result)) else []),
    ]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]


def _after_space(lines: Sequence[str]) -> list[str]:
    return ["", *lines] if lines else []


def _fitting(lines: Iterable[str], room: int) -> list[str]:
    """Return the first lines that fit into a number of bytes."""
    kept: list[str] = []
    for line in lines:
        room -= _size([line])
        if room < 0:
            break
        kept.append(line)
    return kept


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
