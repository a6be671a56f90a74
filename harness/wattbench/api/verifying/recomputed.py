"""Compute a run a second time: its tables from its lines, what `compare` prints from those, and its scores."""

from __future__ import annotations

import itertools
import json
import math
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wattbench.api.verifying.written import Check, check, not_made
from wattbench.config.judged import JudgedBy
from wattbench.errors import UserError
from wattbench.measure.rebuilt_tables import rebuild, table_differences
from wattbench.progress.notices import stdout_to_stderr
from wattbench.records.tables.tables_elsewhere import with_tables
from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds
from wattbench.tasks.judged.prompt import PROMPT_VERSION
from wattbench.tasks.judged.verdict import read_verdict
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.export.comparison.comparison_rows import plain_row
from wattbench_reports.metrics.assumptions import ALONE
from wattbench_reports.metrics.metric import Ratio
from wattbench_reports.metrics.registry import ADDED
from wattbench_reports.tables.harness_failures import harness_failures
from wattbench_reports.tables.judged_tasks import judged_tasks

if TYPE_CHECKING:
    from wattbench.measure.rebuilt_tables import Rebuilt
    from wattbench.records import ItemRow, RunRecords, WindowRow
    from wattbench.records.rows.judgements import JudgementRow, JudgeRow
    from wattbench_reports.comparison.comparison import Comparison


_PLAIN_RELATIVE = 1e-9
_PERCENTILES = {"latency_p50_s": (0.5, 7), "latency_p90_s": (0.9, 44), "latency_p95_s": (0.95, 90)}
"""Figure to the share of the requests below it, and from how few none is stated."""


def figure_differences(records: RunRecords, items: Sequence[ItemRow]) -> Iterator[str]:
    """Yield a sentence for each figure that `compare` prints and that plain sums over the rows do not confirm.

    Args:
        records: of a finished run.
        items: its rows, as built from its lines.

    Raises:
        UserError: the run cannot be compared.
    """
    comparison = analyse(records, ALONE).comparison
    at = None if comparison.load is None else comparison.load.compared
    rate, arrivals = (None, None) if at is None else (at.offered_per_s, at.arrivals)
    machines = comparison.machines
    apart = frozenset() if machines is None else frozenset(machine.node for machine in machines.apart)
    by_system: dict[str, list[ItemRow]] = defaultdict(list)
    for row in _read(records, items):
        if (row.offered_per_s, row.arrivals) == (rate, arrivals):
            by_system[row.system].append(row if row.node not in apart else _scores_alone(row))
    for figures in comparison.systems:
        printed = plain_row(figures)
        name = str(printed["system"])
        for figure, value in _figures(by_system[name], _shares(comparison)).items():
            is_printed = printed[figure]
            if value is not None and not _same(is_printed, value):
                yield f"compare prints {figure} {is_printed} of {name}, and the lines give {value}"


def _read(records: RunRecords, items: Sequence[ItemRow]) -> Sequence[ItemRow]:
    """Return the rows that the reports read: without attempts of agents whose harness failed, and without answers of
    which there is only a judge's opinion. Scores of other judged answers are the reports' own, as labels correct them.
    """
    harness = harness_failures(records)
    kept = None if harness is None else harness.kept
    judged = judged_tasks(records, kept)
    kept = kept if judged is None else judged.kept(kept)
    rows = items if kept is None else list(itertools.compress(items, kept.tolist()))
    if judged is None:
        return rows
    recorded = np.array([math.nan if row.correct is None else row.correct for row in rows], dtype=np.float64)
    scores = (None if math.isnan(score) else score for score in judged.scores_of(recorded)[0].tolist())
    return [replace(row, correct=score) for row, score in zip(rows, scores, strict=True)]


def _scores_alone(row: ItemRow) -> ItemRow:
    """Return a row without its seconds and joules, which count in no figure: its machine is unlike those compared."""
    return replace(row, started_s=None, finished_s=None, energy_j=None, energy_above_idle_j=None, own_cpu_s=None)


def _shares(comparison: Comparison) -> Mapping[str, float] | None:
    return None if comparison.workload is None else comparison.workload.shares


def _figures(rows: Sequence[ItemRow], shares: Mapping[str, float] | None) -> dict[str, float | None]:
    """Return the figures of a system by name. None for a figure that needs more than sums."""
    items = {(row.task, row.doc_id, row.doc_hash) for row in rows}
    seconds = sorted(
        row.finished_s - begun_s
        for row in rows
        if row.failure is None
        and row.finished_s is not None
        # Under load a request begins when it is due.
        and (begun_s := row.started_s if row.offered_per_s is None else row.scheduled_s) is not None
    )
    return {
        "items": float(len(items)),
        "accuracy": _weighed(rows, shares, _accuracy),
        "output_tokens": _mean([row.output_tokens for row in rows if row.output_tokens is not None]),
        **{
            name: _percentile(seconds, share) if shares is None and len(seconds) >= fewest else None
            for name, (share, fewest) in _PERCENTILES.items()
        },
        "energy_j_per_request": _weighed(rows, shares, _joules),
        "j_per_correct": _joules_per_correct(rows) if shares is None else None,
        "own_cpu_s_per_request": _own_cpu_s(rows) if shares is None else None,
        "failed": float(sum(row.failure is not None for row in rows)),
        **_throughput(rows),
        **({metric.column: _ratio(rows, metric.computed) for metric in ADDED} if shares is None else {}),
    }


def _weighed(
    rows: Sequence[ItemRow],
    shares: Mapping[str, float] | None,
    figure: Callable[[Sequence[ItemRow]], float | None],
) -> float | None:
    """Return a figure over all rows or, under a mix, the weighted mean of the figure in each domain."""
    if shares is None:
        return figure(rows)
    parts: list[float] = []
    for domain, share in shares.items():
        part = figure([row for row in rows if row.domain == domain])
        if part is None:
            return None
        parts.append(share * part)
    return math.fsum(parts)


def _accuracy(rows: Sequence[ItemRow]) -> float | None:
    return _mean([row.correct for row in rows if row.correct is not None])


def _joules(rows: Sequence[ItemRow]) -> float | None:
    return _mean([row.energy_j for row in rows if row.energy_j is not None])


def _throughput(rows: Sequence[ItemRow]) -> dict[str, float | None]:
    """Return requests and tokens per second over the windows with times, and the client's share of these seconds."""
    windows: dict[str, list[ItemRow]] = defaultdict(list)
    for row in rows:
        windows[row.window].append(row)
    requests: list[tuple[float, float]] = []
    tokens: list[tuple[float, float]] = []
    client: list[tuple[float, float]] = []
    for name, answers in windows.items():
        seconds, answered = _span_s(answers), [row for row in answers if row.failure is None]
        if not name or seconds is None:
            continue
        requests.append((len(answered), seconds))
        if answers[0].offered_per_s is None:
            client.append((_client_s(answers), seconds))
        counts = [row.output_tokens for row in answered if row.output_tokens is not None]
        if len(counts) == len(answered):
            tokens.append((sum(counts), seconds))
    return {
        "requests_per_s": _per_s(requests),
        "output_tokens_per_s": _per_s(tokens),
        "client_share": _per_s(client),
    }


def _client_s(answers: Sequence[ItemRow]) -> float:
    """Return the mean seconds for which a window's slots were empty while a request was left to send."""
    timed = [row for row in answers if row.started_s is not None and row.finished_s is not None]
    slots = 1 if len({row.batch for row in answers}) < len(answers) else max(1, *(row.batch_size for row in answers))
    begun = sorted(row.started_s - row.waited_s for row in timed if row.started_s is not None)
    ended = sorted(row.finished_s for row in timed if row.finished_s is not None)
    free = [*begun[:1] * slots, *ended]
    return math.fsum(max(at_s - free_s, 0.0) for at_s, free_s in zip(begun, free, strict=False)) / slots


def _span_s(answers: Sequence[ItemRow]) -> float | None:
    """Return a window's seconds from the first request, sent or due, to the last end.

    None if an answer lacks its times.
    """
    begun = [row.started_s if row.offered_per_s is None else row.scheduled_s for row in answers]
    known = [
        (begun_s, row.finished_s)
        for row, begun_s in zip(answers, begun, strict=True)
        if begun_s is not None and row.finished_s is not None
    ]
    untimed = [row for row in answers if row.failure is None and (row.started_s is None or row.finished_s is None)]
    return max(end for _, end in known) - min(start for start, _ in known) if known and not untimed else None


def _per_s(windows: Sequence[tuple[float, float]]) -> float | None:
    seconds = math.fsum(each for _, each in windows)
    return math.fsum(served for served, _ in windows) / seconds if seconds > 0 else None


def _own_cpu_s(rows: Sequence[ItemRow]) -> float | None:
    known = [row.own_cpu_s for row in rows if row.own_cpu_s is not None]
    return _mean(known) if len(known) == len(rows) else None


def _joules_per_correct(rows: Sequence[ItemRow]) -> float | None:
    """Return the joules of all metered requests over the correct answers among them."""
    metered = [(row.energy_j, row.correct) for row in rows if row.energy_j is not None and row.correct is not None]
    correct = math.fsum(each for _, each in metered)
    return math.fsum(each for each, _ in metered) / correct if correct > 0 else None


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least a given share of the values do not exceed."""
    return next(value for number, value in enumerate(ordered, start=1) if number >= (share - 1e-9) * len(ordered))


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _same(printed: object, value: float) -> bool:
    return isinstance(printed, int | float) and math.isclose(printed, value, rel_tol=_PLAIN_RELATIVE, abs_tol=1e-12)


_RELATIVE = 1e-6
"""A processor with wider vectors adds in another order, and intervals are of sums of sums."""


def tables(records: RunRecords) -> tuple[Check, Rebuilt | None]:
    """Compare the run's tables with tables rebuilt from its lines.

    Return the check, and the rebuilt tables if they are equal.
    """
    if records.header.imported is not None:
        return not_made("tables", "tables and figures: an imported run has no lines behind them"), None

    rebuilt: list[Rebuilt] = []

    def differences() -> Iterator[str]:
        rebuilt.append(rebuild(*as_finished(records)))
        yield from table_differences(records, rebuilt[0])

    agents = os.path.lexists(records.layout.calls_table)
    which = "items.parquet, windows.parquet and calls.parquet" if agents else "items.parquet and windows.parquet"
    made = check("tables", f"{which}, from the lines", differences, records.layout.root)
    return made, rebuilt[0] if rebuilt and not made.problems else None


def as_finished(records: RunRecords) -> tuple[RunRecords, Sequence[WindowRow]]:
    """Return the records without the interrupted rounds of a gate, and the windows as the scenario ended them."""
    if records.header.gate is not None:
        rounds = CompleteRounds.of(records.layout)
        return rounds, rounds.windows()
    from wattbench.scenarios.closed_loop import with_abandoned

    return records, with_abandoned(records)


def figures(records: RunRecords, rebuilt: Rebuilt) -> Check:
    """Check all that `compare` prints against plain sums of the lines, and against the rebuilt tables."""

    def differences() -> Iterator[str]:
        yield from figure_differences(records, rebuilt.items)
        yield from comparison_differences(records, rebuilt)

    return check("figures", "all that compare prints, from the lines", differences, records.layout.root)


def scores(records: RunRecords, *, run_code: bool, allow_unsafe_code: bool) -> Check:
    """Compare the recorded scores with new scores of the same answers, for the tasks that may be loaded."""
    with stdout_to_stderr():
        from wattbench.tasks.loading import forget_task_files, quiet_lm_eval

        quiet_lm_eval()  # before anything else imports it
        from wattbench.measure.score_again import score_again

        forget_task_files()
        finished, _ = as_finished(records)
        scored = score_again(finished, run_code=run_code, allow_unsafe_code=allow_unsafe_code)
    left_out = tuple(f"scores of {task}: {why}" if task else f"scores: {why}" for task, why in scored.left_out.items())
    if not scored.answers:
        return not_made("scores", "; ".join(left_out) or "scores: there is no answer")
    said = f"scores of {scored.answers:,} answers, from their texts"
    made = check("scores", said, lambda: scored.differences, records.layout.root)
    return Check("scores", made.said, made.problems, left_out=left_out)


def verdicts(records: RunRecords) -> Check | None:
    """Read the verdicts again in what the judges wrote. None for a run without any."""
    rows, judges = records.judgements(), records.judges()
    if not rows:
        return None
    if records.header.imported is not None:
        return not_made("verdicts", "verdicts: those of an imported run are its source's")
    forms = {judge.prompt_version.partition("-")[0] for judge in judges.values()}  # of replies; then of the words
    if forms - {PROMPT_VERSION.partition("-")[0]}:
        return not_made("verdicts", "verdicts: the judges were asked by another version of the prompt")

    def differences() -> Iterator[str]:
        for row in rows:
            read = _verdict(row, judges.get(row.task))
            if read != row.verdict:
                answer = f"the answer of {row.system} to document {row.doc_id} of {row.task}"
                yield f"the verdict on {answer} is {row.verdict!r:.60}, and {read!r:.60} in the judge's reply"

    said = f"{len(rows):,} verdicts, from the judges' replies"
    return check("verdicts", said, differences, records.layout.root)


def _verdict(row: JudgementRow, judge: JudgeRow | None) -> float | None:
    """Return the verdict in a reply; None: it has none, or no judge scores the task."""
    if judge is None:
        return None
    score = read_verdict(row.reply, JudgedBy(judge=judge.judge, rubric=Path("rubric"), scale=judge.scale)).score
    return 1.0 - score if score is not None and row.shown == "second" else score


def comparison_differences(records: RunRecords, rebuilt: Rebuilt) -> Iterator[str]:
    """Yield a sentence for each part of the comparison that differs from the comparison of the rebuilt tables.

    Args:
        records: of a finished run.
        rebuilt: its tables, from its lines.
    """
    with tempfile.TemporaryDirectory(prefix="wattbench-verify-") as folder:
        made = with_tables(records, rebuilt.items, rebuilt.windows, Path(folder), rebuilt.calls)
        printed, by_lines = _printed(records), _printed(made)
    for where, one, other in _differing("", printed, by_lines):
        yield f"compare prints {where} {one!r:.60}, and the lines give {other!r:.60}"


def _printed(records: RunRecords) -> Any:
    """Return the comparison of the run alone as parsed JSON, or the text of the error if there is none."""
    try:
        compared = compare_runs([records], assumptions=ALONE)
    except UserError as error:
        return str(error).replace(str(records.layout.root), "")
    return json.loads(render(compared.comparison, "json", compared.decided))


def _differing(where: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _differing(f"{where}.{key}" if where else str(key), one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            name = first.get("system") if isinstance(first, dict) else None
            yield from _differing(f"{where}[{number if name is None else name}]", first, second)
    elif all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other)):
        if not math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-12):
            yield where, one, other
    elif one != other:
        yield where, one, other


def _ratio(rows: Sequence[ItemRow], computed: object) -> float | None:
    """Return an added metric: a ratio of sums over the answers that have both."""
    assert isinstance(computed, Ratio)
    pairs = [
        (_number(row, computed.top), 1.0 if computed.bottom is None else _number(row, computed.bottom)) for row in rows
    ]
    known = [(top, bottom) for top, bottom in pairs if top is not None and bottom is not None]
    below = math.fsum(bottom for _, bottom in known)
    return math.fsum(top for top, _ in known) / below if below else None


def _number(row: ItemRow, column: str) -> float | None:
    if column != "seconds":
        value: float | None = getattr(row, column, None)
        return 0.0 if value is None and column == "correct" else value
    if row.failure is not None or row.finished_s is None or row.started_s is None:
        return None
    return row.finished_s - row.started_s
