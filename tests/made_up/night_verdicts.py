"""Made-up verdicts of nights, one of each kind: what the formats are tested with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from wattbench_reports.gate.policy import Policy, Rule
from wattbench_reports.history import Alarm, Change, Drift, History, Night, NightChange
from wattbench_reports.history.night_verdict import NightVerdict, night_result
from wattbench_reports.history.what_changed import FactChange, NightDifference, PartChange
from wattbench_reports.tables.repository_record import CommitRecord, CommitsSinceRecord

POLICY = Policy(rules=(Rule("accuracy", 0.05), Rule("latency_p50", 0.1)))
FIRST = date(2026, 3, 1)


def history(nights: int, notes: Sequence[str] = ()) -> History:
    """A history without figures."""
    days = [FIRST + timedelta(days=number) for number in range(nights)]
    listed = tuple(
        Night(f"{day:%Y%m%d}T020000Z-sums-{number:06x}", Path("runs"), day, f"{day}T02:00:00+00:00",
              f"{number:x}a" * 20, False, "sums")
        for number, day in enumerate(days)
    )  # fmt: skip
    return History(Path("nights"), listed, pd.DataFrame(columns=["run", "system"]), None, notes=tuple(notes))


def change(state: str = "not_distinguishable", size: float | None = 0.01, **given: Any) -> NightChange:
    """One change; without its interval unless one is given."""
    known: dict[str, Any] = {
        "system": "small", "metric": "latency_p50", "against": "previous", "label": "2026-03-11",
        "before": None if size is None else 0.5, "now": 0.5 * (1 + (size or 0.0)), "change": size,
        "low": None, "high": None, "state": state,
    }  # fmt: skip
    return NightChange(**(known | given))


def verdict(
    history: History,
    alarms: Sequence[Alarm] = (),
    changes: Sequence[NightChange] = (),
    differences: Sequence[NightDifference] = (),
) -> NightVerdict:
    """The verdict as it is made of the rest."""
    result = night_result(history, alarms, Drift(POLICY), changes)
    return NightVerdict(result, tuple(alarms), tuple(changes), tuple(differences))


def difference(history: History, remote: str | None = "https://github.com/owner/name") -> NightDifference:
    """New weights, other prompts, two of three commits, and an uncommitted file since the previous night."""
    before, last = history.nights[-2:]
    since = CommitsSinceRecord(
        run=before.run,
        commits=(CommitRecord("c" * 40, "Train the adapter again (#12)"), CommitRecord("d" * 40, "Shorter | prompt")),
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
    "change", "big", "text", "latency_p50",
    "big, text: latency p50 rose by 12.0% on 2026-03-12, from 500 ms to 560 ms (p < .001 over all series)",
    change=Change(date(2026, 3, 12), "run-12", 0.5, 0.56, 0.12, 0.0004),
)  # fmt: skip
LESS_ACCURATE = Alarm(
    "previous", "small", "", "accuracy",
    "small: accuracy is 20.0 points lower (60.0%, was 80.0%) than in the previous night, 2026-03-11",
)  # fmt: skip

_WEEKS = {"against": "four_weeks", "label": "11 nights from 2026-03-01 to 2026-03-11"}
_EARLY = "too few nights (5 of 10): nothing could have been found"
_TWELVE = history(12)
_FELL = change("alarm", -0.2, metric="accuracy", before=0.8, now=0.6, low=-0.26, high=-0.14)
_STILL = (
    change(low=-0.03, high=0.05),
    change(size=0.004, low=-0.03, high=0.04, **_WEEKS),
    change(size=-0.002, system="big", low=-0.15, high=0.15),
)

NIGHTS: Mapping[str, NightVerdict] = {
    "first": verdict(history(1)),
    "none-found": verdict(_TWELVE, changes=_STILL),
    "too-few-nights": verdict(
        history(5, notes=["run-3: left out (its header is damaged)"]),
        changes=[
            change("too_few_nights", 0.08, label="2026-03-04", note=_EARLY),
            change("too_few_nights", -0.01, metric="accuracy", label="2026-03-04", note=_EARLY),
        ],
    ),
    "fifth-night": verdict(
        history(5),
        changes=[
            change("beyond_all_seen", 2.42, label="2026-03-04", note=_EARLY),
            change("too_few_nights", -0.01, metric="accuracy", label="2026-03-04", note=_EARLY),
        ],
    ),
    "not-comparable": verdict(
        _TWELVE, changes=[change("not_comparable", None, note="other items, machine or meters")]
    ),
    "changed": verdict(
        _TWELVE,
        changes=[change("changed", 0.07, low=0.02, high=0.12), *_STILL[1:],
                 change("changed", -0.04, system="big", low=-0.07, high=-0.01)],
        differences=[difference(_TWELVE)],
    ),
    "alarm": verdict(_TWELVE, [LESS_ACCURATE], [_FELL, *_STILL]),
    "alarms": verdict(_TWELVE, [LESS_ACCURATE, SLOWER], [_FELL, *_STILL], [difference(_TWELVE)]),
}  # fmt: skip


def hostile(text: str) -> NightVerdict:
    """An alarm, changes and differences of which every name is this text."""
    base = difference(_TWELVE)
    part = PartChange((text,), "weights", (FactChange(text, text, f"{text}2"),), (text,))
    since = CommitsSinceRecord(base.night.run, (CommitRecord("c" * 40, text),), 1, (text,), 1)
    changes = [change("changed", 0.07, system=text, label=text, low=0.02, high=0.12, note=text)]
    changes += [change("beyond_all_seen", 0.9, system=text, label=text, note=text)]
    return verdict(
        history(12, notes=[text]),
        [replace(LESS_ACCURATE, system=text, text=text)],
        changes,
        [replace(base, parts=(part,), added=(text,), removed=(text,), since=since, uncommitted=(text,))],
    )
