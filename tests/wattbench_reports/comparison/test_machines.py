"""A run of several machines: pairs stay within machines, an unusual machine is named, unlike ones are never pooled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.made_up.runs import FakeNode, FakeRun
from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.comparison.machines import Machines, machines_of
from wattbench_reports.stats import Interval

A, B, C, D = "a0" * 6, "b1" * 6, "c2" * 6, "d3" * 6

Analyse = Callable[[FakeRun], Analysis]


def run_on(fake: SimpleNamespace, *nodes: FakeNode, blocks: int = 8, per_block: int = 8) -> FakeRun:
    """A run of two systems and two tasks in blocks."""
    made_up: FakeRun = fake.recorded()
    return replace(made_up, blocks=blocks, items=per_block * blocks, block_noise=0.02, nodes=nodes)


def alike(*names: str) -> tuple[FakeNode, ...]:
    return tuple(FakeNode(name, temperature_c=60.0) for name in names)


def machines(analysis: Analysis) -> Machines:
    assert analysis.comparison.machines is not None
    return analysis.comparison.machines


def codes(analysis: Analysis) -> list[str]:
    return [each.code for each in analysis.comparison.caveats]


def joule_ratio(analysis: Analysis) -> Interval:
    """Joules per correct answer of one system over the other's, as it is ranked."""
    from wattbench_reports.comparison.block_pairs import joule_pair

    pair = joule_pair(analysis.measured.table, 0, 1)
    return pair.ratio


def test_a_slow_machine_changes_no_paired_difference_beyond_its_interval_and_is_named(
    analysed: Analyse, fake: SimpleNamespace
) -> None:
    before = analysed(run_on(fake, *alike(A, B, C, D), blocks=16, per_block=25))
    nodes = (*alike(A), FakeNode(B, slower=1.1, temperature_c=60.0), *alike(C, D))
    after = analysed(run_on(fake, *nodes, blocks=16, per_block=25))

    was, is_now = joule_ratio(before), joule_ratio(after)
    assert was.low < is_now.estimate < was.high
    assert math.log(is_now.estimate / was.estimate) == pytest.approx(0, abs=0.2 * math.log(was.high / was.estimate))
    for first, second in zip(before.comparison.systems, after.comparison.systems, strict=True):
        assert first.accuracy == second.accuracy

    assert not any(each.flags for each in machines(before).machines)
    (slow,) = [each for each in machines(after).machines if each.flags]
    assert slow.node == B
    assert slow.flags == ("slow", "more joules")
    assert slow.effects["seconds"].ratio.low < 1.1 < slow.effects["seconds"].ratio.high
    assert "slow-machine" in codes(after)
    assert "slow-machine" not in codes(before)
    assert "differs-between-machines" not in codes(after)
    (text,) = [each.text for each in after.comparison.caveats if each.code == "slow-machine"]
    assert B in text
    assert "within machines" in text


def test_of_one_machine_nothing_is_said(analysed: Analyse, fake: SimpleNamespace) -> None:
    one = analysed(run_on(fake, *alike(A)))
    none = analysed(run_on(fake))
    assert one.comparison.machines is None
    assert none.comparison.machines is None
    assert [each.caveats for each in (one.comparison, none.comparison)] == [none.comparison.caveats] * 2
    (machine,) = machines_of(one.measured.frames).machines
    assert (machine.node, machine.blocks, machine.answers, machine.temperature_c) == (A, 8, 256, 60.0)
    (machine,) = machines_of(none.measured.frames).machines
    assert machine.node == ""


def test_systems_that_differ_otherwise_on_one_machine_are_said(analysed: Analyse, fake: SimpleNamespace) -> None:
    found = analysed(run_on(fake, *alike(A, C, D), FakeNode(B, own={"small": 1.6}), blocks=12))
    differences = machines(found).differences
    assert {each.figure for each in differences} == {"seconds", "joules"}
    assert all({each.first, each.second} == {"big", "small"} for each in differences)
    on = dict(zip(differences[0].nodes, differences[0].pair.nodes, strict=True))
    assert min(on, key=lambda node: on[node]) == B
    text = next(each.text for each in found.comparison.caveats if each.code == "differs-between-machines")
    assert text.startswith("The difference between big and small is not the same on all machines")
    assert B in text


def test_with_one_block_on_each_machine_nothing_is_tested_and_that_is_said(
    analysed: Analyse, fake: SimpleNamespace
) -> None:
    found = analysed(run_on(fake, *alike(A, B, C, D), blocks=4))
    assert machines(found).tested == 0
    assert all(each.effects["seconds"].ratio.high == math.inf for each in machines(found).machines)
    assert all(each.high is not None for each in machines(found).another.values())


def test_another_machine_is_less_certain_than_these(analysed: Analyse, fake: SimpleNamespace) -> None:
    found = analysed(run_on(fake, FakeNode(A), FakeNode(B, slower=1.1), FakeNode(C, slower=0.95), FakeNode(D)))
    for figures in found.comparison.systems:
        another = machines(found).another[figures.system]
        assert another.low < figures.j_per_correct_low
        assert another.high > figures.j_per_correct_high


def test_a_hot_machine_is_named(analysed: Analyse, fake: SimpleNamespace) -> None:
    found = analysed(run_on(fake, *alike(A, B, C), FakeNode(D, temperature_c=75.0)))
    assert [each.node for each in machines(found).machines if "hot" in each.flags] == [D]
    assert "hot-machine" in codes(found)


def test_seconds_and_joules_of_unlike_machines_are_never_pooled(analysed: Analyse, fake: SimpleNamespace) -> None:
    other = fake.machine(name="Another GPU")
    found = analysed(run_on(fake, *alike(A, C, D), FakeNode(B, slower=3.0, environment=other)))
    only = analysed(run_on(fake, *alike(A, C, D), FakeNode(B, slower=1.0, environment=other)))
    assert [each.node for each in machines(found).apart] == [B]
    for mine, like in zip(found.comparison.systems, only.comparison.systems, strict=True):
        assert mine.energy_j_per_request == like.energy_j_per_request
        assert mine.latency_p50_s == like.latency_p50_s
        assert mine.j_per_correct == like.j_per_correct
        assert mine.items == 128  # scores are of all machines
    assert "unlike-machines" in codes(found)
    assert "unmetered-items" not in codes(found)
    assert not found.measured.frames.recorded.items["energy_j"].isna().any()


def test_what_a_machine_does_not_record_is_like_no_other(analysed: Analyse, fake: SimpleNamespace) -> None:
    found = analysed(run_on(fake, *alike(A, B, C), FakeNode(D, environment={})))
    assert [each.node for each in machines(found).apart] == [D]


def test_a_block_of_two_machines_is_a_damaged_record(
    make_run: Callable[[FakeRun], RunRecords], fake: SimpleNamespace
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = make_run(run_on(fake, *alike(A, B)))
    path = run.layout.windows_table
    table = pq.read_table(path)
    nodes = np.array(table["node"].to_pylist(), dtype=object)
    place = int(np.flatnonzero(nodes == B)[0])
    nodes[place] = A
    pq.write_table(table.set_column(table.schema.get_field_index("node"), "node", pa.array(nodes.tolist())), path)
    with pytest.raises(UserError, match="of several machines"):
        analyse(run)
