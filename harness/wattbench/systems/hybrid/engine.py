"""A router in front of other systems, all of them loaded. Each is asked in its own prompt form.

It is measured as any other system is: its items' windows hold the router's work and the members', its idle window has
every member loaded.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from wattbench.clock import now_s
from wattbench.config import CascadeRouter, HybridSystem, LlmRouter, LocalModel
from wattbench.errors import UserError
from wattbench.routers import Attempt, Question, Routed, Setup, open_router, router_class
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD, ROLLING, Engine, Facts, Reply, Route, TaskContext
from wattbench.systems.hybrid.facts import combined_facts, device_memory_bytes, memory_bytes, parts_of
from wattbench.systems.registry import engine_class, open_engine

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class HybridEngine(Engine):
    """Its members' engines, and the router that decides between them."""

    request_types = frozenset({GENERATE, LOGLIKELIHOOD, ROLLING})

    def __init__(self, name: str, config: HybridSystem, engines: Mapping[str, Engine], *, seed: int) -> None:
        self._where = f"system {name!r}"
        self._config = config
        self._engines = dict(engines)
        self._opened = ExitStack()
        self._domain: str | None = None
        self._forms: Mapping[str, Mapping[int, Sequence[Instance]]] = {}
        self._router = open_router(
            config.router,
            Setup(f"{self._where}: router", config.members, config.fallback, seed, self._likelihoods),
        )
        # Whose chat template is used where the hybrid's own form, the one that the router reads, asks for one.
        self.lm = self._engines[config.members[config.fallback or next(iter(config.members))]].lm

    @classmethod
    def check(cls, name: str, config: HybridSystem) -> None:
        """See that each member and the router can be had here, and that they go together."""
        where = f"system {name!r}"
        for system in config.resident:
            if system not in config.pool:
                raise UserError(f"{where}: the system {system!r} is not in its pool")
        _check_threads(where, config)
        if isinstance(config.router, CascadeRouter):
            _check_confidence(where, config, config.router)
        if isinstance(config.router, LlmRouter):
            _check_reader(where, config, config.router)
        for system in config.resident:
            engine_class(config.pool[system].engine).check(system, config.pool[system])
        router_class(config.router.type).check(f"{where}: router", config.router, config.members)

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
        """What every member can answer. A cascade weighs generated answers, and so only generates."""
        members = [config.pool[system] for system in config.members.values()]
        common = cls.request_types.intersection(*(engine_class(m.engine).request_types_of(m) for m in members))
        return common & {GENERATE} if isinstance(config.router, CascadeRouter) else common

    def begin_task(self, context: TaskContext) -> None:
        """Have the task's documents put into each member's own prompt form, before anything is timed."""
        self._domain = context.domain
        built: dict[Hashable, Mapping[int, Sequence[Instance]]] = {}
        forms = {}
        for system in dict.fromkeys(self._config.members.values()):
            prompt = self._config.pool[system].prompt
            # Without a chat template the form is the same for every model.
            form = (prompt.model_dump_json(), system if prompt.chat else None)
            if form not in built:
                built[form] = context.requests(prompt, self._engines[system].lm)
            forms[system] = built[form]
        self._forms = forms
        for engine in self._engines.values():
            engine.begin_task(context)

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Route the documents that the requests are of, and ask each member in its own form.

        A reply's tokens are those of every attempt at it; its value and its stamps are the last attempt's.
        """
        places = _places(requests)
        questions = [Question(str(requests[own[0]].args[0]), self._domain, key) for key, own in places.items()]

        def ask(system: str, asked: Sequence[Question]) -> list[Attempt[list[Reply]]]:
            own = [self._in_form(system, [requests[place] for place in places[q.key]]) for q in asked]
            replies = self._engines[system].answer(request_type, [request for each in own for request in each])
            # The members of a batch are asked one after the other, so its items do not all end together.
            finished_s = now_s()
            ended = iter([replace(r, finished_s=r.finished_s or finished_s) for r in replies])
            return [_attempt(list(itertools.islice(ended, len(each)))) for each in own]

        routed = self._router.route(questions, ask)
        found: dict[int, Reply] = {}
        for own, one in zip(places.values(), routed, strict=True):
            found |= zip(own, _replies(one), strict=True)
        return [found[place] for place in range(len(requests))]

    def facts(self) -> Facts:
        """What its members are made of together: what they share is counted once."""
        return combined_facts(self._config, self._engines, self._router)

    def parts(self) -> Mapping[str, int | None]:
        """Its members' files and its router's."""
        return parts_of(self._engines, self._router)

    def peak_memory_bytes(self) -> int | None:
        """Of this process, and of those that members run in."""
        return memory_bytes(super().peak_memory_bytes(), self._config, self._engines)

    def peak_device_memory_bytes(self) -> int | None:
        """Of every accelerator that a member is on."""
        return device_memory_bytes(self._engines)

    def close(self) -> None:
        """Close every member, the last one first."""
        self._opened.close()
        self._engines.clear()
        self._forms = {}
        self.__dict__.pop("lm", None)

    def _in_form(self, system: str, given: Sequence[Instance]) -> Sequence[Instance]:
        """A document's requests as a member is asked them."""
        if system not in self._forms:  # no task was begun: the hybrid's own form is all there is
            return given
        own = self._forms[system].get(given[0].doc_id, ())
        if len(own) != len(given):
            raise UserError(
                f"{self._where}: in the prompt form of {system!r} document {given[0].doc_id} of the task has "
                f"{len(own)} requests, and in the hybrid's own it has {len(given)}. Give the two the same prompt:"
            )
        return own

    def _likelihoods(self, system: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
        from lm_eval.api.instance import Instance

        requests = [Instance(LOGLIKELIHOOD, {}, pair, place) for place, pair in enumerate(pairs)]
        return [float(reply.value[0]) for reply in self._engines[system].answer(LOGLIKELIHOOD, requests)]


def _places(requests: Sequence[Instance]) -> dict[Hashable, list[int]]:
    """Where each document's requests are. A request of no document stands for itself."""
    found: dict[Hashable, list[int]] = {}
    for place, request in enumerate(requests):
        key = ("request", place) if request.doc_id is None else ("document", request.doc_id)
        found.setdefault(key, []).append(place)
    return found


def _attempt(replies: list[Reply]) -> Attempt[list[Reply]]:
    known = [reply.confidence for reply in replies if reply.confidence is not None]
    return Attempt(replies, sum(known) / len(known) if known and len(known) == len(replies) else None)


def _replies(routed: Routed[list[Reply]]) -> list[Reply]:
    """The last attempt's replies, with the tokens of all."""
    route = Route(routed.asked[-1], routed.score, routed.router_s, routed.asked)
    return [
        replace(
            each[-1],
            prompt_tokens=_sum(reply.prompt_tokens for reply in each),
            output_tokens=_sum(reply.output_tokens for reply in each),
            route=route,
        )
        for each in zip(*(attempt.answer for attempt in routed.attempts), strict=True)
    ]


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(count or 0 for count in known)


def _check_threads(where: str, config: HybridSystem) -> None:
    """PyTorch's threads are the process's, not a model's."""
    wanted = {name: one.threads for name in config.resident if isinstance(one := config.pool[name], LocalModel)}
    if len(set(wanted.values())) > 1:
        listed = ", ".join(f"{name}: {threads or 'not set'}" for name, threads in wanted.items())
        raise UserError(f"{where}: its members run in one process, and want different threads ({listed})")


def _check_confidence(where: str, config: HybridSystem, router: CascadeRouter) -> None:
    for label in router.order[:-1]:
        engine: Any = config.pool[config.members[label]].engine
        if engine_class(engine).report_confidence is Engine.report_confidence:
            raise UserError(
                f"{where}: router: order: {label!r} has engine {engine}, which cannot say how confident an answer is. "
                "Only the last of a cascade may be such a one; put one of engine transformers or moe here"
            )


def _check_reader(where: str, config: HybridSystem, router: LlmRouter) -> None:
    reader = config.pool[router.reader]
    if LOGLIKELIHOOD not in engine_class(reader.engine).request_types_of(reader):
        raise UserError(
            f"{where}: router: reader: {router.reader!r} has engine {reader.engine}, which gives no likelihoods. "
            "Choose one of engine transformers, moe or lm_eval"
        )
