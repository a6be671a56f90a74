"""The real llama.cpp, serving a real model."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import httpx
import lm_eval
import psutil
import pytest
from lm_eval.tasks import TaskManager

from wattbench.clock import now_s
from wattbench.config import EndpointSystem, LlamaCppServe
from wattbench.errors import UserError
from wattbench.systems import open_engine, servers_kept
from wattbench.systems.base import GENERATE
from wattbench.systems.endpoint.engine import EndpointEngine
from wattbench.systems.endpoint.serving.llamacpp import LlamaCppServer
from wattbench.tasks.output_limit import limited

pytestmark = pytest.mark.slow
QUESTION = "Question: What is the capital of France, and what is it known for? Answer:"


@pytest.fixture
def engine(served_smol: EndpointEngine) -> EndpointEngine:
    return served_smol


def plainly(engine: EndpointEngine, prompt: str, max_tokens: int) -> dict[str, Any]:
    """The same request without streaming, as the server itself accounts for it."""
    body = {"prompt": prompt, "max_tokens": max_tokens, "temperature": 0.0, "seed": 7, "stop": ["\n\n\n"]}
    answer: dict[str, Any] = httpx.post(f"{engine._client.base.geturl()}/completions", json=body, timeout=120).json()
    return answer


def test_facts(engine: EndpointEngine, smol_gguf: Path) -> None:
    facts = engine.facts()
    assert facts.parameters_total == 134_515_008
    assert facts.weight_bytes == smol_gguf.stat().st_size
    assert facts.weights_sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert facts.dtype == "Q4_1"
    assert facts.device
    assert (facts.engine_version or "").startswith("llama.cpp via xllamacpp ")
    assert (engine.peak_memory_bytes() or 0) > smol_gguf.stat().st_size


def test_text_and_tokens_are_the_servers_own(engine: EndpointEngine, ask: Any) -> None:
    [reply] = engine.answer(GENERATE, [ask(QUESTION, until=["\n\n\n"], max_gen_toks=24)])
    plain = plainly(engine, QUESTION, 24)
    assert reply.value == plain["choices"][0]["text"]
    assert reply.prompt_tokens == plain["usage"]["prompt_tokens"]
    assert reply.output_tokens == plain["usage"]["completion_tokens"]
    assert 0 < len(reply.token_s) <= reply.output_tokens
    assert list(reply.token_s) == sorted(reply.token_s)
    assert reply.finish_reason == plain["choices"][0]["finish_reason"]


def test_an_answer_is_cut_at_the_limit_of_the_system_and_says_so(engine: EndpointEngine, ask: Any) -> None:
    config = engine._config.model_copy(update={"max_output_tokens": 7})
    requests = limited([ask("Once upon a time,", until=["###"], max_gen_toks=24)], config)
    [reply] = engine.answer(GENERATE, requests)
    assert (reply.output_tokens, reply.finish_reason) == (7, "length")
    word = reply.value.split()[1]
    [stopped] = engine.answer(GENERATE, [ask("Once upon a time,", until=[word], max_gen_toks=24)])
    assert stopped.finish_reason == "stop"


def test_every_request_pays_for_its_whole_prompt(engine: EndpointEngine) -> None:
    for _ in range(2):
        answer = plainly(engine, QUESTION, 1)
        assert answer["timings"]["cache_n"] == 0
        assert answer["timings"]["prompt_n"] == answer["usage"]["prompt_tokens"]


def test_the_first_token_comes_when_the_server_says_it_has_read_the_prompt(engine: EndpointEngine, ask: Any) -> None:
    assert engine._server is not None
    helper = engine._server._helper  # type: ignore[attr-defined]
    late_ms = []
    for _ in range(5):
        began_s = now_s()
        [reply] = engine.answer(GENERATE, [ask("The capital of France is" * 3, max_gen_toks=2, until=["\n\n\n"])])
        time.sleep(0.1)
        prompt_ms = float(re.findall(r"prompt eval time =\s+([\d.]+) ms", helper.log_text())[-1])
        late_ms.append((reply.token_s[0] - began_s) * 1e3 - prompt_ms)
    # Never before the server had it; after it, transport and sampling, which a busy machine stretches.
    assert min(late_ms) > 0
    assert min(late_ms) < 50, f"late by (ms): {late_ms}"


def test_two_requests_share_the_two_slots(engine: EndpointEngine, ask: Any) -> None:
    requests = [ask(f"Once upon a time, a {who} and", max_gen_toks=24, until=["###"]) for who in ("dog", "cat")]
    replies = engine.answer(GENERATE, requests)
    (first, second) = [reply.token_s for reply in replies]
    assert first[0] < second[-1]
    assert second[0] < first[-1]
    alone = [engine.answer(GENERATE, [request])[0] for request in requests]
    assert [reply.prompt_tokens for reply in replies] == [reply.prompt_tokens for reply in alone]


def test_no_request_is_lost_among_many(engine: EndpointEngine, ask: Any) -> None:
    for _ in range(40):
        engine.answer(GENERATE, [ask("Once", max_gen_toks=1)])


def test_lm_eval_alone_can_use_its_model(engine: EndpointEngine, sums: Any) -> None:
    results = lm_eval.simple_evaluate(
        model=engine.lm, tasks=[sums], task_manager=TaskManager(include_defaults=False), log_samples=True
    )
    answers = [sample["resps"][0][0] for sample in results["samples"]["sums"]]
    assert len(answers) == 3
    assert all("\n" not in answer for answer in answers)


def test_a_chat_goes_through_the_models_own_template(smol_gguf: Path, ask: Any) -> None:
    config = EndpointSystem.model_validate(
        {
            "kind": "generalist",
            "engine": "endpoint",
            "prompt": {"chat": True},
            "serve": {"llamacpp": {"weights": {"path": smol_gguf}, "threads": 1, "context": 512}},
        }
    )
    with EndpointEngine.open("smol", config, batch=1, seed=7) as engine:
        assert "<|im_start|>" in engine.lm.chat_template(True)
        context = engine.lm.apply_chat_template([{"role": "user", "content": "What is 3+4?"}])
        [reply] = engine.answer(GENERATE, [ask(context, until=["\n\n\n"], max_gen_toks=12)])
        begun = [{"role": "user", "content": "What is 3+4?"}, {"role": "assistant", "content": "3 + 4 ="}]
        context = engine.lm.apply_chat_template(begun, add_generation_prompt=False)
        [continued] = engine.answer(GENERATE, [ask(context, until=["\n\n\n"], max_gen_toks=12)])
    assert reply.prompt_tokens == 37  # with the default system message of the template
    assert "7" in reply.value
    assert "7" in continued.value
    assert "=" not in continued.value


def test_a_dead_server_is_said_to_be_dead(smol_gguf: Path, ask: Any) -> None:
    config = EndpointSystem.model_validate(
        {
            "kind": "generalist",
            "engine": "endpoint",
            "serve": {"llamacpp": {"weights": {"path": smol_gguf}, "threads": 1, "context": 512}},
        }
    )
    with EndpointEngine.open("smol", config, batch=1, seed=7) as engine:
        assert engine._server is not None
        psutil.Process(engine._server.pid).kill()
        time.sleep(0.5)
        with pytest.raises(UserError, match=r"its server has ended \(exit code -9\)"):
            engine.answer(GENERATE, [ask(QUESTION)])


def test_what_is_no_model_shows_what_llama_cpp_says_of_it(tmp_path: Path) -> None:
    file = tmp_path / "junk.gguf"
    file.write_bytes(b"GGUF" + bytes(range(100)))
    config = LlamaCppServe.model_validate({"weights": {"path": file}, "threads": 1})
    with pytest.raises(UserError, match=r"ended while it was starting \(exit code 1\)[\s\S]*failed to load model"):
        LlamaCppServer("system 'smol'", config, timeout_s=60)


def test_a_server_that_is_too_slow_is_given_up(smol_gguf: Path) -> None:
    config = LlamaCppServe.model_validate({"weights": {"path": smol_gguf}})
    with pytest.raises(UserError, match=r"not ready in time. Raise serve\.timeout_s"):
        LlamaCppServer("system 'smol'", config, timeout_s=0.01)


def test_closing_leaves_nothing(smol_gguf: Path) -> None:
    config = LlamaCppServe.model_validate({"weights": {"path": smol_gguf}, "threads": 1, "context": 512})
    server = LlamaCppServer("system 'smol'", config, timeout_s=60)
    assert httpx.get(server.base_url.removesuffix("/v1") + "/health").json() == {"status": "ok"}
    server.close()
    server.close()
    assert not psutil.pid_exists(server.pid)


PARENT = """
    import sys, time
    from wattbench.config import LlamaCppServe
    from wattbench.systems.endpoint.serving.llamacpp import LlamaCppServer
    config = LlamaCppServe.model_validate({"weights": {"path": sys.argv[1]}, "threads": 1, "context": 512})
    print(LlamaCppServer("smol", config, timeout_s=60).pid, flush=True)
    time.sleep(99)
"""


def test_it_ends_when_we_are_killed(smol_gguf: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(smol_gguf)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.Process(pid).is_running()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until_s = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until_s, "the server outlived its parent"
        time.sleep(0.02)


@pytest.mark.parametrize("chat", [False, True])
def test_confidence_is_the_mean_of_the_servers_own_log_probabilities(
    engine: EndpointEngine, ask: Any, chat: bool
) -> None:
    base = engine._client.base.geturl().rstrip("/")
    config = EndpointSystem(kind="generalist", engine="endpoint", base_url=base, prompt={"chat": chat})
    message = [{"role": "user", "content": QUESTION}]
    with EndpointEngine.open("again", config, batch=1, seed=7) as again:
        prompt = again.lm.apply_chat_template(message) if chat else QUESTION
        text = again.answer(GENERATE, [ask(prompt, until=[], max_gen_toks=6)])[0].value
        again.report_confidence()
        [reply] = again.answer(GENERATE, [ask(prompt, until=[], max_gen_toks=6)])
    asked = {"messages": message, "logprobs": True} if chat else {"prompt": QUESTION, "logprobs": 1}
    path = "chat/completions" if chat else "completions"
    body = {**asked, "max_tokens": 6, "temperature": 0.0, "seed": 7}
    [choice] = httpx.post(f"{base}/{path}", json=body, timeout=120).json()["choices"]
    stated = [each["logprob"] for each in choice["logprobs"]["content"]]
    assert reply.value == text  # asking for them changes no answer
    assert len(stated) == reply.output_tokens == 6
    assert reply.confidence == pytest.approx(sum(stated) / 6, abs=1e-3)


def served(smol_gguf: Path, **settings: Any) -> EndpointSystem:
    llamacpp = {"weights": {"path": smol_gguf}, "threads": 1, "context": 256}
    return EndpointSystem.model_validate(
        {"kind": "generalist", "engine": "endpoint", "serve": {"llamacpp": llamacpp}, **settings}
    )


def test_systems_that_are_served_alike_share_one_server(smol_gguf: Path, ask: Any) -> None:
    plain, short = served(smol_gguf), served(smol_gguf, max_output_tokens=4)
    first = EndpointEngine.open("first", plain, batch=1, seed=7)
    second = EndpointEngine.open("second", short, batch=1, seed=7)
    assert isinstance(first._server, LlamaCppServer)
    assert second._server is first._server
    assert (first.facts().shares_base_with, second.facts().shares_base_with) == (None, "first")
    pid = first._server.pid
    first.close()
    first.close()
    assert psutil.pid_exists(pid)
    [reply] = second.answer(GENERATE, [ask(QUESTION, max_gen_toks=4)])
    assert reply.failure is None
    assert reply.output_tokens
    with servers_kept(plain):
        second.close()
        with open_engine("third", plain, batch=1, seed=7) as third:
            assert third.facts().shares_base_with == "first"
    assert not psutil.pid_exists(pid)
    with servers_kept(plain), open_engine("first", plain, batch=1, seed=7) as again:
        assert again.facts().shares_base_with is None


def test_systems_that_are_served_otherwise_have_servers_of_their_own(smol_gguf: Path) -> None:
    larger = served(smol_gguf)
    assert larger.serve is not None
    assert larger.serve.llamacpp is not None
    changed = larger.serve.llamacpp.model_copy(update={"context": 512})
    larger = larger.model_copy(update={"serve": larger.serve.model_copy(update={"llamacpp": changed})})
    with (
        open_engine("small", served(smol_gguf), batch=1, seed=7) as small,
        open_engine("larger", larger, batch=1, seed=7) as other,
    ):
        assert other.facts().shares_base_with is None
        assert small._server.pid != other._server.pid  # type: ignore[attr-defined]


def test_a_server_that_ended_is_not_shared(smol_gguf: Path) -> None:
    with open_engine("first", served(smol_gguf), batch=1, seed=7) as first:
        gone: LlamaCppServer = first._server  # type: ignore[attr-defined]
        psutil.Process(gone.pid).kill()
        while gone.ended() is None:
            time.sleep(0.05)
        with open_engine("second", served(smol_gguf), batch=1, seed=7) as second:
            assert second.facts().shares_base_with is None
            assert second._server is not gone  # type: ignore[attr-defined]
