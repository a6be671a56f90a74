from __future__ import annotations

import threading
import time
from typing import Any

import lm_eval
import pytest
from lm_eval.tasks import TaskManager

from wattbench.clock import now_s
from wattbench.config import EndpointSystem
from wattbench.errors import MissingExtraError, UserError
from wattbench.network.connections import Connections
from wattbench.records.rows.systems import Facts
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD, ROLLING
from wattbench.systems.endpoint.engine import EndpointEngine


def system(**config: Any) -> EndpointSystem:
    fields = {"kind": "generalist", "engine": "endpoint", "base_url": "http://127.0.0.1:9/v1", **config}
    return EndpointSystem.model_validate(fields)


def test_a_completion_is_stamped_chunk_by_chunk(wire: Any, scripted: Any, opened: Any, ask: Any) -> None:
    pieces = [wire.text(""), 0.1, wire.text("Se"), 0.1, wire.text("ven", "stop"), wire.usage(9, 4), wire.done]
    scripted.script = wire.script(pieces)
    began_s = now_s()
    [reply] = opened().answer(GENERATE, [ask("What is 3+4?")])
    assert (reply.value, reply.prompt_tokens, reply.output_tokens) == ("Seven", 9, 4)
    assert len(reply.token_s) == 2
    assert reply.first_token_s == reply.token_s[0]
    assert 0.1 <= reply.first_token_s - began_s < 1.0
    assert 0.09 <= reply.token_s[1] - reply.token_s[0] < 1.0
    assert scripted.posts[0][0] == "/v1/completions"


def test_a_request_is_stamped_as_it_goes_out_and_not_before(opened: Any, ask: Any, monkeypatch: Any) -> None:
    engine = opened()
    take = Connections.take

    def late(*given: Any) -> Any:
        time.sleep(0.2)  # of the client, before the network is used
        return take(*given)

    began_s = now_s()
    [prompt] = engine.answer(GENERATE, [ask("What is 3+4?")])
    assert began_s < prompt.sent_s < prompt.first_token_s
    monkeypatch.setattr(Connections, "take", late)
    began_s = now_s()
    [reply] = engine.answer(GENERATE, [ask("What is 3+4?")])  # by the connection that is open
    assert began_s + 0.2 <= reply.sent_s < reply.first_token_s


def test_the_first_token_is_told_and_stamped_before_the_server_sends_the_second(
    wire: Any, scripted: Any, opened: Any, ask: Any
) -> None:
    first_token = threading.Event()
    second: list[tuple[bool, float]] = []

    def before_the_second() -> None:
        second.append((first_token.wait(timeout=10), now_s()))

    scripted.script = wire.script([wire.text("Se"), before_the_second, wire.text("ven", "stop"), wire.done])
    [reply] = opened().answer_live(GENERATE, [ask("What is 3+4?")], first_token.set)
    [(in_time, sent_s)] = second
    assert in_time
    assert reply.first_token_s < sent_s <= reply.token_s[1]


def test_the_role_chunk_of_a_chat_is_no_token(wire: Any, scripted: Any, opened: Any, ask: Any) -> None:
    scripted.script = wire.script(
        [wire.chat("", role="assistant"), 0.2, wire.chat("7", "stop"), wire.usage(9, 1), wire.done]
    )
    engine = opened(prompt={"chat": True})
    messages = [{"role": "user", "content": "What is 3+4?"}]
    began_s = now_s()
    [reply] = engine.answer(GENERATE, [ask(engine.lm.apply_chat_template(messages))])
    assert (reply.value, len(reply.token_s)) == ("7", 1)
    assert reply.token_s[0] - began_s >= 0.2
    path, body = scripted.posts[0]
    assert (path, body["messages"]) == ("/v1/chat/completions", messages)


def test_cached_tokens_are_counted_as_the_server_reports_them(wire: Any, scripted: Any, opened: Any, ask: Any) -> None:
    scripted.script = wire.script([wire.text("7", "stop"), wire.usage(9, 1, 6), wire.done])
    [reply] = opened().answer(GENERATE, [ask("What is 3+4?")])
    assert (reply.prompt_tokens, reply.cached_tokens) == (9, 6)


def test_a_server_without_usage_leaves_the_counts_open(wire: Any, scripted: Any, opened: Any, ask: Any) -> None:
    scripted.script = wire.script([wire.text("7", "stop")])
    [reply] = opened().answer(GENERATE, [ask("q")])
    assert (reply.value, reply.prompt_tokens, reply.output_tokens) == ("7", None, None)


def test_reading_stops_at_a_stop_that_could_not_be_sent(wire: Any, scripted: Any, opened: Any, ask: Any) -> None:
    scripted.script = wire.script([wire.text("seven"), wire.text("e!"), 5.0, wire.text("never")])
    began_s = now_s()
    [reply] = opened().answer(GENERATE, [ask("q", until=["1", "2", "3", "4", "ne!"])])
    assert (reply.value, reply.output_tokens) == ("seve", None)
    assert now_s() - began_s < 2.0


def test_several_requests_are_under_way_at_once_and_come_back_in_order(
    wire: Any, scripted: Any, opened: Any, ask: Any
) -> None:
    meeting = threading.Barrier(3)

    def answer(body: dict[str, Any]) -> Any:
        meeting.wait(timeout=10)  # breaks unless all three are here
        delay_s = 0.2 if body["prompt"] == "0" else 0.0
        return wire.script([delay_s, wire.text(body["prompt"], "stop"), wire.done])

    scripted.script = answer
    replies = opened(batch=3).answer(GENERATE, [ask(str(place)) for place in range(3)])
    assert [reply.value for reply in replies] == ["0", "1", "2"]


def test_connections_are_used_again(opened: Any, scripted: Any, ask: Any) -> None:
    engine, scripted.names = opened(), True
    for _ in range(4):
        engine.answer(GENERATE, [ask("q")])
    assert len(scripted.connections) == 1


def test_connections_to_llama_cpp_are_not_as_it_closes_them_unannounced(opened: Any, scripted: Any, ask: Any) -> None:
    scripted.pages["/v1/models"] = {"data": [{"id": "tiny", "owned_by": "llamacpp"}]}
    engine = opened()
    for _ in range(4):
        engine.answer(GENERATE, [ask("q")])
    assert len(scripted.connections) == 4
    assert {headers["connection"] for headers in scripted.headers} == {"close"}


def test_proxies_are_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch, opened: Any, ask: Any) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    assert opened().answer(GENERATE, [ask("q")])[0].value == "4"


def test_repeats_of_a_random_answer_are_drawn_with_seeds_of_their_own(opened: Any, scripted: Any, ask: Any) -> None:
    scripted.names = True
    opened().lm.generate_until([ask("q", do_sample=True)] * 3 + [ask("q")])
    assert [body["seed"] for _, body in scripted.posts] == [7, 8, 9, 7]


@pytest.mark.parametrize("request_type", [LOGLIKELIHOOD, ROLLING])
def test_likelihoods_are_refused_with_the_alternative(opened: Any, request_type: str) -> None:
    engine = opened()
    assert request_type not in engine.request_types
    with pytest.raises(UserError, match="engine: lm_eval, model: local-completions"):
        engine.answer(request_type, [])
    with pytest.raises(UserError, match="engine: lm_eval"):
        getattr(engine.lm, request_type)([])


def test_pictures_are_refused(opened: Any, ask: Any) -> None:
    request = ask("q")
    request.arguments = (*request.arguments, {"visual": []})
    with pytest.raises(UserError, match="takes text"):
        opened().answer(GENERATE, [request])


def test_a_chat_template_needs_a_system_that_chats(opened: Any) -> None:
    with pytest.raises(UserError, match=r"prompt: \{chat: true\}"):
        opened().lm.apply_chat_template([])


@pytest.mark.parametrize("chat", [False, True])
def test_lm_eval_alone_can_use_its_model(wire: Any, scripted: Any, opened: Any, sums: Any, chat: bool) -> None:
    def answer(body: dict[str, Any]) -> Any:
        question = body["messages"][-1]["content"] if chat else body["prompt"]
        value = str(sum(int(digit) for digit in question if digit.isdigit()))
        piece = wire.chat(value, "stop") if chat else wire.text(value, "stop")
        return wire.script([piece, wire.done])

    scripted.script = answer
    engine = opened(prompt={"chat": chat})
    results = lm_eval.simple_evaluate(
        model=engine.lm,
        tasks=[sums],
        task_manager=TaskManager(include_defaults=False),
        apply_chat_template=chat,
        fewshot_as_multiturn=chat,
    )
    assert results["results"]["sums"]["exact_match,none"] == pytest.approx(2 / 3)


def test_the_only_model_is_taken_and_asked_for_by_name(opened: Any, scripted: Any, ask: Any) -> None:
    opened().answer(GENERATE, [ask("q")])
    assert scripted.posts[0][1]["model"] == "tiny"


@pytest.mark.parametrize(
    ("pages", "model", "said"),
    [
        ({"data": [{"id": "a"}, {"id": "b\x1b"}]}, None, r"lists several models \(a, b\)"),
        ({"data": []}, None, "lists no models"),
        ({"data": [4, {"id": 4}]}, None, "lists no models"),
        ({"data": [{"id": "tiny"}]}, "tinny", "does not serve the model 'tinny'; did you mean 'tiny'"),
    ],
)
def test_which_model_is_meant_must_be_clear(
    scripted: Any, opened: Any, pages: dict[str, Any], model: str | None, said: str
) -> None:
    scripted.pages["/v1/models"] = pages
    with pytest.raises(UserError, match=said):
        opened(model=model)


def test_a_server_that_lists_nothing_is_believed_the_model_that_is_named(scripted: Any, opened: Any, ask: Any) -> None:
    del scripted.pages["/v1/models"]
    engine = opened(model="mine")
    engine.answer(GENERATE, [ask("q")])
    assert scripted.posts[0][1]["model"] == "mine"
    assert engine.facts() == Facts(served_model="mine")


def test_facts_are_what_the_server_tells(scripted: Any, opened: Any) -> None:
    meta = {"n_params": 135, "size": 96, "ftype": "Q4_1"}
    scripted.pages["/v1/models"] = {"data": [{"id": "tiny", "owned_by": "llamacpp", "meta": meta}]}
    scripted.pages["/props"] = {"build_info": "b9000-abc", "chat_template": "{{ messages }}"}
    engine = opened(prompt={"chat": True})
    assert engine.facts() == Facts(
        engine_version="llama.cpp b9000-abc",
        parameters_total=135,
        parameters_active=135,
        weight_bytes=96,
        served_model="tiny",
        dtype="Q4_1",
    )
    assert engine.lm.chat_template(True) == "{{ messages }}"
    assert engine.peak_memory_bytes() is None


def test_declared_parameters_fill_what_the_server_does_not_tell(scripted: Any, opened: Any) -> None:
    scripted.pages["/v1/models"] = {"data": [{"id": "tiny", "owned_by": "vllm", "meta": {"n_params": "many"}}]}
    scripted.pages["/version"] = {"version": "0.11"}
    facts = opened(parameters={"total": 47, "active": 13}).facts()
    assert (facts.parameters_total, facts.parameters_active, facts.engine_version) == (47, 13, "vllm 0.11")


def test_check_wants_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAR_KEY", raising=False)
    with pytest.raises(UserError, match="FAR_KEY"):
        EndpointEngine.check("far", system(api_key_env="FAR_KEY"))


def test_a_key_that_no_header_can_carry_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAR_KEY", "sk-se\ncret")
    with pytest.raises(UserError, match="not allowed in a header") as caught:
        EndpointEngine.open("far", system(api_key_env="FAR_KEY"), batch=1, seed=7)
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("wattbench-no-such-program", "no program 'wattbench-no-such-program' on the PATH"),
        ("python 'unclosed", "cannot split serve.command"),
        ("", "serve.command is empty"),
        ("python -m http.server {port}", r"\{port\} must be in both"),
    ],
)
def test_check_wants_a_command_that_can_be_run(command: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        EndpointEngine.check("far", system(serve={"command": command}))


def test_check_wants_xllamacpp_and_the_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    config = system(serve={"llamacpp": {"weights": {"path": str(tmp_path / "none.gguf")}}})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(UserError, match=r"none\.gguf"):
        EndpointEngine.check("far", config)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"wattbench\[llamacpp\]"):
        EndpointEngine.check("far", config)


def test_more_requests_at_once_than_slots_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(EndpointEngine, "check", lambda *_: None)
    config = system(serve={"llamacpp": {"weights": {"path": str(tmp_path)}, "slots": 2}})
    with pytest.raises(UserError, match=r"Set serve\.llamacpp\.slots to 4"):
        EndpointEngine.open("far", config, batch=4, seed=7)
