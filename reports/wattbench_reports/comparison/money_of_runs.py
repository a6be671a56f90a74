"""Put the money of several runs side by side: in one currency, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.annual_cost import Year
from wattbench_reports.comparison.another_run import PairsAcrossRuns, joule_ratios
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.paired_tests import Pairs
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting.units import listed
from wattbench_reports.metrics.money import ELECTRICITY, MACHINE, RunMoney
from wattbench_reports.stats import BlockRatio, SessionVariance
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.merge import KeyedTable, item_keys, joined


@dataclass(frozen=True)
class PartMoney:
    """The money of one run."""

    money: RunMoney
    table: KeyedTable
    """Its items, with money in place of joules."""
    uncertain: Mapping[str, BlockRatio]
    """Each system's money per correct answer, with the variance of its log."""


def part_money(measured: Measured, paid: Paid, *, whole: bool) -> PartMoney | None:
    """Return the parts of a run's money that a comparison of runs needs; None where the run has no money.

    Args:
        measured, paid: of the run.
        whole: keep the keys of its items, to join it with other runs.
    """
    priced = paid.figures
    if priced is None:
        return None
    table = priced.table if measured.shares is not None else priced.overall
    keyed = KeyedTable(table, item_keys(measured.frames) if whole else None, priced.table.systems)
    return PartMoney(priced.money, keyed, joule_ratios(priced.basis, measured.shares))


@dataclass(frozen=True)
class MoneyOfRuns:
    """The money of all runs."""

    money: RunMoney | None = None
    """None where no run has money, or they have it in several currencies."""
    table: ItemTable | None = None
    """None as for `money`."""
    caveats: tuple[Caveat, ...] = ()
    run_of: Mapping[str, str] = field(default_factory=dict)
    ratios: Mapping[str, BlockRatio] = field(default_factory=dict)
    sessions: Mapping[str, SessionVariance] = field(default_factory=dict)

    @property
    def per_correct(self) -> Mapping[str, float]:
        """Return the money per correct answer of each system that has one."""
        systems = {} if self.money is None else self.money.systems
        return {name: each.per_correct.estimate for name, each in systems.items() if each.per_correct is not None}

    def pairs(self, within: Pairs) -> Pairs:
        """Return comparisons of money, with the variance between sessions for systems of different runs."""
        return PairsAcrossRuns(within, self.run_of, self.ratios, self.sessions)

    def row(self, figures: SystemFigures) -> SystemFigures:
        """Return a row without its money where currencies differ."""
        if self.money is not None or figures.cost_per_request is None:
            return figures
        kept = {name: None for name in vars(figures) if name.startswith("cost_")}
        return replace(figures, **kept | {"cost_few": False})  # type: ignore[arg-type]  # all others may be None

    def year(self, year: Year) -> Year:
        """Return a year without its money where currencies differ."""
        return year if self.money is not None else replace(year, money=None)


def money_of_runs(
    parts: Sequence[PartMoney | None],
    runs: Sequence[str],
    names: Sequence[Mapping[str, str]],
    sessions: Mapping[str, SessionVariance],
) -> MoneyOfRuns:
    """Join the money of runs.

    What is billed by tokens or requests is the same in every session. Money for hours and for joules differs between
    sessions as joules do.

    Args:
        parts: of each run; None where it has no money.
        runs: their names.
        names: of each run, the name of each of its systems here.
        sessions: of the systems here, how much joules vary between sessions, where it is known.
    """
    known = [(part, run, renamed) for part, run, renamed in zip(parts, runs, names, strict=True) if part is not None]
    currencies = list(dict.fromkeys(part.money.currency for part, _, _ in known))
    if len(currencies) > 1:
        text = (
            f"The runs are billed in {listed(currencies)}, so costs are not stated: amounts of two currencies are "
            "never compared. Price the systems in one with --system-price and --currency."
        )
        return MoneyOfRuns(caveats=(Caveat("different-currencies", text, ()),))
    if not known:
        return MoneyOfRuns()
    systems = {renamed[old]: each for part, _, renamed in known for old, each in part.money.systems.items()}
    timeless = {name for name, each in systems.items() if not {MACHINE, ELECTRICITY} & set(each.parts)}
    return MoneyOfRuns(
        RunMoney(currencies[0], systems, tuple(note for part, _, _ in known for note in part.money.notes)),
        joined(
            [replace(part.table, names=tuple(renamed[old] for old in part.table.names)) for part, _, renamed in known]
        ),
        (),
        {
            renamed[old]: "" if renamed[old] in timeless else run
            for part, run, renamed in known
            for old in part.money.systems
        },
        {renamed[old]: ratio for part, _, renamed in known for old, ratio in part.uncertain.items()},
        sessions,
    )
