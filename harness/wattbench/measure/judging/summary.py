"""Say at the end of a run what its judges did, what that took, and what their figures are."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from wattbench.config import Resolved
from wattbench.measure.judging.questions import FAILED
from wattbench.measure.services.spending_of_run import tariffs_of
from wattbench.quantities import money, quantity
from wattbench.records import Purpose, RunRecords, read_run
from wattbench.records.rows.judgements import JudgementRow


def judged_in_words(root: Path, resolved: Resolved) -> list[str]:
    """Return a line for each judge of a run, and one on what to do next; empty without a judge.

    Args:
        root: of the run.
        resolved: its suite.

    Raises:
        UserError: the record is damaged.
    """
    records = read_run(root)
    lines = [*_lines(records, resolved)]
    if lines:
        lines.append(
            "until people have labelled answers of each system, that is the judge's opinion, and ranks with nothing: "
            f"wattbench label {shlex.quote(str(root))}"
        )
    return lines


def _lines(records: RunRecords, resolved: Resolved) -> Iterator[str]:
    judgements = records.judgements()
    for judge in dict.fromkeys(row.judge for row in records.judges().values()):
        rows = [row for row in judgements if row.judge == judge]
        answers: dict[tuple[object, ...], list[JudgementRow]] = {}
        for row in rows:
            answers.setdefault((row.system, row.task, *row.key), []).append(row)
        unread = [row for of_answer in answers.values() for row in of_answer if row.verdict is None]
        missing = sum(any(row.verdict is None for row in of_answer) for of_answer in answers.values())
        said = f"judge {judge}: {len(answers) - missing:,} of {len(answers):,} answers judged"
        if unread:
            [(why, _)] = Counter(row.why or "" for row in unread).most_common(1)
            said += f" ({missing:,} not judged, most often as {why})"
        took = [each for each in (_joules(records, judge), _money(resolved, judge, rows)) if each]
        yield "; ".join([said, *took])


def _joules(records: RunRecords, judge: str) -> str:
    """Return the joules of a judge's requests; empty where they are not known."""
    windows = [row for row in records.windows() if row.purpose == Purpose.JUDGING and row.system == judge]
    known = [row.total_j for row in windows if row.valid and row.total_j is not None]
    if not known:
        return ""
    return ("at least " if len(known) < len(windows) else "") + quantity(math.fsum(known), "J")


def _money(resolved: Resolved, judge: str, rows: Sequence[JudgementRow]) -> str:
    """Return the money of a judge's requests; empty without a price of its own, or where tokens are not known."""
    tariff = tariffs_of(resolved.judges).get(judge)
    if tariff is None:
        return ""
    total = math.fsum(tariff.money(row) for row in rows if not (row.why or "").startswith(FAILED))
    return "" if math.isnan(total) else money(total, tariff.currency)
