"""Compare the systems of a run: one row per system, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench.records import RunRecords
from wattbench_reports.comparability.explain import condition_caveats
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.input_check import input_check
from wattbench_reports.comparability.joules import SystemJoules, why_not_comparable
from wattbench_reports.comparability.rules import JOULES, groups
from wattbench_reports.comparison.annual_cost import year
from wattbench_reports.comparison.another_run import joule_ratios
from wattbench_reports.comparison.caveats import (
    carbon_caveats,
    caveats,
    client_caveats,
    impact_caveats,
    strict_caveats,
    unread_caveats,
)
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.eligibility import Contest, contest, yardsticks
from wattbench_reports.comparison.estimated import estimated_systems
from wattbench_reports.comparison.input_caveats import few_in_common, pooled_caveats
from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.machines import (
    machine_caveats,
    on_another_machine,
)
from wattbench_reports.comparison.paired_tests import EqualPairs, Pairs, WeighedPairs
from wattbench_reports.comparison.ranking import Ranking, rank
from wattbench_reports.comparison.read_run import ReadRun, domains_of, read_frames
from wattbench_reports.comparison.system_figures import (
    SystemFigures,
    for_another_run,
    system_figures,
    with_money,
    with_throughput,
)
from wattbench_reports.metrics.added_ratios import added_figures
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions
from wattbench_reports.metrics.carbon import HourlyIntensity, carbon_of_run, pue_of_suite
from wattbench_reports.metrics.carbon.sci import Sci, carbon_sums, run_span, software_carbon
from wattbench_reports.metrics.costs import CostFigures, Costs, CostUnit, gram_costs, joule_costs
from wattbench_reports.metrics.decision_settings import DecisionSettings, decision_settings
from wattbench_reports.metrics.domain_sums import Basis, Shares, basis, score_sums
from wattbench_reports.metrics.energy_breakdown import SystemSplit
from wattbench_reports.metrics.impacts import impacts_of_run
from wattbench_reports.metrics.impacts.system_impacts import SystemImpact, system_impacts
from wattbench_reports.metrics.load_caveats import load_caveats
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.metrics.money.bills import bills_of
from wattbench_reports.metrics.money.money_sums import MoneySums, answers_money, charged_sums, money_sums
from wattbench_reports.metrics.money.price_bill import Bill
from wattbench_reports.metrics.money.prices import prices_of
from wattbench_reports.metrics.money.run_money import MoneyFigures, Tariff, money_figures, tariff
from wattbench_reports.metrics.other_work import other_work_sums
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.second_costs import (
    SecondFigures,
    SecondSums,
    nothing_else_compares,
    second_figures,
    second_sums,
)
from wattbench_reports.metrics.strictness import SystemStrictness
from wattbench_reports.metrics.system_metrics import Measures, measures
from wattbench_reports.metrics.throughput import Throughput
from wattbench_reports.metrics.validity import Validity
from wattbench_reports.metrics.workload import Workload, workload
from wattbench_reports.stats import BlockRatio
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.routes import OfflineRouter, read_routes
from wattbench_reports.tables.run_tables import Frames, answers_of, load_frames
from wattbench_reports.tables.session_record import sessions_of
from wattbench_reports.tables.streamed import MOST_IN_MEMORY, StreamedFrames, load_streamed, sampled_frames


@dataclass(frozen=True)
class Analysis:
    """A comparison with everything it was computed from, for the panels of the report."""

    read: ReadRun
    measured: Mapping[str, Measures]
    comparison: Comparison
    basis: Basis
    sums: Mapping[str, NDArray[np.float64]]
    """What grams are computed from, other than joules: see `wattbench_reports.metrics.carbon.sci.carbon_sums`."""
    workload: Workload
    pue: float
    uncertain: Mapping[str, BlockRatio]
    """Each system's joules per correct answer with the variance of its log, between blocks or over items."""
    assumptions: Assumptions = AS_IN_SUITE
    offline_routers: tuple[OfflineRouter, ...] = ()
    """Those of the file that the assumptions name, to be replayed."""
    costs: Mapping[CostUnit, Costs] = field(default_factory=dict)
    """What a request costs, in each unit that at least one system has."""
    priced: MoneyFigures | None = None
    """None: no system has a price, a declared cost, or joules with a price of electricity."""
    timed: SecondFigures | None = None
    """Seconds as a cost; None where a decision does not need them, or requests were not sent one at a time."""
    charges: Mapping[str, Bill] = field(default_factory=dict)
    """What each system's answers cost by its own price, whatever electricity costs."""
    charged: MoneySums | None = None
    """What the bills of `charges` add up to by item; None where no system pays for more than electricity."""
    bills: MoneySums | None = None
    """Money of each item; None as for `priced`. Often the same as `charged`."""
    tariff: Tariff | None = None
    """What is to be paid, and in which currency; None as for `priced`."""
    decide: DecisionSettings = field(default_factory=DecisionSettings)
    """What the suite and the reader require, and what answers are worth to them."""

    @property
    def frames(self) -> Frames:
        """Return `ReadRun.frames`."""
        return self.read.frames

    @property
    def table(self) -> ItemTable:
        """Return `ReadRun.table`."""
        return self.read.table

    @property
    def overall(self) -> ItemTable:
        """Return `ReadRun.overall`."""
        return self.read.overall

    @property
    def judged(self) -> Mapping[str, Validity]:
        """Return `ReadRun.judged`."""
        return self.read.judged

    @property
    def prints(self) -> Mapping[str, Fingerprint]:
        """Return `ReadRun.prints`."""
        return self.read.prints

    @property
    def strictness(self) -> Mapping[str, SystemStrictness]:
        """Return `ReadRun.strictness`."""
        return self.read.strictness

    @property
    def served(self) -> Mapping[str, Throughput]:
        """Return `ReadRun.served`."""
        return self.read.served

    @cached_property
    def by_item(self) -> Analysis:
        """Return the analysis to take single items from: this one, or that of a sample of a streamed run's items."""
        if not isinstance(self.frames, StreamedFrames):
            return self
        return _analysis(read_frames(sampled_frames(self.frames), self.read.cluster), self.assumptions)

    def under(self, assumptions: Assumptions) -> Analysis:
        """Analyse the run under other assumptions. What was read is kept, unless intervals are to be clustered
        otherwise.

        Raises:
            UserError: an assumption is wrong.
        """
        if assumptions.cluster == self.read.cluster:
            return _analysis(self.read, assumptions)
        return analyse(self.frames.run, assumptions, in_memory=not isinstance(self.frames, StreamedFrames))

    @property
    def money(self) -> RunMoney | None:
        """Return each system's money. None without a price, a declared cost, or priced electricity."""
        return None if self.priced is None else self.priced.money

    def money_of(self, domain: str) -> RunMoney | None:
        """Return each system's money over the items of one domain; None as for `money`."""
        if self.bills is None or self.tariff is None:
            return None
        share = np.array([float(name == domain) for name in self.basis.domains])
        return money_figures(self.basis, self.table, self.bills, self.tariff, share).money

    def answers_money(self, rows: slice) -> NDArray[np.float64]:
        """Return the money of each answer in a slice of rows: see `wattbench_reports.metrics.money.money_sums`."""
        if self.bills is None or self.tariff is None:
            return np.full(rows.stop - rows.start, np.nan)
        return answers_money(self.frames, self.tariff.bills, self.tariff.per_joule, rows)

    def money_pairs(self, domain: str | None = None) -> Pairs | None:
        """Return comparisons of systems by money, as `pairs` compares joules. None where no system has a cost."""
        if self.priced is None:
            return None
        if domain is None and self.shares is not None:
            return WeighedPairs(self.priced.table, self.priced.basis, self.shares)
        return EqualPairs(self.priced.overall if domain is None else self.priced.table.of_domain(domain))

    def cost_figures(self, unit: CostUnit) -> Mapping[str, CostFigures]:
        """Return each system's cost for a request and for a correct answer. Empty if no system has the unit."""
        if unit not in self.costs:
            return {}
        if unit == CostUnit.JOULES:
            return {name: CostFigures(each.j_per_request, each.j_per_correct) for name, each in self.measured.items()}
        if unit == CostUnit.MONEY and self.money is not None:
            return {name: CostFigures(each.per_request, each.per_correct) for name, each in self.money.systems.items()}
        if unit == CostUnit.SECONDS and self.timed is not None:
            pairs = zip(self.basis.systems, *self.timed.per_request_and_correct(self.shares), strict=True)
            missing = self.timed.costs.missing
            return {name: CostFigures(None, None) if name in missing else CostFigures(*pair) for name, *pair in pairs}
        costs = self.costs[unit]
        parts = {kind: float(np.nanmax(each)) for kind, each in costs.parts.items()}
        both = (intervals(self.basis, parts, self.shares, per_correct=each) for each in (False, True))
        return {
            name: CostFigures(None, None) if name in costs.missing else CostFigures(*pair)
            for name, *pair in zip(self.basis.systems, *both, strict=True)
        }

    @property
    def items_per_row(self) -> float:
        """Return how many items a row of the table has, on average."""
        return 1.0 if self.table.sizes is None else float(self.table.sizes.mean())

    @cached_property
    def shares(self) -> Shares | None:
        """Return the shares of domains that overall figures are stated for; None: every item counts the same."""
        return shares_of(self.workload, self.basis)

    @property
    def shares_now(self) -> Shares:
        """Return `shares`; without a mix, the shares of the scored items, or equal ones where no item is scored."""
        if self.shares is not None:
            return self.shares
        items = self.basis.items.max(axis=1)
        return np.asarray(items / items.sum()) if items.any() else np.full(len(items), 1 / len(items))

    def pairs(self, domain: str | None = None) -> Pairs:
        """Return comparisons of two systems over one domain; without a domain, over all items under the mix."""
        weighed = domain is None and self.shares is not None
        return self._weighed_pairs if weighed else self.read.pairs(domain)

    @cached_property
    def latency_pairs(self) -> LatencyPairs:
        """Return comparisons of the median latency of two systems."""
        return LatencyPairs(self.measured)

    @cached_property
    def _weighed_pairs(self) -> WeighedPairs:
        return WeighedPairs(self.table, self.basis, self.shares_now)

    def carbon_of(self, domain: str) -> dict[str, Sci]:
        """Return each system's grams over the items of one domain; empty without an intensity. Totals are the run's."""
        carbon = self.comparison.carbon
        if carbon is None:
            return {}
        in_domain = self.table.domains.are(domain)
        sums = {kind: np.where(in_domain[:, None], values, 0.0) for kind, values in self.sums.items()}
        share = np.array([float(name == domain) for name in self.basis.domains])
        return software_carbon(self.frames, self.table, carbon, self.basis, sums, share)

    def impacts_of(self, domain: str) -> dict[str, tuple[SystemImpact, ...]]:
        """Return each system's water, abiotic depletion and primary energy over one domain; empty where not stated."""
        impacts = self.comparison.impacts
        share = np.array([float(name == domain) for name in self.basis.domains])
        return {} if impacts is None else system_impacts(self.table, impacts, self.basis, self.sums, share)

    @cached_property
    def contest(self) -> Contest:
        """Return the systems that take part in the verdict."""
        return contest(self.measured, self.kinds, self.yardsticks, self.unranked, self.prints)

    @cached_property
    def rankings(self) -> Mapping[str | None, Ranking]:
        """Return the ranking over all items (key None), and of each domain if there are several."""
        everyone = self.contest.candidates
        if not everyone:
            return {}
        rankings: dict[str | None, Ranking] = {
            None: rank(self.pairs(), everyone, self.judged, groups=self.energy_groups)
        }
        if len(self.by_domain) > 1:
            for domain, figures in self.by_domain.items():
                in_domain = {name: figures[name] for name in everyone}
                rankings[domain] = rank(self.pairs(domain), in_domain, self.judged, domain, groups=self.energy_groups)
        return rankings

    @property
    def splits(self) -> Mapping[str, SystemSplit]:
        """Return each system's joules by component."""
        return self.comparison.splits

    @cached_property
    def energy_groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the systems in groups whose joules have one provenance, one set of conditions and one meter."""
        return groups(self.prints, JOULES)

    def joules_of(self, system: str) -> SystemJoules:
        """Return the facts that decide whether a system's joules can be compared."""
        figures = self.measured[system]
        return SystemJoules(system, figures.j_per_request is not None, self.judged[system].valid, figures.provenance)

    def why_joules_not_comparable(self, *systems: str) -> str:
        """Return why the joules of these systems may not be compared, as a clause; empty where they may."""
        return why_not_comparable([self.joules_of(name) for name in systems], self.energy_groups)

    def joules_comparable(self, *systems: str) -> bool:
        """Return whether the joules of these systems may be compared: `wattbench_reports.comparability.joules`."""
        return not self.why_joules_not_comparable(*systems)

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Return each system's kind."""
        return {figures.system: figures.kind for figures in self.comparison.systems}

    @cached_property
    def yardsticks(self) -> Mapping[str, str]:
        """Return the systems that are measured only as a reference, and why: see
        `wattbench_reports.comparison.eligibility`."""
        return yardsticks(self.frames.record.suite)

    @property
    def not_held(self) -> Mapping[str, str]:
        """Return the systems that did not or may not have held the compared rate, and why. Empty without a load."""
        if self.comparison.load is None:
            return {}
        at = self.comparison.load.compared
        return {**at.not_held, **at.not_known}

    @property
    def unranked(self) -> Mapping[str, str]:
        """Return the systems not shown to hold the compared rate in the long run, and why, as clauses; empty without a
        load."""
        return self.comparison.load.compared.unranked if self.comparison.load is not None else {}

    @property
    def by_domain(self) -> Mapping[str, Mapping[str, Measures]]:
        """Return each system's figures by domain, in the order of the suite. Computed when first needed."""
        return self.read.by_domain(self.basis)


def shares_of(workload: Workload, basis: Basis) -> Shares | None:
    """Return a workload's shares in the order of a basis's domains; None: every item counts the same."""
    return None if workload.shares is None else np.array([workload.shares[name] for name in basis.domains])


def compare(run: RunRecords, assumptions: Assumptions = AS_IN_SUITE) -> Comparison:
    """Compare the systems of a finished run.

    Args:
        run: from `wattbench.records.read_run`.
        assumptions: the reader's settings, in place of the suite's.

    Raises:
        UserError: the run is not finished or damaged, or an assumption is wrong.
    """
    return analyse(run, assumptions).comparison


def analyse(
    run: RunRecords,
    assumptions: Assumptions = AS_IN_SUITE,
    *,
    in_memory: bool = False,
) -> Analysis:
    """Compare the systems of a finished run, and keep what the comparison was computed from.

    A run of more than `MOST_IN_MEMORY` answers is streamed: estimates are of all answers, and standard errors and tests
    are between pools of items in place of items (`wattbench_reports.tables.streamed.streamed_frames`).

    Args:
        run: as in `compare`.
        assumptions: as in `compare`.
        in_memory: read all answers into memory however many they are, for what needs them item by item.
    """
    streams = not in_memory and answers_of(run) > MOST_IN_MEMORY and not run.loads()
    frames = load_streamed(run) if streams else load_frames(run)
    return _analysis(read_frames(frames, assumptions.cluster), assumptions)


def _analysis(read: ReadRun, assumptions: Assumptions) -> Analysis:
    frames, table, judged, load = read.frames, read.table, read.judged, read.load
    overall = None if read.overall is table else read.overall
    run, splits = frames.run, read.splits
    suite = header_record(run).suite
    factor, unusable = carbon_of_run(suite.carbon, assumptions.carbon)
    pue = pue_of_suite(suite.carbon, assumptions.carbon)
    impacts, no_tables = impacts_of_run(suite.impacts, suite.carbon, assumptions.impacts, assumptions.carbon)
    factor = None if factor is None else factor.within(*run_span(frames))
    hourly = factor.intensity if factor is not None and isinstance(factor.intensity, HourlyIntensity) else None
    sums = carbon_sums(frames, hourly)
    decide = decision_settings(suite.decide, assumptions.decision, domains_of(frames))
    used_for = workload(suite.workload, list(table.domains.present), assumptions.workload)
    bills = bills_of(frames, prices_of(suite, frames.systems, assumptions.prices))
    has_joules = {name: bool(table.metered[:, column].any()) for column, name in enumerate(frames.systems)}
    rates = tariff(bills, has_joules, used_for, pue)
    charged = charged_sums(frames, table, bills)
    same = charged is not None and rates is not None and all(rates.bills[name] is bills[name] for name in bills)
    paid = None if rates is None else charged if same else money_sums(frames, table, rates.bills)
    seconds = _seconds(read, decide, paid)
    more = sums | other_work_sums(frames) | score_sums(table)
    for counted in (seconds, charged):
        more |= {} if counted is None else counted.kinds
    base = basis(table, **{kind: _known(values) for kind, values in more.items()})
    shares = shares_of(used_for, base)
    priced = None
    if rates is not None and paid is not None:
        every = None if overall is None else (overall, money_sums(frames.overall, overall, rates.bills))
        priced = money_figures(base, table, paid, rates, shares, every)
    measured = measures(frames, table, base, shares=shares, overall=overall)
    alone = assumptions.alone or frames.record.imported is not None
    sessions = None if alone else sessions_of(run, assumptions.sessions)
    uncertain = joule_ratios(base, shares)
    sci = {} if factor is None else software_carbon(frames, table, factor, base, sums, shares)
    added = added_figures(read.added, shares)
    machines = read.machines and replace(read.machines, another=on_another_machine(frames, measured, uncertain))
    known = run.systems()
    check = input_check(read.inputs, read.prints)
    comparison = Comparison(
        run=run.header.run,
        suite=suite.name,
        systems=tuple(
            for_another_run(
                with_throughput(
                    _with_money(
                        system_figures(
                            figures,
                            frames.kind_of(name),
                            judged[name],
                            sci.get(name),
                            splits[name],
                            base,
                            added.get(name, {}),
                        ),
                        priced,
                    ),
                    read.served.get(name),
                ),
                figures.j_per_correct,
                uncertain.get(name),
                sessions,
            )
            for name, figures in measured.items()
        ),
        carbon=factor,
        sci=sci,
        caveats=(
            *(pooled_caveats(frames.number, frames.pools) if isinstance(frames, StreamedFrames) else ()),
            *(load_caveats(load) if load is not None else ()),
            *condition_caveats(read.prints),
            *(() if machines is None else machine_caveats(machines)),
            *few_in_common(read.prints, None if isinstance(frames, StreamedFrames) else read.pairs(None)),
            *caveats(frames, measured, judged, check, weighed=used_for.shares is not None),
            *client_caveats(read.served, measured),
            *unread_caveats(read.strictness),
            *strict_caveats(read.strictness, measured, used_for.shares),
            *carbon_caveats(factor, sci, unusable),
            *impact_caveats(no_tables),
        ),
        splits=splits,
        load=load,
        workload=used_for,
        years={
            name: year(
                name,
                None if each.j_per_request is None else each.j_per_request.estimate,
                known.get(name),
                factor,
                pue,
                sci.get(name),
                used_for,
                None if priced is None or (of := priced.money.systems[name].per_request) is None else of.estimate,
            )
            for name, each in measured.items()
            if each.j_per_request is not None or (priced is not None and priced.money.systems[name].per_request)
        },
        money=None if priced is None else priced.money,
        sessions=sessions,
        estimates=estimated_systems(run.estimates(), measured, {} if load is not None else _correct(frames)),
        cluster=assumptions.cluster,
        machines=machines,
        data=check,
        impacts=impacts,
        impacts_of={} if impacts is None else system_impacts(table, impacts, base, sums, shares),
    )
    # Routes are of single items: those of a streamed run are read where its items are sampled.
    alone = assumptions.routers is None or isinstance(frames, StreamedFrames)
    routers = () if alone or assumptions.routers is None else read_routes(assumptions.routers, frames)
    timed = None if seconds is None else second_figures(frames, table, seconds)
    costs = [
        joule_costs(base.systems, base.metered),
        *([] if factor is None else [gram_costs(base.systems, factor, sci)]),
        *([] if priced is None else [priced.costs]),
        *([] if timed is None else [timed.costs]),
    ]
    return Analysis(
        read, measured, comparison, base, sums, used_for, pue, uncertain, assumptions, routers,
        costs={each.unit: each for each in costs if len(each.missing) < len(base.systems)},
        priced=priced, timed=timed, charges=bills, charged=charged, bills=paid, tariff=rates,
        decide=decide,
    )  # fmt: skip


def _seconds(read: ReadRun, decide: DecisionSettings, paid: MoneySums | None) -> SecondSums | None:
    """Return the sums of seconds if seconds are priced, to be minimised, or all that compares; else None."""
    wanted = decide.minimise == CostUnit.SECONDS or (decide.worth is not None and decide.worth.per_second > 0)
    priced = None if paid is None else paid.priced
    alone = wanted or nothing_else_compares(read.frames, read.judged, read.table, priced)
    return second_sums(read.frames) if alone else None


def _correct(frames: Frames) -> dict[str, float]:
    """Return the number of each system's correct answers over all requests."""
    return {name: float(np.nansum(frames.figures("correct", frames.answers_of(name)))) for name in frames.systems}


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with 0 in place of unknown values."""
    return values if np.isfinite(values).all() else np.nan_to_num(values)


def _with_money(row: SystemFigures, priced: MoneyFigures | None) -> SystemFigures:
    return row if priced is None else with_money(row, priced.money.systems[row.system], priced.money.currency)
