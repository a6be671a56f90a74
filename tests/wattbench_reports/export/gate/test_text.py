"""The verdict in a terminal: nothing wider than it, and nothing that steers it or the job that logs it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.made_up.gate_results import ACCURACY, GATES, POLICY, gate, passed, regressed
from wattbench_reports.export.gate import as_text
from wattbench_reports.gate.policy import Rule


@pytest.mark.parametrize("name", GATES)
def test_no_line_is_wider_than_100_columns(name: str) -> None:
    assert max(map(len, as_text(GATES[name]()).splitlines())) <= 100


def test_a_drill_is_said_before_anything_else() -> None:
    assert as_text(replace(regressed(), planted={"work": 0.1, "drop": 0.05})).startswith(
        "This is a drill with work of 10% and drop of 5% planted in the candidate"
    )


def test_a_planted_trade_names_its_tasks() -> None:
    said = " ".join(as_text(replace(passed(), planted={"drop@sums": 0.1, "gain@more": 0.05})).split())
    assert "a drill with drop of 10% in sums and gain of 5% in more planted in the candidate" in said


def test_a_margin_that_holds_both_ways_has_both_signs() -> None:
    policy = replace(POLICY, rules=(Rule("accuracy", 0.01, either=True),))
    text = as_text(replace(passed(), metrics=(replace(ACCURACY, margin=0.01),), policy=policy))
    assert " ±1 point      pass" in text


def test_caps_are_shown_where_there_are_any() -> None:
    text = as_text(replace(passed(), policy=replace(POLICY, max_items=1000, max_joules=5e4)))
    assert "at most 1,000 items and 50.0 kJ." in " ".join(text.split())


@pytest.mark.parametrize(
    ("change", "low", "high", "shown"),
    [
        (0.00001, None, None, "0.0 points "),
        (-0.02, -0.041, 0.003, "-2.0 points [-4.1, +0.3] "),
        (0.02, None, float("inf"), "+2.0 points [–, +∞] "),
        (0.02, float("nan"), None, "+2.0 points  5 points"),
        (1e30, 0.0, 1e30, "+1.00×10³² points [0.0, +1.00×10³²] "),
    ],
)
def test_changes(change: float | None, low: float | None, high: float | None, shown: str) -> None:
    assert shown in as_text(replace(passed(), metrics=(replace(ACCURACY, change=change, low=low, high=high),)))


def test_a_record_steers_neither_the_terminal_nor_the_job() -> None:
    hostile = "evil \x1b[2J ##[add-path]/tmp \n::add-mask::pass\u202e " + "x" * 93 + "::stop-commands::x"
    text = as_text(
        replace(
            gate(passed().verdict, hostile, replace(ACCURACY, metric=f"{hostile} · accuracy", reason=hostile)),
            baseline=hostile, candidate=hostile, suite=hostile, runs=(hostile,), notes=(hostile, "::error::x"),
        )
    )  # fmt: skip
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "##[" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
