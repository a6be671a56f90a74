"""Rows become documents: labels, choices, worked examples and splits, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import FileTask
from wattbench.errors import UserError
from wattbench.tasks.file_task.build import build
from wattbench.tasks.file_task.documents import read_documents
from wattbench.tasks.file_task.split import Item, Parts, key_of, split, take_examples

ROWS = [("Where is it?", "Delivery"), ("Refund me", "refund"), ("Lost parcel", "delivery"), ("Money back!", "Refund "),
        ("When?", "Delivery"), ("Refund now", "refund")]  # fmt: skip


def task(folder: Path, rows: Any = ROWS, header: str = "text,topic", **settings: Any) -> FileTask:
    lines = [header, *(",".join(f'"{cell}"' for cell in row) for row in rows)]
    (folder / "tickets.csv").write_text("\n".join(lines))
    given = {"file": folder / "tickets.csv", "input": "text", "target": "topic", "score": "label", **settings}
    return FileTask.model_validate(given)


def examples(folder: Path, *rows: tuple[str, ...], header: str = "text,topic") -> Path:
    path = folder / "examples.csv"
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]))
    return path


def refusal(choice: FileTask) -> str:
    with pytest.raises(UserError) as error:
        build(choice)
    return str(error.value)


def test_labels_are_the_distinct_targets_in_their_commonest_spelling(tmp_path: Path) -> None:
    documents = read_documents(task(tmp_path))
    assert documents.labels == ("Delivery", "refund")
    assert [item.doc["topic"] for item in documents.parts.test] == ["Delivery", "refund"] * 3


def test_labels_of_the_suite_hold_for_targets(tmp_path: Path) -> None:
    assert read_documents(task(tmp_path, labels=["Delivery", "Refund", "Other"])).labels == (
        "Delivery", "Refund", "Other",
    )  # fmt: skip
    said = refusal(task(tmp_path, labels=["Delivery", "Refunds"]))
    assert "tickets.csv: line 3: column 'topic': 'refund' is not one of the labels; did you mean 'Refunds'?" in said
    assert "'a' is empty, or reads the same as another label" in refusal(task(tmp_path, labels=["a", "A."]))


def test_texts_are_no_labels(tmp_path: Path) -> None:
    rows = [(f"q{n}", f"answer {n}") for n in range(201)]
    assert "201 distinct targets, which are no labels: take score: exact" in refusal(task(tmp_path, rows))


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    said = refusal(task(tmp_path, input="txt"))
    assert "input: " in said
    assert "tickets.csv has no column 'txt'; did you mean 'text'?" in said
    assert "prompt: no column is called 'txt'" in refusal(task(tmp_path, prompt="{{txt}}"))
    assert "prompt: not a Jinja template" in refusal(task(tmp_path, prompt="{{text"))
    assert "names no column" in refusal(task(tmp_path, prompt="Which topic?"))
    assert "fewshot: " in refusal(task(tmp_path, fewshot=examples(tmp_path, ("a",), header="text")))


@pytest.mark.parametrize("empty", [("", "refund"), ("Refund me", " ")])
def test_an_empty_input_or_target_is_named_with_its_row(tmp_path: Path, empty: tuple[str, str]) -> None:
    said = refusal(task(tmp_path, [*ROWS, empty]))
    assert "tickets.csv: line 8: column" in said
    assert "is empty; fill it in, or leave the row out" in said


def test_names_of_columns_are_names_in_a_template(tmp_path: Path) -> None:
    choice = task(tmp_path, [("a", "b", "c")] * 3, "Ticket text,for,2nd", input="Ticket text", target="for",
                  score="exact", prompt="{{Ticket_text}} {{for_}} {{_2nd}}")  # fmt: skip
    built = build(choice)
    assert built.splits["test"][0] == {"Ticket_text": "a", "for_": "b", "_2nd": "c"}
    clash = task(tmp_path, [("a", "b", "c")], "a b,a-b,c", input="a b", target="c", score="exact")
    assert "the columns 'a b' and 'a-b' are both a_b in a prompt" in refusal(clash)


def test_a_number_must_be_one(tmp_path: Path) -> None:
    choice = task(tmp_path, [("1+1", "2"), ("2+2", "four")], score="number")
    assert "line 3: column 'topic': 'four' is no number" in refusal(choice)


CHOICES = [("Capital?", "Paris", "Rome|Paris"), ("Largest?", "b", '[""Rome"", ""Asia""]')]


def test_choices_come_from_a_column_or_the_suite(tmp_path: Path) -> None:
    settings = {"score": "choice", "header": "text,topic,options"}
    documents = build(task(tmp_path, CHOICES, choices="options", **settings)).splits["test"]
    assert [doc["choices"] for doc in documents] == [["Rome", "Paris"], ["Rome", "Asia"]]
    assert [doc["answer_letter"] for doc in documents] == ["B", "B"]
    assert "'Paris' is not one of the choices" in refusal(task(tmp_path, CHOICES, choices=["yes", "no"], **settings))
    assert "has no column 'option'; did you mean 'options'?" in refusal(
        task(tmp_path, CHOICES, choices="option", **settings)
    )
    alike = [("Capital?", "Paris", "Paris|paris.")]
    assert "line 2: the choice 'Paris' is empty, or reads the same" in refusal(
        task(tmp_path, alike, choices="options", **settings)
    )
    taken = task(tmp_path, [("Capital?", "a", "b")], "text,topic,choices", score="choice", choices=["a", "b"])
    assert "a column is called choices" in refusal(taken)


def test_worked_examples_are_a_file_or_a_number_of_rows(tmp_path: Path) -> None:
    path = examples(tmp_path, ("Take it back", "refund"), ("Not here yet", "delivery"))
    from_file = build(task(tmp_path, fewshot=path)).splits
    assert [doc["text"] for doc in from_file["fewshot"]] == ["Take it back", "Not here yet"]
    assert len(from_file["test"]) == 6
    taken = build(task(tmp_path, fewshot=2)).splits
    assert sorted(doc["topic"] for doc in taken["fewshot"]) == ["Delivery", "refund"]  # the labels take turns
    assert len(taken["test"]) == 4
    assert taken == build(task(tmp_path, fewshot=2)).splits
    assert "leave none to ask" in refusal(task(tmp_path, fewshot=6))


def test_a_thousand_examples_are_no_prompt(tmp_path: Path) -> None:
    path = examples(tmp_path, *((f"q{n}", "refund") for n in range(1001)))
    assert "1,001 rows, which would all be before each question" in refusal(task(tmp_path, fewshot=path))


def test_an_example_that_is_asked_is_found_or_dropped(tmp_path: Path) -> None:
    path = examples(tmp_path, ("Sue you", "refund"), ("  refund  ME", "refund"))
    said = refusal(task(tmp_path, fewshot=path))
    assert "examples.csv: line 3 and " in said
    assert "tickets.csv: line 3 (the first: 'refund me')" in said
    built = build(task(tmp_path, fewshot=path, leakage="drop"))
    assert (built.dropped, len(built.splits["test"]), len(built.splits["fewshot"])) == (1, 5, 2)
    assert built.note == "5 rows to ask, 2 as worked examples, 1 left out, as worked examples have their inputs"


ITEMS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=4, max_size=60).map(
    lambda rows: tuple(Item(f"line {at}", f"q{key}", label, {}) for at, (key, label) in enumerate(rows))
)


@given(ITEMS, st.floats(0.05, 0.95), st.integers(0, 9), st.integers(1, 3))
def test_no_input_is_in_two_parts_and_no_row_is_lost(
    items: tuple[Item, ...], share: float, seed: int, number: int
) -> None:
    try:
        parts = split(items, share, seed)
    except UserError:
        return
    assert parts == split(items, share, seed)
    assert sorted(map(items.index, parts.test + parts.train)) == sorted(map(items.index, items))
    assert [*parts.test] == [item for item in items if item in parts.test]  # the order of the file
    assert not {item.key for item in parts.test} & {item.key for item in parts.train}
    most = max([sum(item.key == each.key for item in items) for each in items])
    assert len(parts.test) <= max(round(share * len(items)), most)
    for pool in (parts, Parts(items)):
        try:
            taken = take_examples(pool, number, seed)
        except UserError:
            continue
        keys = {item.key for item in taken.fewshot}
        assert len(keys) == len(taken.fewshot) == number
        assert not keys & {item.key for item in (*taken.test, *taken.train)}


@given(st.lists(st.sampled_from("abcd"), min_size=4, max_size=90), st.floats(0.05, 0.95), st.integers(0, 9))
def test_a_split_has_each_target_in_its_share(targets: list[str], share: float, seed: int) -> None:
    items = tuple(Item(f"line {at}", f"q{at}", target, {}) for at, target in enumerate(targets))
    try:
        parts = split(items, share, seed)
    except UserError:
        return
    assert len(parts.test) == max(1, round(share * len(items)))
    for target in set(targets):
        assert abs(sum(item.target == target for item in parts.test) - share * targets.count(target)) <= 1.5


def test_keys_forgive_blanks_capitals_and_compatible_forms() -> None:
    assert key_of("  \uff32efund\u00a0 ME ") == key_of("refund me")
