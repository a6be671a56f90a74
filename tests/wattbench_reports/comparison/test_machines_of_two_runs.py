"""Two runs of one class of machine: the same one or another, and what their sessions then say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.made_up.runs import FakeNode, FakeRun
from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.tables.session_record import machine_of, same_machine, session_record

A, B = "a0" * 6, "b1" * 6

Make = Callable[[FakeRun], RunRecords]


def compared(make_run: Make, fake: SimpleNamespace, first: str, second: str, *identities: str) -> Comparison:
    """Two runs in blocks, each on a machine, or on one that its record does not name."""
    runs = [
        make_run(
            replace(
                fake.recorded(identity),
                blocks=4,
                items=24,
                nodes=(FakeNode(node),) if node else (),
            )
        )
        for identity, node in zip(identities or ("aaa111", "bbb222"), (first, second), strict=True)
    ]
    return side_by_side(runs)


def remarks(comparison: Comparison) -> list[str]:
    return [each.text for each in comparison.caveats if each.code == "different-machine"]


def test_another_machine_is_said_and_forbids_no_ranking(make_run: Make, fake: SimpleNamespace) -> None:
    (text,) = remarks(compared(make_run, fake, A, B))
    assert text == (
        f"Machine differs (run aaa111: node {A}; run bbb222: node {B}). Rankings are not affected, but it may explain "
        "a difference."
    )


@pytest.mark.parametrize(("first", "second"), [(A, A), (A, ""), ("", "")])
def test_one_machine_and_one_that_is_not_named_are_not(
    first: str, second: str, make_run: Make, fake: SimpleNamespace
) -> None:
    assert remarks(compared(make_run, fake, first, second)) == []


def test_runs_of_one_machine_are_sessions_of_each_other_and_those_of_two_are_not(
    make_run: Make, fake: SimpleNamespace
) -> None:
    same, other = compared(make_run, fake, A, A), compared(make_run, fake, B, A, "ccc333", "ddd444")
    assert same.sessions is not None
    assert other.sessions is None
    assert all(each.sessions == 2 for each in same.systems)
    assert all(each.j_per_correct_another_run_high is None for each in other.systems)


def test_sessions_of_two_machines_are_refused(make_run: Make, fake: SimpleNamespace) -> None:
    first, second = (
        make_run(replace(fake.recorded(identity), blocks=4, items=24, nodes=(FakeNode(node),)))
        for identity, node in (("aaa111", A), ("bbb222", B))
    )
    with pytest.raises(UserError, match="another machine"):
        session_record([first, second])
    assert not same_machine(machine_of(first.header), machine_of(second.header))
    older = {name: facts for name, facts in machine_of(first.header).items() if name != "machine"}
    assert same_machine(older, machine_of(second.header))
