"""A hybrid: its members are each asked in their own form, replies come in order, and what they share counts once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lm_eval.api.instance import Instance

from wattbench.api.plans.plan_section import plan_section
from wattbench.config import (
    EndpointSystem,
    HybridSystem,
    LmEvalSystem,
    Prompt,
    PythonSystem,
    Resolved,
    TaskChoice,
    TransformersSystem,
    Weights,
    load_suite,
)
from wattbench.errors import UserError
from wattbench.measure.effort import effort_of
from wattbench.measure.plan import check_pair, plan
from wattbench.systems import Engine, Facts, TaskContext, base_key, engine_class, open_engine
from wattbench.systems.hybrid.engine import HybridEngine
from wattbench.systems.python import PythonEngine
from wattbench.tasks.loading import load_task
from wattbench.tasks.requests import requests_by_document
from wattbench.text_classifier import fit_labels, save_classifier
from wattbench_reports.presenter.text import as_text

DATA = Path(__file__).parents[3] / "data"
MEMBERS = {"arithmetic": "parrot", "rest": "counter"}
GENERATION = {"until": ["@@@"], "max_gen_toks": 4}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("calls") / "calls.py"
    path.write_text(
        "def parrot(prompt): return 'parrot: ' + prompt\n"
        "def counter(prompt): return f\"counter: {prompt.count('What is')}\"\n"
    )
    return path


@pytest.fixture
def hybrid(calls: Path) -> Callable[..., HybridSystem]:
    """A hybrid over two callables: one repeats its prompt, the other, asked with examples, counts the questions."""

    def make(router: dict[str, Any], **changes: Any) -> HybridSystem:
        pool = {
            "parrot": PythonSystem(kind="specialist", engine="python", call=f"{calls}:parrot"),
            "counter": PythonSystem(
                kind="generalist", engine="python", call=f"{calls}:counter", prompt=Prompt(fewshot=3)
            ),
        }
        return HybridSystem(
            **{"kind": "hybrid", "engine": "hybrid", "members": MEMBERS, "router": router, "pool": pool} | changes
        )

    return make


def opened(config: HybridSystem, seed: int = 1) -> Engine:
    return open_engine("h", config, batch=8, seed=seed)


def asks(*documents: tuple[int, str]) -> list[Instance]:
    return [Instance("generate_until", {}, (text, GENERATION), 0, ("task", number, 1)) for number, text in documents]


@pytest.fixture(scope="module")
def resolved() -> Resolved:
    return load_suite(str(DATA / "suite.yaml"))


def context(resolved: Resolved, task: str = "sums", domain: str = "arithmetic") -> TaskContext:
    choice = TaskChoice(task=task, domain=domain, limit=6)
    return TaskContext(
        task,
        domain,
        lambda prompt, lm: requests_by_document(resolved, choice, prompt, resolved.suite.measure, lm),
    )


def own_form(resolved: Resolved, engine: Engine, task: str = "sums") -> list[Instance]:
    """Every document's requests as lm-eval puts them to the hybrid itself."""
    return [r for requests in context(resolved, task).requests(Prompt(), engine.lm).values() for r in requests]


def test_each_member_is_asked_in_its_own_form(hybrid, resolved: Resolved) -> None:
    for member, expected in (("arithmetic", "parrot: What is 2 + 0? Answer with"), ("rest", "counter: 4")):
        with opened(hybrid({"type": "always", "member": member})) as engine:
            engine.begin_task(context(resolved))
            reply = engine.answer("generate_until", own_form(resolved, engine)[2:3])[0]
            assert reply.value.startswith(expected)
            assert reply.route.member == reply.route.systems[0] == MEMBERS[member]
            assert reply.route.score is None
            assert 0 <= reply.route.router_s < 1


def test_without_a_task_everybody_is_asked_as_the_hybrid_is(hybrid) -> None:
    with opened(hybrid({"type": "always", "member": "rest"})) as engine:
        assert engine.answer("generate_until", asks((0, "What is it?")))[0].value == "counter: 1"
        bare = [Instance("generate_until", {}, (text, GENERATION), 0) for text in ("What is", "no")]
        assert [reply.value for reply in engine.answer("generate_until", bare)] == ["counter: 1", "counter: 0"]


def test_the_oracle_is_told_the_domain(hybrid, resolved: Resolved) -> None:
    with opened(hybrid({"type": "oracle"}, fallback="rest")) as engine:
        for domain, member in (("arithmetic", "parrot"), ("law", "counter")):
            engine.begin_task(context(resolved, domain=domain))
            replies = engine.answer("generate_until", own_form(resolved, engine))
            assert {reply.route.member for reply in replies} == {member}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    documents=st.lists(st.tuples(st.integers(0, 5), st.text(max_size=4)), max_size=12),
    sizes=st.lists(st.integers(1, 5), min_size=12, max_size=12),
)
def test_replies_come_in_the_order_of_the_requests_in_any_batch(
    hybrid, documents: list[tuple[int, str]], sizes: list[int]
) -> None:
    requests = asks(*documents)
    with opened(hybrid({"type": "random"}, members={"a": "parrot", "b": "counter", "c": "parrot"})) as engine:
        whole = engine.answer("generate_until", requests)
        assert len(whole) == len(requests)
        for request, reply in zip(requests, whole, strict=True):
            member = {"parrot": f"parrot: {request.args[0]}", "counter": "counter: 0"}
            assert reply.value == member[reply.route.member]
        # A document is routed once; as long as its requests stay together, the batch makes no difference.
        first = {number: documents.index(one) for one in documents if (number := one[0]) is not None}
        by_document = {number: whole[place].route.member for number, place in first.items()}
        assert [reply.route.member for reply in whole] == [by_document[number] for number, _ in documents]
        distinct = asks(*{number: (number, text) for number, text in documents}.values())
        together = engine.answer("generate_until", distinct)
        apart: list[Any] = []
        for size in sizes:
            apart += engine.answer("generate_until", distinct[len(apart) : len(apart) + size])
        assert [(r.value, r.route.member) for r in apart] == [(r.value, r.route.member) for r in together]


def test_a_resumed_run_chooses_as_it_did(hybrid) -> None:
    requests = asks(*((n, f"question {n}") for n in range(40)))
    routes = []
    for part in (requests, requests[25:], requests):
        with opened(hybrid({"type": "random"})) as engine:
            routes.append([reply.route.member for reply in engine.answer("generate_until", part)])
    assert routes[0] == routes[2]
    assert routes[0][25:] == routes[1]
    assert set(routes[0]) == {"parrot", "counter"}
    with opened(hybrid({"type": "random"}), seed=2) as engine:
        assert [reply.route.member for reply in engine.answer("generate_until", requests)] != routes[0]


def test_a_member_is_asked_once_for_a_batch_and_ends_when_it_ends(hybrid, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    answer = PythonEngine.answer

    def noted(self: PythonEngine, request_type: str, requests: Sequence[Instance]) -> list[Any]:
        called.append(len(requests))
        return answer(self, request_type, requests)

    monkeypatch.setattr(PythonEngine, "answer", noted)
    with opened(hybrid({"type": "random"})) as engine:
        replies = engine.answer("generate_until", asks(*((n, f"question {n}") for n in range(8))))
    assert len(called) == 2
    assert sum(called) == 8
    ends = {reply.route.member: set() for reply in replies}
    for reply in replies:
        ends[reply.route.member].add(reply.finished_s)
    assert sorted(map(len, ends.values())) == [1, 1]  # the batch's items end with their own member's call
    assert len({reply.route.router_s for reply in replies}) == 1  # choosing is divided evenly


def test_a_form_with_another_number_of_requests_is_refused(hybrid, resolved: Resolved) -> None:
    with opened(hybrid({"type": "always", "member": "rest"})) as engine:
        engine.begin_task(context(resolved))
        request = own_form(resolved, engine)[0]
        with pytest.raises(UserError, match="in the prompt form of 'counter' document 0 of the task has 1 requests"):
            engine.answer("generate_until", [request, request])
        with pytest.raises(UserError, match="document 99 of the task has 0 requests, and in that of the hybrid 1"):
            engine.answer("generate_until", asks((99, "?")))


@pytest.mark.slow
def test_a_member_that_cannot_be_opened_closes_those_before_it(
    hybrid, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(PythonEngine, "close", lambda self: closed.append(self._config.call))
    config = hybrid({"type": "random"})
    broken = local(tmp_path)  # an empty folder
    config = config.model_copy(
        update={"members": {**MEMBERS, "more": "broken"}, "pool": {**config.pool, "broken": broken}}
    )
    with pytest.raises(UserError, match=f"system 'broken': {tmp_path} holds no weights"):
        opened(config)
    assert [call.rpartition(":")[2] for call in closed] == ["counter", "parrot"]

    closed.clear()
    engine = opened(hybrid({"type": "random"}))
    engine.close()
    engine.close()
    assert len(closed) == 2


def test_likelihoods_are_routed_by_document(resolved: Resolved) -> None:
    dummy = LmEvalSystem(kind="generalist", engine="lm_eval", model="dummy")
    examples = dummy.model_copy(update={"prompt": Prompt(fewshot=2)})
    config = HybridSystem(
        kind="hybrid", engine="hybrid", members={"a": "x", "b": "y"}, router={"type": "random"},
        pool={"x": dummy, "y": examples},
    )  # fmt: skip
    with opened(config) as engine:
        engine.begin_task(context(resolved, "choices"))
        requests = own_form(resolved, engine, "choices")
        replies = engine.answer("loglikelihood", requests)
        assert len(replies) == len(requests) == 18
        assert [reply.route for reply in replies[::3]] == [reply.route for reply in replies[1::3]]
        assert {reply.route.member for reply in replies} == {"x", "y"}


@pytest.mark.parametrize(
    ("router", "pool", "types"),
    [
        ({"type": "random"}, ["dummy", "dummy"], {"generate_until", "loglikelihood", "loglikelihood_rolling"}),
        ({"type": "random"}, ["dummy", "call"], {"generate_until"}),
        ({"type": "cascade", "order": ["a", "b"], "min_confidence": -1}, ["dummy", "dummy"], {"generate_until"}),
        (
            {"type": "llm", "reader": "r", "prompt": "{question}", "continuations": {"a": "a", "b": "b"}},
            ["call", "call"],
            {"generate_until"},
        ),
    ],
)
def test_it_can_be_asked_what_all_its_members_can(router: Any, pool: list[str], types: set[str], calls: Path) -> None:
    kinds = {
        "dummy": LmEvalSystem(kind="generalist", engine="lm_eval", model="dummy"),
        "call": PythonSystem(kind="specialist", engine="python", call=f"{calls}:parrot"),
    }
    members = {"a": "x", "b": "y"}
    config = HybridSystem(
        kind="hybrid", engine="hybrid", members=members, router=router,
        pool={"x": kinds[pool[0]], "y": kinds[pool[1]], "r": kinds["dummy"]},
    )  # fmt: skip
    assert engine_class("hybrid").request_types_of(config) == types


def local(path: Path, **changes: Any) -> TransformersSystem:
    return TransformersSystem(
        kind="generalist", engine="transformers", weights=Weights(path=path), dtype="float32", device="cpu", **changes
    )


def test_what_does_not_go_together_is_said_before_anything_is_loaded(hybrid, calls: Path, tmp_path: Path) -> None:
    cascade = {"type": "cascade", "order": ["arithmetic", "rest"], "min_confidence": -1}
    dummy = LmEvalSystem(kind="generalist", engine="lm_eval", model="dummy")
    of_dummies = hybrid(cascade, pool={"parrot": dummy, "counter": dummy})
    with pytest.raises(UserError, match="router: order: 'arithmetic' has engine lm_eval, which does not report conf"):
        HybridEngine.check("h", of_dummies)
    without = hybrid({**cascade, "min_confidence": None}, pool={"parrot": local(tmp_path), "counter": dummy})
    with pytest.raises(UserError, match=r"min_probability: missing\. .* and 'arithmetic' has engine transformers"):
        HybridEngine.check("h", without)
    reading = {
        "type": "llm",
        "reader": "parrot",
        "prompt": "{question}",
        "continuations": {"arithmetic": "a", "rest": "b"},
    }
    with pytest.raises(UserError, match="reader: 'parrot' has engine python, which gives no likelihoods"):
        HybridEngine.check("h", hybrid(reading))
    with pytest.raises(UserError, match="the system 'parrot' is missing from its pool"):
        HybridEngine.check("h", hybrid({"type": "random"}, pool={}))
    threads = {"parrot": local(tmp_path, threads=1), "counter": local(tmp_path)}
    with pytest.raises(UserError, match=r"set the same threads for all \(parrot: 1, counter: not set\)"):
        HybridEngine.check("h", hybrid({"type": "random"}, pool=threads))
    with pytest.raises(UserError, match=r"system 'h': router: .*: no such file"):
        HybridEngine.check("h", hybrid({"type": "classifier", "model": tmp_path / "router.npz"}))
    gone = PythonSystem(kind="specialist", engine="python", call=f"{calls}:gone")
    config = hybrid({"type": "random"})
    with pytest.raises(UserError, match=r"system 'parrot': call: .* has no 'gone'"):
        HybridEngine.check("h", config.model_copy(update={"pool": {**config.pool, "parrot": gone}}))


def test_the_plan_lists_its_cells_and_the_code_of_its_members(hybrid, calls: Path, resolved: Resolved) -> None:
    there = replace(resolved, systems={"h": hybrid({"type": "random"})}).narrowed(limit=4)
    metered = {"cpu": "modelled"}
    section = plan_section(there, plan(there), metered, effort=effort_of(there.suite.measure, metered))
    text = " ".join(as_text(section).split())
    assert "h hybrid hybrid sums arithmetic 4" in text
    assert f"runs its own code: system 'parrot' ({calls}:parrot)" in text
    assert f"runs its own code: system 'counter' ({calls}:counter)" in text
    lost = hybrid({"type": "oracle"}, members={"law": "parrot"})
    task = load_task(resolved, TaskChoice(task="sums", domain="arithmetic")).outline
    with pytest.raises(UserError, match=r"the oracle has no member 'arithmetic'.*\(members: law\). Name a fallback"):
        check_pair(resolved, "h", lost, task, allow_unsafe_code=False)


def test_facts_of_members_that_cannot_be_counted(hybrid) -> None:
    with opened(hybrid({"type": "random"})) as engine:
        facts = engine.facts()
        assert facts.parameters_total is facts.parameters_active is facts.weight_bytes is None
        assert facts.device == "cpu"
        assert facts.engine_version.startswith("Python 3")
        assert len(facts.weights_sha256) == 64  # both callables are in one file
        assert engine.peak_memory_bytes() > 1e7
        assert engine.peak_device_memory_bytes() is None
    declared = hybrid({"type": "random"}, parameters={"total": 10, "active": 4})
    with opened(declared) as engine:
        assert (engine.facts().parameters_total, engine.facts().parameters_active) == (10, 4)


def test_a_classifier_is_part_of_it(hybrid, tmp_path: Path) -> None:
    path = tmp_path / "router.npz"
    save_classifier(path, fit_labels(["1 + 2", "3 + 4", "a cat", "a dog"], ["arithmetic"] * 2 + ["rest"] * 2))
    with opened(hybrid({"type": "classifier", "model": path})) as engine:
        first, second = engine.answer("generate_until", asks((0, "a cat"), (1, "1 + 2")))
        assert (first.route.member, second.route.member) == ("counter", "parrot")
        assert 0.5 < first.route.score < 1
        assert len(engine.facts().weights_sha256.split("+")) == 2
        assert "scikit-learn" in engine.facts().engine_version


class Server:
    """An engine as far as a server's memory is concerned."""

    def __init__(self, peak: int | None, shared_with: str | None = None) -> None:
        self.peak, self.shared_with = peak, shared_with

    def facts(self) -> Facts:
        return Facts(shares_base_with=self.shared_with)

    def peak_memory_bytes(self) -> int | None:
        return self.peak


@pytest.mark.parametrize(("peak", "expected"), [(7, 12), (None, None)])
def test_a_server_s_memory_is_added_to_this_process_s(peak: int | None, expected: int | None) -> None:
    from wattbench.systems.hybrid.facts import memory_bytes

    served = EndpointSystem(kind="generalist", engine="endpoint", base_url="http://127.0.0.1:1/v1")
    pool = {"s": served, "t": served}
    config = HybridSystem(kind="hybrid", engine="hybrid", members={"a": "s"}, router={"type": "random"}, pool=pool)
    assert memory_bytes(5, config, {"s": Server(peak)}) == expected
    assert memory_bytes(5, config, {"s": Server(peak), "t": Server(peak, "s")}) == expected
    assert memory_bytes(5, config, {"s": Server(peak, "of no member")}) == expected


def of_models(tiny: Path, router: dict[str, Any]) -> HybridSystem:
    return HybridSystem(
        kind="hybrid", engine="hybrid", members={"cheap": "half", "dear": "whole"}, router=router,
        pool={"half": local(tiny, layers=[0, 2]), "whole": local(tiny)},
    )  # fmt: skip


def test_a_cascade_of_models_adds_up_what_was_asked_of_each(tiny: Path) -> None:
    requests = asks((0, "abc"), (1, "zyxw"))
    for threshold, asked in ((-1e9, ("half",)), (-1e-9, ("half", "whole"))):
        config = of_models(tiny, {"type": "cascade", "order": ["cheap", "dear"], "min_confidence": threshold})
        with opened(config) as engine:
            assert "loglikelihood" not in HybridEngine.request_types_of(config)
            replies = engine.answer("generate_until", requests)
            alone = engine._engines[asked[-1]].answer("generate_until", requests)
            half = engine._engines["half"].answer("generate_until", requests)
        for reply, last, first, length in zip(replies, alone, half, (3, 4), strict=True):
            assert reply.route.systems == asked
            assert reply.route.score == pytest.approx(first.confidence)
            assert reply.value == last.value
            assert len(reply.token_s) == last.output_tokens
            assert reply.prompt_tokens == length * len(asked)
            of_all = [first, last] if len(asked) > 1 else [first]
            assert reply.output_tokens == sum(one.output_tokens for one in of_all)
            assert (reply.route.router_s > 0) == (len(asked) > 1)
            assert last.confidence is None or len(asked) == 1  # nobody looks at the last one's
            assert [(each.system, each.prompt_tokens, each.output_tokens) for each in reply.route.usage] == [
                (name, length, one.output_tokens) for name, one in zip(asked, of_all, strict=True)
            ]
            assert all(each.seconds > 0 for each in reply.route.usage)


def test_a_model_reads_and_what_members_share_counts_once(tiny: Path) -> None:
    router = {
        "type": "llm", "reader": "whole", "prompt": "{question} is a", "continuations": {"cheap": " c", "dear": " d"}
    }  # fmt: skip
    config = of_models(tiny, router)
    assert base_key(config) == base_key(config.pool["half"])
    with opened(config) as engine:
        replies = engine.answer("generate_until", asks(*((n, "abcdefghij"[n:]) for n in range(10))))
        assert all(0.5 <= reply.route.score <= 1 for reply in replies)
        assert all(reply.route.router_s > 0 for reply in replies)
        # The first answer also has what the router asked once, to calibrate itself.
        assert [[each.system for each in reply.route.usage[:-1]] for reply in replies] == [
            ["whole"] * (1 + (number == 0)) for number in range(10)
        ]
        assert [reply.route.usage[-2].prompt_tokens for reply in replies] == sorted(
            (reply.route.usage[-2].prompt_tokens for reply in replies), reverse=True
        )
        facts, whole = engine.facts(), engine._engines["whole"].facts()
        assert facts.parameters_total == whole.parameters_total
        assert facts.parameters_total > engine._engines["half"].facts().parameters_total
        assert facts.parameters_active is None
        assert (facts.weight_bytes, facts.weights_sha256) == (whole.weight_bytes, whole.weights_sha256)
        assert (facts.dtype, facts.device) == ("float32", "cpu")
        assert facts.engine_version.startswith("transformers")
        assert engine.lm is engine._engines["half"].lm
        json.dumps([reply.route.score for reply in replies], allow_nan=False)
