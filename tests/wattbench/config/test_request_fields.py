"""Fields that a suite adds to requests: any JSON arrives as written; what wattbench sets itself is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import (
    EndpointSystem,
    Measure,
    load_suite,
    repeats_of,
    resolved_from_record,
    sampling_of,
    with_secrets,
)
from wattbench.config.systems.request_fields import MOST_LEVELS, SET_HERE
from wattbench.config.yamlfile import MAX_BYTES
from wattbench.errors import UserError
from wattbench.records.fingerprint_parts import fields_in_words
from wattbench.redaction import hide, hide_settings
from wattbench.systems.endpoint.request import RequestWriter, dialect_of

OF_ALL = {"kind": "generalist", "engine": "endpoint", "base_url": "http://localhost:1/v1"}
NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: name not in {*SET_HERE, "extra_body"} and hide(name) == name
)
WHOLE = st.integers(-(1 << 63), (1 << 64) - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=6)


def system(**settings: Any) -> EndpointSystem:
    return EndpointSystem.model_validate({**OF_ALL, **settings})


@given(FIELDS, FIELDS)
def test_any_json_is_sent_and_recorded_as_it_is_written(fields: dict[str, Any], extra: dict[str, Any]) -> None:
    extra = {name: value for name, value in extra.items() if name not in fields}
    config = system(request={**fields, "extra_body": extra})
    # As texts: there 1 is not 1.0, and true is not 1.
    assert json.dumps(config.request) == json.dumps({**fields, **extra})
    again = EndpointSystem.model_validate(json.loads(json.dumps(config.model_dump(mode="json"))))
    assert json.dumps(again.request) == json.dumps(config.request)
    writer = RequestWriter("w", "m", chat=False, seed=7, max_output_tokens=9, dialect=dialect_of("h", None),
                           request=config.request, temperature=config.temperature)  # fmt: skip
    body = json.loads(json.dumps(writer.ask("q", {"until": ["x"], "top_p": 0.5}).body))
    assert json.dumps({name: body[name] for name in config.request}) == json.dumps(config.request)
    assert (body["prompt"], body["model"], body["stream"], body["stop"], body["max_tokens"]) == (
        "q",
        "m",
        True,
        ["x"],
        9,
    )


@given(FIELDS, FIELDS)
def test_fields_that_differ_differ_in_words(one: dict[str, Any], other: dict[str, Any]) -> None:
    def typed(fields: dict[str, Any]) -> str:
        return json.dumps(fields, sort_keys=True)

    assert (fields_in_words(one) == fields_in_words(other)) == (typed(one) == typed(other))
    for value in (1, 1.0, "1", True, "true", None, "null", [], {}, ["a"], "a", '"a"'):
        for another in (1, 1.0, "1", True, "true", None, "null", [], {}, ["a"], "a", '"a"'):
            alike = json.dumps(value) == json.dumps(another)
            assert (fields_in_words({"x": value}) == fields_in_words({"x": another})) == alike
    assert fields_in_words({"a": {"b": "low"}}) == {"a.b": "low"}


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Write a suite with the lines below `request:` and some text after them, and return its path."""

    def write(fields: str, more: str = "") -> str:
        (tmp_path / "a.jsonl").write_text('{"q": "1", "a": "2"}\n')
        lines = "".join(f"        {line}\n" for line in fields.splitlines())
        path = tmp_path / "s.yaml"
        path.write_text(
            "name: s\ntasks:\n  select: [{task: t, file: a.jsonl, input: q, target: a, domain: d, score: exact}]\n"
            "systems:\n  define:\n    a:\n      kind: generalist\n      engine: endpoint\n"
            f"      base_url: http://localhost:1/v1\n{f'      request:{chr(10)}{lines}' if fields else ''}{more}"
        )
        return str(path)

    return write


@pytest.mark.parametrize(
    ("fields", "line", "said"),
    [
        *((f"top_p: 1\n{name}: 1", 12, f"request.{name}: wattbench sets this field itself: {why}")
          for name, why in SET_HERE.items()),
        ("extra_body:\n  x: 1\n  model: m", 13, "request.extra_body.model: wattbench sets this field itself"),
        ("x: 1\nextra_body:\n  x: 2", 13, "request.extra_body.x: this field is in request, too: write it once"),
        ("extra_body: [1]", 11, "request.extra_body: must be a mapping of fields"),
        ("a: 1\nb: 2026-01-01", 12, "request.b: YAML reads this as a date, and JSON has none: put it"),
        ("a:\n  b: 2026-01-01 10:00:00", 12, "request.a.b: YAML reads this as a date"),
        ("a: [1, .nan]", 11, "request.a.1: JSON has no number that is not finite"),
        ("a: -.inf", 11, "request.a: JSON has no number that is not finite"),
        ("a: 36893488147419103232", 11, "request.a: a whole number of more than 64 bits"),
        ("a: !!binary aGk=", 11, "request.a: JSON has no value of the type bytes"),
        ("logit_bias: {50256: -100}", 11, "request.logit_bias: YAML reads the name of a field in it as 50256"),
        ("a: {on: 1}", 11, "request.a: YAML reads the name of a field in it as True"),
        ("sk-abcdefghij0123456789: 1", 10, "request: the name of a field in it looks like a secret"),
        (f"a: {'[' * 65}{']' * 65}", 11, f"request.a: it has more than {MOST_LEVELS} levels"),
        (f"a: &a {'x' * 400_000}\nb: *a\nc: *a", 13, f"request.c: it is longer than {MAX_BYTES:,} characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_by_its_line(fields: str, line: int, said: str, written) -> None:
    path = written(fields)
    with pytest.raises(UserError) as refused:
        load_suite(path)
    assert str(refused.value).startswith(f"{path}:{line}: systems.define.a.{said}")


@pytest.mark.parametrize(
    ("request_yaml", "more", "said"),
    [
        ("temperature: 1", "      omit: [temperature]\n", "request.temperature: it is in omit, too"),
        (
            "random_seed: 1",
            "      service: mistral\n      model: m\n",
            "request.random_seed: wattbench sets this field",
        ),
    ],
)
def test_two_settings_of_one_field_are_refused(request_yaml: str, more: str, said: str, written) -> None:
    with pytest.raises(UserError, match=rf"s.yaml:11: systems.define.a.{said}"):
        load_suite(written(request_yaml, more))


@pytest.mark.parametrize("field", ["logprobs", "top_logprobs"])
def test_log_probabilities_are_set_by_wattbench_where_a_cascade_judges_by_them(field: str, written) -> None:
    cascade = (
        "    b: {kind: generalist, engine: endpoint, base_url: 'http://localhost:1/v1', request: {logprobs: 1}}\n"
        "    c: {kind: hybrid, engine: hybrid, members: {x: a, y: b}, router: {type: cascade, order: [x, y], "
        "min_probability: 0.5}}\n"
    )
    assert load_suite(written("top_p: 1", cascade)).systems["c"]
    with pytest.raises(UserError, match=rf"s.yaml:12: systems.define.a.request.{field}: .* the cascade 'c' judges"):
        load_suite(written(f"top_p: 1\n{field}: 1", cascade))


def test_only_what_is_set_changes_the_hash_of_a_suite(written) -> None:
    plain = load_suite(written("")).sha256
    assert load_suite(written("", "measure: {repeats: 1}\n")).sha256 == plain
    low, high = (load_suite(written(f"reasoning_effort: {each}")).sha256 for each in ("low", "high"))
    assert len({plain, low, high}) == 3
    hidden = {load_suite(written(f"metadata: {{api_key: secret-number-{n}}}")).sha256 for n in (1, 2)}
    assert len(hidden) == 1, "a hash would say whether a guessed secret is right"
    once, auto = (load_suite(written("temperature: 0.7", f"measure: {{repeats: {n}}}\n")).sha256 for n in (1, "auto"))
    assert once != auto


def test_an_item_is_asked_again_of_systems_that_sample(written) -> None:
    measure = Measure(seed=5)
    cold, warm, pinned = system(request={"temperature": 0}), system(request={"temperature": 0.5}), Measure(repeats=2)
    assert [repeats_of(each, measure) for each in (system(), cold, warm)] == [1, 1, 3]
    assert [repeats_of(each, pinned) for each in (system(), cold, warm)] == [2, 2, 2]
    sampling = sampling_of(warm, measure)
    assert sampling is not None
    assert (sampling.temperatures, sampling.seeds) == ((0.5,), (5, 6, 7))
    assert sampling_of(cold, measure) is None
    unseeded = sampling_of(system(request={"temperature": 0.5}, omit=["seed"]), measure)
    assert unseeded is not None
    assert unseeded.seeds == ()
    hybrid = "    h: {kind: hybrid, engine: hybrid, members: {x: a}, router: {type: always, member: x}}\n"
    suite = load_suite(written("temperature: 0.5", hybrid))
    assert repeats_of(suite.systems["h"], suite.suite.measure) == 3
    load = Measure.model_validate({"scenario": "load", "load": {"rates_per_s": [1], "deadline_s": 1}})
    assert repeats_of(warm, load) == 1


def test_secrets_of_any_type_come_back_from_the_suite_file(written) -> None:
    fields = "metadata: {api_key: a-plain-secret, password: 73519284, other: sk-abcdef0123456789abcdef}\ntop_k: 5"
    resolved = load_suite(written(fields))
    record = json.loads(json.dumps(hide_settings(resolved.as_record())))
    assert record["systems"]["a"]["request"] == {
        "metadata": {"api_key": "[secret]", "password": "[secret]", "other": "[secret]"}, "top_k": 5,
    }  # fmt: skip
    restored = resolved_from_record(with_secrets(record))
    assert restored.as_record() == resolved.as_record()
    written("top_k: 5")
    with pytest.raises(UserError, match="Write the suite as it was, with its secrets, and resume again"):
        with_secrets(record)


def test_a_schema_of_a_tool_is_no_secret_though_its_argument_is_called_password() -> None:
    argument = {"type": "string", "description": "of the account", "default": "hunter2-of-old"}
    tool = {"parameters": {"properties": {"password": argument, "api_key": {"type": "my-secret-type"}}}}
    assert hide_settings(tool) == {
        "parameters": {"properties": {"password": {**argument, "default": "[secret]"}, "api_key": {"type": "[secret]"}}}
    }
