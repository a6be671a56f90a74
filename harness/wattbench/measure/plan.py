"""Plan what a suite will do: its cells, checked as far as possible without loading a model or asking anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wattbench.config import (
    AgentSystem,
    ClassifierRouter,
    EndpointSystem,
    FileTask,
    HybridSystem,
    InspectSystem,
    InspectTask,
    Measure,
    OracleRouter,
    PythonRouter,
    PythonSystem,
    Resolved,
    Sampling,
    SystemBase,
    TaskChoice,
    repeats_of,
    sampling_of,
)
from wattbench.config.systems.system import check_sees
from wattbench.errors import UserError, require
from wattbench.measure.arrivals import check_trace, offers, sha256_of_trace
from wattbench.measure.code_to_run import with_members
from wattbench.measure.power_limits import check_power_limits
from wattbench.measure.services.estimates import check_estimates
from wattbench.measure.services.spending_of_run import check_budget
from wattbench.systems import base_key, engine_class
from wattbench.systems.agent.working_folder import check_program
from wattbench.systems.base import GENERATE
from wattbench.tasks.judged.rubric import rubric_text
from wattbench.tasks.loading import TaskOutline, allow_model_code, load_task, outline_task
from wattbench.tasks.samples import temperature_that_counts
from wattbench.tasks.task_scores import scores_of


class Planned(Protocol):
    """A cell that can be printed: of a plan, or of a `wattbench.measure.preview`."""

    @property
    def system(self) -> str: ...  # noqa: D102
    @property
    def config(self) -> SystemBase: ...  # noqa: D102
    @property
    def choice(self) -> TaskChoice: ...  # noqa: D102
    @property
    def items(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True)
class Cell:
    """One system on one task: the unit of work and of resumption."""

    system: str
    config: SystemBase
    choice: TaskChoice
    items: int
    task_version: str
    docs_sha256: str
    task_sha256: str = ""
    """How the documents are asked and scored."""
    trace_sha256: str = ""
    """Of the file of arrivals; empty without one."""
    repeats: int = 1
    """How often each item is asked. Under load the rates decide that."""
    sampling: Sampling | None = None
    """How the system samples by its own settings; None: it does not, or not by these."""
    task_temperature: float | None = None
    """The temperature above 0 at which the task's own settings ask for answers, where they count; None: they do not."""

    @property
    def doc_ids(self) -> Sequence[int]:
        """Return the indices of the documents that the cell's requests are about."""
        return self.choice.doc_ids(self.items)

    def as_record(self) -> dict[str, Any]:
        """Return the cell in the form that `run.json` has."""
        trace = {"trace_sha256": self.trace_sha256} if self.trace_sha256 else {}
        sampled = {} if self.sampling is None else {"sampling": self.sampling.as_record()}
        by_task = {} if self.task_temperature is None else {"task_temperature": self.task_temperature}
        return {
            **trace,
            **sampled,
            **by_task,
            "system": self.system,
            "kind": self.config.kind,
            "engine": self.config.engine,
            "task": self.choice.task,
            "domain": self.choice.domain,
            "items": self.items,
            "task_version": self.task_version,
            "docs_sha256": self.docs_sha256,
            "task_sha256": self.task_sha256,
            "repeats": self.repeats,
        }


def plan(resolved: Resolved, *, allow_unsafe_code: bool = False) -> list[Cell]:
    """Return the cells of a suite in the order of the run: system by system, systems of one base in a row.

    Raises:
        UserError: a task or a system cannot be run here; the message says why.
    """
    if allow_unsafe_code:
        allow_model_code()
    else:
        _refuse_unsafe(resolved)  # before loading: that runs a trial of such code
    check_scenario(resolved)
    check_judges(resolved)
    check_budget(resolved)
    check_estimates(resolved)
    check_power_limits(resolved, tries=True)
    for name, config in resolved.with_judges.items():
        engine_class(config.engine).check(name, config)  # before any data set is fetched
    tasks = [load_task(resolved, choice) for choice in resolved.tasks]
    for task in tasks:
        scores_of(task)  # finds a metric that the task does not have
        if task.grader is not None:
            task.grader.try_on(task.doc_ids[0], task.task.eval_docs[task.doc_ids[0]])
        if (load := resolved.suite.measure.load) is not None:
            offers(load, task.items)  # finds a trace with fewer arrivals than the task has documents
    for name, config in resolved.systems.items():
        for task in tasks:
            check_pair(resolved, name, config, task.outline, allow_unsafe_code=allow_unsafe_code)
    trace_sha256 = sha256_of_trace(resolved.suite.measure.load)
    return [
        Cell(
            name,
            resolved.systems[name],
            task.choice,
            task.items,
            task.version,
            task.docs_sha256,
            task.asking_sha256,
            trace_sha256,
            repeats_of(resolved.systems[name], resolved.suite.measure),
            sampling_of(resolved.systems[name], resolved.suite.measure),
            temperature_that_counts(resolved.systems[name], task.generation),
        )
        for name in order(resolved.systems)
        for task in tasks
    ]


def requests(items: int, measure: Measure, config: SystemBase) -> int:
    """Return the number of requests of a cell, over all repeats or rates. Under load there may be a few more."""
    if measure.load is None:
        return items * repeats_of(config, measure)
    return sum(offer.queries for offer in offers(measure.load, items))


def check_scenario(resolved: Resolved) -> None:
    """Check that the packages of the scenario are installed, and that its trace and endpoints suit it.

    Raises:
        MissingExtraError: a package is missing.
        UserError: a system would be asked later than its requests arrive.
    """
    load = resolved.suite.measure.load
    if load is None:
        return
    if load.rates_per_s is not None:
        require("mlperf_loadgen", extra="load", what="scenario: load")
    check_trace(resolved)
    for name, config in with_members(resolved.systems).items():
        if isinstance(config, EndpointSystem) and (config.limit is not None or config.retries):
            key = "limit" if config.limit is not None else "retries"
            raise UserError(
                f"{resolved.path}: system {name!r}: {key}: under scenario: load requests arrive at the rates of the "
                f"suite, and a request that waits would arrive later. Leave {key} out: a refusal is a failed request, "
                "and the rate is not held"
            )


def check_judges(resolved: Resolved) -> None:
    """Check that the judges can score texts of others, and that their rubrics can be read.

    Raises:
        UserError: one cannot.
    """
    for choice in resolved.tasks:
        judged = choice.judged
        if judged is None:
            continue
        where = f"{resolved.path}: task {choice.task!r}: score.judge"
        rubric_text(judged)
        if isinstance(choice, InspectTask):
            raise UserError(f"{where}: inspect_ai scores this task itself, with its own judges; leave score out")
        if judged.against is not None and judged.against not in resolved.systems:
            raise UserError(f"{where}: answers are compared with those of {judged.against}, which is not asked here")
        config = resolved.judges[judged.judge]
        if GENERATE not in engine_class(config.engine).request_types_of(config) or isinstance(config, InspectSystem):
            raise UserError(f"{where}: {judged.judge!r} writes no texts (engine {config.engine}), so it cannot judge")
        for member, settings in with_members({judged.judge: config}).items():
            if isinstance(settings, PythonSystem) and settings.sees == "input":
                raise UserError(
                    f"{where}: system {member!r}: sees: input: a judge gets a prompt with rubric, item and answer; "
                    "write sees: prompt"
                )


def _refuse_unsafe(resolved: Resolved) -> None:
    for choice in resolved.tasks:
        outline = outline_task(resolved, choice)
        if outline is not None and outline.unsafe_code:
            raise UserError(_unsafe(f"{resolved.path}: task {choice.task!r}"))


def _unsafe(where: str) -> str:
    return f"{where}: it runs code that the model wrote. To allow that on this machine, add --allow-unsafe-code"


def check_pair(
    resolved: Resolved, name: str, config: SystemBase, task: TaskOutline, *, allow_unsafe_code: bool
) -> None:
    """Check that a system can answer a task's type of request.

    Raises:
        UserError: it cannot, or must not unless that is allowed.
    """
    where = f"{resolved.path}: system {name!r} on task {task.choice.task!r}"
    if task.request_type not in engine_class(config.engine).request_types_of(config):
        raise UserError(
            f"{where}: the task asks for likelihoods ({task.output_type}), which the {config.engine} engine "
            "cannot give. Choose a task that generates, or engine lm_eval (for a server: model local-completions)"
        )
    _check_inspect(where, config, task.choice)
    for member, settings in with_members({name: config}).items():
        if isinstance(settings, PythonSystem):
            check_sees(f"system {member!r}", settings, task.choice)
    if isinstance(config, HybridSystem):
        if isinstance(config.router, PythonRouter | ClassifierRouter):
            check_sees(f"system {name!r}: router", config.router, task.choice)
        _check_oracle(where, config, task.choice.domain)
    if task.unsafe_code and not allow_unsafe_code:
        raise UserError(_unsafe(where))
    if isinstance(task.choice, FileTask):
        _check_work(where, config, task.choice)
    if task.multimodal:
        raise UserError(f"{where}: the task uses images or audio; wattbench supports text only")


def _check_inspect(where: str, config: SystemBase, choice: TaskChoice) -> None:
    """Check that tasks of inspect_ai, and they alone, are asked of inspect_ai."""
    if isinstance(choice, InspectTask) and not isinstance(config, InspectSystem):
        raise UserError(
            f"{where}: inspect_ai solves and scores this task itself, which engine: {config.engine} cannot have it do. "
            "Ask it of systems with engine: inspect alone, in a suite of their own (the model behind one is named by "
            "asks or base_url)"
        )
    if isinstance(config, InspectSystem) and not isinstance(choice, InspectTask):
        raise UserError(f"{where}: engine: inspect runs tasks of inspect_ai, selected with inspect:, and no other")


def _check_work(where: str, config: SystemBase, choice: FileTask) -> None:
    """Check that a task which only a check judges is given to agents, and that the check can be found."""
    if choice.score is None and not isinstance(config, AgentSystem):
        raise UserError(
            f"{where}: a check says what is solved in the working folder of an agent, and this is none. Give the task "
            "target and score, too, or leave the system or the task out"
        )
    if choice.check is not None and isinstance(config, AgentSystem) and config.wrap is None:
        check_program(f"{where}: check", choice.check)


def _check_oracle(where: str, config: HybridSystem, domain: str) -> None:
    if isinstance(config.router, OracleRouter) and config.fallback is None and domain not in config.members:
        raise UserError(
            f"{where}: the oracle has no member {domain!r}, the task's domain "
            f"(members: {', '.join(config.members)}). Name a fallback"
        )


def order(systems: Mapping[str, SystemBase]) -> list[str]:
    """Return the systems in the order of the suite, but with those of one base together, so that it is loaded once."""
    keys = {name: base_key(config) for name, config in systems.items()}
    first: dict[object, int] = {}
    position = {
        name: index if key is None else first.setdefault(key, index) for index, (name, key) in enumerate(keys.items())
    }
    return sorted(systems, key=lambda name: position[name])
