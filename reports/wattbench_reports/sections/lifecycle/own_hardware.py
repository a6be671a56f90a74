"""Own hardware against an API: the number of requests from which a machine that is kept on costs less."""

from __future__ import annotations

import math
from collections.abc import Iterable

from wattbench_reports.analyses.capacity import HOURS_PER_MONTH
from wattbench_reports.analyses.own_hardware import KeptOn, OwnHardware, OwnHardwareStudy, Pays, own_hardware
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Table, numbers
from wattbench_reports.stats import Interval

MONTHS = 12
_SENTENCES = 3
"""How many pairs have a sentence of their own."""


def own_hardware_passage(measured: Measured, paid: Paid, requests_per_year: float) -> Passage | None:
    """Make the passage: the requests per month from which own hardware pays; None for a run without both."""
    study = own_hardware(measured, paid)
    if study is None:
        return None
    sentences = [_sentence(pair, study.currency) + _less_accurate(measured, pair) for pair in study.pairs[:_SENTENCES]]
    if rest := len(study.pairs) - _SENTENCES:
        sentences += [f"The table has {units.plural(rest, 'more pair')}."] if rest > 0 else []
    sentences += _without(study)
    if not study.pairs:
        return Passage("Own hardware or an API", tuple(sentences))
    tables = (_volumes(measured, study), _months(measured, study, requests_per_year / MONTHS))
    return Passage("Own hardware or an API", tuple(sentences), tables)


def _sentence(pair: OwnHardware, currency: str) -> str:
    system, other = pair.machine.system, pair.against
    bounds = _bounds(pair.requests_per_month)
    if pair.pays is Pays.ALWAYS:
        return f"{system}, kept on, always costs less than {other}: a month of its machine costs nothing."
    if pair.pays is Pays.NEVER:
        unsure = (
            "" if math.isinf(pair.requests_per_month.low) else f", although the interval reaches down to {_low(pair)}"
        )
        return (
            f"{system}, kept on, never costs less than {other}: even a machine that never waits costs "
            f"{_full(pair, currency)} for a request{unsure}."
        )
    return (
        f"{system}, kept on, costs less than {other} from {units.roughly(pair.requests_per_month.estimate)} {bounds} "
        f"requests a month on, {units.roughly(pair.requests_per_day.estimate)} a day."
    )


def _less_accurate(measured: Measured, pair: OwnHardware) -> str:
    """State that own hardware answers fewer items correctly, where its estimate is lower."""
    ours, theirs = (measured.systems[name].accuracy for name in (pair.machine.system, pair.against))
    if pair.pays is Pays.NEVER or ours is None or theirs is None or ours.estimate >= theirs.estimate:
        return ""
    return (
        f" It answers {units.percent(ours.estimate)} correctly, {pair.against} {units.percent(theirs.estimate)}, which "
        "the break-even does not count."
    )


def _low(pair: OwnHardware) -> str:
    return f"{units.roughly(pair.requests_per_month.low)} requests a month"


def _full(pair: OwnHardware, currency: str) -> str:
    busy = pair.machine.per_month / pair.machine.requests_per_month + pair.machine.per_request.estimate
    factor, scale = units.money_scale((busy, pair.against_per_request.estimate))
    ours, theirs = (units.money(each * factor, currency) for each in (busy, pair.against_per_request.estimate))
    return f"more, {ours} against {theirs} per {scale}," if factor > 1 else f"more, {ours} against {theirs},"


def _bounds(interval: Interval) -> str:
    return f"[{units.roughly(interval.low)}, {units.roughly(interval.high)}]"


def _without(study: OwnHardwareStudy) -> Iterable[str]:
    for name, why in study.left_out.items():
        yield f"{name} is in no pair: {why}."
    silent = dict.fromkeys(pair.machine.system for pair in study.pairs if not pair.machine.idle_known)
    if silent:
        yield (
            f"The electricity that {units.listed(list(silent))} would draw when idle is not measured, and is not "
            "counted: the break-even is later than shown."
        )


def _volumes(measured: Measured, study: OwnHardwareStudy) -> Table:
    factor, scale = units.money_scale([pair.against_per_request.estimate for pair in study.pairs])
    return Table(
        caption="From how many requests on own hardware costs less",
        columns=(
            Column("Own hardware, kept on"),
            Column("Compared with"),
            Column("Requests a month"),
            Column("Requests a day"),
            *numbers("One machine, a month", "Requests it can answer, a month", f"The other, per {scale}"),
            Column("Accuracy: own, other"),
        ),
        rows=tuple(
            (
                Cell(pair.machine.system, series=measured.frames.systems.index(pair.machine.system)),
                Cell(pair.against),
                Cell(_volume(pair.requests_per_month)),
                Cell(_volume(pair.requests_per_day)),
                Cell(units.money(pair.machine.per_month, study.currency)),
                Cell(units.roughly(pair.machine.requests_per_month)),
                Cell(units.money_interval(pair.against_per_request.times(factor), study.currency)),
                Cell(_accuracies(measured, pair)),
            )
            for pair in study.pairs
        ),
        note=(
            "Break-even: the money of one machine for a month, divided by what a request costs less on it. The machine "
            f"is paid for {HOURS_PER_MONTH:g} hours, whether it answers or not; how many requests it can answer is its "
            "measured speed, in the part of its hours that the price's utilisation names. ∞: never, as one machine "
            "cannot answer as many. Brackets: 95% confidence intervals over other items of the same tasks; the price "
            "and the speed are taken as they are. Of more requests than one machine can answer, each further machine "
            "pays likewise."
        ),
    )


def _volume(interval: Interval) -> str:
    if math.isinf(interval.estimate):
        return "never" if math.isinf(interval.low) else f"never {_bounds(interval)}"
    if not interval.estimate:
        return "always" if not interval.high else f"always {_bounds(interval)}"
    return f"{units.roughly(interval.estimate)} {_bounds(interval)}"


def _accuracies(measured: Measured, pair: OwnHardware) -> str:
    shares = (measured.systems[name].accuracy for name in (pair.machine.system, pair.against))
    return ", ".join(units.percent(None if share is None else share.estimate) for share in shares)


def _months(measured: Measured, study: OwnHardwareStudy, requests: float) -> Table:
    """Make the table of a month of the workload."""
    kept: dict[str, KeptOn] = {pair.machine.system: pair.machine for pair in study.pairs}
    others = {pair.against: pair.against_per_request for pair in study.pairs}
    months = {name: machine.month(requests) for name, machine in kept.items()}
    rows = [
        (_system(measured, name), Cell(units.count(machines)), Cell(units.money(money, study.currency)))
        for name, (machines, money) in months.items()
    ]
    rows += [
        (
            _system(measured, name),
            Cell(units.NONE),
            Cell(units.money_interval(each.times(requests), study.currency)),
        )
        for name, each in others.items()
    ]
    return Table(
        caption=f"A month of {units.roughly(requests)} requests, a twelfth of the workload's year",
        columns=(Column("System"), Column("Machines", numeric=True), Column("Money of the month", numeric=True)),
        rows=tuple(rows),
        note="Machines: as many as answer these requests at their measured speed, without waiting times in a queue.",
    )


def _system(measured: Measured, name: str) -> Cell:
    return Cell(name, series=measured.frames.systems.index(name), detail=measured.kinds[name])
