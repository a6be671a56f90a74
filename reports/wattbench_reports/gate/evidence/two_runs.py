"""Read two finished runs as evidence: one system of each, over the items that both answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattbench.errors import UserError, nearest
from wattbench.records import RunRecords
from wattbench_reports.comparability.explain import run_label
from wattbench_reports.comparability.fingerprint import ANSWERED, Fingerprint, fingerprints
from wattbench_reports.formatting.units import named, plural
from wattbench_reports.gate.evidence.block_rounds import block_rounds, in_blocks
from wattbench_reports.gate.evidence.comparable import FingerprintComparison, compare_fingerprints, parts_across
from wattbench_reports.gate.evidence.item_rounds import item_rounds, seed_of
from wattbench_reports.gate.evidence.missing import (
    failed_requests,
    of_judged,
    peaks,
    without_first_tokens,
    without_joules,
)
from wattbench_reports.gate.evidence.model import Evidence, Round, SuiteTask
from wattbench_reports.gate.evidence.money import SideMoney, money_of_answers, money_of_gate
from wattbench_reports.gate.evidence.prompts import AskedSystem, PromptComparison, compare_prompts, item_prompts
from wattbench_reports.gate.evidence.sessions import session_variances
from wattbench_reports.gate.metrics import (
    ACCURACY,
    COST_PER_CORRECT,
    JOULES_PER_CORRECT,
    LATENCY_P50,
    LATENCY_P95,
    METRICS,
    MONEY,
)
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.validity import validity
from wattbench_reports.tables import provenance
from wattbench_reports.tables.completeness import check_whole
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.json_values import mapping
from wattbench_reports.tables.merge import KEY, answer_keys
from wattbench_reports.tables.run_tables import Frames, load_frames
from wattbench_reports.tables.session_record import SessionRecord
from wattbench_reports.tables.suite_record import SystemSettings


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

    Items are paired by their content, and put in a random order over all tasks. Of an item that was asked several times
    the means count. Seconds and joules are judged only where it is known how much they differ between two runs of one
    system, or the policy assumes it; two systems of one run in blocks were asked in turns, and are judged block by
    block without.

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
    between = compare_fingerprints(
        _prints(sides),
        crossed,
        policy.may_differ,
        item_by_item=("prompts",),
        figures=dict.fromkeys(MONEY, money.figure),
    )
    both = _paired(one, two)
    runs = [each.run.header.run for each in frames]
    seed = seed_of(runs)
    one_run = runs[0] == runs[1]
    varying = session_variances(sessions, *names, one_run=one_run, money=money.of_machine)
    by_block = one_run and in_blocks(both) and not varying and policy.drift is None
    rounds = (block_rounds if by_block else item_rounds)(both, _domains(sides), seed)
    apart, unpaired = _without_partner(between, sides, len(both))
    prompts = _prompts(sides, both, policy, crossed)
    if prompts.apart is not None:
        apart = {metric: " ".join([*filter(None, [apart.get(metric)]), prompts.apart]) for metric in METRICS}
    bare, joule_notes = without_joules(rounds, _why_no_joules(sides, both), count_items=True)
    rows = {side.shown: side.frames.run.systems().get(side.name) for side in sides}
    memory, unknown = peaks(rows)
    silent = [
        side.shown for side, column in zip(sides, ("ttft_s", "ttft_s_2"), strict=True) if both[column].isna().all()
    ]
    missing = bare | without_first_tokens(rounds, silent) | _not_on_record(sides) | unknown | money.missing
    apart, missing = of_judged(policy, {**money.apart, **apart}, missing, priced=money.priced)
    return Evidence(
        baseline=one.shown,
        candidate=two.shown,
        systems=names,
        rounds=rounds,
        in_turns=by_block,
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
        suite_tasks=_suite_tasks(rounds),
        energy_j=_counted_j(sides),
        notes=(*between.notes, *filter(None, [prompts.note]), *unpaired, *joule_notes, *_failed(sides)),
        sessions={} if policy.drift is not None else varying,
        seed=seed,
    )


def _suite_tasks(rounds: Sequence[Round]) -> Mapping[str, SuiteTask]:
    """Count the items of each task: all that are on record are in the random order of the rounds."""
    counts = Counter(pair for one in rounds for pair in zip(one.tasks, one.domains, strict=True))
    return {task: SuiteTask(count, domain) for (task, domain), count in counts.items()}


@dataclass(frozen=True)
class _Side:
    """One system of a run."""

    frames: Frames
    name: str
    shown: str
    """Its name, with its run where the other is called the same."""
    print: Fingerprint
    items: pd.DataFrame
    """One row per item: columns `KEY`, `FIGURES` and `block` (NaN without a value), and `HASHES`."""
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
    frames = load_frames(run)
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
    """Check a given name; without one return the only system, or None where there are several."""
    if name is None:
        return frames.systems[0] if len(frames.systems) == 1 else None
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
    of_system = (frames.items["system"] == name).to_numpy()
    answers = frames.items[of_system]
    keys = answer_keys(frames, np.flatnonzero(of_system))
    first_token_s = frames.more_columns("first_token_s")["first_token_s"][of_system]
    money_of, money = money_of_answers(frames, name, of_system)
    rows = keys.assign(
        correct=answers["correct"].astype(float),
        seconds=answers["finished_s"] - answers["started_s"],
        ttft_s=first_token_s - answers["started_s"],
        energy_j=answers["energy_j"].astype(float),
        block=answers["block"],
        money=money_of,
    )
    means = rows.groupby(KEY, sort=False, dropna=False, as_index=False).mean()
    return _Side(
        frames=frames,
        name=name,
        shown=shown,
        print=fingerprints(frames)[name],
        items=means.merge(item_prompts(frames, keys), on=KEY),
        provenance=provenance.joined(answers.loc[answers["energy_j"].notna(), "energy_provenance"].unique().tolist()),
        money=money,
    )


def _prints(sides: tuple[_Side, _Side]) -> dict[str, Fingerprint]:
    """Return the fingerprints of both. Which documents each answered is left out of those of two imports: a tool that
    stops after a time leaves each run other documents at its end, and items are judged in pairs."""
    prints = {side.shown: side.print.of_all_items() for side in sides}
    if any(side.frames.record.imported is None for side in sides):
        return prints
    return {shown: each.without("tasks", ANSWERED) for shown, each in prints.items()}


def _paired(one: _Side, two: _Side) -> pd.DataFrame:
    """Pair the items that both have, a row each; the second's columns end in ``_2``.

    They are in an order that does not depend on the answers: by task and document.
    """
    both = one.items.merge(two.items, on=KEY, suffixes=("", "_2"))
    return both.sort_values(KEY, kind="stable", ignore_index=True)


def _prompts(sides: tuple[_Side, _Side], both: pd.DataFrame, policy: Policy, across: Sequence[str]) -> PromptComparison:
    """Compare what both were asked."""
    systems = []
    for side in sides:
        settings = side.frames.record.suite.systems.get(side.name, SystemSettings()).as_recorded
        systems.append(AskedSystem(side.name, side.shown, mapping(settings.get("prompt")) or {}))
    return compare_prompts(both, *systems, may_differ="prompts" in (*policy.may_differ, *across))


def _domains(sides: tuple[_Side, _Side]) -> dict[str, str]:
    """Return each task's domain."""
    return {task: of for side in sides for task, of in side.frames.domain_of_task().items() if of}


def _without_partner(
    between: FingerprintComparison, sides: tuple[_Side, _Side], paired: int
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Add the items that only one of the two answered: to why a metric is not comparable, or as a note where they
    are left out."""
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


def _why_no_joules(sides: tuple[_Side, _Side], both: pd.DataFrame) -> Counter[str]:
    """Name each system that lacks joules, for how many items, and why its windows are invalid."""
    reasons = Counter[str]()
    for side, column in zip(sides, ("energy_j", "energy_j_2"), strict=True):
        bare = int(both[column].isna().sum())
        if bare:
            judged = validity(side.frames)[side.name]
            why = "; ".join(reason if count == 1 else f"{reason} ({count}×)" for reason, count in judged.reasons)
            reasons[f"{side.shown} has no valid joules for {plural(bare, 'item')}{f' ({why})' if why else ''}"] += 1
    return reasons


def _not_on_record(sides: tuple[_Side, _Side]) -> dict[str, str]:
    """Explain missing scores and times by metric: what was imported may lack them."""
    unscored = [side.shown for side in sides if side.items["correct"].isna().any()]
    untimed = [side.shown for side in sides if side.items["seconds"].isna().all()]
    missing: dict[str, str] = {}
    if unscored:
        missing |= dict.fromkeys(
            (ACCURACY, JOULES_PER_CORRECT, COST_PER_CORRECT), f"the answers of {named(unscored)} have no scores"
        )
    if untimed:
        missing |= dict.fromkeys((LATENCY_P50, LATENCY_P95), f"the answers of {named(untimed)} have no times")
    return missing


def _lacking(sides: tuple[_Side, _Side]) -> tuple[str, ...]:
    """Return the metrics of which neither of two imports has a figure."""
    if any(side.frames.record.imported is None for side in sides):
        return ()
    columns = {"correct": (ACCURACY,), "seconds": (LATENCY_P50, LATENCY_P95)}
    return tuple(
        metric
        for column, metrics in columns.items()
        if all(side.items[column].isna().all() for side in sides)
        for metric in metrics
    )


def _failed(sides: tuple[_Side, _Side]) -> tuple[str, ...]:
    """Say which of the two had requests that failed."""
    failed = {side.shown: side.frames.items.loc[side.frames.items["system"] == side.name, "failed"] for side in sides}
    return failed_requests({name: (int(of_side.sum()), len(of_side)) for name, of_side in failed.items()})


def _counted_j(sides: tuple[_Side, _Side]) -> float | None:
    """Sum the joules of all measured windows of the two, valid or not; None where nothing was read."""
    known = pd.concat([side.frames.measured_windows(side.name)["total_j"] for side in sides]).dropna()
    return float(known.sum()) if len(known) else None
