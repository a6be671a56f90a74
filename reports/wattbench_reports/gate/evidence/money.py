"""Compute the money of the answers of a gate's two systems, by prices or by the costs of an import.

Money is of the very answers that a round is of, each once: tokens and requests as they are on record, the hours of a
machine by the seconds of its window, and electricity by its joules. It is compared in one currency; none is converted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records.schema.price import Price
from wattbench_reports.gate.evidence.model import OF_NO_MACHINE, MoneyOfMachine
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.carbon import JOULES_PER_KWH, pue_of_suite
from wattbench_reports.metrics.money.answer_columns import COUNTS
from wattbench_reports.metrics.money.bills import bills_of
from wattbench_reports.metrics.money.hybrid_bill import why_not_billed
from wattbench_reports.metrics.money.model import MACHINE
from wattbench_reports.metrics.money.price_bill import parts_at, unknown_tokens
from wattbench_reports.metrics.money.prices import prices_of
from wattbench_reports.metrics.registry import MONEY
from wattbench_reports.tables.header_record import HeaderRecord
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.suite_record import SuiteRecord, SystemSettings

NO_PRICE = "it has no price, no declared cost, and electricity has no price (workload.price_per_kwh)"


@dataclass(frozen=True)
class SideMoney:
    """The currency of one system of a gate, and the shares of its money that depend on the machine."""

    currency: str | None = None
    """None: it has no price."""
    why_none: str = ""
    """Why its money is not known, as a clause; empty where it is."""
    of_machine: MoneyOfMachine = OF_NO_MACHINE


@dataclass(frozen=True)
class Tariffs:
    """The prices at which a system's rounds are billed."""

    price: Price | None
    """Of the system itself."""
    members: Mapping[str, Price]
    """Of a hybrid, of the systems that it asks."""
    per_joule: float
    """Of electricity; 0 where it is not paid for."""
    currency: str | None
    why_none: str

    @classmethod
    def of(cls, record: HeaderRecord, system: str | None) -> Tariffs:
        """Read the prices of a system of a gate's suite."""
        suite = record.suite
        prices = prices_of(suite, list(suite.systems)).by_system
        settings = suite.systems.get(system or "", SystemSettings())
        price = prices.get(system or "")
        members = {name: prices[name] for name in settings.pool if name in prices}
        used = [*members.values(), *([] if price is None else [price])]
        without = any(name not in prices for name in settings.pool) if settings.pool else price is None
        pays = without or any(each.electricity_added for each in used)
        per_joule, currency, why = _electricity(suite, pays, used[0].currency if used else None)
        return cls(price, members, per_joule, currency, why_not_billed([*members.values()], price) or why)


def _electricity(suite: SuiteRecord, pays: bool, currency: str | None) -> tuple[float, str | None, str]:
    """Return the price of a joule, the currency of the whole bill, and why the money is not known."""
    workload = suite.workload
    if not pays:
        return 0.0, currency, ""
    if workload.price_per_kwh is None:
        return 0.0, currency, "" if currency is None else "its joules are paid for, and electricity has no price"
    if currency not in (None, workload.currency):
        return 0.0, currency, f"it is billed in {currency}, and its electricity in {workload.currency}"
    return workload.price_per_kwh * pue_of_suite(suite.carbon) / JOULES_PER_KWH, workload.currency, ""


@dataclass(frozen=True)
class RoundBill:
    """The money of one system's answers in a round, by what it pays for."""

    answers: float
    """Of tokens and requests."""
    seconds: float
    joules: float

    @property
    def total(self) -> float:
        """Return the sum of all parts of the bill."""
        return self.answers + self.seconds + self.joules


def round_bills(
    tariffs: Tariffs,
    usage: Sequence[Mapping[str, Any]],
    windows_s: Sequence[float],
    joules: Sequence[float | None],
) -> list[RoundBill | str]:
    """Bill each round. A round whose money is not known has a clause with the reason in place of its bill.

    Args:
        tariffs: of the system.
        usage: a row for each system that was asked in a round: `round`, counted from 0, `system` (empty: the system
            itself), the columns `COUNTS`, `seconds`, `share`: what of it counts where an item was asked several
            times, and of an agent's attempt `requests`: its model calls. Any other is one request.
        windows_s: of each round, the seconds of its items, each once, in its window.
        joules: likewise; None where they are not known.
    """
    number = len(windows_s)
    answers, seconds, why = np.zeros(number), np.zeros(number), ""
    table = pd.DataFrame(list(usage), columns=["round", "system", *COUNTS, "seconds", "share", "requests"])
    table = table.astype(dict.fromkeys((*COUNTS, "seconds", "share", "requests"), np.float64))
    for name, rows in table.groupby("system", sort=False):
        system = str(name)
        price = tariffs.members.get(system) if system else tariffs.price
        if price is None:
            continue
        by_time = bool(system) and price.by_time  # the system's own hours are those of its windows
        took = rows["seconds"].to_numpy(dtype=np.float64) if by_time else None
        requests = rows["requests"].fillna(1.0).to_numpy()
        parts = parts_at(price, requests, rows if price.by_token else None, took)
        why = why or (unknown_tokens(rows, price) if price.by_token else "")
        for part, money in parts.items():
            total = seconds if part == MACHINE else answers
            total += np.bincount(rows["round"], weights=money * rows["share"].to_numpy(), minlength=number)
    if tariffs.price is not None:
        seconds = seconds + tariffs.price.per_second * np.array(windows_s)
    of_joules = [0.0 if not tariffs.per_joule else np.nan if each is None else each for each in joules]
    bills: list[RoundBill | str] = []
    for fixed, timed, electricity in zip(answers.tolist(), seconds.tolist(), of_joules, strict=True):
        if math.isnan(fixed):
            bills.append(why)
        elif math.isnan(timed):
            bills.append("hours of what it asks have a price, and its seconds are not recorded")
        elif math.isnan(electricity):
            bills.append("its joules are paid for, and are not known")
        else:
            bills.append(RoundBill(fixed, timed, tariffs.per_joule * electricity))
    return bills


def of_machine(bills: Iterable[RoundBill]) -> MoneyOfMachine:
    """Return the shares of the billed money that depend on the machine."""
    known = list(bills)
    total = sum(each.total for each in known)
    if total <= 0:
        return OF_NO_MACHINE
    return MoneyOfMachine(sum(each.seconds for each in known) / total, sum(each.joules for each in known) / total)


def money_of_answers(frames: Frames, system: str) -> tuple[NDArray[np.float64], SideMoney]:
    """Return the money of each answer of a system in a finished run, shape (answers of the system,), NaN if unknown."""
    rows = frames.answers_of(system)
    suite = frames.record.suite
    bill = bills_of(frames, prices_of(suite, frames.systems))[system]
    nothing = np.full(len(frames.positions(rows)), np.nan)
    per_joule, currency, why = _electricity(suite, bill.pays_electricity, bill.currency)
    if currency is None or bill.why_none or why:
        return nothing, SideMoney(currency, bill.why_none or why)
    fixed = sum(bill.parts.values(), start=np.zeros(len(nothing)))
    seconds = bill.parts.get(MACHINE, np.zeros(len(nothing)))
    joules = per_joule * frames.figures("energy_j", rows) if per_joule else np.zeros(len(nothing))
    money = fixed + joules
    total = float(np.nansum(money))
    if total <= 0:
        return money, SideMoney(currency)
    return money, SideMoney(
        currency, of_machine=MoneyOfMachine(float(seconds.sum()) / total, float(np.nansum(joules)) / total)
    )


@dataclass(frozen=True)
class MoneyOfGate:
    """Whether the money of both systems may be judged."""

    priced: bool
    """Both have a price."""
    currency: str
    of_machine: MoneyOfMachine
    apart: dict[str, str]
    missing: dict[str, str]

    @property
    def figure(self) -> str:
        """Return the figure that decides whether the money of two runs may be compared."""
        if self.of_machine.joules:
            return "joules"
        return "latency" if self.of_machine.seconds else "accuracy"


def money_of_gate(policy: Policy, sides: Mapping[str, SideMoney]) -> MoneyOfGate:
    """Decide whether the money of two systems may be judged.

    Args:
        policy: of the gate.
        sides: by the systems' names.
    """
    unpriced = [name for name, side in sides.items() if side.currency is None]
    missing = ""
    if unpriced:
        missing = "; ".join(f"{name}: {NO_PRICE}" for name in unpriced)
    elif why := [f"{name}: {side.why_none}" for name, side in sides.items() if side.why_none]:
        missing = "; ".join(why)
    currencies = {side.currency for side in sides.values() if side.currency is not None}
    apart = ""
    if not missing and len(currencies) > 1:
        paid = " and ".join(f"{name} in {side.currency}" for name, side in sides.items())
        apart = f"They are paid for in different currencies, and none is converted: {paid}."
    return MoneyOfGate(
        priced=not unpriced,
        currency=next(iter(currencies)) if len(currencies) == 1 else "",
        of_machine=MoneyOfMachine(
            max(side.of_machine.seconds for side in sides.values()),
            max(side.of_machine.joules for side in sides.values()),
        ),
        apart=dict.fromkeys(MONEY, apart) if apart else {},
        missing=dict.fromkeys(MONEY, missing) if missing else {},
    )
