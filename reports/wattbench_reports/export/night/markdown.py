"""Write a night's verdict as Markdown for GitHub: the summary of a job.

Everything from a record is hostile, and is cut and escaped as a gate's is. Only the recorded repository is linked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.markdown import escaped_for_github as escaped
from wattbench_reports.formatting.markdown import in_code, markdown_table
from wattbench_reports.formatting.repository_links import RepositoryLinks
from wattbench_reports.gate.metrics import figure_text, size_text
from wattbench_reports.history.change_words import AGAINST, alarming, label, size, state
from wattbench_reports.history.night_changes import NightChange
from wattbench_reports.history.night_verdict import NightVerdict
from wattbench_reports.history.what_changed import NightDifference
from wattbench_reports.wording import gate as gate_wording
from wattbench_reports.wording import night as wording

_NAME, _SENTENCE = 100, 500
_ROWS = 40
"""Changes of the table. GitHub takes a megabyte, but a reader takes no more rows."""
_MOST = 20
"""Alarms and notes."""
_COLUMNS = (
    TextColumn("system"), TextColumn("metric"), TextColumn("compared with"), TextColumn("before", right=True),
    TextColumn("tonight", right=True), TextColumn("change [95% interval]"), TextColumn("margin", right=True),
    TextColumn("state"),
)  # fmt: skip


def as_markdown(verdict: NightVerdict) -> str:
    """Return the verdict, the alarms, changes by more than their margins, and what changed in code and weights."""
    result = verdict.result
    title = f"### wattbench nightly: {gate_wording.verdict_name(result.verdict)}"
    lines = [title, "", escaped(result.headline, _SENTENCE)]
    lines += _list([f"{each.text}." for each in verdict.alarms]) if len(verdict.alarms) > 1 else []
    lines += ["", *_against(verdict.changes)]
    lines += _table(wording.shown_changes(verdict.changes))
    for difference in verdict.differences:
        if not difference.empty:
            lines += ["", f"**{wording.difference_title(difference)}:**", "", *_difference(difference)]
    lines += _list(result.notes)
    return "\n".join([*lines, *_all(verdict.changes), *_basis(verdict)]) + "\n"


def _against(changes: Sequence[NightChange]) -> Iterator[str]:
    """Yield a line for each level that the night is compared with."""
    for against, line in wording.against_lines(changes, 1):
        yield f"- Against {escaped(against, _NAME)}: {escaped(line, _SENTENCE)}"


def _table(changes: Sequence[NightChange]) -> list[str]:
    if not changes:
        return []
    rest = [f"\n{len(changes) - _ROWS:,} more are in the job log."] if len(changes) > _ROWS else []
    return ["", *markdown_table(_COLUMNS, [_row(each) for each in changes[:_ROWS]]), *rest]


def _row(change: NightChange) -> tuple[str, ...]:
    mark = "**" if alarming(change) else ""
    return (
        escaped(change.system, _NAME),
        escaped(label(change.metric), _NAME),
        escaped(AGAINST[change.against], _NAME),
        escaped(figure_text(change.metric, change.before), _NAME),
        escaped(figure_text(change.metric, change.now), _NAME),
        escaped(size(change), _NAME),
        escaped(size_text(change.metric, change.margin), _NAME),
        f"{mark}{escaped(state(change), _NAME)}{mark}",
    )


def _difference(difference: NightDifference) -> Iterator[str]:
    for part in difference.parts:
        yield f"- {escaped(wording.part_line(part), _SENTENCE)}"
    for line in wording.systems_lines(difference):
        yield f"- {escaped(line, _SENTENCE)}"
    if difference.commits:
        yield f"- {_commits(difference)}"
    if difference.uncommitted:
        yield f"- {escaped(wording.uncommitted_line(difference), _SENTENCE)}"


def _commits(difference: NightDifference) -> str:
    """Write the commits and files, linked where the repository's host is known."""
    assert difference.commits is not None
    links = None if difference.remote is None else RepositoryLinks(difference.remote)
    since, now = difference.since, difference.commits[1]
    span = _linked(wording.span(difference.commits), links.compare(*difference.commits) if links else None)
    if since is None or not since.commits:
        return f"commits {span}"
    commits = [
        f"{_linked(wording.short_hash(each.commit), links.commit(each.commit) if links else None)} "
        f"{escaped(each.subject, _NAME)}"
        for each in since.commits
    ]
    files = [_linked(each, links.file(each, now) if links else None) for each in since.files]
    commits += wording.rest(len(since.commits), since.commits_in_all)
    files += wording.rest(len(since.files), since.files_in_all)
    return f"commits {span}: {'; '.join(commits)}. Files: {', '.join(files)}"


def _linked(text: str, href: str | None) -> str:
    code = in_code(text[:_NAME])
    return code if href is None else f"[{code}]({href.replace('(', '%28').replace(')', '%29')})"


def _list(sentences: Sequence[str]) -> list[str]:
    some = [f"- {escaped(each, _SENTENCE)}" for each in sentences[:_MOST]]
    rest = [f"- {len(sentences) - _MOST:,} more are in the job log."] if len(sentences) > _MOST else []
    return ["", *some, *rest] if some else []


def _all(changes: Sequence[NightChange]) -> list[str]:
    """Return the table of every comparison, worst first, in a folded box."""
    if not changes:
        return []
    table = _table(changes)
    return ["", "<details>", "<summary>All metrics</summary>", *table, "", "</details>"]


def _basis(verdict: NightVerdict) -> list[str]:
    result = verdict.result
    runs = ", ".join(in_code(each[:_NAME]) for each in result.runs)
    return [
        "",
        f"Suite {escaped(result.suite, _NAME)}, run {runs}. False-alarm rate of all alarms together: "
        f"{100 * result.policy.alpha:g}% a year.",
    ]
