"""The one rule for limits of tokens: the system's, else the task's, else a default."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm_eval.api.instance import Instance
from lm_eval.models.utils import normalize_gen_kwargs

from wattbench.config import EndpointSystem, LmEvalSystem, PythonSystem, SystemBase
from wattbench.tasks.output_limit import (
    CHAT_TOKENS,
    KEYS,
    PLAIN_TOKENS,
    OutputLimit,
    limit_of_request,
    limit_of_task,
    limited,
    output_limit,
)


def endpoint(limit: int | None = None, *, chat: bool = False) -> SystemBase:
    fields = {"kind": "generalist", "engine": "endpoint", "base_url": "http://a/v1", "prompt": {"chat": chat}}
    return EndpointSystem.model_validate({**fields, "max_output_tokens": limit})


def generation(**settings: Any) -> Instance:
    return Instance("generate_until", {}, ("q", {"until": ["x"], **settings}), 0, ("t", 3, 1))


@pytest.mark.parametrize(
    ("own", "of_task", "chat", "expected"),
    [
        (4096, 32, False, OutputLimit(4096, "system")),
        (16, 32, True, OutputLimit(16, "system")),
        (None, 32, True, OutputLimit(32, "task")),
        (None, None, False, OutputLimit(PLAIN_TOKENS, "default")),
        (None, None, True, OutputLimit(CHAT_TOKENS, "default")),
    ],
)
def test_the_systems_limit_comes_first_then_the_tasks(
    own: int | None, of_task: int | None, chat: bool, expected: OutputLimit
) -> None:
    assert output_limit(endpoint(own, chat=chat), of_task) == expected


def test_an_engine_of_lm_eval_has_the_setting_and_a_function_has_not() -> None:
    hf = LmEvalSystem.model_validate({"kind": "generalist", "engine": "lm_eval", "model": "hf", "max_output_tokens": 7})
    rules = PythonSystem.model_validate({"kind": "specialist", "engine": "python", "call": "m:f"})
    assert output_limit(hf, 9).tokens == 7
    assert output_limit(rules, 9) == OutputLimit(9, "task")


@given(
    settings=st.dictionaries(st.sampled_from(KEYS), st.integers(1, 9999) | st.none(), max_size=4),
    own=st.integers(1, 9999) | st.none(),
    chat=st.booleans(),
)
def test_requests_get_the_limit_that_lm_eval_would_read_or_the_systems(
    settings: dict[str, int | None], own: int | None, chat: bool
) -> None:
    """lm-eval's own reading of a task's settings, by whichever of its names, is what counts as the task's limit."""
    request, config = generation(**settings), endpoint(own, chat=chat)
    before = dict(request.args[1])
    default = CHAT_TOKENS if chat else PLAIN_TOKENS
    of_task = normalize_gen_kwargs(dict(settings), default)["max_gen_toks"]
    [made] = limited([request], config)
    assert normalize_gen_kwargs(made.args[1])["max_gen_toks"] == (own or of_task) == limit_of_request(made)
    assert request.args[1] == before, "others share it"
    assert (made.args[0], made.args[1]["until"], made.doc_id, made.task_name) == ("q", ["x"], 3, "t")


def test_what_generates_nothing_or_names_no_number_stays_as_it_is() -> None:
    choice = Instance("loglikelihood", {}, ("q", " a"), 0)
    odd, wrong = generation(max_gen_toks="many"), Instance("generate_until", {}, ("q", "greedy"), 0)
    assert limited([choice, odd, wrong], endpoint()) == [choice, odd, wrong]
    assert [limit_of_request(each) for each in (choice, odd, wrong)] == [None] * 3
    assert limit_of_task({"max_gen_toks": True}) is None
    assert limited([odd], endpoint(8))[0].args[1] == {"until": ["x"], "max_gen_toks": 8}


def test_pictures_stay_with_their_request() -> None:
    request = Instance("generate_until", {}, ("q", {}, {"visual": [1]}), 0)
    assert limited([request], endpoint(5))[0].args == ("q", {"max_gen_toks": 5}, {"visual": [1]})
