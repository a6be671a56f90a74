"""`wattbench.gate`: may a candidate replace the baseline?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.gates.gate_request import GateRequest
from wattbench.api.narrowing import limit_of, names_of, seconds_to_wait
from wattbench.api.shown import lines_of
from wattbench.errors import UserError, nearest
from wattbench.progress.notices import stdout_to_stderr
from wattbench_reports.export.gate import as_json, as_junit, as_markdown, as_text
from wattbench_reports.presenter.html import as_html
from wattbench_reports.sections.gate import gate_words

if TYPE_CHECKING:
    from wattbench_reports.gate.result import FlippedItems, MetricVerdict, Verdict
    from wattbench_reports.gate.result import GateResult as GateData


def gate(
    target: str | os.PathLike[str] | None = None,
    second: str | os.PathLike[str] | None = None,
    *,
    base: str | None = None,
    system: str | None = None,
    baseline: str | None = None,
    candidate: str | None = None,
    policy: str | os.PathLike[str] | None = None,
    across: str | Sequence[str] = (),
    sessions: str | os.PathLike[str] | None = None,
    tasks: Sequence[str] = (),
    limit: int | None = None,
    out: str | os.PathLike[str] = "runs",
    allow_unsafe_code: bool = False,
    require_measured: bool = False,
    wait: bool | float = False,
) -> GateResult:
    """Judge a candidate against a baseline, as `wattbench gate` does.

    ``gate(old, new)`` judges two runs from their records (or another tool's results, which are imported into `out`
    first; or two files of pytest-benchmark). ``gate(suite,
    baseline=..., candidate=...)`` measures both systems in alternation, in a run of its own, and stops as soon as the
    verdict is decided. ``gate(base="main")`` does so with a system as a commit has it and as the working tree has it.
    ``gate(run)`` judges the run of a gate again.

    Args:
        target: the baseline's run; or a suite: a file, or the name of one that wattbench ships. With `base` it may be
            left out where the policy names a suite, or only one of the repository has a section ``gate:``.
        second: the candidate's run, where two runs are judged.
        base: a branch (its commit where HEAD left it), a tag or a commit.
        system: with `base`: the system; else the one of the policy, or the only one of the suite.
        baseline: the system in use. For two runs: the one in `target`, where it has several.
        candidate: the system that is to replace it. For two runs: the one in `second`.
        policy: a file in TOML or YAML; else the suite's ``gate:``, or ``[tool.wattbench.gate]`` of the nearest
            ``pyproject.toml``.
        across: judge two runs although these parts differ.
        sessions: for two runs: earlier sessions of the machine, which are what ``wattbench dev calibrate SUITE
            --sessions K`` wrote or a folder of runs; else those next to the runs. Without any, seconds and joules
            are not judged.
        tasks: only these tasks of the suite.
        limit: at most this many items of each task.
        out: the folder in which the gate's run gets its directory.
        allow_unsafe_code: allow tasks that run code which a model wrote.
        require_measured: refuse to run where any joules would come from a formula and not from a sensor.
        wait: while another run measures on this machine, wait this many seconds at most; True: as long as it takes.

    Raises:
        UserError: the arguments do not go together, a record cannot be read, a system failed, or another run is
            measuring.
    """
    targets = [os.fspath(each) for each in (target, second) if each is not None]
    sides = {"base": base, "system": system, "baseline": baseline, "candidate": candidate}
    named = [f"{option}={value}" for option, value in sides.items() if value is not None]
    request = GateRequest(
        targets=targets,
        command=["wattbench.gate", *targets, *named],
        base=base,
        system=system,
        baseline=baseline,
        candidate=candidate,
        policy=None if policy is None else Path(policy),
        across=(across,) if isinstance(across, str) else names_of(across, "across"),
        sessions=None if sessions is None else Path(sessions),
        out=Path(out),
        tasks=names_of(tasks, "tasks"),
        limit=limit_of(limit, "limit"),
        allow_unsafe_code=allow_unsafe_code,
        require_measured=require_measured,
        wait_s=seconds_to_wait(wait),
    )
    with stdout_to_stderr():
        data = request.judged()
    return GateResult(data, request.run)


@dataclass(frozen=True, repr=False)
class GateResult:
    """The verdict on a candidate, whole and by metric. `print` shows what `wattbench gate` shows.

    ``result["accuracy"]`` is the verdict on one metric: its figures, change, bounds and reason.
    """

    data: GateData
    """The verdict as the reports know it. Its form may change without notice."""
    run: Path | None
    """The run behind the verdict; None for files of pytest-benchmark, and where nothing differs from the base."""

    @property
    def verdict(self) -> Verdict:
        """``pass``, ``improved``, ``regressed``, ``inconclusive``, ``not_comparable`` or ``not_measured``: a text."""
        return self.data.verdict

    @property
    def passed(self) -> bool:
        """Whether the candidate may replace the baseline: the verdict is ``pass`` or ``improved``."""
        return self.data.exit_code == 0

    @property
    def headline(self) -> str:
        """What happened and why, in one sentence."""
        return self.data.headline

    @property
    def notes(self) -> tuple[str, ...]:
        """What else a reader should know, such as expired waivers and what differs between two runs."""
        return self.data.notes

    @property
    def flips(self) -> FlippedItems | None:
        """The items that only one of the two answers correctly: how many, and some with both answers, lost ones first.

        None where it is not known which item is right, as in files of pytest-benchmark.
        """
        return self.data.flips

    @property
    def metrics(self) -> Mapping[str, MetricVerdict]:
        """Each metric that the policy judges, with its verdict."""
        return {each.metric: each for each in self.data.metrics}

    def text(self, format: str = "table") -> str:  # noqa: A002 - as of a comparison
        """Return the verdict as text.

        Args:
            format: ``table`` (as in a terminal), ``markdown``, ``junit`` or ``json``.

        Raises:
            UserError: there is no such format.
        """
        formats = {"table": as_text, "markdown": as_markdown, "junit": as_junit, "json": as_json}
        if format not in formats:
            raise UserError(f"no format {format!r:.80}{nearest(str(format), formats)}")
        return formats[format](self.data)

    def __getitem__(self, metric: str) -> MetricVerdict:
        if metric not in self.metrics:
            raise UserError(f"the gate's policy does not judge {metric!r:.80}{nearest(str(metric), self.metrics)}")
        return self.metrics[metric]

    def __str__(self) -> str:
        return self.text().rstrip("\n")

    def __repr__(self) -> str:
        head = f"gate {self.data.baseline} → {self.data.candidate}: {self.verdict}"
        return lines_of(head, self.headline, ", ".join(f"{each.metric} {each.verdict}" for each in self.data.metrics))

    def _repr_html_(self) -> str:
        """Return the verdict as a notebook shows it."""
        return as_html(*gate_words(self.data))
