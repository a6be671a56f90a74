"""State how the answers of rescored runs were scored, and what that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wattbench.records import in_clauses
from wattbench.records.schema.header import RescoredRecord
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparability.explain import run_label
from wattbench_reports.formatting.units import NAMED, listed, named, percent, plural


def rescored_caveat(record: RescoredRecord, *, dropped: bool = False) -> Caveat:
    """Return a caveat on how a run's answers were scored anew, and what changed.

    Args:
        record: how they were scored.
        dropped: whether some systems were not asked to the end, by the earlier scores.
    """
    text = (
        f"These are the answers of run {record.source}, scored anew ({how_scored(record)}). Requests, seconds and "
        f"joules are of that run."
    )
    if not record.judges:
        text += f" {_changed(record)}"
    if dropped:
        text += " Which systems were not asked to the end was decided by the earlier scores."
    return Caveat("rescored", text, tuple(record.scores))


def same_answers(records: Mapping[str, RescoredRecord | None]) -> Iterator[Caveat]:
    """Yield a caveat for each run of several that holds the answers of another one of them.

    Args:
        records: the name of each run to how it was rescored; None: it was not.
    """
    sources = {name: name if record is None else record.source for name, record in records.items()}
    for name, record in records.items():
        others = [other for other, source in sources.items() if other != name and source == sources[name]]
        if record is None or not others:
            continue
        text = (
            f"Runs {listed([run_label(each) for each in (*others, name)])} hold the same answers, and "
            f"{run_label(name)} scores them anew ({how_scored(record)}): their systems differ in scores alone, not in "
            f"seconds or joules."
        )
        yield Caveat("same-answers", text, ())


def how_scored(record: RescoredRecord) -> str:
    """Describe how answers were scored anew, in clauses: ``blanks are stripped; metric of sums: exact_match``."""
    how = [in_clauses(record.forms)] if record.forms else []
    if record.regex is not None:
        how.append(f"of answers the pattern {record.regex:.80} is taken")
    how += [f"the metric of {task} is {metric}" for task, metric in [*record.metrics.items()][:NAMED]]
    how += [f"{task} is judged by {judge}" for task, judge in [*record.judges.items()][:NAMED]]
    if record.tasks_from is not None:
        how.append(f"by the task files in {record.tasks_from}")
    if record.tasks and not record.judges:
        how.append(f"{named(record.tasks)} alone")
    return "; ".join(how) or "by the tasks as they are now"


def _changed(record: RescoredRecord) -> str:
    moved = sorted(
        ((system, each) for system, each in record.scores.items() if each.newly_right or each.newly_wrong),
        key=lambda moved: -abs(moved[1].after / moved[1].answers - moved[1].before / moved[1].answers),
    )
    if not moved:
        return "No score has changed."
    of_tasks = " in these tasks" if record.tasks else ""
    clauses = [
        f"{system} {percent(each.before / each.answers)} before and {percent(each.after / each.answers)} now "
        f"({each.newly_right:,} newly right, {each.newly_wrong:,} newly wrong)"
        for system, each in moved[:NAMED]
    ]
    if moved[NAMED:]:
        clauses.append(f"and {plural(len(moved) - NAMED, 'other system')}")
    return f"Accuracy{of_tasks}: {'; '.join(clauses)}."
