"""Lines that are there twice, or do not fit together, end a resumption in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from wattbench.api.verify import verify
from wattbench.errors import UserError
from wattbench.records import BlockRow, read_run
from wattbench.records.line_checks import check_lines, line_problems

ADD = "items/big/add.jsonl"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def twice(name: str) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        rows = lines_of(run / name)
        write_lines(run / name, [*rows, rows[1]])

    return change


def with_field(name: str, number: int, **fields: Any) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        rows = lines_of(run / name)
        rows[number] |= fields
        write_lines(run / name, rows)

    return change


def less(name: str) -> Callable[[Path], None]:
    return lambda run: write_lines(run / name, lines_of(run / name)[:-1])


def doubled_block(run: Path) -> None:
    row = asdict(BlockRow(number=0, attempt=0, order=["big"], doc_ids={}, windows={}))
    write_lines(run / "blocks.jsonl", [row, row])


def passes_that_do_not_sum(run: Path) -> None:
    with_field("windows.jsonl", 0, passes=3)(run)
    passed = {"window": "w0000", "number": 0, "started_s": 1.0, "finished_s": 2.0, "passes": 2}
    write_lines(run / "passes.jsonl", [passed])


DAMAGE: list[tuple[Callable[[Path], None], str]] = [
    (twice(ADD), f"{ADD} has the answer to document 1, repeat 0, twice"),
    (twice("windows.jsonl"), "two windows have the id 'w0001'"),
    (twice("open-windows.jsonl"), "open-windows.jsonl has the window 'w0001' 2 times"),
    (twice("scores/big/add.jsonl"), "scores/big/add.jsonl has the score of document 1, repeat 0, 2 times"),
    (doubled_block, "blocks.jsonl has block 0, attempt 0, 2 times"),
    (with_field(ADD, 2, window="w0099"), f"{ADD} has an answer in the window 'w0099', which is not recorded"),
    (with_field(ADD, 2, window="w0003"), f"{ADD} has an answer in the window 'w0003', which is of small"),
    (less(ADD), "scores/big/add.jsonl has scores of 8 answers, and there are 7"),
    (less("scores/big/add.jsonl"), "scores/big/add.jsonl has scores of 7 answers, and there are 8"),
    (passes_that_do_not_sum, "passes.jsonl has 2 passes of the window 'w0000', which had 3"),
]


@pytest.mark.parametrize(("change", "said"), DAMAGE, ids=[said for _, said in DAMAGE])
def test_what_does_not_fit_together_is_named(whole_run: Path, change: Callable[[Path], None], said: str) -> None:
    change(whole_run)
    found = {problem for check in verify(whole_run).checks for problem in check.problems}
    assert any(said in problem for problem in found), found
    (whole_run / "finished.json").unlink()
    with pytest.raises(UserError) as caught:
        check_lines(read_run(whole_run))
    assert said in str(caught.value)
    assert "damaged" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_whole_run_fits_together_and_so_does_one_that_asked_a_failed_request_again(whole_run: Path) -> None:
    assert not list(line_problems(read_run(whole_run)))
    rows = lines_of(whole_run / ADD)
    again = {**rows[2], "window": "w0001"}
    rows[2]["failure"] = "refused"
    write_lines(whole_run / ADD, [*rows, again])
    records = read_run(whole_run)
    assert not list(line_problems(records))
    (answer,) = [row for row in records.answers("big", "add") if row.doc_id == 2]
    assert answer.failure is None
    write_lines(whole_run / ADD, [*rows, again, again])
    assert len(list(line_problems(read_run(whole_run)))) == 1
