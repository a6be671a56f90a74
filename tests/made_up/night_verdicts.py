"""Made-up verdicts of nights, one of each kind: what the formats are tested with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from wattbench.records.schema.header import CommitRecord, CommitsSinceRecord
from wattbench_reports.gate.policy import NIGHT_POLICY
from wattbench_reports.history import Alarm, Change, History, Night, NightChange
from wattbench_reports.history.night_changes import state_of
from wattbench_reports.history.night_verdict import NightVerdict, night_result
from wattbench_reports.history.what_changed import FactChange, NightDifference, PartChange

FIRST = date(2026, 3, 1)


def history(nights: int, notes: Sequence[str] = ()) -> History:
    """Return a history without figures."""
    days = [FIRST + timedelta(days=number) for number in range(nights)]
    listed = tuple(
        Night(f"{day:%Y%m%d}T020000Z-sums-{number:06x}", Path("runs"), day, f"{day}T02:00:00+00:00",
              f"{number:x}a" * 20, False, "sums")
        for number, day in enumerate(days)
    )  # fmt: skip
    return History(Path("nights"), listed, pd.DataFrame(columns=["run", "system"]), None, notes=tuple(notes))


WEEKS = "11 nights from 2026-03-01 to 2026-03-11"


def change(size: float | None = 0.01, half: float | None = 0.03, **given: Any) -> NightChange:
    """Return a comparison of the last night, by its size, interval and margin.

    Args:
        size: of the change; None: there is none.
        half: by how much its bounds lie apart from it; None: it has none.
        given: any field.
    """
    metric = given.get("metric", "latency_p50")
    margin = NIGHT_POLICY.rule(metric).margin
    low, high = (None, None) if size is None or half is None else (size - half, size + half)
    before = 0.8 if metric == "accuracy" else 0.5
    moved = size or 0.0
    known: dict[str, Any] = {
        "system": "small", "metric": metric, "against": "four_weeks", "label": WEEKS,
        "before": None if size is None else before,
        "now": before + moved if metric == "accuracy" else before * (1 + moved),
        "change": size, "low": low, "high": high, "margin": margin,
        "state": "too_few_nights" if low is None or high is None else state_of(metric, low, high, margin),
        "blocks": True, "detectable": None if half is None else margin + half,
    }  # fmt: skip
    return NightChange(**(known | given))


def verdict(
    history: History,
    alarms: Sequence[Alarm] = (),
    changes: Sequence[NightChange] = (),
    differences: Sequence[NightDifference] = (),
) -> NightVerdict:
    """Return the verdict that follows from a history and its changes."""
    result = night_result(history, alarms, NIGHT_POLICY, changes)
    return NightVerdict(result, tuple(alarms), tuple(changes), tuple(differences))


def difference(history: History, remote: str | None = "https://github.com/owner/name") -> NightDifference:
    """Return changes since the previous night: weights, prompts, two of three commits, and an uncommitted file."""
    before, last = history.nights[-2:]
    since = CommitsSinceRecord(
        run=before.run,
        commits=(
            CommitRecord(commit="c" * 40, subject="Train the adapter again (#12)"),
            CommitRecord(commit="d" * 40, subject="Shorter | prompt"),
        ),
        commits_in_all=3,
        files=("adapters/small.yaml", "prompts/a (b).txt"),
        files_in_all=2,
    )
    return NightDifference(
        against="previous",
        night=before,
        parts=(
            PartChange(("small",), "weights", (FactChange("SHA-256", "1" * 64, "2" * 64),), ("adapter-v2",)),
            PartChange(("rules",), "code", (FactChange("SHA-256", "3" * 64, "4" * 64),), ("answers.py:add",)),
            PartChange((), "prompts", (FactChange("of addition", "", ""),)),
        ),
        added=("moe",),
        removed=(),
        commit_before=before.commit,
        commit_now=last.commit,
        remote=remote,
        since=since,
        uncommitted=("suite.yaml",),
        uncommitted_in_all=1,
    )


SLOWER = Alarm(
    "big", "text", "latency_p50",
    "big, text: latency p50 rose by 32.0% on 2026-03-09, from 500 ms to 660 ms (4 nights beyond the limit of 12.1%)",
    Change(date(2026, 3, 9), "run-9", 0.5, 0.66, 0.32, 0.121, 4, date(2026, 3, 12)),
)  # fmt: skip
LESS_ACCURATE = Alarm(
    "small", "", "accuracy",
    "small: accuracy fell by 20.0 points on 2026-03-11, from 80.0% to 60.0% (2 nights beyond the limit of 5.0 points)",
    Change(date(2026, 3, 11), "run-11", 0.8, 0.6, -0.2, -0.05, 2, date(2026, 3, 12)),
)  # fmt: skip
FELL = change(-0.2, 0.04, metric="accuracy", state="alarm")
SHARED = "others on this machine moved with it"

_TWELVE = history(12)
_QUIET = (
    change(0.004), change(-0.002, 0.05, system="big"), change(0.01, 0.03, metric="accuracy"),
    change(-0.005, 0.02, system="big", metric="accuracy"),
    change(0.11, 0.04, system="big", against="best", label="28 nights from 2026-01-12 to 2026-02-08",
           note="it creeps: +9.2% since 2026-01-12"),
)  # fmt: skip
_PASSING = _QUIET[:-1]


def too_few(nights: int) -> dict[str, Any]:
    """Return the state of a comparison with too few nights."""
    return {"state": "too_few_nights", "note": f"too few nights ({nights} of 4 before this one)"}


NIGHTS: Mapping[str, NightVerdict] = {
    "first": verdict(history(1)),
    "passes": verdict(_TWELVE, changes=_PASSING),
    "passes-with-more": verdict(
        _TWELVE,
        changes=[
            change(0.24, metric="joules_per_correct", state="not_judged", blocks=False, before=20.0, now=24.8),
            change(-0.25, system="big"), *_PASSING[2:],
        ],
        differences=[difference(_TWELVE)],
    ),
    "creep": verdict(_TWELVE, changes=[_QUIET[-1], *_PASSING]),
    "open": verdict(_TWELVE, changes=[change(0.02, 0.35), *_PASSING[1:]]),
    "too-few-nights": verdict(
        history(3, notes=["run-3: left out (its header is damaged)"]),
        changes=[
            change(0.08, None, label="2 nights from 2026-03-01 to 2026-03-02", **too_few(2)),
            change(-0.01, None, metric="accuracy", label="2 nights from 2026-03-01 to 2026-03-02", **too_few(2)),
        ],
    ),
    "fifth-night": verdict(
        history(5),
        changes=[
            change(2.42, 0.7, label="4 nights from 2026-03-01 to 2026-03-04",
                   note="an alarm takes 2 such nights"),
            change(-0.01, 0.03, metric="accuracy", label="4 nights from 2026-03-01 to 2026-03-04"),
        ],
    ),
    "together": verdict(
        _TWELVE, changes=[change(0.4, note=SHARED), change(0.38, system="big", note=SHARED), *_PASSING[2:]]
    ),
    "not-measured": verdict(
        _TWELVE,
        changes=[
            change(None, None, metric="joules_per_correct", label="2026-03-11", state="not_measured", before=21.0,
                   now=None, note="an earlier night has this figure, and this night has none"),
            *_PASSING,
        ],
    ),
    "not-comparable": verdict(
        _TWELVE,
        changes=[change(None, None, label="2026-03-11", state="not_comparable", note="other items, machine or meters")],
    ),
    "alarm": verdict(_TWELVE, [LESS_ACCURATE], [FELL, *_PASSING[:2], *_PASSING[3:]]),
    "alarms": verdict(
        _TWELVE, [LESS_ACCURATE, SLOWER], [FELL, *_PASSING[:2], *_PASSING[3:]], [difference(_TWELVE)]
    ),
    "still-regressed": verdict(
        _TWELVE,
        changes=[
            change(-0.19, 0.04, metric="accuracy", against="best", label="9 nights from 2026-03-01 to 2026-03-09",
                   state="still_regressed", note="changed on 2026-03-10; a later reference accepts it"),
            change(0.01, None, metric="accuracy", label="2 nights from 2026-03-10 to 2026-03-11", before=0.6, now=0.61,
                   **too_few(2)),
            *_PASSING[:2], *_PASSING[3:],
        ],
    ),
}  # fmt: skip


def hostile(text: str) -> NightVerdict:
    """Return an alarm with changes and differences whose every name is this text."""
    base = difference(_TWELVE)
    part = PartChange((text,), "weights", (FactChange(text, text, f"{text}2"),), (text,))
    since = CommitsSinceRecord(
        run=base.night.run, commits=(CommitRecord(commit="c" * 40, subject=text),), files=(text,)
    )
    changes = [change(0.9, system=text, label=text, note=text), change(-0.2, system=text, against="best", label=text)]
    return verdict(
        history(12, notes=[text]),
        [replace(LESS_ACCURATE, system=text, text=text)],
        changes,
        [replace(base, parts=(part,), added=(text,), removed=(text,), since=since, uncommitted=(text,))],
    )
