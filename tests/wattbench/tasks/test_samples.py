"""Numbers of sampled answers, which decide their seeds, and tasks whose own settings sample."""

from __future__ import annotations

from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.utils import normalize_gen_kwargs

from wattbench.config import EndpointSystem, PythonSystem
from wattbench.measure.ask_items import ItemRequests
from wattbench.tasks.samples import number_of, numbered, numbered_as, temperature_that_counts


def requests(*prompts: str) -> tuple[Instance, ...]:
    return tuple(Instance("generate_until", {}, (prompt, {}), number) for number, prompt in enumerate(prompts))


def test_each_answer_to_a_prompt_has_a_number_of_its_own_in_all_repeats() -> None:
    """A task may ask a document's prompt several times by itself, and another prompt as well."""
    of_item = requests("a", "b", "a")
    numbers = [[number_of(each) for each in numbered(of_item, repeat)] for repeat in range(3)]
    assert numbers == [[0, 0, 1], [2, 1, 3], [4, 2, 5]]
    assert [number_of(each) for each in of_item] == [None, None, None], "several repeats share the requests"
    other_form = numbered_as(requests("A", "B", "A"), numbered(of_item, 2))
    assert [(each.args[0], number_of(each)) for each in other_form] == [("A", 4), ("B", 2), ("A", 5)]
    assert [number_of(each) for each in numbered_as(of_item, of_item)] == [None, None, None]
    item = ItemRequests("generate_until", 7, of_item, "t").as_repeat(1)
    assert (item.repeat, [number_of(each) for each in item.requests]) == (1, [2, 1, 3])
    assert [number_of(each) for each in item.as_repeat(0).requests] == [0, 0, 1]


@pytest.mark.parametrize("temperature", [None, 0, 0.0, 0.5, 1])
@pytest.mark.parametrize("do_sample", [None, True, False])
def test_a_task_samples_where_lm_eval_says_so(temperature: float | None, do_sample: bool | None) -> None:
    given = {"temperature": temperature, "do_sample": do_sample}
    settings = {"until": ["x"], **{name: value for name, value in given.items() if value is not None}}
    normal: dict[str, Any] = dict(normalize_gen_kwargs(settings))
    degrees = normal.get("temperature", 1.0) if normal["do_sample"] else 0.0
    config = system()
    assert temperature_that_counts(config, settings) == (degrees or None)
    assert temperature_that_counts(system(request={"temperature": 0.2}), settings) is None, "its own counts"
    assert temperature_that_counts(system(omit=["temperature"]), settings) is None
    code = PythonSystem.model_validate({"kind": "specialist", "engine": "python", "call": "a.b:c"})
    assert temperature_that_counts(code, settings) is None, "code gets no settings"
    assert temperature_that_counts(config, None) is None


def system(**settings: Any) -> EndpointSystem:
    of_all = {"kind": "generalist", "engine": "endpoint", "base_url": "http://localhost:1/v1"}
    return EndpointSystem.model_validate({**of_all, **settings})
