"""Run a router in front of loaded systems, each of which is asked in its own prompt form.

It is measured as any other system is: its items' windows hold the router's work and the members', its idle window has
every member loaded.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from wattbench.clock import now_s
from wattbench.config import CascadeRouter, HybridSystem, LlmRouter, LocalModel
from wattbench.errors import UserError
from wattbench.records.rows.answers import TokenCounts, Used
from wattbench.records.rows.systems import Facts
from wattbench.routers import Attempt, Question, Routed, Setup, open_router, router_class
from wattbench.systems.base import (
    GENERATE,
    LOGLIKELIHOOD,
    ROLLING,
    Engine,
    Reply,
    Route,
    TaskContext,
    joined,
)
from wattbench.systems.hybrid.facts import (
    RouterCall,
    combined_facts,
    device_memory_bytes,
    memory_bytes,
    parts_of,
    shared_out,
    used,
)
from wattbench.systems.registry import engine_class, open_engine
from wattbench.tasks.output_limit import limit_of_request, limited
from wattbench.tasks.samples import numbered_as

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from wattbench.systems.spending import Spending


@dataclass(frozen=True)
class _Task:
    """A task that was begun."""

    context: TaskContext
    forms: Mapping[str, Mapping[int, Sequence[Instance]]]
    """Member to its documents' requests, in its own prompt form."""


class HybridEngine(Engine):
    """The members' engines, and the router that chooses between them."""

    request_types = frozenset({GENERATE, LOGLIKELIHOOD, ROLLING})

    def __init__(self, name: str, config: HybridSystem, engines: Mapping[str, Engine], *, seed: int) -> None:
        self._where = f"system {name!r}"
        self._config = config
        self._engines = dict(engines)
        self._opened = ExitStack()
        self.paid = any(engine.paid for engine in self._engines.values())
        self._tasks: dict[str, _Task] = {}
        """Every task that was begun, the latest last."""
        self._router_calls: list[RouterCall] = []
        """What the router asked for the batch under way."""
        self._router = open_router(
            config.router,
            Setup(f"{self._where}: router", config.members, config.fallback, seed, self._likelihoods),
        )
        # Whose chat template is used where the hybrid's own form, the one that the router reads, asks for one.
        self.lm = self._engines[config.members[config.fallback or next(iter(config.members))]].lm

    @classmethod
    def check(cls, name: str, config: HybridSystem) -> None:
        """Check that each member and the router can be loaded on this machine, and that they fit together."""
        _check_parts(name, config, lambda system, member: engine_class(member.engine).check(system, member))
        router_class(config.router.type).check(f"system {name!r}: router", config.router, config.members)

    @classmethod
    def look(cls, name: str, config: HybridSystem) -> None:
        """Check as `check` does, without running the members' code."""
        _check_parts(name, config, lambda system, member: engine_class(member.engine).look(system, member))
        router_class(config.router.type).look(f"system {name!r}: router", config.router, config.members)

    @classmethod
    def open(cls, name: str, config: HybridSystem, *, batch: int, seed: int) -> Self:
        """Load every member, in order, and build the router."""
        cls.check(name, config)
        with ExitStack() as opened:
            engines = {
                system: opened.enter_context(open_engine(system, config.pool[system], batch=batch, seed=seed))
                for system in config.resident
            }
            hybrid = cls(name, config, engines, seed=seed)
            if isinstance(config.router, CascadeRouter):
                for label in config.router.order[:-1]:
                    engines[config.members[label]].report_confidence()
            hybrid._opened = opened.pop_all()
        return hybrid

    @classmethod
    def request_types_of(cls, config: HybridSystem) -> frozenset[str]:
        """Return the kinds of request that every member can answer.

        A cascade compares the confidence of generated answers, so it only generates.
        """
        members = [config.pool[system] for system in config.members.values()]
        common = cls.request_types.intersection(*(engine_class(m.engine).request_types_of(m) for m in members))
        return common & {GENERATE} if isinstance(config.router, CascadeRouter) else common

    def begin_task(self, context: TaskContext) -> None:
        """Write the task's documents in each member's prompt form, before anything is timed.

        Items of all tasks that were begun may then be asked in any order: a request names its task.
        """
        known = self._tasks.pop(context.task, None)
        if known is not None and known.context is context:
            self._tasks[context.task] = known
            return
        built: dict[Hashable, Mapping[int, Sequence[Instance]]] = {}
        forms = {}
        for system in dict.fromkeys(self._config.members.values()):
            prompt = self._config.pool[system].prompt
            # Without a chat template the form is the same for every model.
            form = (prompt.model_dump_json(), system if prompt.chat else None)
            if form not in built:
                built[form] = context.requests(prompt, self._engines[system].lm)
            member = self._config.pool[system]
            forms[system] = {doc_id: limited(requests, member) for doc_id, requests in built[form].items()}
        self._tasks[context.task] = _Task(context, forms)
        for engine in self._engines.values():
            engine.begin_task(context)

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Route the documents of the requests, and ask each member in its own prompt form.

        A reply's tokens are those of all attempts; its value and its time stamps are the last attempt's.
        """
        positions = _positions(requests)
        questions = [self._question(requests[first], key) for key, (first, *_) in positions.items()]

        def ask(system: str, batch: Sequence[Question]) -> list[Attempt[list[Reply]]]:
            in_form = [self._in_form(system, [requests[index] for index in positions[q.key]]) for q in batch]
            sent = [request for each in in_form for request in each]
            started_s = now_s()
            replies = self._engines[system].answer(request_type, sent)
            # The members of a batch are asked one after the other, so its items do not all end together.
            finished_s = now_s()
            call_s = max((reply.waited_s for reply in replies), default=0.0)
            waited.append(call_s)  # all of the batch wait for it
            ended = iter(
                replace(
                    reply,
                    finished_s=reply.finished_s or finished_s,
                    waited_s=sum(waited),
                    output_limit=limit_of_request(request),
                )
                for request, reply in zip(sent, replies, strict=True)
            )
            each_s = max(finished_s - started_s - call_s, 0.0) / len(batch)
            return [_attempt(list(itertools.islice(ended, len(each))), each_s) for each in in_form]

        waited: list[float] = []
        self._router_calls.clear()
        routed = self._router.route(questions, ask)
        by_router = shared_out(self._router_calls, len(questions))
        replies: dict[int, Reply] = {}
        for indices, one, read in zip(positions.values(), routed, by_router, strict=True):
            replies |= zip(indices, _replies(one, read), strict=True)
        return [replies[index] for index in range(len(requests))]

    def bill_to(self, spending: Spending) -> None:
        """Bill the answers of every member."""
        for engine in self._engines.values():
            engine.bill_to(spending)

    def facts(self) -> Facts:
        """Return the facts of the hybrid, with parts that its members share counted once."""
        return combined_facts(self._config, self._engines, self._router)

    def parts(self) -> Mapping[str, int | None]:
        """Return the files of its members and its router."""
        return parts_of(self._engines, self._router)

    def activate(self) -> None:
        """Activate every member."""
        for engine in self._engines.values():
            engine.activate()

    def peak_memory_bytes(self) -> int | None:
        """Return the peak of this process and of the servers of its members."""
        return memory_bytes(super().peak_memory_bytes(), self._config, self._engines)

    def peak_device_memory_bytes(self) -> int | None:
        """Return the sum of the peaks of all accelerators that its members use."""
        return device_memory_bytes(self._engines)

    def close(self) -> None:
        """Close the router and every member, the last one first."""
        self._router.close()
        self._opened.close()
        self._engines.clear()
        self._tasks = {}
        self.__dict__.pop("lm", None)

    def _in_form(self, system: str, given: Sequence[Instance]) -> Sequence[Instance]:
        """Return a document's requests in a member's prompt form."""
        task = self._task_of(given[0])
        if task is None:  # no task was begun: the hybrid's own form is all there is
            return given
        in_form = task.forms[system].get(given[0].doc_id, ())
        if len(in_form) != len(given):
            raise UserError(
                f"{self._where}: in the prompt form of {system!r} document {given[0].doc_id} of the task has "
                f"{len(in_form)} requests, and in that of the hybrid {len(given)}. Give both the same prompt:"
            )
        return numbered_as(in_form, given)

    def _question(self, request: Instance, key: Hashable) -> Question:
        text, task = str(request.args[0]), self._task_of(request)
        if task is None:
            return Question(text, None, key)
        item = f"task {task.context.task!r}, document {request.doc_id}"
        return Question(text, task.context.domain, key, task.context.input_of(request), item)

    def _task_of(self, request: Instance) -> _Task | None:
        """Return the task of a request; the task that was begun last, if the request names no known task."""
        latest = next(reversed(self._tasks.values()), None)
        return latest if request.task_name is None else self._tasks.get(request.task_name, latest)

    def _likelihoods(self, system: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
        from lm_eval.api.instance import Instance

        requests = [Instance(LOGLIKELIHOOD, {}, pair, index) for index, pair in enumerate(pairs)]
        started_s = now_s()
        replies = self._engines[system].answer(LOGLIKELIHOOD, requests)
        self._router_calls.append(RouterCall(system, replies, now_s() - started_s))
        return [float(reply.value[0]) for reply in replies]


def _positions(requests: Sequence[Instance]) -> dict[Hashable, list[int]]:
    """Return the positions of each document's requests; a request without a document has its own entry."""
    positions: dict[Hashable, list[int]] = {}
    for index, request in enumerate(requests):
        key = ("request", index) if request.doc_id is None else ("document", request.task_name, request.doc_id)
        positions.setdefault(key, []).append(index)
    return positions


def _attempt(replies: list[Reply], seconds: float) -> Attempt[list[Reply]]:
    known = [reply.confidence for reply in replies if reply.confidence is not None]
    return Attempt(replies, sum(known) / len(known) if known and len(known) == len(replies) else None, seconds)


def _replies(routed: Routed[list[Reply]], by_router: Sequence[Used]) -> list[Reply]:
    """Return the last attempt's replies, with the tokens of all attempts."""
    usage = (
        *by_router,
        *(
            used(system, each.answer, each.seconds)
            for system, each in zip(routed.systems, routed.attempts, strict=True)
        ),
    )
    # A cascade's own clock also ran while members that it rejected waited for their turn.
    before_s = max((reply.waited_s for attempt in routed.attempts[:-1] for reply in attempt.answer), default=0.0)
    route = Route(routed.systems[-1], routed.score, max(routed.router_s - before_s, 0.0), routed.systems, usage)
    return [
        replace(
            each[-1],
            **TokenCounts.summed(each),
            resent=sum(reply.resent for reply in each),
            remark=joined(reply.remark for reply in each),
            route=route,
        )
        for each in zip(*(attempt.answer for attempt in routed.attempts), strict=True)
    ]


def _check_parts(name: str, config: HybridSystem, check_member: Callable[[str, Any], None]) -> None:
    where = f"system {name!r}"
    for system in config.resident:
        if system not in config.pool:
            raise UserError(f"{where}: the system {system!r} is missing from its pool")
    _check_threads(where, config)
    if isinstance(config.router, CascadeRouter):
        _check_confidence(where, config, config.router)
    if isinstance(config.router, LlmRouter):
        _check_reader(where, config, config.router)
    for system in config.resident:
        check_member(system, config.pool[system])


def _check_threads(where: str, config: HybridSystem) -> None:
    """Check that members agree on threads: PyTorch has one number of threads per process."""
    wanted = {name: one.threads for name in config.resident if isinstance(one := config.pool[name], LocalModel)}
    if len(set(wanted.values())) > 1:
        listed = ", ".join(f"{name}: {threads or 'not set'}" for name, threads in wanted.items())
        raise UserError(f"{where}: its members run in one process; set the same threads for all ({listed})")


def _check_confidence(where: str, config: HybridSystem, router: CascadeRouter) -> None:
    for label in router.order[:-1]:
        engine: Any = config.pool[config.members[label]].engine
        if engine_class(engine).report_confidence is Engine.report_confidence:
            raise UserError(
                f"{where}: router: order: {label!r} has engine {engine}, which does not report confidence. Only the "
                "last member of a cascade may have it; use engine python, sklearn, endpoint, transformers or moe"
            )
        if router.threshold is None and engine != "python":
            raise UserError(
                f"{where}: router: min_probability: missing. Without it only a python system that says that it does "
                f"not know hands over, and {label!r} has engine {engine}"
            )


def _check_reader(where: str, config: HybridSystem, router: LlmRouter) -> None:
    reader = config.pool[router.reader]
    if LOGLIKELIHOOD not in engine_class(reader.engine).request_types_of(reader):
        raise UserError(
            f"{where}: router: reader: {router.reader!r} has engine {reader.engine}, which gives no likelihoods. "
            "Choose a system with engine transformers, moe or lm_eval"
        )
