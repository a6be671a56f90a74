"""Records and files to a verdict, for the commands that gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.config import GatePolicy
    from wattbench.records import RunRecords
    from wattbench_reports.gate.policy import Policy
    from wattbench_reports.gate.result import GateResult


def gate_knows(root: Path) -> bool:
    """Whether the gate that leaves this record may end: no more items are needed.

    Raises:
        UserError: its record is damaged.
    """
    from wattbench.records import read_run
    from wattbench_reports.gate.decision.judge import known
    from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns

    run = read_run(root)
    policy = _recorded(run)
    return known(evidence_in_turns(run, policy), policy)


def judge_gate(root: Path, policy: Path | None = None, notes: Sequence[str] = ()) -> GateResult:
    """A gate's own run, finished or not.

    Args:
        root: its directory.
        policy: a file of another policy than the one by which it was made.
        notes: what a reader should know beside.

    Raises:
        UserError: it is no gate's run, or damaged; or the policy is wrong.
    """
    from wattbench.records import read_run
    from wattbench.scenarios.interleaved.find_policy import find_policy
    from wattbench_reports.gate.decision.judge import judge
    from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns

    run = read_run(root)
    told = _recorded(run)
    if policy is not None:
        told = as_reports_know_it(find_policy(policy, None, Path.cwd())[0])
        notes = (*notes, *floor_notes(told, run.header.environment))
    planted = (run.header.gate or {}).get("planted")
    result = judge(evidence_in_turns(run, told), told, suite=_suite(run), runs=(run.header.run,), planted=planted)
    return _with_notes(result, notes)


def judge_runs(
    first: Path,
    second: Path,
    policy: Path | None,
    *,
    baseline: str | None,
    candidate: str | None,
    across: Sequence[str],
    judge_modelled: bool = False,
) -> GateResult:
    """Two runs that were made one after the other, or two systems of one.

    Args:
        first: the baseline's.
        second: the candidate's.
        policy: a file; None: the suite's own policy, or what else holds here.
        baseline: the system in `first`.
        candidate: that in `second`.
        across: parts that may differ all the same.
        judge_modelled: judge modelled joules, whatever the policy says.

    Raises:
        UserError: one cannot be read, or does not say which systems are meant; or the policy is wrong.
    """
    from wattbench.records import read_run
    from wattbench.scenarios.interleaved.find_policy import find_policy
    from wattbench_reports.gate.decision.judge import judge
    from wattbench_reports.gate.evidence.two_runs import evidence_of_two

    runs = read_run(first), read_run(second)
    own = policy_of_suite(runs[1])
    found = find_policy(policy, own, Path.cwd())[0]
    told = as_reports_know_it(found.model_copy(update={"judge_modelled": True}) if judge_modelled else found)
    evidence = evidence_of_two(*runs, told, baseline=baseline, candidate=candidate, across=across)
    names = dict.fromkeys(run.header.run for run in runs)
    result = judge(evidence, told, suite=_suite(runs[1]), runs=tuple(names))
    return _with_notes(result, floor_notes(told, runs[1].header.environment))


def judge_files(old: Path, new: Path, policy: Path | None) -> GateResult:
    """Two files of pytest-benchmark.

    Raises:
        UserError: one cannot be read, or the policy is wrong.
    """
    from wattbench.scenarios.interleaved.find_policy import find_policy
    from wattbench_reports.gate.decision.judge import judge_many
    from wattbench_reports.gate.evidence.pytest_benchmark import evidence_of_files

    told = as_reports_know_it(find_policy(policy, None, Path.cwd())[0])
    return judge_many(evidence_of_files(old, new, told), told, suite=new.stem)


def floor_notes(policy: Policy, environment: Mapping[str, Any]) -> list[str]:
    """What the calibration that a policy names says of its margins on this machine.

    Raises:
        UserError: it cannot be read, is of another machine, or a margin is below the noise.
    """
    calibration = policy.record.get("calibration")
    if calibration is None:
        return []
    from wattbench_reports.gate.calibration.noise_floor import check_floor

    return check_floor(policy, Path(calibration), environment)


def failed(
    message: str, *, suite: str, baseline: str | None = None, candidate: str | None = None, runs: Sequence[str] = ()
) -> GateResult:
    """The verdict of a gate, or of a night, that broke."""
    from datetime import UTC, datetime

    from wattbench.config import GatePolicy
    from wattbench_reports.gate.result import GateResult, Verdict

    return GateResult(
        verdict=Verdict.ERROR,
        headline=message,
        baseline=baseline or "",
        candidate=candidate or "",
        suite=suite,
        runs=tuple(runs),
        metrics=(),
        policy=as_reports_know_it(GatePolicy()),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def policy_of_suite(run: RunRecords) -> GatePolicy | None:
    """What the suite that a run was made with lets through; None: it says nothing.

    Raises:
        UserError: the record is damaged.
    """
    from pydantic import ValidationError

    from wattbench.config import GatePolicy

    suite = run.header.suite.get("suite")
    told = suite.get("gate") if isinstance(suite, dict) else None
    try:
        return None if told is None else GatePolicy.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(key) for key in first["loc"])
        raise UserError(
            f"{run.layout.header}: suite.gate.{where}: {first['msg']}; the record is damaged, or of another version"
        ) from error


def as_reports_know_it(policy: GatePolicy) -> Policy:
    """A checked policy by way of its record: `wattbench_reports` knows nothing of suites."""
    from wattbench_reports.gate.policy import policy_of

    return policy_of(policy.model_dump(mode="json"))


def _recorded(run: RunRecords) -> Policy:
    """The policy by which a gate's run was made."""
    from wattbench_reports.gate.policy import policy_of

    gate = run.header.gate
    if gate is None:
        raise UserError(
            f"{run.layout.root}: this run asked no two systems in turns. Name two runs, or a suite with --baseline and "
            "--candidate"
        )
    return policy_of(gate.get("policy") or {}, str(run.layout.header))


def _suite(run: RunRecords) -> str:
    return str((run.header.suite.get("suite") or {}).get("name", ""))


def _with_notes(result: GateResult, notes: Sequence[str]) -> GateResult:
    return replace(result, notes=(*result.notes, *notes)) if notes else result
