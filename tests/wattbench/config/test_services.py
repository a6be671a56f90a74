"""Services that a suite may name, and what follows from the name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from tests.made_up.suites import suite_of
from wattbench.config import EndpointSystem, Resolved, far_host, hosts_of, resolved_from_record
from wattbench.config.apis import SERVICES, ServiceName
from wattbench.errors import UserError
from wattbench.measure.plan import check_scenario
from wattbench.measure.services.spending_of_run import check_budget, tariffs_of
from wattbench.systems.endpoint.request import EndpointRequest, RequestWriter, chat_text, dialect_of

DOCS = Path(__file__).parents[3] / "docs"


def system(**settings: Any) -> EndpointSystem:
    return EndpointSystem.model_validate({"kind": "generalist", "engine": "endpoint", "model": "m", **settings})


def written(config: EndpointSystem, **generation: Any) -> EndpointRequest:
    assert config.service is not None
    dialect = dialect_of("x", None, SERVICES[config.service], config.omit)
    writer = RequestWriter(
        where="it", model="m", chat=True, seed=7, max_output_tokens=config.max_output_tokens, dialect=dialect
    )
    return writer.ask(chat_text([{"role": "user", "content": "é?"}], begun=False), {"until": ["\n"], **generation})


def test_every_service_is_complete() -> None:
    assert set(get_args(ServiceName)) == set(SERVICES)
    for name, service in SERVICES.items():
        assert service.base_url.startswith("https://"), name
        assert service.source.startswith("https://"), name
        assert service.key_env == service.key_env.upper(), name
        config = system(service=name)
        assert (config.base_url, config.api_key_env, config.prompt.chat) == (service.base_url, service.key_env, True)
        assert config.resends == 6
        assert hosts_of(config) == {far_host(service.base_url)}
        assert config.price is None  # none is known here


def test_a_system_may_say_otherwise() -> None:
    config = system(
        service="openai", base_url="http://127.0.0.1:1/v1", api_key_env=None, prompt={"chat": False}, retries=0
    )
    assert (config.base_url, config.api_key_env, config.prompt.chat) == ("http://127.0.0.1:1/v1", None, False)
    assert config.resends == 0
    assert hosts_of(config) == {"api.openai.com"}  # a proxy of it is here, and it is not
    assert system(base_url="http://x/v1").resends == 0
    assert EndpointSystem.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"service": "openai", "model": None}, "model is required with service"),
        ({"service": "opennai"}, "service"),
        ({"service": ["openai"]}, "service"),
        ({"service": "openai", "serve": {"command": "x"}}, "a service runs already"),
        ({"service": "openai", "limit": {}}, "name at least one of requests_per_minute"),
        ({"service": "openai", "limit": {"requests_per_minute": 0}}, "greater than 0"),
        ({"service": "openai", "limit": {"requests_per_minute": float("nan")}}, "finite"),
        ({"service": "openai", "limit": {"tokens_per_minute": 1e30}}, "less than"),
        ({"service": "openai", "retries": -1}, "greater than or equal to 0"),
        ({"service": "openai", "omit": ["model"]}, "temperature"),
        ({"service": "openai", "estimate": {"zone": "France"}}, "pattern"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        system(**settings)


def test_requests_are_in_the_service_s_own_words() -> None:
    openai = written(system(service="openai"), max_gen_toks=9).body
    assert (openai["max_completion_tokens"], openai["seed"], openai["stream_options"]) == (
        9,
        7,
        {"include_usage": True},
    )
    mistral = written(system(service="mistral"), max_gen_toks=9).body
    assert (mistral["max_tokens"], mistral["random_seed"]) == (9, 7)
    assert not mistral.keys() & {"seed", "stream_options", "max_completion_tokens"}
    assert not written(system(service="deepseek")).body.keys() & {"seed", "random_seed"}


def test_what_a_model_refuses_is_not_sent_and_its_answer_is_read_to_the_end() -> None:
    """A service bills what it generates: reading stops nowhere, as its counts come last, and the text is cut here."""
    ask = written(system(service="mistral", omit=["temperature", "seed", "stop"]))
    assert not ask.body.keys() & {"temperature", "random_seed", "stop"}
    assert (ask.stops, ask.withheld) == (("\n",), ())
    many = written(system(service="openai"), until=list("abcdefg"))
    assert (many.body["stop"], many.withheld) == (list("abcd"), ())


def test_the_most_tokens_that_a_request_can_use_are_its_bytes_and_its_limit() -> None:
    ask = written(system(service="openai"), max_gen_toks=9)
    assert (ask.most_prompt_tokens, ask.most_output_tokens) == (len("é?".encode()) + 2 * 16, 9)
    tariff = tariffs_of({"it": system(service="openai", price={"input_per_million": 1e6, "currency": "USD"})})["it"]
    assert tariff.most(ask.most_prompt_tokens, ask.most_output_tokens) == 35


SUITE = """
name: s
tasks: {select: [{task: t, domain: d}]}
systems:
  define:
    gpt: {kind: generalist, engine: endpoint, service: openai, model: m}
    own: {kind: specialist, engine: python, call: "a:b"}
"""


def suite(folder: Path, *changes: tuple[str, str], more: str = "") -> Resolved:
    return suite_of(SUITE + more, folder, *changes)


PRICED = ("model: m}", "model: m, price: {per_request: 1, currency: USD}}")


def test_a_hash_is_of_what_is_measured(tmp_path: Path) -> None:
    """Prices, limits and budgets change no answer. Suites from before services keep their hash."""
    plain = suite(tmp_path)
    for change in ("limit: {requests_per_minute: 5}", "retries: 3", "max_wait_s: 5", "estimate: {zone: FRA}"):
        assert suite(tmp_path, ("model: m}", f"model: m, {change}}}")).sha256 == plain.sha256
    assert suite(tmp_path, PRICED, more="max_cost: 5 USD\n").sha256 == plain.sha256
    assert suite(tmp_path, ("model: m}", "model: m, omit: [seed]}")).sha256 != plain.sha256
    assert resolved_from_record(plain.as_record()).sha256 == plain.sha256


@pytest.mark.parametrize(
    ("changes", "more", "says"),
    [
        ((), "max_cost: 5 USD\n", "'gpt' has no price of tokens or requests"),
        ((PRICED,), "max_cost: 5 EUR\n", "it is in EUR, and the price of system 'gpt' in USD"),
        (
            (PRICED, ('"a:b"}', '"a:b", price: {per_request: 1, currency: USD}}')),
            "max_cost: 5 USD\n",
            "only requests of engine endpoint are counted",
        ),
        (
            (PRICED,),
            "max_cost: 5 USD\nmeasure: {scenario: load, load: {rates_per_s: [1], deadline_s: 9}}\n",
            "requests arrive whatever they cost",
        ),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused(
    tmp_path: Path, changes: tuple[tuple[str, str], ...], more: str, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        check_budget(suite(tmp_path, *changes, more=more))


@pytest.mark.parametrize("amount", ["5", "USD", "-5 USD", "5 usd", "nan USD", "1e3 USD", "5 USDX", "5 USD\n", ""])
def test_a_budget_is_an_amount_and_a_currency(tmp_path: Path, amount: str) -> None:
    with pytest.raises(UserError, match="max_cost"):
        suite(tmp_path, PRICED, more=f"max_cost: {amount!r}\n")
    check_budget(suite(tmp_path, PRICED, more="max_cost: 5.25USD\n"))


@pytest.mark.parametrize("key", ["limit: {requests_per_minute: 5}", "retries: 2"])
def test_requests_that_arrive_at_a_rate_do_not_wait(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wattbench.measure.plan.require", lambda *_, **__: None)
    more = "measure: {scenario: load, load: {rates_per_s: [1], deadline_s: 9}}\n"
    with pytest.raises(UserError, match=rf"'gpt': {key.partition(':')[0]}: under scenario: load"):
        check_scenario(suite(tmp_path, ("model: m}", f"model: m, {key}}}"), more=more))
    check_scenario(suite(tmp_path, more=more))
