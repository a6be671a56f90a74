"""Judge a recorded window a second time, by the readings that its trace holds."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench.meters.base import Reading
from wattbench.meters.contention.limits import Signal
from wattbench.meters.contention.signals import Contention
from wattbench.meters.sampling.recover import INTERRUPTED, readings_at_end
from wattbench.meters.sampling.sampler import counts_at_edges
from wattbench.meters.sampling.trace import Trace
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.judge import UNWATCHED, judge
from wattbench.meters.windows.series import Series
from wattbench.quantities import column
from wattbench.records import Purpose, WindowLabel, WindowRow
from wattbench.records.rows.components import host_of

_ROUNDED = 1e-6
"""A trace has six decimals."""


@dataclass(frozen=True)
class SecondJudgement:
    """The result of judging a recorded window a second time."""

    recomputed: tuple[str, ...]
    """Components whose joules were computed again."""
    differences: tuple[str, ...]
    """A clause for each thing that is not so by the readings."""


class RecordedReadings:
    """The readings of a trace, by time."""

    def __init__(self, trace: Trace) -> None:
        self._taken = sorted(trace.readings, key=lambda named: named[1].at_s)
        self._times_s = [reading.at_s for _, reading in self._taken]
        self.provenance: Mapping[str, str] = trace.provenance
        self.step_s: Mapping[str, float] = trace.step_s

    def around(self, row: WindowRow) -> list[tuple[str, Reading]]:
        """Return the readings in a window and around its edges, with their meters; empty if none is in the window."""
        first, last = (bisect.bisect_left(self._times_s, at_s) for at_s in (row.started_s, row.finished_s))
        if first == last:
            return []
        margin_s = 2.0 * thresholds.max_gap_s(counted=True, step_s=max(self.step_s.values()))
        from_ = bisect.bisect_left(self._times_s, row.started_s - margin_s)
        return self._taken[from_ : bisect.bisect_right(self._times_s, row.finished_s + margin_s)]


def judge_again(row: WindowRow, recorded: RecordedReadings, *, by_same_rules: bool) -> SecondJudgement | None:
    """Compare a window's recorded joules, provenance and validity with those that its readings give.

    Joules that are a slot's part of a machine's are not compared: what other slots used is in no trace.

    Args:
        row: a window.
        recorded: its trace.
        by_same_rules: whether it was judged by the rules of this version; else its validity is not compared.

    Returns:
        None where the trace has no readings of it.
    """
    around = recorded.around(row)
    read = {name for _, reading in around for name in (*reading.energy_j, *reading.power_w, *reading.gaps)}
    if not read:
        return None
    taken = [sorted(each, key=lambda reading: reading.at_s) for each in _ways(row, around, read)]
    compared = sorted(name for name in row.energy_j if name in read and name not in row.shared) if row.valid else []
    differences = [clause for name in compared for clause in _joules(row, name, recorded, taken)]
    if row.valid:
        hosts = {host_of(name) for name in row.energy_j}
        unstated = sorted(name for name in read - row.energy_j.keys() if host_of(name) in hosts)
        differences += [f"has no joules of {name}, which was read" for name in unstated]
    if by_same_rules and not differences:
        counted = row.energy_j.keys() & read if row.valid else read
        judged = [judge(_evidence(row, counted, recorded, readings)) for readings in taken]
        differences += _validity(row, judged)
    return SecondJudgement(tuple(compared), tuple(differences))


def _ways(row: WindowRow, around: Sequence[tuple[str, Reading]], read: set[str]) -> Iterator[list[Reading]]:
    """Yield the readings once for each way in which the window's edges may have been placed."""
    plain = [reading for _, reading in around]
    if INTERRUPTED in row.reasons:
        yield plain + readings_at_end(around, row.started_s, row.finished_s)
        before = [(meter, reading) for meter, reading in around if reading.at_s <= row.finished_s]
        yield [reading for _, reading in before] + readings_at_end(before, row.started_s, row.finished_s)
    else:
        yield plain
        yield plain + counts_at_edges(sorted(read), plain, row.started_s, row.finished_s)


def _joules(row: WindowRow, name: str, recorded: RecordedReadings, taken: Sequence[Sequence[Reading]]) -> Iterator[str]:
    provenance, stated_j = recorded.provenance[name], row.energy_j[name]
    if row.provenance[name] != provenance:
        yield f"has joules of {name} by {row.provenance[name]}, and its readings are {provenance}"
    series = [Series.of(name, provenance, readings, row.started_s, row.finished_s) for readings in taken]
    computed_j = [joules for each in series if (joules := each.joules()) is not None]
    if not computed_j:
        yield f"has joules of {name}, which {series[0].edge_fault()}"
        return
    power_w = max(map(abs, (stated_j, *computed_j))) / row.duration_s if row.duration_s > 0 else math.inf
    slack_j = power_w * (thresholds.EDGE_STEPS * recorded.step_s[name] + _ROUNDED * (1 + row.duration_s)) + _ROUNDED
    if not min(computed_j) - slack_j <= stated_j <= max(computed_j) + slack_j:
        stated, computed = column((stated_j, min(computed_j, key=lambda joules: abs(joules - stated_j))), "J")
        yield f"has {stated} of {name}, and its readings give {computed}"


def _evidence(
    row: WindowRow, counted: set[str], recorded: RecordedReadings, readings: Sequence[Reading]
) -> WindowEvidence:
    not_counted = row.purpose in (Purpose.SUPERSEDED, Purpose.ABANDONED)  # called so after it was judged
    return WindowEvidence(
        label=WindowLabel(
            window=row.window, run=row.run, system=row.system, task=row.task,
            purpose=Purpose.MEASURED if not_counted else row.purpose,
            power_limit_w=row.power_limit_w,
        ),
        started_s=row.started_s,
        finished_s=row.finished_s,
        readings=readings,
        provenance={name: made for name, made in recorded.provenance.items() if name in counted},
        step_s=recorded.step_s,
        power_step_s=dict.fromkeys(recorded.provenance, math.inf),  # a trace does not say
        contention=Contention({signal: row.contention[signal] for signal in Signal if signal in row.contention}),
        watched=UNWATCHED not in row.reasons,
        co_runners=row.co_runners,
        parts=frozenset(row.shared),
    )  # fmt: skip


def _validity(row: WindowRow, judged: Sequence[WindowRow]) -> Iterator[str]:
    """Yield a clause if the recorded validity of a window contradicts its readings."""
    valid = [each for each in judged if each.valid]
    if row.valid and not valid:
        yield f"is valid, and by its readings it is not: {judged[-1].reasons[0]}"
    elif not row.valid and any(set(row.reasons) <= set(each.reasons) for each in valid):
        yield "is not valid, and no reason for it is recorded or in its readings"
