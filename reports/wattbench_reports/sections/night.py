"""A night's verdict in short, as a terminal, the mail that cron sends and the summary of a job show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench_reports.gate.metrics import figure_text, size_text
from wattbench_reports.history.change_words import AGAINST, alarming, label, size, state
from wattbench_reports.history.model import EVERYWHERE
from wattbench_reports.history.night_changes import NightChange
from wattbench_reports.history.night_verdict import NightVerdict
from wattbench_reports.presenter.model import (
    ALL,
    Cell,
    Column,
    Medium,
    Passage,
    Section,
    Span,
    Table,
    Text,
    point,
    strong,
)
from wattbench_reports.wording import gate as gate_wording
from wattbench_reports.wording import night as wording

_MOST = 5
"""Changes named per line."""


def night_words(verdict: NightVerdict) -> Section:
    """Say the verdict, every alarm, what each comparison shows, and what changed in code and weights."""
    result = verdict.result
    name = gate_wording.verdict_name(result.verdict)
    against = wording.against_lines(verdict.changes, _MOST)
    passages = (
        Passage(
            sentences=(
                Text((Span(f"{name.upper()}: {result.headline}"),), media=Medium.TEXT),
                Text((Span(result.headline),), media=Medium.MARKDOWN),
            ),
            points=tuple(_alarms(verdict)),
        ),
        Passage(points=tuple(f"Against {level}: {line}." for level, line in against)),
        Passage(tables=(_table(wording.shown_changes(verdict.changes)),), media=Medium.MARKDOWN),
        *(
            Passage(
                sentences=(strong(f"{wording.difference_title(each)}:"),), points=tuple(wording.difference_points(each))
            )
            for each in verdict.differences
            if not each.empty
        ),
        Passage(points=tuple(point(note, "! ") for note in result.notes)),
        Passage("All metrics", tables=(_table(verdict.changes),), closed=True, media=Medium.MARKDOWN),
        Passage(sentences=(_basis(verdict),), media=Medium.MARKDOWN),
    )
    return Section("night", "Night", f"wattbench nightly: {name}", "", passages)


def _alarms(verdict: NightVerdict) -> Iterator[Text]:
    """Yield the alarms; a terminal counts those of single domains that are also over all. The headline has all of a
    single one."""
    if len(verdict.alarms) < 2:
        return
    overall = {(each.system, each.metric) for each in verdict.alarms if each.domain == EVERYWHERE}
    parts = [each for each in verdict.alarms if each.domain != EVERYWHERE and (each.system, each.metric) in overall]
    for alarm in verdict.alarms:
        yield Text((Span(f"{alarm.text}."),), media=Medium.MARKDOWN if alarm in parts else ALL)
    if parts:
        yield Text((Span(f"{len(parts)} more of the same in single domains."),), media=Medium.TEXT)


def _table(changes: Sequence[NightChange]) -> Table:
    return Table(
        caption="",
        columns=(
            Column("system"),
            Column("metric"),
            Column("compared with"),
            Column("before", numeric=True),
            Column("tonight", numeric=True),
            Column("change [95% interval]"),
            Column("margin", numeric=True),
            Column("state", kept=True),
        ),
        rows=tuple(
            (
                Cell(each.system),
                Cell(label(each.metric)),
                Cell(AGAINST[each.against]),
                Cell(figure_text(each.metric, each.before)),
                Cell(figure_text(each.metric, each.now)),
                Cell(size(each)),
                Cell(size_text(each.metric, each.margin)),
                Cell(state(each), "strong" if alarming(each) else ""),
            )
            for each in changes
        ),
    )


def _basis(verdict: NightVerdict) -> Text:
    result = verdict.result
    runs = [span for run in result.runs for span in (Span(", "), Span(run, "code"))][1:]
    rate = f". False-alarm rate of all alarms together: {100 * result.policy.alpha:g}% a year."
    return Text((Span(f"Suite {result.suite}, run "), *runs, Span(rate)))
