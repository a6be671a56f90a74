"""Lines of looks fit the blocks and answers of their run, or the record is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import read_run
from wattbench.records.dropped import answers_left_out, documents_of_dropped, dropped_after
from wattbench.records.finish_record import read_finish
from wattbench.records.invariants import table_problems
from wattbench.records.line_checks import line_problems

SYSTEMS = (
    FakeSystem("a", accuracy=0.8),
    FakeSystem("b", accuracy=0.2, dropped_after=2),
    FakeSystem("c", accuracy=0.7, energy_j=16.0, dropped_after=3),
    FakeSystem("d", accuracy=0.7),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a run of which `b` is dropped after 2 of 6 blocks, and `c` after 3."""
    return write_run(tmp_path, FakeRun(SYSTEMS, blocks=6, asked_again=1))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def problems(root: Path) -> list[str]:
    run = read_run(root)
    ended = read_finish(run.layout)
    return [*line_problems(run), *table_problems(run, ended.items, ended.windows)]


def test_a_run_says_what_it_asked_of_whom(root: Path) -> None:
    run = read_run(root)
    assert dropped_after(run.looks()) == {"b": 2, "c": 3}
    documents, answered = documents_of_dropped(run.looks(), run.blocks()), answers_left_out(run)
    asked = {row.number: row.doc_ids for row in run.blocks()}
    assert documents["b"] == {
        task: frozenset(asked[0][task]) | frozenset(asked[1][task]) for task in ("chain_sum", "spell_backward")
    }
    left = 2 * 80 - sum(len(of_task) for of_system in documents.values() for of_task in of_system.values())
    assert answered == (left, 4 * 80)
    assert problems(root) == []


def changed(name: str, number: int, **fields: Any) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        rows = lines(root / name)
        rows[number] |= fields
        (root / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    return change


def dropped_earlier(root: Path) -> None:
    """Move the drop of `b` one look to the front, so that it answered a block after it."""
    rows = lines(root / "looks.jsonl")
    rows[0]["dropped"], rows[1]["dropped"] = rows[1]["dropped"], []
    rows[1]["systems"].remove("b")
    (root / "looks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def twice(root: Path) -> None:
    with (root / "looks.jsonl").open("a") as file:
        file.write(json.dumps(lines(root / "looks.jsonl")[0]) + "\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (twice, "looks.jsonl has the look after 1 blocks 2 times"),
        (changed("looks.jsonl", 4, blocks=9), "looks.jsonl has a look after 9 blocks, and 6 are complete"),
        (changed("looks.jsonl", 2, systems=["a", "c", "unknown"]), "looks.jsonl has, after 3 blocks, other systems"),
        (dropped_earlier, "blocks.jsonl has block 1 with other systems than those that looks.jsonl left"),
        (dropped_earlier, "b answered 14 documents of chain_sum, and its blocks have "),
        (changed("blocks.jsonl", 4, order=["a", "b", "c", "d"]), "blocks.jsonl has block 3 with other systems"),
    ],
)
def test_looks_that_do_not_fit_are_named(root: Path, change: Callable[[Path], None], said: str) -> None:
    change(root)
    found = problems(root)
    assert any(said in each for each in found), found


def test_an_answer_after_the_drop_is_named(root: Path) -> None:
    run = read_run(root)
    path = run.layout.answers("b", "chain_sum")
    path.parent.mkdir(parents=True, exist_ok=True)
    row = {
        "doc_id": 1, "prompt_hash": "p", "repeat": 0, "request_type": "generate_until", "prompt": "?",
        "replies": ["1"], "prompt_tokens": 1, "output_tokens": 1, "scheduled_s": 1.0, "started_s": 1.0,
        "first_token_s": None, "finished_s": 2.0, "token_s": [], "batch": 0, "batch_size": 1, "window": "w1b0",
        "block": 5, "attempt": 0,
    }  # fmt: skip
    path.write_text(json.dumps(row) + "\n")
    said = "items/b/chain_sum.jsonl has an answer of a block that was asked after looks.jsonl dropped b"
    assert said in list(line_problems(run))


def test_a_torn_last_look_is_as_if_it_was_not_written(root: Path) -> None:
    whole = (root / "looks.jsonl").read_bytes()
    (root / "looks.jsonl").write_bytes(whole[:-9])
    assert len(read_run(root).looks()) == len(whole.splitlines()) - 1
