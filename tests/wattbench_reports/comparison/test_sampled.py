"""Systems that are asked each item a number of times of their own: what is said of it, and that pairs stay the same."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from wattbench.records import RunRecords
from wattbench_reports.comparability.fingerprint import fingerprints
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.export import render
from wattbench_reports.formatting.units import percent
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.tables.run_tables import load_frames


def rewrite(run: RunRecords, systems: dict[str, Any], **cell: Any) -> RunRecords:
    """Return a run with other settings of its systems, and further facts in each cell of the first system."""
    header = run.header
    first = header.cells[0]["system"]
    cells = [{**each, **(cell if each["system"] == first else {})} for each in header.cells]
    settings = {name: {**header.suite["systems"].get(name, {}), **each} for name, each in systems.items()}
    suite = {**header.suite, "systems": {**header.suite["systems"], **settings}}
    return replace(run, header=replace(header, cells=cells, suite=suite))


@pytest.mark.parametrize("blocks", [0, 5])
@pytest.mark.parametrize("mix", [None, {"arithmetic": 0.3, "text": 0.7}])
def test_repeats_of_one_system_move_no_other_and_no_pair(
    blocks: int, mix: dict[str, float] | None, make_run, fake
) -> None:
    """The same answers three times: all that differs is how many requests a percentile of that system rests on."""

    def measured(copies: int) -> Any:
        systems = (fake.System("a"), fake.System("b", accuracy=0.6, energy_j=6.0, copies=copies), fake.System("c"))
        workload = {} if mix is None else {"mix": mix}
        return analyse(make_run(fake.Run(systems, blocks=blocks, workload=workload, id=str(copies))), Assumptions())

    once, thrice = measured(1), measured(3)
    assert [each.items for each in thrice.comparison.systems] == [80, 80, 80]
    for one, other in zip(once.comparison.systems, thrice.comparison.systems, strict=True):
        if one.system != "b":
            assert one == other
        assert (one.accuracy, one.energy_j_per_request, one.j_per_correct) == pytest.approx(
            (other.accuracy, other.energy_j_per_request, other.j_per_correct)
        )
        # No narrower than once: answers to one item are no more items.
        assert other.accuracy_high - other.accuracy_low >= (one.accuracy_high - one.accuracy_low) * 0.99
    for pair in (("a", "b"), ("b", "a"), ("b", "c"), ("a", "c")):
        first, second = (each.measured.pairs().accuracy(*pair) for each in (once, thrice))
        assert asdict(first.difference) == pytest.approx(asdict(second.difference))
        assert (first.p_value, first.detectable, first.items) == pytest.approx(
            (second.p_value, second.detectable, second.items)
        )
        [joules], [again] = (each.measured.pairs().joules(pair[0], [pair[1]]) for each in (once, thrice))
        assert (joules.probability, joules.items) == pytest.approx((again.probability, again.items))
        assert joules.p_value == pytest.approx(again.p_value, rel=1e-4)


def test_answers_that_vary_are_said_to(make_run, fake) -> None:
    systems = (fake.System("a"), fake.System("b"))
    run = make_run(fake.Run(systems, repeats=3))
    assert "sampled" not in [each.code for each in compare(run).caveats]
    sampling = {"temperatures": [0.7], "seeds": [1234, 1235, 1236]}
    own = rewrite(run, {}, repeats=3, sampling=sampling)
    [said] = [each for each in compare(own).caveats if each.code == "sampled"]
    scores = load_frames(run).items.query("system == 'a'").groupby(["task", "doc_id"], observed=True)["correct"]
    share = float((scores.max() > scores.min()).mean())
    assert 0 < share < 1
    assert said.systems == ("a",)
    assert said.text == (
        "Answers of a vary, as they are sampled: temperature 0.7 in its requests, 3 answers to each item with the "
        f"seeds 1234, 1235 and 1236. The scores of {percent(share)} of 80 items differ."
    )
    by_task = rewrite(make_run(fake.Run(systems, id="task")), {}, repeats=1, task_temperature=0.5)
    [said] = [each for each in compare(by_task).caveats if each.code == "sampled"]
    tasks = "chain_sum and spell_backward"
    assert said.text == f"Answers of a vary, as they are sampled: temperature 0.5 in the settings of {tasks}."


@pytest.mark.parametrize("sampling", [7, {}, {"temperatures": []}, {"temperatures": ["x"]}, {"temperatures": None}])
def test_a_damaged_record_of_sampling_is_as_none(sampling: object, make_run, fake) -> None:
    run = rewrite(make_run(fake.plain()), {}, repeats="x", sampling=sampling, task_temperature=True)
    assert "sampled" not in [each.code for each in compare(run).caveats]


def test_fields_of_requests_are_shown_everywhere_and_differ_by_name(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a"), fake.System("b"))))
    low = {"reasoning_effort": "low", "thinking": {"description": "1"}, "x": None}
    high = {"reasoning_effort": "high", "thinking": {"description": 1}, "x": "null"}
    asked = rewrite(run, {"a": {"request": low}, "b": {"request": high}})
    prints = fingerprints(load_frames(asked))
    assert prints["a"].parts["settings"].differing(prints["b"].parts["settings"]) == (
        "request.reasoning_effort", "request.thinking.description", "request.x",
    )  # fmt: skip
    old = fingerprints(load_frames(rewrite(run, {"a": {"request": {}}})))["a"]
    assert old == fingerprints(load_frames(run))["a"], "a suite from before the key asked in the same way"
    comparison = compare(asked)
    assert json.loads(render(comparison, "json"))["requests"] == {"a": low, "b": high}
    line = 'a: reasoning_effort low, thinking.description "1", x null'
    assert line in render(comparison, "table").replace("\n  ", " ")
    assert "Fields added to requests" in render(comparison, "markdown")
