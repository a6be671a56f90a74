"""Measure the error rates and the noise floor of gates on this machine, by gates of a system against itself."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.gates.measure_gate import GateJob, measure_new
from wattbench.errors import UserError
from wattbench.measure.fresh_process import in_fresh_process
from wattbench.progress.notices import notice
from wattbench.records import read_run
from wattbench.scenarios.interleaved.find_suite import find_policy
from wattbench_reports.gate.calibration.noise_floor import calibrate as from_evidence
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.gate.policy import policy_of
from wattbench_reports.metrics.registry import ACCURACY, ENERGY, LATENCY_MEAN, LATENCY_P50, LATENCY_P95, TTFT
from wattbench_reports.tables.header_record import HeaderRecord
from wattbench_reports.tables.session_record import session_record

if TYPE_CHECKING:
    from wattbench_reports.gate.calibration.record import Calibration
    from wattbench_reports.gate.evidence.model import Evidence
    from wattbench_reports.gate.policy import Policy
    from wattbench_reports.tables.session_record import SessionRecord


Planted = Mapping[str, float]
"""Harm to its share; nothing where a system is judged against itself as it is."""

_DIED = "a process that measured gates died; there may be too little memory"

PLANTED = 2.0
"""Margins: a change of one margin is as far from failing as from passing."""
TRADE = 0.2
"""How many points a trade moves each of two tasks, where as many of their answers are right."""


def calibrate_gate(job: GateJob, out: Path, gates: int, restarts: int) -> Calibration:
    """Measure gates of a system against itself, with and without planted harm, and judge many stretches of them.

    Args:
        job: the system as both baseline and candidate, with `calibration_items`.
        out: where runs go.
        gates: how many stretches to judge for each rate.
        restarts: how often all of it is measured, each time in a process of its own.

    Raises:
        UserError: something is wrong with the job, or the system failed.
    """
    of_suite = job.resolved().suite.gate
    policy = policy_of(find_policy(job.policy_file, of_suite, Path.cwd())[0])
    plants: list[Planted] | None = None
    runs: list[list[Path]] = []
    for number in range(1, restarts + 1):
        notice(f"wattbench: restart {number} of {restarts} ...")
        plants, of_restart = in_fresh_process(_restart, job, out, policy, plants, died=_DIED)
        runs.append(of_restart)
    assert plants is not None  # there is one restart at least
    by_plant = zip(*runs, strict=True)
    equal, *drills = ([evidence_in_turns(read_run(root), policy) for root in roots] for roots in by_plant)
    header = read_run(runs[0][0]).header
    record = HeaderRecord.of(header)
    all_items = sum(cell.items or 0 for cell in record.cells if cell.system == record.cells[0].system)
    most = min(policy.max_items or all_items, all_items, job.calibration_items or all_items)
    return from_evidence(
        equal,
        list(zip(plants, drills, strict=True)),
        policy,
        suite=record.suite.name,
        system=job.baseline,
        environment=record.machine.as_recorded,
        runs=[root.name for of_restart in runs for root in of_restart],
        items=most,
        gates=gates,
        created_utc=header.created_utc,
    )


def _restart(job: GateJob, out: Path, policy: Policy, plants: list[Planted] | None) -> tuple[list[Planted], list[Path]]:
    """Measure one gate without planted harm, and one gate with each plant; return the plants and the runs."""
    first = _gated(job, out)
    if plants is None:
        plants = plants_for(evidence_in_turns(read_run(first), policy), policy)
    runs = [first]
    for planted in plants:
        words = tuple(f"{harm}={share}" for harm, share in planted.items())
        notice(f"wattbench: the same with {' and '.join(words)} planted ...")
        runs.append(_gated(replace(job, plant=words), out))
    return plants, runs


def _gated(job: GateJob, out: Path) -> Path:
    """Measure a gate over all of its items; return its run."""
    begun: list[Path] = []
    measure_new(job, out, begun.append, until=lambda _: False)
    return begun[0]


def plants_for(equal: Evidence, policy: Policy) -> list[Planted]:
    """Return the plants of a calibration: harm of `PLANTED` times each margin, and a trade between two tasks.

    Args:
        equal: of the system against itself.
        policy: of the gates.
    """
    margins = {rule.metric: PLANTED * rule.margin for rule in policy.rules}
    timed = [margin for metric, margin in margins.items() if metric in (LATENCY_MEAN, LATENCY_P50, LATENCY_P95, TTFT)]
    joules = [margin for metric, margin in margins.items() if metric in ENERGY]
    plants: list[Planted] = [{"delay": timed[0]}] if timed else []
    if ACCURACY in margins:
        right = _right_by_task(equal)
        every = [score for of_task in right.values() for score in of_task]
        share = sum(every) / len(every) if every else 0.0
        if share > margins[ACCURACY]:
            plants.append({"drop": round(margins[ACCURACY] / share, 4)})  # of all answers; only right ones are lost
        else:
            notice(
                f"wattbench: {share:.1%} of the answers are correct, so accuracy cannot fall by twice the margin; no "
                "answers are dropped"
            )
        plants += _trade(right)
    return [*plants, {"work": joules[0]}] if joules else plants


def _right_by_task(equal: Evidence) -> dict[str, list[float]]:
    """Return the baseline's scores of each task's items, without the tasks that a judge scores."""
    scores: dict[str, list[float]] = {}
    for one in equal.rounds:
        for task, score in zip(one.tasks or [""] * one.items, one.correct[:, 0].tolist(), strict=True):
            if not math.isnan(score):
                scores.setdefault(task, []).append(score)
    return scores


def _trade(right: Mapping[str, Sequence[float]]) -> list[Planted]:
    """Return a plant with a gain in one task and an equal loss in another: the two tasks with the most right answers.

    Nothing where there is only one task, or one of the two has no right answer.
    """
    scores = {task: sum(of_task) for task, of_task in right.items()}
    chosen = sorted(scores, key=lambda task: -scores[task])[:2]
    if len(chosen) < 2 or scores[chosen[1]] <= 0:
        return []
    gains, loses = chosen
    moved = min(TRADE * len(right[gains]), TRADE * len(right[loses]), scores[gains], scores[loses])
    return [{f"gain@{gains}": round(moved / scores[gains], 4), f"drop@{loses}": round(moved / scores[loses], 4)}]


def calibrate_sessions(
    suite: str,
    out: Path,
    sessions: int,
    options: Sequence[str] = (),
) -> SessionRecord:
    """Run a suite several times, each in processes of its own, and record what each session showed.

    Args:
        suite: a file, or the name of a suite that wattbench ships.
        out: the folder in which the runs get their directories.
        sessions: how many, 2 or more.
        options: further options of `wattbench run`.

    Raises:
        UserError: there are fewer than two sessions, or a run failed.
    """
    if sessions < 2:
        raise UserError("the variance between sessions needs two of them or more; five are a good number")

    words = ["run", suite, "--out", str(out), *options]
    runs = []
    for number in range(1, sessions + 1):
        notice(f"wattbench: session {number} of {sessions} ...")
        runs.append(read_run(in_new_process(words)))
    return session_record(runs)


def in_new_process(words: Sequence[str]) -> Path:
    """Run a `wattbench` command as a session in its own process, and return the directory that the command prints.

    Raises:
        UserError: it failed; why is on standard error already.
    """
    command = [sys.executable, "-m", "wattbench", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"a session failed (exit status {done.returncode}): wattbench {' '.join(words)}")
    return Path(done.stdout.strip().splitlines()[-1])
