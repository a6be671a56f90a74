"""Read two finished runs as evidence: one system of each, over the items that both answered."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattbench.errors import UserError, nearest
from wattbench.records import RunRecords
from wattbench_reports.comparability.explain import run_label
from wattbench_reports.comparability.fingerprint import ANSWERED, Fingerprint, fingerprints
from wattbench_reports.formatting.units import named, plural
from wattbench_reports.gate.evidence.comparable import FingerprintComparison, compare_fingerprints, parts_across
from wattbench_reports.gate.evidence.missing import (
    failed_requests,
    no_first_token,
    no_joules_note,
    of_judged,
    peaks,
    without_scores,
)
from wattbench_reports.gate.evidence.model import Evidence, MoneyOfMachine
from wattbench_reports.gate.evidence.money import SideMoney, money_of_answers, money_of_gate
from wattbench_reports.gate.evidence.paired_items import HASHES, PairedItems, RecordItems, paired, record_items
from wattbench_reports.gate.evidence.record_bounds import record_bounds
from wattbench_reports.gate.evidence.same_work import AskedSystem, PromptComparison, compare_prompts
from wattbench_reports.gate.evidence.sessions import NOT_KNOWN, SessionNoise, judged_systems, session_noise
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.registry import (
    ACCURACY,
    ENERGY,
    FURTHER_COLUMNS,
    METRICS,
    MONEY,
    TTFT,
    computed_from,
)
from wattbench_reports.metrics.validity import by_cause, validity
from wattbench_reports.tables import provenance
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.run_tables import Frames, answers_of, check_whole, load_frames
from wattbench_reports.tables.session_record import SessionRecord
from wattbench_reports.tables.streamed import MOST_IN_MEMORY, load_streamed
from wattbench_reports.tables.suite_record import SystemSettings

_OF_SESSIONS = tuple(name for name, each in METRICS.items() if each.varies_with_session)
"""Metrics that differ between two sessions of the machine; of money, the part that is for its hours and joules does."""


def evidence_of_two(
    first: RunRecords,
    second: RunRecords,
    policy: Policy,
    *,
    baseline: str | None = None,
    candidate: str | None = None,
    across: Sequence[str] = (),
    sessions: SessionRecord | None = None,
) -> Evidence:
    """Read the evidence on a baseline and a candidate from two finished runs.

    Items are paired by their content, and judged at once. Of an item that was asked several times the means count.
    Seconds and joules are judged only where it is known how much they differ between two runs of one system, or the
    policy assumes it; two systems of one run in blocks were asked in turns, and are judged block by block without.

    Args:
        first: holds the baseline.
        second: holds the candidate. It may be the same run, of another system.
        policy: which metrics are judged, and what may differ.
        baseline: its name in `first`. None: the only one there, or the one that is called as the candidate is.
        candidate: its name in `second`; None as above.
        across: parts of the fingerprint that may differ all the same, or ``all``.
        sessions: earlier sessions on the machine; None: there are none.

    Raises:
        UserError: a run is unfinished, damaged or under load, it is not clear which systems are meant, or an argument
            is wrong.
    """
    crossed = parts_across(across)
    opened = _opened(first)
    frames = opened, opened if second.layout.root == first.layout.root else _opened(second)
    names = _chosen(frames, (baseline, candidate))
    sides = _shown(frames, names)
    one, two = sides
    money = money_of_gate(policy, {side.shown: side.money for side in sides})
    unscored = _opinions(sides)
    between = compare_fingerprints(
        _prints(sides, unscored),
        crossed,
        policy.may_differ,
        item_by_item=("prompts",),
        figures=dict.fromkeys(MONEY, money.figure),
    )
    both = paired(one.items, two.items)
    one_run = first.header.run == second.header.run
    judged = judged_systems(sessions, (first, one.name), (second, two.name))
    noise = _assumed(policy, money.of_machine) or session_noise(
        sessions, *judged, one_run=one_run, money=money.of_machine
    )
    domains = _domains(sides)
    apart, unpaired = _without_partner(between, sides, len(both))
    prompts = _prompts(sides, both, policy, crossed)
    if prompts.apart is not None:
        apart = {metric: " ".join([*filter(None, [apart.get(metric)]), prompts.apart]) for metric in METRICS}
    bare, joule_notes = _without_joules(sides, both)
    rows = {side.shown: side.frames.run.systems().get(side.name) for side in sides}
    memory, unmeasured = peaks(rows)
    missing = bare | _without_first_tokens(sides, both) | _not_on_record(sides) | unmeasured | money.missing
    of_tasks = [*both.present_tasks, *unscored]
    missing |= without_scores(unscored, {task: domains.get(task, task) for task in of_tasks})
    if not (one_run and both.blocks is not None):  # else they shared a session, and were asked in turns
        unknown = _between_sessions(money.of_machine) - {*noise, *apart}
        missing = dict.fromkeys(unknown, NOT_KNOWN) | missing
    apart, missing = of_judged(policy, {**money.apart, **apart}, missing, priced=money.priced)
    return Evidence(
        baseline=one.shown,
        candidate=two.shown,
        systems=names,
        rounds=(),
        in_turns=False,
        measured=record_bounds(both, domains, noise),
        items=len(both),
        provenance=(one.provenance, two.provenance),
        validity="; ".join(
            f"{side.shown}: {marks}" for side in sides if (marks := validity(side.frames)[side.name].marks)
        ),
        priced=money.priced,
        currency=money.currency,
        money_of_machine=money.of_machine,
        peak_memory_bytes=memory,
        apart=apart,
        missing=missing,
        lacking=_lacking(sides),
        suite_domains=tuple(dict.fromkeys(domains.get(task, task) for task in of_tasks)),
        energy_j=_counted_j(sides),
        notes=(
            *between.notes,
            *filter(None, [prompts.note]),
            *(f"Accuracy is without {task}: {why}." for task, why in unscored.items()),
            *unpaired,
            *joule_notes,
            *_failed(sides),
        ),
    )


def _between_sessions(money: MoneyOfMachine) -> set[str]:
    """Return the metrics that another session of the machine would change."""
    return {*_OF_SESSIONS, *(MONEY if money.seconds or money.joules else ())}


def _assumed(policy: Policy, money: MoneyOfMachine) -> dict[str, SessionNoise]:
    """Return the differences between sessions that the policy assumes, by metric; empty where it assumes none."""
    if policy.drift is None:
        return {}
    of_money = min(money.seconds + money.joules, 1.0)
    return {
        metric: SessionNoise(drift=policy.drift * (of_money if metric in MONEY else 1.0))
        for metric in _between_sessions(money)
    }


@dataclass(frozen=True)
class _Side:
    """One system of a run."""

    frames: Frames
    name: str
    shown: str
    """Its name, with its run where the other is called the same."""
    print: Fingerprint
    items: RecordItems
    provenance: str
    money: SideMoney


def _opened(run: RunRecords) -> Frames:
    """Open a run's tables.

    Raises:
        UserError: it is unfinished, damaged, cut, or under load.
    """
    if header_record(run).suite.measure.scenario == "load":
        raise UserError(
            f"{run.layout.root}: this run is under load, and has figures for each rate. Gates judge runs of the "
            "scenarios single-stream and throughput"
        )
    streams = answers_of(run) > MOST_IN_MEMORY and not run.judges()
    frames = load_streamed(run) if streams else load_frames(run)
    check_whole(frames)
    return frames


def _chosen(frames: tuple[Frames, Frames], requested: tuple[str | None, str | None]) -> tuple[str, str]:
    """Choose the baseline and the candidate by their names in the runs.

    Raises:
        UserError: there is no such system, several could be meant, or both are the same.
    """
    same_run = frames[0].run.header.run == frames[1].run.header.run
    chosen = [_named(each, name) for each, name in zip(frames, requested, strict=True)]
    if not same_run:  # a system is judged against itself in another run, unless somebody says otherwise
        chosen = [
            name_here or (other if other in each.systems else None)
            for name_here, other, each in zip(chosen, reversed(chosen), frames, strict=True)
        ]
    for name, each, side in zip(chosen, frames, ("baseline", "candidate"), strict=True):
        if name is None:
            raise UserError(
                f"{each.run.layout.root}: this run holds several systems ({named(each.systems)}): name one "
                f"with --{side} NAME"
            )
    one, two = (str(name) for name in chosen)
    if same_run and one == two:
        raise UserError(
            f"{frames[0].run.layout.root}: {one} of this run would be judged against itself. Name another run, or "
            "another system of it with --baseline NAME or --candidate NAME"
        )
    return one, two


def _named(frames: Frames, name: str | None) -> str | None:
    """Check a given name. Without a name, return the only system, or None where there are several."""
    if name is None:
        return frames.systems[0] if len(frames.systems) == 1 else None
    if name in frames.left_out:
        raise UserError(
            f"{frames.run.layout.root}: {name!r:.80} was dropped during this run, and answered a part of the items. "
            "Judge a run that asked it to the end (measure: {stop: false})"
        )
    if name not in frames.systems:
        raise UserError(f"{frames.run.layout.root}: no system {name!r} in this run{nearest(name, frames.systems)}")
    return name


def _shown(frames: tuple[Frames, Frames], names: tuple[str, str]) -> tuple[_Side, _Side]:
    """Give both systems distinct names: ``specialist@abc123`` where they share one."""
    runs = [each.run.header.run for each in frames]
    labels = [run_label(run) for run in runs]
    labels = runs if labels[0] == labels[1] else labels
    shown = names if names[0] != names[1] else tuple(f"{names[0]}@{label}" for label in labels)
    one, two = (_side(each, name, label) for each, name, label in zip(frames, names, shown, strict=True))
    return one, two


def _side(frames: Frames, name: str, shown: str) -> _Side:
    money_of, money = money_of_answers(frames, name)
    rows = frames.answers_of(name)
    metered = frames.positions(rows)[np.isfinite(frames.figures("energy_j", rows))]
    return _Side(
        frames=frames,
        name=name,
        shown=shown,
        print=fingerprints(frames)[name],
        items=record_items(frames, name, money_of),
        provenance=provenance.joined(frames.labels("energy_provenance", metered)),
        money=money,
    )


def _prints(sides: tuple[_Side, _Side], opinions: Iterable[str]) -> dict[str, Fingerprint]:
    """Return the fingerprints of both systems; of two imports without the documents that each answered.

    A tool that stops after a time leaves each run other documents at its end, and items are judged in pairs. Tasks of
    which either run has only a judge's opinion are in no figure that is judged.
    """
    prints = {side.shown: side.print.of_all_items().without_tasks(opinions) for side in sides}
    if any(side.frames.record.imported is None for side in sides):
        return prints
    return {shown: each.without("tasks", ANSWERED) for shown, each in prints.items()}


def _prompts(sides: tuple[_Side, _Side], both: PairedItems, policy: Policy, across: Sequence[str]) -> PromptComparison:
    """Compare the prompts of both systems."""
    systems = []
    for side in sides:
        settings = side.frames.record.suite.systems.get(side.name, SystemSettings())
        systems.append(AskedSystem(side.name, side.shown, settings.prompt))
    tasks = pd.Categorical.from_codes(both.tasks.codes, pd.Index(both.tasks.names))
    hashes = {f"{name}{end}": both.hashes[name][side] for name in HASHES for side, end in enumerate(("", "_2"))}
    items = pd.DataFrame({"task": tasks, "doc_id": both.doc_id, **hashes}, copy=False)
    return compare_prompts(items, *systems, may_differ="prompts" in (*policy.may_differ, *across))


def _domains(sides: tuple[_Side, _Side]) -> dict[str, str]:
    """Return each task's domain."""
    return {cell.task: cell.domain for side in sides for cell in side.frames.record.cells if cell.domain}


def _opinions(sides: tuple[_Side, _Side]) -> dict[str, str]:
    """Return the tasks of which a run has only a judge's opinion, each with what would tell more."""
    opinions: dict[str, str] = {}
    for frames in {side.frames.run.layout.root: side.frames for side in sides}.values():
        judged, root = frames.judged_tasks, frames.run.layout.root
        for task, lacking in {} if judged is None else judged.opinions.items():
            why = f"{root.name} has a judge's opinion of it, and {lacking} (wattbench label {shlex.quote(str(root))})"
            opinions[task] = f"{opinions[task]}; {why}" if task in opinions else why
    return opinions


def _without_partner(
    between: FingerprintComparison, sides: tuple[_Side, _Side], paired: int
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Add the items that only one system answered: to why a metric is not comparable, or to the notes."""
    if not paired:
        nothing = "No document was answered by both."
        return {metric: " ".join([*filter(None, [between.apart.get(metric)]), nothing]) for metric in METRICS}, ()
    left = [f"{plural(len(side.items) - paired, 'item')} of {side.shown}" for side in sides if len(side.items) > paired]
    if not left:
        return dict(between.apart), ()
    said = f"{named(left)} have no counterpart"
    if between.apart.keys() >= set(METRICS):
        return {metric: f"{why} {said}." for metric, why in between.apart.items()}, ()
    return dict(between.apart), (f"{said}, and are left out.",)


def _without_joules(sides: tuple[_Side, _Side], both: PairedItems) -> tuple[dict[str, str], tuple[str, ...]]:
    """Name each system that lacks joules, with the number of items and the causes.

    Returns:
        Metric to why it is missing, where no item has joules of both; else a note, where some have none.
    """
    bare = np.isnan(both.figures["energy_j"])
    reasons = []
    for side, count in zip(sides, bare.sum(axis=0).tolist(), strict=True):
        if count:
            causes = by_cause([validity(side.frames)[side.name]])
            why = f"windows not valid, {causes}" if causes else ""
            reasons.append(f"{side.shown} has no valid joules for {plural(count, 'item')}{f' ({why})' if why else ''}")
    of_either = int(bare.any(axis=1).sum())
    if not of_either:
        return {}, ()
    if of_either == len(both):
        return dict.fromkeys(ENERGY, "; ".join(reasons)), ()
    return {}, (no_joules_note(of_either, len(both), "item", "; ".join(reasons)),)


def _without_first_tokens(sides: tuple[_Side, _Side], both: PairedItems) -> dict[str, str]:
    """Explain a missing time to first token."""
    known = np.isfinite(both.figures["ttft_s"])
    if not len(both) or known.all(axis=1).any():
        return {}
    silent = [side.shown for side, some in zip(sides, known.T, strict=True) if not some.any()]
    return {TTFT: no_first_token(silent, "item")}


def _not_on_record(sides: tuple[_Side, _Side]) -> dict[str, str]:
    """Explain missing scores and times, by metric: imported answers may lack them."""
    unscored = [side.shown for side in sides if np.isnan(side.items.figures["correct"]).any()]
    untimed = [side.shown for side in sides if np.isnan(side.items.figures["seconds"]).all()]
    missing: dict[str, str] = {}
    if unscored:
        missing |= dict.fromkeys(
            (ACCURACY, *computed_from("correct")), f"the answers of {named(unscored)} have no scores"
        )
    if untimed:
        missing |= dict.fromkeys(computed_from("seconds"), f"the answers of {named(untimed)} have no times")
    for column in FURTHER_COLUMNS:
        if without := [side.shown for side in sides if np.isnan(side.items.figures[column]).all()]:
            why = f"the answers of {named(without)} have no {column.replace('_', ' ')}"
            missing |= dict.fromkeys(computed_from(column), why)
    return missing


def _lacking(sides: tuple[_Side, _Side]) -> tuple[str, ...]:
    """Return the metrics for which neither of two imports has a figure."""
    if any(side.frames.record.imported is None for side in sides):
        return ()
    columns = {"correct": (ACCURACY,), "seconds": computed_from("seconds")}
    return tuple(
        metric
        for column, metrics in columns.items()
        if all(np.isnan(side.items.figures[column]).all() for side in sides)
        for metric in metrics
    )


def _failed(sides: tuple[_Side, _Side]) -> tuple[str, ...]:
    """Say which of the two had requests that failed."""
    failed = {side.shown: side.frames.failed(side.frames.answers_of(side.name)) for side in sides}
    return failed_requests({name: (int(of_side.sum()), len(of_side)) for name, of_side in failed.items()})


def _counted_j(sides: tuple[_Side, _Side]) -> float | None:
    """Sum the joules of all measured windows of both systems, valid or not; None where no joules were read."""
    known = pd.concat([side.frames.measured_windows(side.name)["total_j"] for side in sides]).dropna()
    return float(known.sum()) if len(known) else None
