"""Judge gates by records and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.config import GatePolicy
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.scenarios.interleaved.find_suite import DEFAULTS, find_policy
from wattbench_reports.gate.calibration.noise_floor import check_floor, noise_here
from wattbench_reports.gate.decision.judge import judge, judge_many, known
from wattbench_reports.gate.evidence.flips import flips_in_turns, flips_of_two
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.gate.evidence.pytest_benchmark import assumed_drift_note, evidence_of_files
from wattbench_reports.gate.evidence.sessions import ASSUMED_DRIFT, assumed_drift, without_lacking
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.gate.policy import policy_of
from wattbench_reports.gate.result import GateResult, Verdict
from wattbench_reports.tables.header_record import header_record
from wattbench_reports.tables.session_record import sessions_of_two

if TYPE_CHECKING:
    from wattbench.records import RunRecords
    from wattbench_reports.gate.policy import Policy


def gate_is_decided(root: Path) -> bool:
    """Return whether the gate that writes this record may stop: no more items are needed.

    Raises:
        UserError: its record is damaged.
    """
    run = read_run(root)
    policy = _recorded_policy(run)
    return known(evidence_in_turns(run, policy), policy)


def judge_gate(root: Path, policy_file: Path | None = None, notes: Sequence[str] = ()) -> GateResult:
    """Judge a gate's own run, finished or not.

    Args:
        root: its directory.
        policy_file: a policy other than the one it was made with.
        notes: what else a reader should know.

    Raises:
        UserError: it is not the run of a gate, or is damaged; or the policy is wrong.
    """
    run = read_run(root)
    policy = _recorded_policy(run)
    if policy_file is not None:
        policy = policy_of(find_policy(policy_file, None, Path.cwd())[0])
        notes = (*notes, *floor_notes(policy, run.header.environment))
    record = header_record(run)
    planted = None if record.gate is None else record.gate.planted
    result = judge(
        evidence_in_turns(run, policy), policy, suite=record.suite.name, runs=(run.header.run,), planted=planted
    )
    return _with_notes(replace(result, flips=flips_in_turns(run)), notes)


def judge_runs(
    first: Path,
    second: Path,
    policy_file: Path | None,
    *,
    baseline: str | None,
    candidate: str | None,
    across: Sequence[str],
    sessions: Path | None = None,
    judge_modelled: bool = False,
) -> GateResult:
    """Judge two runs that were made one after the other, or two systems of one run.

    Args:
        first: the baseline's run.
        second: the candidate's run.
        policy_file: None takes the suite's own policy, else the one of the nearest `pyproject.toml`.
        baseline: the system in `first`.
        candidate: the system in `second`.
        across: parts of the fingerprint that may differ all the same.
        sessions: earlier sessions of the machine: a record of them, or a folder of runs. None: those that the policy
            names, else those that are next to the runs.
        judge_modelled: judge modelled joules, whatever the policy says.

    Raises:
        UserError: a run cannot be read, or does not say which systems are meant; or the policy is wrong.
    """
    runs = read_run(first), read_run(second)
    settings, source = find_policy(policy_file, policy_of_suite(runs[1]), Path.cwd())
    policy = policy_of(settings.model_copy(update={"judge_modelled": True}) if judge_modelled else settings)
    known = sessions_of_two(*runs, sessions or settings.sessions)
    imported = all(run.header.imported is not None for run in runs)
    notes: tuple[str, ...] = ()
    if imported:
        policy, notes = assumed_drift(policy, sessions=known is not None)
    evidence = evidence_of_two(*runs, policy, baseline=baseline, candidate=candidate, across=across, sessions=known)
    if imported and source == DEFAULTS:
        policy, more = without_lacking(policy, evidence)
        notes = (*notes, *more)
    names = dict.fromkeys(run.header.run for run in runs)
    result = judge(evidence, policy, suite=header_record(runs[1]).suite.name, runs=tuple(names))
    result = replace(result, flips=flips_of_two(runs, evidence.systems))
    return _with_notes(result, (*notes, *floor_notes(policy, runs[1].header.environment)))


def judge_files(old: Path, new: Path, policy_file: Path | None) -> GateResult:
    """Judge two files of pytest-benchmark.

    How much two processes of one benchmark differ is in neither: it is assumed, and said.

    Raises:
        UserError: one cannot be read, or the policy is wrong.
    """
    policy = policy_of(find_policy(policy_file, None, Path.cwd())[0])
    assumed = ASSUMED_DRIFT if policy.drift is None else policy.drift
    policy = replace(policy, drift=assumed)
    result = judge_many(evidence_of_files(old, new, policy), policy, suite=new.stem)
    return _with_notes(result, [assumed_drift_note(assumed)])


def floor_notes(policy: Policy, environment: Mapping[str, Any]) -> list[str]:
    """Check a policy's margins against its calibration of this machine, and return notes for the verdict's reader.

    Raises:
        UserError: the calibration cannot be read, is of another machine, or a margin is below the noise floor.
    """
    calibration = policy.record.get("calibration")
    if calibration is None:
        return []

    return check_floor(policy, Path(calibration), environment)


def calibrated_noise(policy: Policy, environment: Mapping[str, Any]) -> Mapping[str, float]:
    """Return the noise of each metric from the policy's calibration of this machine. Empty without a calibration.

    Raises:
        UserError: the file is no calibration.
    """
    calibration = policy.record.get("calibration")
    if calibration is None or not Path(calibration).is_file():
        return {}

    return noise_here(Path(calibration), environment)


def failed(
    message: str, *, suite: str, baseline: str | None = None, candidate: str | None = None, runs: Sequence[str] = ()
) -> GateResult:
    """Return the verdict `error` of a gate or a night that failed."""
    return _without_figures(
        Verdict.ERROR,
        message,
        GatePolicy(),
        suite=suite,
        baseline=baseline or "",
        candidate=candidate or "",
        runs=tuple(runs),
    )


def unchanged(suite: str, system: str, base: str, policy: GatePolicy, notes: Sequence[str]) -> GateResult:
    """Return the verdict `pass` of a gate whose system does not differ from the base.

    Args:
        suite: its name.
        system: its name.
        base: in words.
        policy: which would have judged.
        notes: what else a reader should know.
    """
    headline = f"Nothing that concerns {system} differs from {base}, so no item was asked."
    return _without_figures(
        Verdict.PASS, headline, policy, suite=suite, baseline=f"{system}.base", candidate=system, notes=tuple(notes)
    )


def _without_figures(verdict: Verdict, headline: str, policy: GatePolicy, **others: Any) -> GateResult:
    return GateResult(
        verdict=verdict,
        headline=headline,
        metrics=(),
        policy=policy_of(policy),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        **{"runs": (), **others},
    )


def policy_of_suite(run: RunRecords) -> GatePolicy | None:
    """Return the gate policy from the suite in a run's record. None if the suite has no policy.

    Raises:
        UserError: the record is damaged.
    """
    return header_record(run).suite.gate


def _recorded_policy(run: RunRecords) -> Policy:
    """Read the policy that a gate's run was made with."""
    gate = header_record(run).gate
    if gate is None:
        raise UserError(
            f"{run.layout.root}: this is not the run of a gate. Name two runs, or a suite with a baseline and a "
            "candidate"
        )
    return policy_of(gate.policy)


def _with_notes(result: GateResult, notes: Sequence[str]) -> GateResult:
    return replace(result, notes=(*result.notes, *notes)) if notes else result
