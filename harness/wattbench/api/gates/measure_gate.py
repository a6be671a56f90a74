"""Measure a gate: two systems of a suite in alternation, or the rest of an interrupted one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.gates.gate_power import items_by_domain, what_a_gate_finds
from wattbench.api.gates.judge_gate import floor_notes, gate_is_decided, unchanged
from wattbench.api.loaded_suite import load, recorded_suite
from wattbench.api.session import measuring_alone, meters_here, sharing_machine
from wattbench.api.suite_runs import planned_again, writer_to_resume
from wattbench.config import Checkout
from wattbench.errors import UserError
from wattbench.machine.environment import environment
from wattbench.machine.shared_machine import SharedMachine
from wattbench.measure.measuring_context import measuring
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.progress import progress
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.records import BASELINE, CANDIDATE, read_run
from wattbench.repository import changes_since, find_base, repository_of, worktree
from wattbench.scenarios.interleaved.base_system import Checkouts, base_system, differences, digest_of, with_checkout
from wattbench.scenarios.interleaved.find_suite import find_policy, find_suite, find_system
from wattbench.scenarios.interleaved.gate import (
    BaseOfGate,
    Gate,
    Side,
    choose_sides,
    in_turns,
    judges_joules,
    new_seed,
    paid_by,
)
from wattbench.scenarios.interleaved.planted_faults import Plant
from wattbench_reports.gate.policy import policy_of

if TYPE_CHECKING:
    from wattbench.config import GatePolicy, Resolved
    from wattbench.measure.plan import Cell
    from wattbench.meters import Chosen
    from wattbench.records import RunWriter
    from wattbench.repository import BaseCommit, Repository
    from wattbench.scenarios.interleaved.base_system import BaseSystem
    from wattbench_reports.gate.result import GateResult


@dataclass(frozen=True)
class GateJob:
    """A gate to be measured: which two systems of a suite, on which items, by which policy."""

    suite: str
    baseline: str
    candidate: str
    command: Sequence[str]
    """How it was started, for its record."""
    policy_file: Path | None = None
    plant: Sequence[str] = ()
    tasks: Sequence[str] = ()
    limit: int | None = None
    allow_unsafe_code: bool = False
    require_measured: bool = False
    calibration_items: int | None = None
    """To calibrate: this many items, whatever the policy says of an end and of an earlier calibration."""
    judge_modelled: bool = False
    """Judge modelled joules, whatever the policy says."""
    wait_s: float = 0.0
    """How long to wait for another measurement on this machine to end."""

    def resolved(self) -> Resolved:
        """Read the suite of the gate.

        Raises:
            UserError: something in it is wrong.
        """
        return load(self.suite, tasks=self.tasks, limit=self.limit, require_measured=self.require_measured)


def measure_new(
    job: GateJob, out: Path, begun: Callable[[Path], None], until: Callable[[Path], bool] = gate_is_decided
) -> list[str]:
    """Measure two systems in alternation until the verdict is decided.

    Args:
        job: which systems, and how.
        out: where runs go.
        begun: called with the run's directory as soon as it exists.
        until: called after each round; returns whether that is enough.

    Returns:
        What a reader of the verdict should know of this machine.

    Raises:
        UserError: something is wrong with the job, or a system failed.
    """
    with stdout_to_stderr():
        resolved, sides = choose_sides(job.resolved(), job.baseline, job.candidate)
        rules = gate_rules(job, resolved)
        with sharing_machine(job.wait_s, metered=resolved.suite.measure.energy) as machine:
            return measure_sides(job, rules, resolved, sides, None, out, begun, machine, until)


@dataclass(frozen=True)
class GateRules:
    """The policy and the plant of a gate, checked before anything is measured."""

    policy: GatePolicy
    source: str
    """Where the policy is from."""
    plant: Plant | None
    notes: list[str]
    """What a reader of the verdict should know of this machine."""


def gate_rules(job: GateJob, resolved: Resolved) -> GateRules:
    """Find and check the policy and the plant of a gate. Takes no lock, because nothing is measured.

    Raises:
        UserError: the policy or what is planted is wrong, or the policy has margins below the machine's noise floor.
    """
    plant = Plant.parse(job.plant)
    policy, source = find_policy(job.policy_file, resolved.suite.gate, Path.cwd())
    if job.calibration_items is not None:
        policy = policy.model_copy(update={"max_items": job.calibration_items, "max_joules": None, "calibration": None})
    if job.judge_modelled:
        policy = policy.model_copy(update={"judge_modelled": True})
    notes = floor_notes(policy_of(policy), environment(resolved.path.parent))  # it may refuse
    if plant is not None:
        plant.check_tasks([choice.task for choice in resolved.tasks])
    return GateRules(policy, source, plant, notes)


def measure_sides(
    job: GateJob,
    rules: GateRules,
    resolved: Resolved,
    sides: Mapping[str, Side],
    base: BaseOfGate | None,
    out: Path,
    begun: Callable[[Path], None],
    machine: SharedMachine,
    until: Callable[[Path], bool] = gate_is_decided,
) -> list[str]:
    """Measure the two chosen systems of a gate in alternation, as `measure_new` does.

    Args:
        job: how.
        rules: what it is judged by.
        resolved: the suite with the two systems alone.
        sides: which of them is the baseline, and which the candidate.
        base: the commit of the baseline, of a gate against a base.
        out: as of `measure_new`; so are `begun` and `until`, and what is returned and raised.
        machine: taken while it measures.
    """
    policy, here = rules.policy, environment(resolved.path.parent)
    chosen = meters_here(resolved.suite, resolved.systems)
    paid = paid_by(resolved.suite, resolved.systems.values())
    gate = Gate(
        sides, policy, rules.source, new_seed(), rules.plant, base, judges_joules(policy, chosen.provenance, paid)
    )
    cells = plan(resolved, allow_unsafe_code=job.allow_unsafe_code)
    if job.calibration_items is None:
        for line in what_a_gate_finds(policy, items_by_domain(cells), chosen.provenance, here, paid):
            notice(line)
    writer = new_run(out, resolved, cells, chosen.provenance, job.command, chosen.details, gate.as_record())
    begun(writer.layout.root)
    _measure(writer, resolved, gate, cells, chosen, machine, job.allow_unsafe_code, until)
    return rules.notes


def measure_resumed(root: Path, *, allow_unsafe_code: bool, require_measured: bool, wait_s: float = 0.0) -> list[str]:
    """Resume an interrupted gate and bring it to its end; a finished one stays as it is.

    Args:
        root: of its run.
        allow_unsafe_code: whether tasks may run code that a model wrote.
        require_measured: refuse joules that come from a formula.
        wait_s: how long to wait for another measurement on this machine to end.

    Returns:
        As `measure_new`.

    Raises:
        UserError: it is not the run of a gate, cannot be resumed here, or a system failed.
    """
    records = read_run(root)
    gate = Gate.of_records(records)
    if records.finished:
        notice(f"{root} is finished already")
        return []
    resolved = recorded_suite(records, require_measured=require_measured)
    with (
        stdout_to_stderr(),
        sharing_machine(wait_s, metered=resolved.suite.measure.energy) as machine,
        writer_to_resume(root) as writer,
        _checked_out_again(root, gate),
    ):
        chosen, cells = planned_again(records, resolved, allow_unsafe_code)
        notes = floor_notes(policy_of(gate.policy), records.header.environment)
        _measure(writer, resolved, gate, cells, chosen, machine, allow_unsafe_code, gate_is_decided)
    return notes


@contextlib.contextmanager
def _checked_out_again(run: Path, gate: Gate) -> Iterator[None]:
    """Check out the base of an interrupted gate where it was before; do nothing for a gate without a base.

    Raises:
        UserError: the candidate's files are no longer the same.
    """
    base = gate.base
    if base is None:
        yield
        return
    changes = changes_since(base.repository, base.sha, run.parent)
    # Verdict files and the like may have come into the working tree since.
    files = {*base.files, *changes.files} - ({*changes.new} - {*base.files})
    if digest_of(base.repository, files) != base.files_sha256:
        raise UserError(
            f"{run}: cannot be resumed: its candidate is the working tree {base.repository}, whose files have changed "
            "since. Start a new gate"
        )
    with worktree(base.repository, base.sha, base.tree):
        yield


def _measure(
    writer: RunWriter,
    resolved: Resolved,
    gate: Gate,
    cells: list[Cell],
    chosen: Chosen,
    machine: SharedMachine,
    allow_unsafe_code: bool,
    until: Callable[[Path], bool],
) -> None:
    from wattbench.scenarios.interleaved.loop import GateSession, rounds_of, run_gate, steps_of

    root = writer.layout.root
    machine.name_run(root)
    rounds = rounds_of(resolved, gate, cells, read_run(root))
    notice(f"{root}: judged by {gate.policy_source}")
    shown = progress(steps_of(rounds, gate, cells), "answers at most")
    with measuring(writer, resolved, chosen, shown, allow_unsafe_code=allow_unsafe_code, machine=machine) as context:
        run_gate(GateSession(context, gate, cells), lambda: until(root))


@dataclass(frozen=True)
class AgainstBase:
    """The base of a gate, and the suite and system that a command compares with the base."""

    given: str
    """The base: a branch, a tag or a commit."""
    suite: str | None = None
    """None: the one of the policy, or the only one with a gate."""
    system: str | None = None
    """None: the one of the policy, or the only one."""


def measure_against_base(
    job: GateJob, against: AgainstBase, out: Path, begun: Callable[[Path], None]
) -> list[str] | GateResult:
    """Check out a base, and measure its system and that of the working tree in alternation.

    Both get the tasks of the working tree, and are measured and judged as it says. The files of the base are in a
    temporary folder, which is removed afterwards.

    Args:
        job: how; its suite and systems are taken from `against`.
        against: what is compared.
        out: where runs go.
        begun: called with the run's directory as soon as it exists.

    Returns:
        What a reader of the verdict should know of this machine; the verdict itself if nothing differs, as nothing is
        measured then.

    Raises:
        UserError: there is no such base, suite or system; or as `measure_new`.
    """
    here = Path.cwd()
    with stdout_to_stderr():
        metered = _compared(job, against, here).suite.suite.measure.energy  # what is wrong is said at once
    # The lock is held from here on: files of the working tree may change during a wait.
    with stdout_to_stderr(), measuring_alone(job.wait_s) if metered else sharing_machine(metered=False):
        compared = _compared(job, against, here)
        working, name, policy = compared.suite, compared.system, compared.policy
        repository, base = compared.repository, compared.base
        notice(f"wattbench: suite {working.path} ({compared.why}), system {name}, base {base.description}")
        changes = changes_since(repository.root, base.sha, out)
        with worktree(repository.root, base.sha) as tree:
            checkouts = Checkouts(repository.root, tree, base.description)
            of_base = base_system(checkouts, repository.suite, name, working)
            policies = _base_policy(job, checkouts, of_base), policy
            differing = differences(checkouts, of_base, working.systems[name], changes, policies)
            for note in differing.notes:
                notice(f"wattbench: {note}")
            if not differing.concern_the_system and not job.plant:
                return unchanged(working.suite.name, name, base.description, policy, differing.notes)
            recorded = BaseOfGate(
                base.sha,
                base.description,
                repository.root,
                tree,
                changes.files,
                digest_of(repository.root, changes.files),
                differing.notes,
            )
            resolved, sides = _sides(checkouts, of_base, working, name)
            job = replace(job, suite=str(working.path), baseline=f"{name}.base", candidate=name)
            return measure_sides(job, gate_rules(job, resolved), resolved, sides, recorded, out, begun, SharedMachine())


@dataclass(frozen=True)
class _Compared:
    """The suite and the system of the working tree that are compared with a base."""

    suite: Resolved
    why: str
    """Why it is this suite."""
    system: str
    policy: GatePolicy
    repository: Repository
    base: BaseCommit


def _compared(job: GateJob, against: AgainstBase, here: Path) -> _Compared:
    path, why = find_suite(against.suite, job.policy_file, here)
    working = load(path, tasks=job.tasks, limit=job.limit, require_measured=job.require_measured)
    policy, _ = find_policy(job.policy_file, working.suite.gate, here)
    name = find_system(working, against.system, policy, here)
    Plant.parse(job.plant)
    repository = repository_of(working.path)
    return _Compared(working, why, name, policy, repository, find_base(repository.root, against.given))


def _base_policy(job: GateJob, checkouts: Checkouts, of_base: BaseSystem) -> GatePolicy | None:
    """Return the gate policy in the checkout of the base.

    None if the command names a policy, or this one cannot be read.
    """
    here = Path.cwd()
    if job.policy_file is not None or not here.is_relative_to(checkouts.root):
        return None
    try:
        return find_policy(None, of_base.suite.suite.gate, checkouts.tree / here.relative_to(checkouts.root))[0]
    except UserError:  # of another version
        return None


def _sides(
    checkouts: Checkouts, of_base: BaseSystem, working: Resolved, name: str
) -> tuple[Resolved, Mapping[str, Side]]:
    """Return the suite with the system of the base and that of the working tree, and the side of each system."""
    root, tree = checkouts.root, checkouts.tree
    sides = {BASELINE: Side(f"{name}.base", name), CANDIDATE: Side(name, name)}
    systems = {
        sides[BASELINE].name: with_checkout(of_base.config, Checkout(root=tree, working_tree=root)),
        sides[CANDIDATE].name: with_checkout(working.systems[name], Checkout(root=root, working_tree=root)),
    }
    return in_turns(working, systems), sides
