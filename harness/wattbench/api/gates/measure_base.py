"""Gate a working tree against a base: one system as a commit has it and as it is now, in one job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.gates.judge_gate import unchanged
from wattbench.api.gates.measure_gate import GateJob, gate_rules, measure_sides
from wattbench.api.loaded_suite import load
from wattbench.api.session import measuring_alone, sharing_machine
from wattbench.config import Checkout
from wattbench.errors import UserError
from wattbench.machine.shared_machine import SharedMachine
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.records import BASELINE, CANDIDATE
from wattbench.repository import changes_since, find_base, repository_of, worktree
from wattbench.scenarios.interleaved.base_changes import differences, digest_of
from wattbench.scenarios.interleaved.base_system import Checkouts, base_system, with_checkout
from wattbench.scenarios.interleaved.find_policy import find_policy
from wattbench.scenarios.interleaved.find_suite import find_suite, find_system
from wattbench.scenarios.interleaved.gate import BaseOfGate, Side, in_turns
from wattbench.scenarios.interleaved.planted_faults import Plant

if TYPE_CHECKING:
    from wattbench.config import GatePolicy, Resolved
    from wattbench.repository import BaseCommit, Repository
    from wattbench.scenarios.interleaved.base_system import BaseSystem
    from wattbench_reports.gate.result import GateResult


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
