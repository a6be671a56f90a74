"""Make the bill of every system of a run: by its price, as a hybrid, or as an import declares it; and their
currency."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.money.answer_columns import AnswerColumns
from wattbench_reports.metrics.money.hybrid_bill import of_hybrid
from wattbench_reports.metrics.money.model import DECLARED, UNNAMED
from wattbench_reports.metrics.money.price_bill import Bill, by_price
from wattbench_reports.metrics.money.prices import Prices
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.streamed import StreamedFrames
from wattbench_reports.tables.suite_record import SystemSettings

ELECTRICITY_ALONE = Bill()
"""Of a system without a price."""


def bills_of(frames: Frames, prices: Prices) -> Mapping[str, Bill]:
    """Return the bill of each system, in the order of `frames.systems`.

    Args:
        frames: the run.
        prices: those that the reader set count in place of a cost that an import declares.
    """
    answers = AnswerColumns(frames)
    streamed = isinstance(frames, StreamedFrames)
    return {name: _kept(_bill(answers, name, prices), on_disk=streamed) for name in frames.systems}


def _kept(bill: Bill, *, on_disk: bool) -> Bill:
    return replace(bill, parts=PartsOnDisk(bill.parts)) if on_disk and bill.parts else bill


def _bill(answers: AnswerColumns, name: str, prices: Prices) -> Bill:
    stated = None if name in prices.chosen else _declared(answers, name)
    if stated is not None:
        return stated
    settings = answers.frames.record.suite.systems.get(name, SystemSettings())
    if any(each in prices.by_system for each in settings.asks):
        return of_hybrid(answers, name, settings, prices.by_system)
    price = prices.by_system.get(name)
    return ELECTRICITY_ALONE if price is None else by_price(answers, name, price)


def _declared(answers: AnswerColumns, name: str) -> Bill | None:
    """Return the bill that an import declares; None where it declares none."""
    record = answers.frames.record.imported
    if record is None:  # only an import has costs
        return None
    cost = answers.frames.figures("cost", answers.rows(name))
    if np.isnan(cost).all():
        return None
    bill = Bill({DECLARED: cost}, record.currency or UNNAMED, pays_electricity=False, source="the imported results")
    return bill.without("the cost of some answers is not declared") if np.isnan(cost).any() else bill


def leading_currency(bills: Sequence[Bill], electricity: str | None) -> str | None:
    """Return the currency of most systems, on a tie the first; None where no system has one.

    Args:
        bills: in the order of the suite.
        electricity: the currency of the price of electricity; None where none is set.
    """
    named = [bill.currency for bill in bills if bill.currency is not None]
    if not named:
        return electricity
    return max(dict.fromkeys(named), key=named.count)


class PartsOnDisk(Mapping[str, NDArray[np.float64]]):
    """Money of each answer by what is paid for, in a temporary file. Read anew each time.

    An array that repeats one number is kept as it is.
    """

    def __init__(self, parts: Mapping[str, NDArray[np.float64]]) -> None:
        """Write the arrays to a file without a name, in the folder for temporary files.

        Raises:
            OSError: there is no room.
        """
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the mapping
        self._spans: dict[str, tuple[int, int] | NDArray[np.float64]] = {}
        for name, money in parts.items():
            if money.strides == (0,):
                self._spans[name] = money
                continue
            self._spans[name] = self._file.tell(), len(money)
            np.ascontiguousarray(money, dtype=np.float64).tofile(self._file)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        span = self._spans[name]
        if isinstance(span, np.ndarray):
            return span
        self._file.seek(span[0])
        return np.fromfile(self._file, dtype=np.float64, count=span[1])

    def __contains__(self, name: object) -> bool:
        return name in self._spans

    def __iter__(self) -> Iterator[str]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)
