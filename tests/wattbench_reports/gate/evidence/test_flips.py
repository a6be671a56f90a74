"""What flipped is what the scores say, in turns and between two records; texts are read of what is shown alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_up.gates import FakeGate, FakeSide, write_gate
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import BASELINE, CANDIDATE, RunRecords, read_run
from wattbench_reports.gate.evidence.flips import MOST_LOST, MOST_WON, flips_in_turns, flips_of_two
from wattbench_reports.gate.result import FlippedItem, FlippedItems
from wattbench_reports.tables.merge import KEY

Change = Callable[[pd.DataFrame], pd.DataFrame]
WORSE = FakeGate(candidate=FakeSide("new", accuracy=0.4), items=60)


def turns(root: Path, fake: FakeGate) -> tuple[RunRecords, FlippedItems]:
    run = read_run(write_gate(root, fake))
    return run, flips_in_turns(run)


def two(root: Path, name: str, accuracy: float = 0.6, **changes: object) -> RunRecords:
    return read_run(write_run(root, FakeRun((FakeSystem("big", accuracy=accuracy),), id=name, **changes)))


def changed(run: RunRecords, change: Change, row_group_size: int = 16) -> RunRecords:
    path = run.layout.items_table
    table = change(pd.read_parquet(path))
    schema = pa.schema([each for each in pq.read_schema(path) if each.name in table])
    pq.write_table(
        pa.Table.from_pandas(table, schema=schema, preserve_index=False), path, row_group_size=row_group_size
    )
    return read_run(run.layout.root)


def of_rows(table: pd.DataFrame) -> pd.DataFrame:
    """A text of its own in each row."""
    for name in ("prompt", "output", "filtered", "target"):
        table[name] = f"{name} of " + table["task"] + " " + table["doc_id"].astype(str)
        if name in ("output", "filtered"):
            table[name] += " " + table["correct"].astype(str) + " " + table["repeat"].astype(str)
    return table


def named(items: tuple[FlippedItem, ...], *, lost: bool) -> set[tuple[str, int]]:
    return {(each.task, each.doc_id) for each in items if each.lost is lost}


def brute(first: RunRecords, second: RunRecords) -> tuple[set[tuple[str, int]], set[tuple[str, int]], int]:
    """Items lost and won, by data frames."""
    means = [pd.read_parquet(run.layout.items_table).groupby(KEY)["correct"].mean() for run in (first, second)]
    both = pd.concat(means, axis=1, join="inner").to_numpy() >= 0.5
    keys = [(task, doc_id) for task, doc_id, _ in pd.concat(means, axis=1, join="inner").index]
    lost, won = (
        {key for key, (one, other) in zip(keys, both, strict=True) if one is np.bool_(kind) and one != other}
        for kind in (True, False)
    )
    return lost, won, len(keys)


@pytest.mark.parametrize("repeats", [1, 3])
def test_in_turns_it_is_what_the_rounds_say(tmp_path: Path, repeats: int) -> None:
    fake = FakeGate(candidate=FakeSide("new", accuracy=0.55), items=60, repeats=repeats)
    run, found = turns(tmp_path, fake)
    lost, won, items = set(), set(), 0
    for row in run.rounds():
        for task, doc_id in row.items:
            right = [
                np.mean([each.correct for each in row.scores[side][task] if each.doc_id == doc_id]) >= 0.5
                for side in (BASELINE, CANDIDATE)
            ]
            items += 1
            if right[0] != right[1]:
                (lost if right[0] else won).add((task, doc_id))
    assert (found.items, found.lost, found.won) == (items, len(lost), len(won))
    assert named(found.shown, lost=True) <= lost
    assert named(found.shown, lost=False) <= won
    assert len(found.shown) == min(MOST_LOST, len(lost)) + min(MOST_WON, len(won))


def test_lost_items_come_first_those_of_all_tasks_in_turn(tmp_path: Path) -> None:
    _, found = turns(tmp_path, WORSE)
    assert found.lost > MOST_LOST
    assert [each.lost for each in found.shown] == sorted((each.lost for each in found.shown), reverse=True)
    assert {each.task for each in found.shown[:2]} == set(WORSE.tasks)


def test_texts_are_those_of_the_answers(tmp_path: Path) -> None:
    _, found = turns(tmp_path, WORSE)
    first = found.shown[0]
    assert [each.text for each in first.prompts] == ["What is it?"]
    assert first.key is not None
    assert (first.key.text, first.baseline.output.text, first.candidate.output.text) == ("42", "42", "42")
    assert (first.baseline.filtered, first.candidate.filtered.text) == (None, "41")


def test_a_killed_round_and_an_unfinished_gate_count_what_their_rounds_hold(tmp_path: Path) -> None:
    _, plain = turns(tmp_path / "a", WORSE)
    _, cut = turns(tmp_path / "b", FakeGate(**{**vars(WORSE), "rounds": 4, "finished": False}))
    assert cut.items == 16
    run, _ = turns(tmp_path / "c", FakeGate(**{**vars(WORSE), "killed": True}))
    path = run.layout.answers("new", "chain_sum")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    windows = {row.windows[CANDIDATE] for row in run.rounds()}
    for line in lines:  # what the killed round was answered is not shown
        line["replies"] = ["counts" if line["window"] in windows else "of the killed round"]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    shown = [each.candidate.output.text for each in flips_in_turns(run).shown if each.task == "chain_sum"]
    assert shown
    assert set(shown) == {"counts"}
    assert plain.items == 120


def test_a_gate_without_rounds_has_nothing_flipped(tmp_path: Path) -> None:
    assert turns(tmp_path, FakeGate(rounds=0, finished=False))[1] == FlippedItems(0, 0, 0)


@pytest.mark.parametrize("repeats", [1, 3])
def test_between_two_records_it_is_what_the_scores_say(tmp_path: Path, repeats: int) -> None:
    runs = two(tmp_path, "a", repeats=repeats), two(tmp_path, "b", 0.45, repeats=repeats)
    found = flips_of_two(runs, ("big", "big"))
    lost, won, items = brute(*runs)
    assert (found.items, found.lost, found.won) == (items, len(lost), len(won))
    assert named(found.shown, lost=True) <= lost
    assert named(found.shown, lost=False) <= won


def test_the_order_of_rows_and_the_other_systems_change_nothing(tmp_path: Path) -> None:
    runs = [changed(two(tmp_path, name, accuracy, repeats=2), of_rows) for name, accuracy in (("a", 0.6), ("b", 0.45))]
    before = flips_of_two((runs[0], runs[1]), ("big", "big"))
    assert before.shown

    def mixed(table: pd.DataFrame) -> pd.DataFrame:
        other = table.assign(system="other", correct=1 - table["correct"])
        return pd.concat([other, table]).sample(frac=1, random_state=3)

    again = [changed(run, mixed) for run in runs]
    assert flips_of_two((again[0], again[1]), ("big", "big")) == before
    for each in before.shown:
        name = f"{each.task} {each.doc_id}"
        assert [text.text for text in each.prompts] == [f"prompt of {name}"]
        assert each.key is not None
        assert each.key.text == f"target of {name}"
        marks = (each.baseline.output.text.split()[-2], each.candidate.output.text.split()[-2])
        assert marks == (("1.0", "0.0") if each.lost else ("0.0", "1.0"))


def test_two_systems_of_one_run_and_prompts_that_differ(tmp_path: Path) -> None:
    systems = (FakeSystem("one", accuracy=0.6), FakeSystem("two", accuracy=0.4))
    run = read_run(write_run(tmp_path, FakeRun(systems)))
    run = changed(run, lambda table: table.assign(prompt="Q for " + table["system"]))
    found = flips_of_two((run, run), ("one", "two"))
    assert found.lost > found.won
    assert [text.text for text in found.shown[0].prompts] == ["Q for one", "Q for two"]


def test_what_has_no_score_or_no_partner_is_left_out(tmp_path: Path) -> None:
    first, second = two(tmp_path, "a"), two(tmp_path, "b", 0.3)
    whole = flips_of_two((first, second), ("big", "big"))
    part = changed(second, lambda table: table.assign(correct=table["correct"].where(table["doc_id"] % 2 == 0)))
    found = flips_of_two((first, part), ("big", "big"))
    assert found.items == whole.items // 2
    assert all(each.doc_id % 2 == 0 for each in found.shown)
    other = changed(part, lambda table: table.assign(doc_hash="other"))
    assert flips_of_two((first, other), ("big", "big")) == FlippedItems(0, 0, 0)


def test_a_record_without_texts_counts_all_the_same(tmp_path: Path) -> None:
    runs = [two(tmp_path, "a"), two(tmp_path, "b", 0.3)]
    texts = ["prompt", "output", "filtered", "target"]
    bare = [changed(run, lambda table: table.drop(columns=texts)) for run in runs]
    found = flips_of_two((bare[0], bare[1]), ("big", "big"))
    assert found.lost
    for each in found.shown:
        assert (each.prompts, each.key, each.baseline.output, each.candidate.output) == ((), None, None, None)


def test_a_request_that_failed_says_why(tmp_path: Path) -> None:
    first, second = two(tmp_path, "a", 0.9), two(tmp_path, "b", 0.2)
    failed = changed(second, lambda table: table.assign(failure="timed out").astype({"failure": str}))
    found = flips_of_two((first, failed), ("big", "big"))
    assert {each.candidate.failure for each in found.shown} == {"timed out"}
    assert {each.baseline.failure for each in found.shown} == {""}


def test_texts_of_items_that_are_not_shown_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [changed(two(tmp_path, name, accuracy, items=400), of_rows) for name, accuracy in (("a", 0.6), ("b", 0.58))]
    read = []
    original = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile, "iter_batches", lambda self, *a, **k: read.append((k["columns"], k["row_groups"])) or
        original(self, *a, **k),
    )  # fmt: skip
    found = flips_of_two((runs[0], runs[1]), ("big", "big"))
    texts = [groups for columns, groups in read if "prompt" in columns]
    assert 0 < len(texts) <= 2 * len(found.shown)
    assert not any(
        {"prompt", "output", "filtered", "target"} & set(columns) for columns, _ in read if len(columns) == 1
    )
