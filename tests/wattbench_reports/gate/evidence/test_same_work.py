"""What two systems were asked, compared item by item."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.made_up.gates import gate_policy
from tests.made_up.runs import FakeSystem
from tests.made_up.standard_runs import recorded
from wattbench.records import read_run
from wattbench_reports.gate.evidence.same_work import AskedSystem, PromptComparison, compare_prompts
from wattbench_reports.gate.evidence.two_runs import evidence_of_two

CHAT = {"chat": True, "fewshot": 3}
PLAIN = {"chat": False, "fewshot": 3}


def items(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    """A row per item: task, the prompt and the messages of either side."""
    names = ["task", "prompt_hash", "messages_hash", "prompt_hash_2", "messages_hash_2"]
    return pd.DataFrame(rows, columns=names).assign(doc_id=range(len(rows)))


def compared(
    both: pd.DataFrame, *, names: tuple[str, str] = ("a", "b"), settings=(CHAT, CHAT), may_differ: bool = False
) -> PromptComparison:
    asked = [AskedSystem(name, f"{name}@{run}", form) for name, run, form in zip(names, "xy", settings, strict=True)]
    return compare_prompts(both, *asked, may_differ=may_differ)


SAME = ("sum", "p", "m", "p", "m")
OTHER_TEMPLATE = ("sum", "p", "m", "q", "m")
OTHER_EXAMPLES = ("sum", "p", "m", "q", "n")


def test_the_same_prompts_are_nothing_to_say() -> None:
    assert compared(items(SAME, SAME), names=("a", "a")) == PromptComparison()


@pytest.mark.parametrize("row", [OTHER_TEMPLATE, OTHER_EXAMPLES])
def test_one_system_is_asked_every_item_in_the_same_words(row: tuple[str, ...]) -> None:
    both = items(SAME, row, SAME, row)
    found = compared(both, names=("a", "a"))
    assert found.apart == (
        "Prompts differ: 2 of 4 items of sum (document 1, for example). If that is the intended change: --across "
        "prompts, or may_differ: [prompts] in the policy."
    )
    assert compared(both, names=("a", "a"), may_differ=True) == PromptComparison(
        note="Prompts differ, as they may: 2 of 4 items of sum (document 1, for example)."
    )


def test_a_system_with_a_template_of_its_own_is_asked_the_same() -> None:
    assert compared(items(OTHER_TEMPLATE, OTHER_TEMPLATE)) == PromptComparison()


def test_other_few_shot_examples_under_another_template_are_found() -> None:
    found = compared(items(OTHER_TEMPLATE, OTHER_EXAMPLES, OTHER_TEMPLATE))
    assert found.apart is not None
    assert "1 of 3 items of sum (document 1, for example)" in found.apart


def test_prompt_settings_belong_to_a_system() -> None:
    found = compared(items(OTHER_EXAMPLES), settings=(CHAT, PLAIN))
    assert found == PromptComparison(
        note="a@x and b@y have prompt settings of their own, and prompts differ: 1 of 1 item of sum (document 0, for "
        "example)."
    )


def test_without_messages_on_record_a_template_explains_whole_tasks_alone() -> None:
    whole = items(("sum", "p", "", "q", ""), ("sum", "p", "", "q", ""), ("word", "p", "", "p", ""))
    told = compared(whole)
    assert told.apart is None
    assert told.note is not None
    assert "2 of 2 items of sum (document 0, for example). Their chat templates may be the reason" in told.note
    part = compared(items(("sum", "p", "", "q", ""), ("sum", "p", "", "p", "")))
    assert part.apart is not None
    assert compared(whole, settings=(PLAIN, PLAIN)).apart is not None, "without a template nothing explains it"


def test_many_tasks_are_counted() -> None:
    found = compared(items(*((f"task-{number}", *OTHER_EXAMPLES[1:]) for number in range(9))))
    assert found.apart is not None
    assert (
        "1 of 1 item of task-0, 1 of 1 item of task-1 and items of 7 other tasks (document 0 of task-0, for example)"
        in found.apart
    )


def test_an_edited_prompt_of_one_item_is_found_in_two_runs(make_run) -> None:
    one, two = (make_run(recorded(name, systems=(FakeSystem("big", weights="b" * 64),))) for name in ("a", "b"))
    table = pd.read_parquet(two.layout.items_table)
    edited = (table["task"] == "spell_backward") & (table["doc_id"] == 7)
    table.assign(prompt_hash=table["prompt_hash"].mask(edited, "edited")).to_parquet(two.layout.items_table)
    two = read_run(two.layout.root)
    found = evidence_of_two(one, two, gate_policy(drift=0.03))
    assert {"accuracy", "latency_mean", "joules_per_request"} <= set(found.apart)
    assert "1 of 60 items of spell_backward (document 7, for example)" in found.apart["accuracy"]
    allowed = evidence_of_two(one, two, gate_policy(drift=0.03, may_differ=["prompts"]))
    assert allowed.apart == {}
    assert any("Prompts differ, as they may" in note for note in allowed.notes)


def test_a_resumed_run_that_asked_an_item_in_two_ways_is_found(make_run) -> None:
    """Each item was asked twice; after a resumption the second time was in other words."""
    system = (FakeSystem("big", weights="b" * 64),)
    one, two = (make_run(recorded(name, systems=system, repeats=2)) for name in ("a", "b"))
    table = pd.read_parquet(two.layout.items_table)
    late = (table["repeat"] == 1) & (table["doc_id"] >= 50)
    table.assign(prompt_hash=table["prompt_hash"].mask(late, "other")).to_parquet(two.layout.items_table)
    found = evidence_of_two(one, read_run(two.layout.root), gate_policy(drift=0.03))
    assert "10 of 60 items of chain_sum and 10 of 60 items of spell_backward" in found.apart["accuracy"]
