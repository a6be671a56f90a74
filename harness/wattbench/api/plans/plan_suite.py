"""Describe what a run of a suite will do, as `wattbench suites plan` prints it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.api.gates.gate_power import items_by_domain, what_a_gate_finds
from wattbench.api.loaded_suite import asking_all_of_part, shard_of_arguments
from wattbench.api.loaded_suite import load as read_suite
from wattbench.api.narrowing import limit_of, names_of
from wattbench.api.plans.concordant_items import ConcordantItems, concordant_passage
from wattbench.api.plans.detectable_accuracy import (
    DetectableAccuracy,
    detectable_accuracy,
    detectable_passage,
)
from wattbench.api.plans.earlier_runs import Earlier, find_earlier
from wattbench.api.plans.expected_work import ExpectedWork, expected_passage, expected_work
from wattbench.api.plans.plan_section import listed_passage, plan_section, scores_passage
from wattbench.api.plans.planned_grids import in_common, in_short, planned_grids
from wattbench.api.plans.prompts_passage import prompts_passage
from wattbench.api.plans.sampling_passage import Sampled, requests_of, sampled, sampled_in_words
from wattbench.api.session import meters_here
from wattbench.config import repeats_of
from wattbench.distributed.shard_choice import check_shard
from wattbench.machine.busy import busy_now
from wattbench.machine.environment import installation
from wattbench.measure.answer_limits import answer_limits, limits_in_words
from wattbench.measure.code_to_run import code_to_run
from wattbench.measure.effort import effort_of
from wattbench.measure.judging.planned import PlannedJudging, judging_in_words, planned_judging
from wattbench.measure.power_limits import limits_of
from wattbench.measure.preview import preview
from wattbench.progress.notices import stdout_to_stderr
from wattbench.redaction import hide
from wattbench.scenarios.interleaved.gate import paid_by
from wattbench_reports.presenter.model import Passage
from wattbench_reports.presenter.text import as_text
from wattbench_reports.wording.requests import lines as requests_in_words

if TYPE_CHECKING:
    from wattbench.config import Resolved
    from wattbench.distributed.shard_choice import ShardChoice
    from wattbench.measure.answer_limits import AnswerLimit
    from wattbench.measure.effort import Effort
    from wattbench.measure.expected_cost import ExpectedCost
    from wattbench.measure.preview import Preview
    from wattbench.measure.shown_prompts import ShownPrompt


RUNS = Path("runs")
"""Where `wattbench run` writes runs by default."""

_COST = "cost at most, if every prompt is as long as the first of its task and every answer takes all its tokens"


@dataclass(frozen=True)
class SuitePlan:
    """What a run of a suite will do: `as_text` shows what `wattbench suites plan` shows."""

    resolved: Resolved
    preview: Preview
    prompts: list[ShownPrompt]
    detectable: list[DetectableAccuracy]
    """Empty where some task's number of items is not known."""
    expected: ExpectedWork
    earlier_runs: Path
    """The folder in which earlier runs were looked for."""
    concordant: ConcordantItems | None
    """Items that show nothing between systems in one of these; None: not known."""
    no_concordant: str
    """Why these are not known, where earlier runs were named; else empty."""
    metered: Mapping[str, str]
    """Component to the provenance of its joules."""
    limits: list[AnswerLimit]
    """After how many tokens the answers of each cell end at the latest."""
    costs: list[ExpectedCost]
    """What the requests of systems with a price can cost."""
    effort: Effort
    """What the suite's settings of effort come to here."""
    requests: Mapping[str, Mapping[str, Any]]
    """The fields that the suite adds to requests of each system, without secrets."""
    sampled: list[Sampled]
    """Whose answers are sampled, as far as the tasks were read."""
    gate: list[str]
    """What a gate of two systems finds, in sentences; empty where the suite has no policy."""
    judging: list[PlannedJudging] = field(default_factory=list)
    """How tasks without a key are judged."""
    shard: Mapping[str, Any] | None = None
    """The blocks that are asked here, as `RunHeader.shard` has them; None: all."""

    @property
    def notes(self) -> list[str]:
        """Return what else a reader should know, a sentence each."""
        chat = "a chat is shown as its messages; the template of the model that is asked wraps them"
        why = f"which items tell nothing between systems is not known: {self.no_concordant}"
        return [
            *self.preview.notes,
            *([chat] if any(prompt.chat for prompt in self.prompts) else []),
            *([why] if self.no_concordant else []),
        ]

    def as_text(self, *, whole_prompts: bool = False) -> str:
        """Return the plan as `wattbench suites plan` prints it, without secrets.

        Args:
            whole_prompts: do not cut long prompts.
        """
        from wattbench.measure.expected_cost import costs_in_words

        passages = (
            scores_passage(self.preview.scores),
            listed_passage("judged", judging_in_words(self.judging)),
            listed_passage("an answer ends at the latest after", limits_in_words(self.limits, self._in_short)),
            listed_passage("fields added to requests", requests_in_words(in_common(self.requests, self.resolved))),
            listed_passage("sampled", sampled_in_words(self.sampled, self._in_short)),
            listed_passage(_COST, costs_in_words(self.costs, self.resolved.suite.max_cost, self._in_short)),
            detectable_passage(self.detectable),
            expected_passage(self.expected, f"in {self.earlier_runs}", self.resolved.grids),
            concordant_passage(self.concordant, self._in_short),
            prompts_passage(self.prompts, self._in_short, whole=whole_prompts),
            Passage(sentences=tuple(f"a gate of two systems: {line}" for line in self.gate)),
        )
        section = plan_section(
            self.resolved, self.preview.cells, self.metered, self.notes, passages, self.shard, effort=self.effort
        )
        return hide(as_text(section).rstrip("\n"))

    def _in_short(self, systems: Sequence[str]) -> str:
        return in_short(systems, self.resolved)

    def as_record(self) -> dict[str, Any]:
        """Return the plan as `wattbench suites plan --json` prints it, without secrets; prompts are whole."""
        cells = [
            {
                "system": cell.system,
                "kind": cell.config.kind,
                "engine": cell.config.engine,
                "task": cell.choice.task,
                "domain": cell.choice.domain,
                "items": cell.items,
                "repeats": repeats_of(cell.config, self.resolved.suite.measure),
            }
            for cell in self.preview.cells
        ]
        record = {
            "suite": self.resolved.suite.name,
            "path": str(self.resolved.path),
            "cells": cells,
            "grids": [each.as_record() for each in planned_grids(self.resolved)],
            "stop": _record_of_stop(self.resolved),
            "scores": [each.as_record() for each in self.preview.scores],
            "output_limits": [each.as_record() for each in self.limits],
            "requests": self.requests,
            "sampled": [each.as_record() for each in self.sampled],
            "detectable_accuracy": [each.as_record() for each in self.detectable],
            "expected": self.expected.as_record(),
            "concordant_items": None if self.concordant is None else self.concordant.as_record(),
            "prompts": [each.as_record() for each in self.prompts],
            "effort": asdict(self.effort),
            "energy": dict(self.metered),
            "power_limits_w": limits_of(self.resolved),
            "code": code_to_run(self.resolved),
            "judging": [asdict(each) for each in self.judging],
            "costs": [asdict(each) for each in self.costs],
            "gate": self.gate,
            "shard": self.shard,
            "notes": self.notes,
        }
        hidden: dict[str, Any] = _without_secrets(record)
        return hidden


def plan_suite(
    resolved: Resolved,
    *,
    allow_unsafe_code: bool = False,
    load: bool = False,
    network: bool = False,
    prompts: int = 1,
    like: Path | None = None,
    shard: ShardChoice | None = None,
) -> SuitePlan:
    """Describe what a run of a suite will do. No model is loaded, and none of the suite's code is run unless `load`.

    Args:
        resolved: the suite.
        allow_unsafe_code: the user allows tasks that run code which a model wrote.
        load: load tasks and import systems that are code, and send servers their keys.
        network: ask the servers that the suite names what they serve.
        prompts: how many items of each task are shown.
        like: an earlier run, or a folder of runs, from which time and joules are expected, on whichever machine they
            were, and which shows the items that tell nothing between systems; None: those of this machine in the
            folder `runs`, if there is one.
        shard: which blocks are asked; None: all.

    Raises:
        UserError: something in the suite is wrong, or a server that it names does not answer.
    """
    from wattbench.measure.expected_cost import expected_costs
    from wattbench.measure.shown_prompts import shown_prompts

    if shard is not None:
        resolved = asking_all_of_part(resolved)
    check_shard(resolved, shard)
    seen = preview(resolved, allow_unsafe_code=allow_unsafe_code, load=load, network=network)
    items = items_by_domain(seen.cells)
    chosen = meters_here(resolved.suite, resolved.with_judges)
    metered, measure = chosen.provenance, resolved.suite.measure
    effort = effort_of(measure, metered, chosen.shortest_window_s)
    folder = RUNS if like is None else like
    looked = like is not None or folder.is_dir()
    earlier = find_earlier(resolved, seen.tasks, folder, any_machine=like is not None) if looked else Earlier()
    shown = shown_prompts(resolved, seen.tasks, max(prompts, 1))
    return SuitePlan(
        resolved=resolved,
        preview=seen,
        prompts=shown if prompts else [],
        limits=answer_limits(seen.cells, seen.scores),
        requests=requests_of(resolved),
        sampled=sampled(resolved, seen.tasks),
        costs=expected_costs(resolved, seen.cells, shown, seen.scores),
        detectable=detectable_accuracy(items or {}),
        expected=expected_work(resolved, seen.cells, earlier, effort, _used_by_others() if earlier.cells else 0.0),
        effort=effort,
        earlier_runs=folder,
        concordant=earlier.concordant,
        no_concordant=earlier.no_concordant if like is not None else "",
        metered=metered,
        gate=_of_a_gate(resolved, items, metered),
        judging=planned_judging(resolved, seen.cells),
        shard=None if shard is None else shard.as_record(resolved.sha256),
    )


def _record_of_stop(resolved: Resolved) -> dict[str, Any] | None:
    stop = resolved.suite.measure.stop_rule
    return None if stop is None else stop.model_dump(mode="json", exclude_none=True)


def _used_by_others() -> float:
    """Return the share of the processor that other processes use now. 0 where this share is hidden."""
    return busy_now().share or 0.0


def _of_a_gate(resolved: Resolved, items: Mapping[str, int] | None, metered: Mapping[str, str]) -> list[str]:
    policy = resolved.suite.gate
    if policy is None:
        return []

    paid = paid_by(resolved.suite, resolved.systems.values())
    return what_a_gate_finds(policy, items, metered, installation(), paid)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: _without_secrets(each) for key, each in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def plan(
    suite: str | os.PathLike[str],
    *,
    systems: Sequence[str] = (),
    tasks: Sequence[str] = (),
    limit: int | None = None,
    effort: str | None = None,
    energy: bool | None = None,
    prompts: int = 1,
    like: str | os.PathLike[str] | None = None,
    load: bool = False,
    offline: bool = False,
    allow_unsafe_code: bool = False,
    require_measured: bool = False,
    block: str | None = None,
    seed: int | None = None,
) -> SuitePlan:
    """Look at what a run of a suite will do. Nothing is run, and no code of the suite unless `load` allows it.

    Args:
        suite: a file, or the name of a suite that wattbench ships.
        systems: only these systems of the suite.
        tasks: only these tasks of the suite.
        limit: at most this many items of each task.
        effort: how much time intervals and joules may take, as of `wattbench.run`. So `energy`.
        prompts: how many items of each task are shown.
        like: an earlier run, or a folder of runs, from which time and joules are expected, and which shows the items
            that tell nothing between systems; None: the runs of this machine in the folder `runs`.
        load: also load tasks and import systems that are code, and send servers their keys.
        offline: do not ask the servers that the suite names what they serve.
        allow_unsafe_code: allow tasks that run code which a model wrote.
        require_measured: refuse where any joules would come from a formula and not from a sensor.
        block: the blocks that are asked here, as of `wattbench.run`. So `seed`.

    Raises:
        UserError: something is wrong with the suite or an argument, or a server that it names does not answer.
    """
    shard = shard_of_arguments(block, seed)
    with stdout_to_stderr():
        return plan_suite(
            read_suite(
                os.fspath(suite),
                effort=effort,
                energy=energy,
                require_measured=require_measured,
                systems=names_of(systems, "systems"),
                tasks=names_of(tasks, "tasks"),
                limit=limit_of(limit, "limit"),
            ),
            allow_unsafe_code=allow_unsafe_code,
            load=load,
            network=not offline,
            prompts=prompts,
            like=None if like is None else Path(like),
            shard=shard,
        )
