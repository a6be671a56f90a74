"""Judge what a gate is given: a suite to be measured, an interrupted gate, one run or two, or two files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.gates.gate_on_cluster import measure_new_on
from wattbench.api.gates.judge_gate import judge_files, judge_gate, judge_runs
from wattbench.api.gates.measure_gate import AgainstBase, GateJob, measure_against_base, measure_new, measure_resumed
from wattbench.api.imported_runs import is_of_another_tool, run_of
from wattbench.api.verify import require_verified
from wattbench.errors import UserError
from wattbench.records import read_run

if TYPE_CHECKING:
    from wattbench.api.slot_source import Cluster
    from wattbench_reports.gate.result import GateResult

_OPTIONS = (
    "baseline", "candidate", "base", "system", "policy", "across", "sessions", "plant", "tasks", "limit",
    "allow_unsafe_code",
    "require_measured", "cluster",
)  # fmt: skip
"""Not every form of a gate has every one of these."""


@dataclass
class GateRequest:
    """The targets and options of a gate, and the run that was measured or read for it."""

    targets: Sequence[str]
    command: Sequence[str]
    """How it was started, for the record of a new run."""
    baseline: str | None = None
    candidate: str | None = None
    base: str | None = None
    """The commit whose system is the baseline, where the candidate is the working tree's."""
    system: str | None = None
    """Which system, with `base`."""
    policy: Path | None = None
    across: Sequence[str] = ()
    sessions: Path | None = None
    plant: Sequence[str] = ()
    out: Path = Path("runs")
    resume: Path | None = None
    tasks: Sequence[str] = ()
    limit: int | None = None
    allow_unsafe_code: bool = False
    require_measured: bool = False
    judge_modelled: bool = False
    wait_s: float = 0.0
    """How long to wait for another measurement on this machine to end."""
    cluster: Cluster | None = None
    """On one slot of which it is measured."""
    spelled: Callable[[str], str] = str
    """How the user wrote an option's name, for messages: `--allow-unsafe-code` on the command line."""
    run: Path | None = None
    """The run behind the verdict; set as soon as it has a directory."""

    @property
    def measures(self) -> bool:
        """Whether the gate asks systems, instead of only reading records."""
        return self.resume is not None or self.base is not None or len(self.targets) == 1

    def judged(self) -> GateResult:
        """Return the verdict on the targets. A suite or an interrupted gate is measured first.

        Raises:
            UserError: the targets or options do not go together, a record or file cannot be read, or a system failed.
        """
        if self.resume is not None:
            return self._resumed(self.resume)
        if self.base is not None:
            return self._against(self.base)
        if not 1 <= len(self.targets) <= 2:
            raise UserError(
                f"name a suite (with {self.spelled('baseline')} and {self.spelled('candidate')}), one or two runs, two "
                "folders of another tool's results, or two files of pytest-benchmark; or compare the working tree with "
                f"{self.spelled('base')}"
            )
        paths = [Path(target) for target in self.targets]
        if len(paths) == 1:
            return self._again(paths[0]) if _is_run(paths[0]) else self._new(self.targets[0])
        if all(path.suffix == ".json" and not is_of_another_tool(path) for path in paths):
            return self._of_files(*paths)
        return self._of_runs(*paths)

    def _new(self, suite: str) -> GateResult:
        self._allow_only(
            "a suite", "baseline", "candidate", "policy", "plant", "tasks", "limit", "allow_unsafe_code",
            "require_measured", "cluster",
        )  # fmt: skip
        if self.baseline is None or self.candidate is None:
            raise UserError(
                f"{suite}: name the two systems with {self.spelled('baseline')} and {self.spelled('candidate')}"
            )
        job = self._job(suite, self.baseline, self.candidate)
        if self.cluster is not None:
            notes = measure_new_on(self.cluster, job, self.out, self._begun)
        else:
            notes = measure_new(job, self.out, self._begun)
        assert self.run is not None  # `_begun` was called with the run's directory
        return judge_gate(self.run, notes=notes)

    def _against(self, base: str) -> GateResult:
        self._allow_only(
            f"{self.spelled('base')}", "base", "system", "policy", "plant", "tasks", "limit", "allow_unsafe_code",
            "require_measured",
        )  # fmt: skip
        if len(self.targets) > 1 or any(_is_run(Path(target)) for target in self.targets):
            raise UserError(f"{self.spelled('base')} goes with one suite, or with none where it can be found")
        suite = self.targets[0] if self.targets else None
        outcome = measure_against_base(
            self._job("", "", ""), AgainstBase(base, suite, self.system), self.out, self._begun
        )
        if not isinstance(outcome, list):
            return outcome
        assert self.run is not None  # as above
        return judge_gate(self.run, notes=outcome)

    def _job(self, suite: str, baseline: str, candidate: str) -> GateJob:
        return GateJob(
            suite=suite,
            baseline=baseline,
            candidate=candidate,
            command=self.command,
            policy_file=self.policy,
            plant=self.plant,
            tasks=self.tasks,
            limit=self.limit,
            allow_unsafe_code=self.allow_unsafe_code,
            require_measured=self.require_measured,
            judge_modelled=self.judge_modelled,
            wait_s=self.wait_s,
        )

    def _resumed(self, root: Path) -> GateResult:
        if self.targets:
            raise UserError(f"name a suite to gate, or a run to {self.spelled('resume')}: one of the two")
        self._allow_only(
            f"{self.spelled('resume')}, as an interrupted gate keeps its own", "allow_unsafe_code", "require_measured"
        )
        self._begun(root)
        notes = measure_resumed(
            root,
            allow_unsafe_code=self.allow_unsafe_code,
            require_measured=self.require_measured,
            wait_s=self.wait_s,
        )
        return judge_gate(root, notes=notes)

    def _again(self, root: Path) -> GateResult:
        self._allow_only("the run of a gate", "policy")
        self._begun(root)
        _check_finished([root])
        return judge_gate(root, self.policy)

    def _of_runs(self, first: Path, second: Path) -> GateResult:
        self._allow_only("two runs", "baseline", "candidate", "policy", "across", "sessions")
        first, second = (run_of(path, self.out, self.command) for path in (first, second))
        self._begun(second)
        _check_finished(dict.fromkeys((first, second)))
        return judge_runs(
            first,
            second,
            self.policy,
            baseline=self.baseline,
            candidate=self.candidate,
            across=self.across,
            sessions=self.sessions,
            judge_modelled=self.judge_modelled,
        )

    def _of_files(self, old: Path, new: Path) -> GateResult:
        self._allow_only("two files of pytest-benchmark", "policy")
        return judge_files(old, new, self.policy)

    def _begun(self, root: Path) -> None:
        self.run = root

    def _allow_only(self, form: str, *allowed: str) -> None:
        """Refuse an option that would be ignored."""
        for option in _OPTIONS:
            if option not in allowed and getattr(self, option):
                raise UserError(f"{self.spelled(option)} does not go with {form}")


def _check_finished(roots: Iterable[Path]) -> None:
    """Verify the finished runs among the given ones before they are judged.

    Raises:
        UserError: one does not verify.
    """
    require_verified(root for root in roots if read_run(root).finished)


def _is_run(path: Path) -> bool:
    """Return whether a target is meant as a run: a run is a directory, a suite is a file or a name."""
    return path.is_dir()
