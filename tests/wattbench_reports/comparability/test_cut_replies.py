"""Replies that ended at their limit: how many, whose limit, and when they are too many to go by the accuracy."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.records import call_on
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparability.cut_replies import MOST_CUT, CutReplies, cut_clause, cut_replies
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.decision import decide
from wattbench_reports.export.comparison.compared_section import as_markdown, as_table
from wattbench_reports.export.comparison.comparison_json import as_json
from wattbench_reports.html.report import report
from wattbench_reports.tables.run_tables import load_frames
from wattbench_reports.tables.streamed import load_streamed

WHOLE = CutReplies(42, 100, 42, (32, 32), full_context=False, cut_systems=("big",))


def with_columns(run: RunRecords, **columns: Sequence[Any]) -> RunRecords:
    """Write columns into the items of a run, a value per item of a system, the same for each system."""
    path = run.layout.items_table
    table = pq.read_table(path)
    systems = table["system"].to_pylist()
    numbers = [systems[:row].count(system) for row, system in enumerate(systems)]
    for name, values in columns.items():
        at = table.schema.get_field_index(name)
        column = pa.array([values[number] for number in numbers], table.schema.field(at).type)
        table = table.set_column(at, name, column)
    pq.write_table(table, path)
    return read_run(run.layout.root)


@pytest.fixture
def cut_run(fake: SimpleNamespace, tmp_path: Path) -> Callable[..., RunRecords]:
    def make(**columns: Sequence[Any]) -> RunRecords:
        system = fake.System("big", accuracy=0.5)
        run = fake.Run((system,), tasks=(("sums", "arithmetic"),), items=20)
        return with_columns(read_run(fake.write(tmp_path, run)), **columns)

    return make


def test_older_runs_and_those_of_functions_do_not_say_it(cut_run: Callable[..., RunRecords]) -> None:
    run = cut_run()
    assert cut_replies(analyse(run).measured.frames) == {}
    path = run.layout.items_table
    pq.write_table(pq.read_table(path).drop(["finish_reason", "output_limit"]), path)
    analysis = analyse(read_run(run.layout.root))
    assert cut_replies(analysis.measured.frames) == {}
    assert "cut-replies" not in {each.code for each in analysis.comparison.caveats}


def test_only_what_is_not_right_counts_against_a_system(cut_run: Callable[..., RunRecords]) -> None:
    reasons = ["length"] * 3 + [None] + ["stop"] * 16
    shared = {"finish_reason": reasons, "output_limit": [8] * 20, "output_tokens": [8] * 20}
    right = cut_replies(analyse(cut_run(correct=[1.0] * 20, **shared)).measured.frames)["big"]
    assert right == CutReplies(3, 19, 0, (8, 8), full_context=False, cut_systems=("big",))
    assert not right.too_many


def test_the_limit_of_a_grids_system_is_named_as_the_suite_has_it(fake: SimpleNamespace, tmp_path: Path) -> None:
    arm = {"grid": "big", "labels": {"effort": "low"}}
    run = fake.Run((fake.System("big-low", arm=arm),), tasks=(("sums", "arithmetic"),), items=2)
    cut = with_columns(read_run(fake.write(tmp_path, run)), finish_reason=["length"] * 2, output_limit=[8] * 2)
    clause = cut_clause(cut_replies(load_frames(cut))["big-low"])
    assert clause.endswith(": raise systems.big.max_output_tokens")


def test_the_caveat_is_in_every_format(cut_run: Callable[..., RunRecords]) -> None:
    run = cut_run(
        finish_reason=["length"] * 5 + ["stop"] * 15, output_limit=[32] * 10 + [64] * 10,
        output_tokens=[32] * 20, correct=[0.0, 1.0] + [0.0] * 3 + [1.0] * 15,
    )  # fmt: skip
    said = (
        "big: 5 of 20 replies were cut at 32 tokens: raise systems.big.max_output_tokens (1 of them right). "
        "More than 5.0% were cut and are not right: it is not advised by its accuracy."
    )
    comparison = analyse(run).comparison
    [caveat] = [each for each in comparison.caveats if each.code == "cut-replies"]
    assert (caveat.text, caveat.systems) == (said, ("big",))
    assert said in " ".join(as_table(comparison).split())
    assert said in as_markdown(comparison).replace("\\", "")
    assert asdict(caveat) | {"systems": ["big"]} in json.loads(as_json(comparison))["caveats"]
    assert said in report(run)


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({}, "42 of 100 replies were cut at 32 tokens: raise systems.big.max_output_tokens"),
        (
            {"limits": (32, 1024), "cut_systems": ("a", "b")},
            "42 of 100 replies were cut at 32 to 1,024 tokens: raise systems.a.max_output_tokens and "
            "systems.b.max_output_tokens",
        ),
        (
            {"limits": None, "cut_systems": ()},
            "42 of 100 replies were cut at their limit of tokens: raise the limit of the tool that asked",
        ),
        (
            {"full_context": True},
            "42 of 100 replies were cut as the context was full, before their limit of tokens: give the model a longer "
            "context",
        ),
    ],
)
def test_the_clause_names_what_to_change(changes: dict[str, Any], clause: str) -> None:
    assert cut_clause(WHOLE._replace(**changes)) == clause


def test_a_full_context_is_no_limit_to_raise(cut_run: Callable[..., RunRecords]) -> None:
    run = cut_run(
        finish_reason=["length"] * 20, output_limit=[2048] * 20, output_tokens=[500] * 15 + [2048] * 5,
        correct=[0.0] * 20,
    )  # fmt: skip
    assert cut_replies(analyse(run).measured.frames)["big"].full_context


def test_answers_that_stay_in_the_file_are_counted_alike(fake: SimpleNamespace, tmp_path: Path) -> None:
    run = fake.Run((fake.System("big"), fake.System("small")), tasks=(("sums", "arithmetic"),), items=20)
    reasons = ["length", "stop", None, "length"] * 5
    records = with_columns(read_run(fake.write(tmp_path, run)), finish_reason=reasons, output_limit=[9] * 20)
    whole = cut_replies(load_frames(records))
    assert {name: each[:2] for name, each in whole.items()} == {"big": (10, 15), "small": (10, 15)}
    assert cut_replies(load_streamed(records)) == whole


@given(answers=st.integers(1, 10_000), wrong=st.integers(0, 10_000), right=st.integers(0, 10_000))
def test_too_many_are_more_than_the_share(answers: int, wrong: int, right: int) -> None:
    each = WHOLE._replace(cut=wrong + right, answers=answers, wrong=wrong)
    assert each.too_many == (wrong / answers > MOST_CUT)


@pytest.mark.parametrize(("cut", "advised"), [(1, "big"), (6, None)])
def test_a_system_whose_replies_were_cut_too_often_is_not_advised(cut_run, cut: int, advised: str | None) -> None:
    """Of 20 replies 6 are not right."""
    run = cut_run(
        correct=[0.0] * 6 + [1.0] * 14,
        finish_reason=["length"] * cut + ["stop"] * (20 - cut),
        output_limit=[32.0] * 20,
        output_tokens=[32] * 20,
    )
    decision = call_on(decide, analyse(run))
    assert decision.chosen == advised
    assert decision.of("big").apart == (
        "" if advised else "6 of 20 replies were cut at 32 tokens: raise systems.big.max_output_tokens"
    )
