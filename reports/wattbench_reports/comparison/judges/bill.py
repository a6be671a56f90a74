"""Add up what a judge took: the bill of the evaluation, in no system's figures.

Joules and seconds are those of the windows in which the judge was asked, and of its loading and idle windows where the
judge is not a system of the run (of a system these are its own). Money is that of its tokens, requests and hours at
its price, with electricity where it pays for its joules.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wattbench.records import WindowRow
from wattbench.records.rows.judgements import JudgementRow
from wattbench.records.rows.windows import Purpose
from wattbench.records.schema.price import Price
from wattbench_reports.comparison.judges.model import JudgeBill, JudgingUse
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.metrics.money.answer_columns import COUNTS
from wattbench_reports.metrics.money.price_bill import parts_at, unknown_tokens
from wattbench_reports.metrics.workload import Workload
from wattbench_reports.tables.provenance import joined

_OTHERS = (Purpose.LOAD, Purpose.WARM_UP, Purpose.IDLE)


def bills_of_judges(measured: Measured, paid: Paid, judgements: Sequence[JudgementRow]) -> tuple[JudgeBill, ...]:
    """Return the bill of each judge that was asked, in the order of its first verdict.

    Args:
        measured: of the run, with the price of electricity.
        paid: prices, and what the building draws for each watt.
        judgements: all of the run.
    """
    by_judge: dict[str, list[JudgementRow]] = {}
    for row in judgements:
        by_judge.setdefault(row.judge, []).append(row)
    windows = measured.frames.run.windows() if by_judge else []
    return tuple(
        _bill(measured, paid, name, rows, [each for each in windows if each.system == name])
        for name, rows in by_judge.items()
    )


def _bill(
    measured: Measured, paid: Paid, name: str, rows: Sequence[JudgementRow], windows: Sequence[WindowRow]
) -> JudgeBill:
    is_a_system = name in measured.frames.record.suite.systems
    asking = [each for each in windows if each.purpose == Purpose.JUDGING]
    others = [] if is_a_system else [each for each in windows if each.purpose in _OTHERS]
    judging = _used(asking)
    known = {each.window for each in asking if _has_joules(each)}
    counts = _counts(rows)
    prompt, output = (counts[name] for name in ("prompt_tokens", "output_tokens"))
    money, currency, why = _money(counts, judging, paid.prices.by_system.get(name), paid.pue, measured.workload)
    return JudgeBill(
        run=measured.run,
        judge=name,
        is_a_system=is_a_system,
        answers=len(_answers(rows)),
        requests=len(rows),
        judging=judging,
        other=_used(others) if others else None,
        metered_answers=len(_answers([row for row in rows if row.window in known])),
        provenance=joined(each.provenance_label for each in (*asking, *others) if _has_joules(each)),
        prompt_tokens=int(prompt.sum()),
        output_tokens=int(output.sum()),
        uncounted=int((prompt.isna() | output.isna()).sum()),
        money=money,
        currency=currency,
        why_no_money=why,
    )


def _counts(rows: Sequence[JudgementRow]) -> pd.DataFrame:
    """Return the tokens of each request, columns `COUNTS`; NaN where not known. A failed one that has no tokens on
    record had none, as those of systems."""
    counts = pd.DataFrame([{name: getattr(row, name) for name in COUNTS} for row in rows], dtype=np.float64)
    failed = np.array([row.verdict is None and not row.reply for row in rows])
    return counts.mask(failed[:, None] & counts.isna().to_numpy(), 0.0)


def _answers(rows: Sequence[JudgementRow]) -> set[tuple[object, ...]]:
    """Return the answers that some verdicts are of: a pair has two verdicts of an answer."""
    return {(row.system, row.task, *row.key) for row in rows}


def _used(windows: Sequence[WindowRow]) -> JudgingUse:
    joules = [each.total_j for each in windows if _has_joules(each)]
    return JudgingUse(
        windows=len(windows),
        without_joules=len(windows) - len(joules),
        energy_j=sum(each for each in joules if each is not None) if joules else None,
        seconds=sum(each.duration_s for each in windows),
    )


def _has_joules(window: WindowRow) -> bool:
    return window.valid and window.total_j is not None


def _money(
    counts: pd.DataFrame, judging: JudgingUse, price: Price | None, pue: float, workload: Workload
) -> tuple[float | None, str, str]:
    """Return the money of judging, its currency, and why it is not known, as a clause."""
    kwh, electricity = workload.price_per_kwh, 0.0
    currency = workload.currency if price is None else price.currency
    if price is None or price.electricity_added:
        pays = "it pays for its joules"
        if price is None and kwh is None:
            return None, "", "the judge has no price"
        if kwh is None:
            return None, "", f"{pays}, and electricity has no price (workload.price_per_kwh)"
        if workload.currency != currency:
            return None, "", f"{pays}, and electricity is priced in {workload.currency}"
        if judging.energy_j is None or judging.without_joules:
            why = "has no price, and some of its windows have no valid joules" if price is None else pays
            return None, "", f"it {why}" if price is None else f"{pays}, and some of its windows have no valid ones"
        electricity = judging.energy_j / JOULES_PER_KWH * pue * kwh
    if price is None:
        return electricity, currency, ""
    if price.by_token and (why := unknown_tokens(counts, price)):
        return None, "", why.replace("every answer", "every request")
    seconds = np.full(len(counts), judging.seconds / len(counts))
    parts = parts_at(price, len(counts), counts if price.by_token else None, seconds if price.by_time else None)
    return electricity + sum(float(np.sum(each)) for each in parts.values()), currency, ""
