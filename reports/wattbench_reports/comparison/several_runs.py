"""Compare one run or several: figures, what forbids ranking them together, and rankings where nothing does.

Each run is analysed by itself and only its figures and its sums per item are kept, so that the answers of two large
runs are never in memory together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wattbench.errors import UserError
from wattbench.records import CONDITIONS, RunRecords
from wattbench.records.provenance import ESTIMATED
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparability.explain import condition_caveats, identity_caveats, not_recorded, run_label
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.input_check import SystemInput, input_check
from wattbench_reports.comparability.rules import ACCURACY, JOULES, LATENCY, Divide, divides, parts_to_cross
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.comparison.another_run import PairsAcrossRuns, joule_sessions
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.estimated import renamed as renamed_estimates
from wattbench_reports.comparison.impacts_of_runs import impacts_of_runs
from wattbench_reports.comparison.input_caveats import few_in_common, lacking_of_runs, missing_items
from wattbench_reports.comparison.judges import judged_of_runs, other_judges
from wattbench_reports.comparison.latency_pairs import LatencyPairs
from wattbench_reports.comparison.leaderboard import (
    Groups,
    grouped,
    money_standings,
    standings,
    throughput_standings,
)
from wattbench_reports.comparison.leaderboard_model import ComparedRun, Placement, Ranked
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.money_of_runs import PartMoney, money_of_runs, part_money
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.paired_tests import EqualPairs, Pairs, WeighedPairs
from wattbench_reports.comparison.rescored import same_answers
from wattbench_reports.comparison.system_figures import SystemFigures, for_another_run
from wattbench_reports.formatting.units import listed, named
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions
from wattbench_reports.metrics.carbon import Carbon
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.validity import Validity
from wattbench_reports.metrics.workload import EVERY_ITEM
from wattbench_reports.stats import BlockRatio
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.merge import KeyedTable, item_keys, joined
from wattbench_reports.tables.run_tables import check_whole
from wattbench_reports.tables.session_record import machine_of, same_machine, session_record


@dataclass(frozen=True)
class _Part:
    """The results of one run that are kept to compare it with others."""

    about: ComparedRun
    comparison: Comparison
    table: KeyedTable
    measured: Mapping[str, Measures]
    judged: Mapping[str, Validity]
    prints: Mapping[str, Fingerprint]
    inputs: Mapping[str, SystemInput]
    yardsticks: frozenset[str]
    run: RunRecords
    uncertain: Mapping[str, BlockRatio]
    money: PartMoney | None


CROSSABLE = (*CONDITIONS, ESTIMATED)
"""What ``--across`` takes: parts of the fingerprint, and estimates next to measured joules."""


def side_by_side(
    runs: Sequence[RunRecords], *, across: Sequence[str] = (), assumptions: Assumptions = AS_IN_SUITE
) -> Comparison:
    """Compare the systems of one finished run or several, and rank them as far as that may be done.

    A system that has its name in several runs is called ``name@abc123`` here, after its run.

    Args:
        runs: from `wattbench.records.read_run`; at least one.
        across: parts of the fingerprint that may differ all the same, ``estimated`` or ``all``. The caveat stays.
        assumptions: the reader's settings, in place of those of each run's suite.

    Returns:
        The comparison, its `ranked` filled in.

    Raises:
        UserError: a run is unfinished, damaged, given twice, or under load and not alone, or an argument is wrong.
    """
    crossed = parts_to_cross(across, CROSSABLE)
    _check_each_once(runs)
    several = len(runs) > 1  # whose items are paired one by one
    each = [(run, analyse(run, assumptions, in_memory=several)) for run in runs]
    parts = [_part(run, made.measured, made.paid, made.comparison, whole=several) for run, made in each]
    return _compared(parts, crossed, assumptions)


def of_one_run(
    run: RunRecords, *, across: Sequence[str] = (), assumptions: Assumptions = AS_IN_SUITE
) -> tuple[Comparison, Analysis]:
    """Compare the systems of one finished run as `side_by_side`, and return its analysis, which a decision needs."""
    crossed = parts_to_cross(across, CROSSABLE)
    analysis = analyse(run, assumptions)
    return _compared(
        [_part(run, analysis.measured, analysis.paid, analysis.comparison, whole=False)], crossed, assumptions
    ), analysis


def _compared(alone: list[_Part], crossed: tuple[str, ...], assumptions: Assumptions) -> Comparison:
    """Compare the systems of runs that were each analysed alone."""
    several = len(alone) > 1
    if not any(part.comparison.estimates for part in alone):
        crossed = tuple(part for part in crossed if part != ESTIMATED)
    parts = _as_sessions(alone)
    under_load = parts[0].comparison.load  # of several none is
    names = _names(parts)
    shown = {renamed[old]: (part, old) for part, renamed in zip(parts, names, strict=True) for old in part.measured}
    prints = {new: part.prints[old] for new, (part, old) in shown.items()}
    measured = {new: part.measured[old] for new, (part, old) in shown.items()}
    judged = {new: part.judged[old] for new, (part, old) in shown.items()}
    yardsticks = {new for new, (part, old) in shown.items() if old in part.yardsticks}
    table = joined(
        [
            replace(part.table, names=tuple(renamed[old] for old in part.table.names))
            for part, renamed in zip(parts, names, strict=True)
        ]
    )
    pairs: Pairs = _pairs(table, parts)
    latencies = LatencyPairs(measured, {new: part.about.run for new, (part, _) in shown.items()})
    opinions = judged_of_runs((part.comparison.judged, renamed) for part, renamed in zip(parts, names, strict=True))
    sessions = {
        new: known
        for new, (part, old) in shown.items()
        if (known := joule_sessions(part.comparison.sessions, old)) is not None
    }
    if several:
        pairs = PairsAcrossRuns(
            within=pairs,
            run_of={new: part.about.run for new, (part, _) in shown.items()},
            ratios={new: part.uncertain[old] for new, (part, old) in shown.items() if old in part.uncertain},
            sessions=sessions,
            machine_of={new: each.parts["machine"] for new, each in prints.items() if "machine" in each.parts},
        )
    money = money_of_runs([each.money for each in parts], [each.about.run for each in parts], names, sessions)
    money_pairs = None if money.table is None else money.pairs(_pairs(money.table, parts))
    check = input_check({new: part.inputs[old] for new, (part, old) in shown.items()}, prints)
    weighed = any(part.comparison.workload is not None and part.comparison.workload.shares for part in parts)
    divided = grouped(prints, crossed)
    candidates = {name: each for name, each in measured.items() if name not in yardsticks}
    divisions = divides(prints, crossed)
    carbon, one_grid = _one_carbon(parts)
    rows = tuple(
        money.row(_renamed(figures, renamed[figures.system], one_grid))
        for part, renamed in zip(parts, names, strict=True)
        for figures in part.comparison.systems
    )
    impacts = impacts_of_runs(
        (part.comparison.impacts, part.comparison.impacts_of, renamed)
        for part, renamed in zip(parts, names, strict=True)
    )
    return Comparison(
        run=", ".join(part.about.run for part in parts),
        suite=", ".join(dict.fromkeys(part.about.suite for part in parts)),
        systems=rows,
        carbon=carbon,
        sci={
            renamed[old]: sci
            for part, renamed in zip(parts, names, strict=True)
            for old, sci in part.comparison.sci.items()
        }
        if one_grid
        else {},
        impacts=impacts.impacts,
        impacts_of=impacts.of_systems,
        splits={
            renamed[old]: split
            for part, renamed in zip(parts, names, strict=True)
            for old, split in part.comparison.splits.items()
        },
        requests={
            renamed.get(old, old): fields
            for part, renamed in zip(parts, names, strict=True)
            for old, fields in part.comparison.requests.items()
        },
        load=under_load,
        money=money.money,
        years={
            renamed[old]: money.year(year)
            for part, renamed in zip(parts, names, strict=True)
            for old, year in part.comparison.years.items()
        }
        if one_grid
        else {},
        sessions=next((part.comparison.sessions for part in parts if part.comparison.sessions is not None), None),
        estimates=tuple(
            each
            for part, names_of in zip(parts, names, strict=True)
            for each in renamed_estimates(part.comparison.estimates, names_of)
        ),
        agents=tuple(
            replace(each, system=renamed[each.system])
            for part, renamed in zip(parts, names, strict=True)
            for each in part.comparison.agents
        ),
        judged=opinions,
        cluster=assumptions.cluster,
        machines=None if several else parts[0].comparison.machines,
        dropped=None if several else parts[0].comparison.dropped,
        data=check,
        workload=parts[0].comparison.workload if len({part.comparison.workload for part in parts}) == 1 else None,
        caveats=(
            *condition_caveats(prints, crossed),
            *(few_in_common(prints, EqualPairs(table)) if several else ()),
            *(missing_items(check, measured, lacking_of_runs(check, prints), weighed=weighed) if several else ()),
            *(_dropped(parts) if several else ()),
            *(other_judges(opinions) if several else ()),
            *not_recorded(prints),
            *identity_caveats(prints),
            *(() if one_grid else (_grids(),)),
            *impacts.caveats,
            *same_answers({part.about.run: header_record(part.run).rescored for part in parts}),
            *money.caveats,
            *(
                caveat
                for part, renamed in zip(parts, names, strict=True)
                for caveat in _own_caveats(part, renamed, several)
            ),
        ),
        ranked=Ranked(
            runs=tuple(part.about for part in parts),
            prints=prints,
            placements=tuple(_placements(prints, divided, divisions)),
            # Under load the figures are of one rate among several, and the tables say them rate by rate.
            standings=()
            if under_load is not None
            else (
                *standings(pairs, latencies, candidates, judged, divided),
                *throughput_standings(rows, candidates, divided),
                *(() if money_pairs is None else money_standings(money_pairs, money.per_correct, candidates, divided)),
            ),
            divides=divisions,
            across=crossed,
        ),
    )


def _as_sessions(parts: list[_Part]) -> list[_Part]:
    """Use runs of one suite on one machine as sessions of each other, where no earlier sessions are recorded."""
    known: list[_Part] = []
    for part in parts:
        alike = [
            other.run
            for other in parts
            if other.run.header.suite_sha256 == part.run.header.suite_sha256
            and same_machine(machine_of(other.run.header), machine_of(part.run.header))
            and other.run.header.imported is None
        ]
        if part.comparison.sessions is not None or len(alike) < 2 or part.run.header.imported is not None:
            known.append(part)
            continue
        record = session_record(alike, source="the runs compared")
        rows = tuple(
            for_another_run(row, part.measured[row.system].j_per_correct, part.uncertain.get(row.system), record)
            for row in part.comparison.systems
        )
        known.append(replace(part, comparison=replace(part.comparison, systems=rows, sessions=record)))
    return known


def _pairs(table: ItemTable, parts: Sequence[_Part]) -> Pairs:
    """Return comparisons under the runs' mix of domains.

    Raises:
        UserError: the mixes of their suites differ, so that their figures over all domains are of different work.
    """
    mixes = [None if part.comparison.workload is None else part.comparison.workload.shares for part in parts]
    first = mixes[0]
    if any(mix != first for mix in mixes):
        raise UserError(
            "the runs' suites name different mixes of domains, so that their figures over all domains are of different "
            f"work. Name one for all, such as --mix {EVERY_ITEM} for every item alike"
        )
    if first is None:
        return EqualPairs(table)
    base = basis(table)
    return WeighedPairs(table, base, np.array([first[name] for name in base.domains]))


def _check_each_once(runs: Sequence[RunRecords]) -> None:
    if not runs:
        raise UserError("no run to compare")
    seen: dict[str, RunRecords] = {}
    for run in runs:
        if run.header.run in seen:
            raise UserError(
                f"{run.layout.root}: run {run.header.run} was given already ({seen[run.header.run].layout.root}); "
                "name each run once"
            )
        seen[run.header.run] = run


def _part(run: RunRecords, measured: Measured, paid: Paid, comparison: Comparison, *, whole: bool) -> _Part:
    if whole:
        if measured.load is not None:
            raise UserError(
                f"{run.layout.root}: this run is under load, and has figures for each rate. Runs under load are "
                f"compared one at a time: wattbench runs compare {run.layout.root}"
            )
        check_whole(measured.frames)
    return _Part(
        about=ComparedRun(run.header.run, comparison.suite, run.header.created_utc),
        comparison=comparison,
        table=KeyedTable(
            measured.table if measured.shares is not None else measured.overall,
            item_keys(measured.frames) if whole else None,
            measured.table.systems,
        ),
        measured=measured.systems,
        judged=measured.judged,
        prints=measured.prints,
        inputs=measured.read.inputs,
        yardsticks=frozenset(measured.yardsticks),
        run=run,
        uncertain=measured.uncertain,
        money=part_money(measured, paid, whole=whole),
    )


def _names(parts: Sequence[_Part]) -> list[dict[str, str]]:
    """Return, for each run, the name of each system in the comparison: unchanged where no other run has the name."""
    owners = Counter(name for part in parts for name in part.measured)
    labels = Counter(run_label(part.about.run) for part in parts)
    taken = {name for name, count in owners.items() if count == 1}
    divisions = []
    for part in parts:
        label = run_label(part.about.run)
        label = label if labels[label] == 1 else part.about.run
        renamed = {}
        for name in part.measured:
            new = name if owners[name] == 1 else f"{name}@{label}"
            while owners[name] > 1 and new in taken:  # somebody called a system so
                new += "'"
            taken.add(new)
            renamed[name] = new
        divisions.append(renamed)
    return divisions


def _one_carbon(parts: Sequence[_Part]) -> tuple[Carbon | None, bool]:
    """Return the carbon settings of the first run if all runs have the same (else None), and whether they have."""
    first, *others = (part.comparison.carbon for part in parts)
    same = all(each == first for each in others)
    return (first if same else None), same


def _renamed(figures: SystemFigures, name: str, one_grid: bool) -> SystemFigures:
    """Rename a row; drop its grams where the runs' grams are of different grids."""
    renamed = replace(figures, system=name)
    if one_grid:
        return renamed
    return replace(
        renamed, co2_g_per_1000=None, sci_g_per_correct=None, sci_g_per_correct_low=None, sci_g_per_correct_high=None
    )


def _dropped(parts: Sequence[_Part]) -> Iterator[Caveat]:
    """Name the systems that the runs did not ask to the end: they have no row."""
    for part in parts:
        if (dropped := part.comparison.dropped) is not None:
            names = tuple(each.system for each in dropped.systems)
            text = f"Run {run_label(part.about.run)} dropped {named(names)} before its end: they are not compared."
            yield Caveat("dropped", text, names)


def _grids() -> Caveat:
    text = (
        "The runs name different grids, so grams are not stated: they would differ by the grid. Name one for all with "
        "--region or --intensity."
    )
    return Caveat("different-grids", text, ())


def _own_caveats(part: _Part, renamed: Mapping[str, str], several: bool) -> Iterator[Caveat]:
    """Yield the caveats of one run. Caveats on what keeps systems apart are stated once for all runs together."""
    apart = {caveat.code for caveat in condition_caveats(part.prints)}
    apart |= {"few-in-common", "different-documents"} if several else set()
    for caveat in part.comparison.caveats:
        if caveat.code in apart:
            continue
        start = f"Run {run_label(part.about.run)}: " if several else ""
        yield replace(
            caveat, text=start + caveat.text, systems=tuple(renamed.get(name, name) for name in caveat.systems)
        )


def _placements(prints: Mapping[str, Fingerprint], divided: Groups, divisions: Sequence[Divide]) -> Iterator[Placement]:
    number = {
        figure: {name: index for index, group in enumerate(sides, start=1) for name in group}
        for figure, sides in divided.items()
    }
    in_order = [each for name in CONDITIONS for each in divisions if each.part == name]
    for name, each in prints.items():
        mine = [one for one in in_order if any(name in side.systems for side in one.sides)]
        yield Placement(
            run=each.run,
            fingerprint=each.short,
            accuracy_group=number[ACCURACY][name],
            latency_group=number[LATENCY][name],
            joules_group=number[JOULES][name],
            differs_in="+".join(one.part for one in mine),
            ranked_across="+".join(one.part for one in mine if one.overridden),
        )


def apart_text(comparison: Comparison) -> str:
    """Say why no figures of the runs can be ranked against each other."""
    assert comparison.ranked is not None
    parts = [each.part for each in comparison.ranked.divides if each.forbids and not each.overridden]
    return (
        f"nothing in these runs can be ranked against each other (different {listed(parts)}); each is shown by itself. "
        f"To rank all the same: --across {','.join(parts)}"
    )
