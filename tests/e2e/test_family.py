"""The reference family at work: every system of the catalogue loads on one base and answers real questions."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, ExitStack, nullcontext
from types import SimpleNamespace
from unittest import mock

import pytest

from wattbench.config import load_suite
from wattbench.systems import Engine, Reply, TaskContext, open_engine, release_base
from wattbench.systems.base import GENERATE
from wattbench.systems.hybrid import engine as hybrid_engine

pytestmark = pytest.mark.slow

QUESTIONS = {
    "arithmetic": ("Calculate 12 + 7.", "19"),
    "text": ("Ann likes tea. Bob loathes chess. Cleo adores maps. \nWho adores maps? Reply only with a name.", "Cleo"),
    "time": ("If today is Monday, May 2, 2022, what day of the week will it be in 1 days? Name the day.", "Tuesday"),
}
ONE_THREAD = {"threads": 1}
"""Two threads that share a processor with other tests wait for each other."""
SYSTEMS = {
    name: system.model_copy(update=ONE_THREAD) if "threads" in system.model_fields_set else system
    for name, system in load_suite("nightly").systems.items()
}
IN_PROCESS = [name for name, system in SYSTEMS.items() if system.engine in ("transformers", "moe", "hybrid")]


MEMBERS = {member for system in SYSTEMS.values() if system.engine == "hybrid" for member in system.resident}
_members_open = ExitStack()


@pytest.fixture(scope="module", autouse=True)
def _one_base():
    yield
    _members_open.close()
    release_base()


@functools.cache
def member(name: str) -> Engine:
    """Open a member of hybrids once, and keep it open."""
    return _members_open.enter_context(open_engine(name, SYSTEMS[name], batch=1, seed=1234))


def opened(name: str) -> AbstractContextManager[Engine]:
    """Open a system. The hybrid of the suite opens its own members; the others choose between those that are open."""
    if name in MEMBERS:
        return nullcontext(member(name))
    if SYSTEMS[name].engine == "hybrid" and name != "hybrid":
        with mock.patch.object(hybrid_engine, "open_engine", lambda system, *_, **__: nullcontext(member(system))):
            return open_engine(name, SYSTEMS[name], batch=1, seed=1234)
    return open_engine(name, SYSTEMS[name], batch=1, seed=1234)


def request(question: str, tokens: int) -> SimpleNamespace:
    until = {"until": ["\nQuestion:"], "do_sample": False, "max_gen_toks": tokens}
    arguments = (f"Question: {question}\nAnswer:", until)
    return SimpleNamespace(args=arguments, doc_id=0, request_type=GENERATE, arguments=arguments, task_name="t", doc={})


DOMAINS = {"hybrid": tuple(QUESTIONS)} | dict.fromkeys(
    ["specialist-text", "generalist-tuned", "moe"], ("arithmetic", "text")
)
"""What a system is asked about; others are asked about arithmetic alone."""


@functools.cache
def replies(name: str) -> dict[str, Reply]:
    """Open a system once, and ask it a question of each of its domains."""
    with opened(name) as engine:
        tokens = 128 if name == "distilled-reasoning" else 24
        return {domain: _reply(engine, domain, tokens) for domain in DOMAINS.get(name, ("arithmetic",))}


def _reply(engine: Engine, domain: str, tokens: int) -> Reply:
    asking = request(QUESTIONS[domain][0], tokens)
    engine.begin_task(TaskContext("t", domain, lambda _prompt, _lm: {asking.doc_id: [asking]}))
    return engine.answer(GENERATE, [asking])[0]


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_system_loads_and_answers(name):
    reply = replies(name)["arithmetic"]
    assert reply.value.strip()
    assert reply.output_tokens > 0
    if name.startswith("hybrid"):
        assert reply.route.member in SYSTEMS[name].resident


@pytest.mark.parametrize("system", ["specialist-text", "generalist-tuned", "moe", "hybrid"])
def test_an_easy_question_is_answered_rightly(system):
    assert replies(system)["text"].value.strip() == QUESTIONS["text"][1]


def test_the_reasoning_student_writes_its_reasoning_and_then_an_answer():
    long, short = replies("distilled-reasoning")["arithmetic"], replies("distilled")["arithmetic"]
    assert "So the answer is" in long.value
    assert long.output_tokens > 5 * short.output_tokens


def test_a_specialist_lets_the_calculator_compute():
    system = load_suite("calculator").systems["specialist-calculator"]
    system = system.model_copy(update={"server": system.server.model_copy(update=ONE_THREAD)})
    calls = []
    with open_engine("specialist-calculator", system, batch=1, seed=1234) as engine:
        engine.keep_calls(calls.append)
        reply = _reply(engine, "arithmetic", 24)
    assert (reply.value, reply.failure) == (QUESTIONS["arithmetic"][1], None)
    assert (reply.attempted.calls, reply.attempted.ended) == (2, "answered")
    first, then = calls
    assert then.prompt_tokens > first.prompt_tokens > 0
    assert reply.output_tokens == first.output_tokens + then.output_tokens


@pytest.mark.parametrize("domain", ["arithmetic", "text", "time"])
def test_the_classifier_sends_each_domain_to_its_specialist(domain):
    route = replies("hybrid")[domain].route
    assert route.member == f"specialist-{domain}"
    assert 0.5 <= route.score <= 1.0
