"""Make the arrays of a routing study from a run: what each candidate answered to each item, and what that cost.

Only items that every candidate answered count, and of those only such whose domain has a share of the workload. An item
that was asked several times has the means of its answers. Where the cost of an answer is not known it is the mean of
the system's costs in that domain, or without any of all its costs; `conditions` says of how many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.problem import Problem
from wattbench_reports.metrics.costs import COUNTED, LATENCY_S, TIMED, Costs, CostUnit
from wattbench_reports.metrics.second_costs import second_sums
from wattbench_reports.routing.answers import item_answers as names
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.tables.provenance import is_modelled, joined


def item_answers(measured: Measured, weighed: Weighed, problem: Problem, columns: Sequence[int]) -> ItemAnswers | None:
    """Make the arrays of a routing study: scores, costs and seconds of each candidate on each item.

    Args:
        measured, weighed: of the run.
        problem: of the decision between its systems, with the unit of costs.
        columns: of the candidates.

    Returns:
        None where no item was answered by all candidates, or none that counts.
    """
    return _Run(measured, weighed, problem, tuple(columns)).answers


def conditions(measured: Measured, weighed: Weighed, problem: Problem, columns: Sequence[int]) -> tuple[str, ...]:
    """List the differences between the arrays and the record, such as items that are left out, as clauses."""
    run = _Run(measured, weighed, problem, tuple(columns))
    provenance = joined(measured.systems[measured.basis.systems[column]].provenance for column in columns)
    notes = []
    if is_modelled(provenance):
        notes.append(f"the joules are {'' if provenance == 'modelled' else 'partly '}modelled, not measured")
    left_out = int((~run.counted).sum())
    if left_out:
        notes.append(f"{left_out:,} of {len(run.counted):,} items are left out, as not every system answered them")
    costs = problem.basis.costs
    if costs is not None:
        unknown = int(np.isnan(run.cost_of(costs))[run.rows].sum())
        if unknown:
            notes.append(
                f"{unknown:,} of {len(run.rows) * len(columns):,} costs are not known and are the mean of the system's "
                "costs in the domain"
            )
    absent = [name for name in run.shared_domains if name not in run.domains]
    if absent:
        notes.append(f"no item of {', '.join(absent)} was answered by every system, so its share is left out")
    return tuple(notes)


@dataclass(frozen=True)
class _Run:
    measured: Measured
    weighed: Weighed
    problem: Problem
    columns: tuple[int, ...]

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """Return which items all candidates answered, shape (items of the run,)."""
        trials = self.measured.table.trials
        return np.asarray(np.logical_and.reduce([trials[:, column] > 0 for column in self.columns]))

    @cached_property
    def number(self) -> NDArray[np.int64]:
        """Return the domain of each item, in the order of the basis."""
        return self.measured.table.domains.numbers(self.measured.basis.domains)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Return the items that count."""
        shares = self.measured.shares
        keep = self.counted if shares is None else self.counted & (shares[self.number] > 0)
        return np.flatnonzero(keep)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """Return the domains of the items that count, in the order of the suite."""
        present = self.measured.table.domains[self.rows].present
        return tuple(str(name) for name in self.measured.frames.items["domain"].cat.categories if str(name) in present)

    @property
    def shared_domains(self) -> tuple[str, ...]:
        """Return the domains that have a share of a workload's mix; empty without a mix."""
        shares, all_domains = self.measured.shares, self.measured.basis.domains
        return () if shares is None else tuple(name for name, each in zip(all_domains, shares, strict=True) if each > 0)

    @cached_property
    def answers(self) -> ItemAnswers | None:
        if not len(self.rows):
            return None
        table, rows = self.measured.table, self.rows
        index_of = {name: position for position, name in enumerate(self.domains)}
        code = np.array([index_of.get(name, 0) for name in self.measured.basis.domains], dtype=np.int64)
        domain = code[self.number[rows]]
        weight = self._weights()
        score = np.empty((len(rows), len(self.columns)))
        for position, column in enumerate(self.columns):
            score[:, position] = (table.correct[:, column] / np.maximum(table.trials[:, column], 1))[rows]
        score, costs = self._shared(score, table.correct), self.problem.basis.costs
        cost = _sent_to_best(score, weight) if costs is None else self._filled(self.cost_of(costs))
        blocks = self._blocks()
        return ItemAnswers(
            systems=tuple(table.systems[each] for each in self.columns),
            domains=self.domains,
            domain=domain,
            cluster=np.arange(len(rows)) if blocks is None else blocks,
            blocked=blocks is not None,
            weight=weight,
            score=score,
            cost=cost,
            unit=None if costs is None else costs.unit,
            label="" if costs is None else costs.label,
            amounts=self._amounts(cost),
            halves=self._repeats(),
            rows=rows,
            mixed=self.measured.shares is not None,
        )

    def cost_of(self, costs: Costs) -> NDArray[np.float64]:
        """Return the cost per request of every item, shape (items of the run, candidates), NaN where not known."""
        table = self.measured.table
        total = np.zeros((len(table.trials), len(self.columns)))
        for kind, coefficient in costs.parts.items():
            kinds = self._seconds if kind == LATENCY_S else self.weighed.item_sums
            sums, counts = kinds[kind], kinds[COUNTED[kind]]
            per_one = np.asarray(coefficient)
            for position, column in enumerate(self.columns):
                if per_one[column] != 0:
                    total[:, position] += per_one[column] * _quotients(sums[:, column], counts[:, column])
        return total

    @cached_property
    def _seconds(self) -> Mapping[str, NDArray[np.float64]]:
        return second_sums(self.measured.frames).kinds

    def _shared(self, values: NDArray[np.float64], *known: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a known array that equals the values, if there is one, so that equal arrays are in memory once."""
        same = (each for each in known if each.flags.c_contiguous and np.array_equal(each, values))
        return next(same, values)

    def _filled(self, costs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the costs of the items that count; an unknown cost is replaced by the system's mean in the domain."""
        kept = costs if len(self.rows) == len(costs) else costs[self.rows]
        unknown = np.isnan(kept)
        if not unknown.any():
            return kept
        domain = self.number[self.rows]
        for column in np.flatnonzero(unknown.any(axis=0)).tolist():
            values, gaps = kept[:, column], unknown[:, column]
            known = np.bincount(domain[~gaps], minlength=domain.max() + 1)
            sums = np.bincount(domain[~gaps], weights=values[~gaps], minlength=domain.max() + 1)
            overall = values[~gaps].mean() if (~gaps).any() else float(np.nanmean(costs[:, column]))
            means = np.where(known > 0, sums / np.maximum(known, 1), overall)
            kept[gaps, column] = means[domain[gaps]]
        return kept

    def _amounts(self, cost: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return joules, grams, money and seconds, each where every candidate has it.

        Args:
            cost: in the unit of the study; what is the same is the same array.
        """
        systems = [self.measured.basis.systems[each] for each in self.columns]
        comparable = self.measured.joules_comparable(*systems)
        units = {
            names.JOULES: (CostUnit.JOULES, comparable),
            names.GRAMS: (CostUnit.GRAMS, comparable),
            names.MONEY: (CostUnit.MONEY, True),
        }
        amounts: dict[str, NDArray[np.float64] | None] = {}
        for name, (unit, usable) in units.items():
            costs = self.weighed.costs.get(unit)
            if usable and costs is not None and not any(each in costs.missing for each in systems):
                complete = self._complete(self.cost_of(costs))
                same_as = (cost, self.measured.table.energy_j)
                amounts[name] = None if complete is None else self._shared(complete, *same_as)
        amounts[names.SECONDS] = self._complete(self._seconds_of_an_answer())
        return {name: values for name, values in amounts.items() if values is not None}

    def _seconds_of_an_answer(self) -> NDArray[np.float64]:
        sums, counts = self._seconds[LATENCY_S], self._seconds[TIMED]
        mean = np.empty((len(sums), len(self.columns)))
        for position, column in enumerate(self.columns):
            mean[:, position] = _quotients(sums[:, column], counts[:, column])
        return mean

    def _complete(self, costs: NDArray[np.float64]) -> NDArray[np.float64] | None:
        return None if np.isnan(costs).all(axis=0).any() else self._filled(costs)

    def _weights(self) -> NDArray[np.float64]:
        shares = self.measured.shares
        if shares is None:
            return np.full(len(self.rows), 1 / len(self.rows))
        number = self.number[self.rows]
        counts = np.bincount(number, minlength=len(shares))
        weight = shares[number] / counts[number]
        return np.asarray(weight / weight.sum())

    def _blocks(self) -> NDArray[np.int64] | None:
        blocks = self.measured.table.blocks
        if blocks is None:
            return None
        _, number = np.unique(blocks[:, list(self.columns)].max(axis=1)[self.rows], return_inverse=True)
        return None if number.max() < 1 else number.astype(np.int64)

    def _repeats(self) -> tuple[NDArray[np.float64], ...]:
        """Return the scores of each repeat in which every candidate answered every item that counts.

        Empty with fewer than two such repeats.
        """
        items = self.measured.frames.items
        repeat = items["repeat"].to_numpy().astype(np.int64)
        if not len(repeat) or repeat.max() < 1:
            return ()
        shape = self.measured.table.trials.shape
        cell = self.measured.frames.row_of_answer.astype(np.int64) * shape[1] + items[
            "system"
        ].cat.codes.to_numpy().astype(np.int64)
        scores = items["correct"].to_numpy(dtype=np.float64)
        complete = []
        for each in range(int(repeat.max()) + 1):
            values = np.full(shape[0] * shape[1], np.nan)
            values[cell[repeat == each]] = scores[repeat == each]
            kept = values.reshape(shape)[np.ix_(self.rows, np.asarray(self.columns))]
            if not np.isnan(kept).any():
                complete.append(kept)
        return tuple(complete) if len(complete) > 1 else ()


def _sent_to_best(score: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    costs = np.zeros(score.shape)
    costs[:, int((weight @ score).argmax())] = 1.0
    return costs


def _quotients(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))
