"""The reference family at work: every system of the catalogue loads on one base and answers real questions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wattbench.config import load_suite
from wattbench.systems import TaskContext, open_engine, release_base
from wattbench.systems.base import GENERATE

pytestmark = pytest.mark.model

ASKED = {
    "arithmetic": [("Calculate 12 + 7.", "19"), ("Calculate 40 + 31.", "71")],
    "text": [
        ("Ann likes tea. Bob loathes chess. Cleo adores maps. \nWho adores maps? Reply only with a name.", "Cleo")
    ],
    "time": [("If today is Monday, May 2, 2022, what day of the week will it be in 1 days? Name the day.", "Tuesday")],
}
IN_PROCESS = [
    name for name, system in load_suite("nightly").systems.items() if system.engine in ("transformers", "moe", "hybrid")
]


@pytest.fixture(scope="module", autouse=True)
def _one_base():
    yield
    release_base()


def request(question: str, doc_id: int = 0) -> SimpleNamespace:
    until = {"until": ["\nQuestion:"], "do_sample": False, "max_gen_toks": 128}
    arguments = (f"Question: {question}\nAnswer:", until)
    return SimpleNamespace(args=arguments, doc_id=doc_id, request_type=GENERATE, arguments=arguments)


def answers(name: str, questions: list[str], domain: str = "arithmetic") -> list:
    config = load_suite("nightly").systems[name]
    requests = [request(question, doc_id) for doc_id, question in enumerate(questions)]
    with open_engine(name, config, batch=1, seed=1234) as engine:
        engine.begin_task(TaskContext("t", domain, lambda _prompt, _lm: {r.doc_id: [r] for r in requests}))
        return [engine.answer(GENERATE, [one])[0] for one in requests]


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_system_loads_and_answers(name):
    (reply,) = answers(name, [ASKED["arithmetic"][0][0]])
    assert reply.value.strip()
    assert reply.output_tokens > 0
    if name.startswith("hybrid"):
        assert reply.route.member in load_suite("nightly").systems[name].resident


@pytest.mark.parametrize("system", ["specialist-text", "generalist-tuned", "moe", "hybrid"])
def test_an_easy_question_is_answered_rightly(system):
    ((question, expected),) = ASKED["text"]
    (reply,) = answers(system, [question], "text")
    assert reply.value.strip() == expected


def test_the_reasoning_student_writes_its_reasoning_and_then_an_answer():
    (reply,) = answers("distilled-reasoning", ["Calculate 12 + 7."])
    (short,) = answers("distilled", ["Calculate 12 + 7."])
    assert "So the answer is" in reply.value
    assert reply.output_tokens > 5 * short.output_tokens


def test_the_classifier_sends_each_domain_to_its_specialist():
    for domain, asked in ASKED.items():
        (reply,) = answers("hybrid", [asked[0][0]], domain)
        assert reply.route.member == f"specialist-{domain}"
        assert 0.5 <= reply.route.score <= 1.0
