"""From gates of a system against itself to the error rates and the noise floor of gates on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.judge_gate import as_reports_know_it
from wattbench.api.measure_gate import GateJob, measure_new
from wattbench.api.session import notice
from wattbench.api.suite_runs import load

if TYPE_CHECKING:
    from wattbench_reports.gate.calibration.noise_floor import Calibration
    from wattbench_reports.gate.evidence.model import Evidence
    from wattbench_reports.gate.policy import Policy


def calibrate_gate(job: GateJob, out: Path, gates: int) -> Calibration:
    """Measure a system against itself, and against itself made worse by each margin; simulate many gates of each.

    Args:
        job: the system as both baseline and candidate, with `calibration_items`.
        out: where runs go.
        gates: how many gates to simulate from each measured one.

    Raises:
        UserError: something is wrong with the job, or the system failed.
    """
    from wattbench.records import read_run
    from wattbench.scenarios.interleaved.find_policy import find_policy
    from wattbench_reports.gate.calibration.noise_floor import calibrate as from_evidence
    from wattbench_reports.tables.header_record import HeaderRecord

    of_suite = load(job.suite, tasks=job.tasks, limit=job.limit).suite.gate
    policy = as_reports_know_it(find_policy(job.policy_file, of_suite, Path.cwd())[0])
    first, equal = _gated(job, out, policy)
    header = read_run(first).header
    record = HeaderRecord.of(header)
    drills, runs = [], [header.run]
    for planted in _harms(equal, policy):
        words = tuple(f"{harm}={share}" for harm, share in planted.items())
        notice(f"wattbench: the same with {words[0]} planted ...")
        root, evidence = _gated(replace(job, plant=words), out, policy)
        drills.append((planted, evidence))
        runs.append(root.name)
    all_items = sum(cell.items or 0 for cell in record.cells if cell.system == record.cells[0].system)
    return from_evidence(
        equal,
        drills,
        policy,
        suite=record.suite.name,
        system=job.baseline,
        environment=record.machine.as_recorded,
        runs=runs,
        items=min(policy.max_items or all_items, all_items),
        gates=gates,
        created_utc=header.created_utc,
    )


def _gated(job: GateJob, out: Path, policy: Policy) -> tuple[Path, Evidence]:
    """Measure a gate over all of its items; return its run and the evidence in it."""
    from wattbench.records import read_run
    from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns

    begun: list[Path] = []
    measure_new(job, out, begun.append, until=lambda _: False)
    return begun[0], evidence_in_turns(read_run(begun[0]), policy)


def _harms(equal: Evidence, policy: Policy) -> list[Mapping[str, float]]:
    """Return what makes the system worse by each margin: a delay, dropped answers, added work."""
    import numpy as np

    from wattbench_reports.gate.metrics import ACCURACY, ENERGY

    margins = {rule.metric: rule.margin for rule in policy.rules}
    timed = [margin for metric, margin in margins.items() if metric in ("latency_p50", "latency_p95", "ttft")]
    joules = [margin for metric, margin in margins.items() if metric in ENERGY]
    harms: list[Mapping[str, float]] = [{"delay": timed[0]}] if timed else []
    if ACCURACY in margins:
        right = float(np.concatenate([one.correct[:, 0] for one in equal.rounds]).mean())
        if right > margins[ACCURACY]:
            harms.append({"drop": round(margins[ACCURACY] / right, 4)})  # of all answers; only right ones are lost
        else:
            notice(
                f"wattbench: {right:.1%} of the answers are correct, so accuracy cannot fall by the margin; no answers "
                "are dropped"
            )
    return [*harms, {"work": joules[0]}] if joules else harms
