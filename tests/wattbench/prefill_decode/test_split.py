"""A cell's rows, from its records: what they sum to, and what is said where there is nothing to split."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.made_up.power_world import START_S, World
from wattbench.meters.base import Reading
from wattbench.prefill_decode import split_cell
from wattbench.records import PhaseRow, read_run

COUNTED = ({"gpu0": "counter"}, {"gpu0": 0.1})


def rows_of(writer) -> dict[str, PhaseRow]:
    return {row.component: row for row in split_cell(read_run(writer.layout.root), "s", "t")}


def assert_whole(row: PhaseRow) -> None:
    assert row.prefill_j + row.decode_j + row.other_j == pytest.approx(row.energy_j)
    if row.prefill_low_j is not None:
        assert 0 <= row.prefill_low_j <= row.prefill_j <= row.prefill_high_j <= row.energy_j * (1 + 1e-9)
        assert 0 <= row.decode_low_j <= row.decode_j <= row.decode_high_j <= row.energy_j * (1 + 1e-9)


def test_a_counted_cell_is_split_as_it_was_spent(writer, put) -> None:
    world = World(seed=1)
    put([world.window()], world.answers, (*COUNTED, world.readings))
    rows = rows_of(writer)
    assert list(rows) == ["gpu0", "total"]
    row, total = rows["gpu0"], rows["total"]
    assert (row.method, row.reason, row.provenance, row.items) == ("fitted", "", "counter", len(world.answers))
    assert_whole(row)
    prefill_j, decode_j, _ = world.true_j
    assert row.prefill_low_j <= prefill_j <= row.prefill_high_j
    assert row.decode_low_j <= decode_j <= row.decode_high_j
    assert row.prefill_j == pytest.approx(prefill_j, rel=0.05)
    assert row.prefill_s == pytest.approx(np.diff(world.spans_s)[:, 0].sum())
    assert row.decode_s == pytest.approx(np.diff(world.spans_s)[:, 1].sum())
    assert row.prefill_s + row.decode_s + row.other_s == pytest.approx(world.length_s)
    assert row.readings > 300
    assert total == replace(row, component="total")


@pytest.mark.parametrize("over_s", [0.1, 1.0])
def test_sampled_power_is_split_too_however_long_it_is_averaged(writer, put, over_s: float) -> None:
    world = World(seed=2, seconds=60.0)
    put([world.window(provenance={"gpu0": "integrated"})], world.answers,
        ({"gpu0": "integrated"}, {"gpu0": over_s}, world.averaged(over_s)))  # fmt: skip
    row = rows_of(writer)["gpu0"]
    assert row.method == "fitted"
    assert_whole(row)
    assert row.prefill_j == pytest.approx(world.true_j[0], rel=0.08)


def test_several_windows_count_together_and_one_that_is_not_valid_does_not(writer, put) -> None:
    world = World(seed=3)
    half = len(world.answers) // 2
    cut_s = world.spans_s[half - 1, 2] + 0.001
    at_s = START_S + cut_s
    before_j = float(world.counted_j(np.array([cut_s]))[0])
    whole_j = float(world.true_j.sum())
    windows = [
        world.window(finished_s=at_s, energy_j={"gpu0": before_j}),
        world.window(window="w2", started_s=at_s, energy_j={"gpu0": whole_j - before_j}),
        world.window(window="w3", started_s=at_s + 900, finished_s=at_s + 960, valid=False),
    ]
    answers = [replace(row, window="w1" if place < half else "w2") for place, row in enumerate(world.answers)]
    strange = replace(answers[0], doc_id=9999, window="w3", first_token_s=None, output_tokens=5)
    edge = Reading(at_s, {"gpu0": before_j})
    readings = sorted([*world.readings, edge], key=lambda reading: reading.at_s)
    put(windows, [*answers, strange], (*COUNTED, readings))
    row = rows_of(writer)["gpu0"]
    assert row.items == len(answers)
    assert row.energy_j == pytest.approx(whole_j)
    assert row.prefill_low_j <= world.true_j[0] <= row.prefill_high_j


def test_joules_of_a_window_that_was_asked_often_are_those_of_one_pass(writer, put) -> None:
    world = World(seed=4)
    later = [Reading(START_S + world.length_s + place, {"gpu0": 1e6 * place}) for place in range(1, 90)]
    window = world.window(finished_s=START_S + 2 * world.length_s + 3, passes=2,
                          energy_j={"gpu0": 2 * float(world.true_j.sum())})  # fmt: skip
    put([window], world.answers, (*COUNTED, [*world.readings, *later]))
    row = rows_of(writer)["gpu0"]
    assert row.method == "fitted"
    assert row.energy_j == pytest.approx(world.true_j.sum())
    assert_whole(row)
    assert row.prefill_j == pytest.approx(world.true_j[0], rel=0.05)


def test_components_apart_and_their_total_with_what_is_open_left_open(writer, put) -> None:
    world = World(seed=5, prefill_s=(0.05, 0.1), decode_s=(0.1, 0.3))
    length_s = world.length_s
    # A model that is read once a second sees the same mix every time, and its power hardly depends on it.
    rng = np.random.default_rng(0)
    modelled = [
        Reading(START_S + at_s, {"cpu": 20.0 * at_s + 6.0 * rng.normal()}, {"cpu": 20.0})
        for at_s in np.arange(0.0, length_s + 1, 1.0).tolist()
    ]
    window = world.window(
        energy_j={"gpu0": float(world.true_j.sum()), "cpu": 20.0 * length_s},
        provenance={"gpu0": "counter", "cpu": "modelled"},
    )
    put([window], world.answers, (*COUNTED, world.readings), ({"cpu": "modelled"}, {"cpu": 0.1}, modelled))
    rows = rows_of(writer)
    assert list(rows) == ["gpu0", "cpu", "total"]
    for row in rows.values():
        assert_whole(row)
    gpu, cpu, total = rows.values()
    assert (gpu.method, cpu.method, total.method) == ("fitted", "by time", "partly fitted")
    assert "bounds are too wide" in cpu.reason
    assert total.reason.startswith("cpu: ")
    assert (cpu.prefill_low_j, cpu.decode_high_j) == (None, None)
    assert cpu.prefill_j / cpu.energy_j == pytest.approx(cpu.prefill_s / length_s, rel=1e-3)
    assert total.provenance == "counter+modelled"
    for name in ("energy_j", "prefill_j", "decode_j", "other_j"):
        assert getattr(total, name) == pytest.approx(getattr(gpu, name) + getattr(cpu, name))
    assert total.prefill_low_j == pytest.approx(gpu.prefill_low_j)
    assert total.prefill_high_j == pytest.approx(gpu.prefill_high_j + cpu.energy_j)


def test_a_meter_at_the_wall_is_the_total_and_nothing_is_added_to_it(writer, put) -> None:
    world = World(seed=6)
    whole_j = float(world.true_j.sum())
    wall = [Reading(r.at_s, {"wall": 1.25 * r.energy_j["gpu0"]}) for r in world.readings]
    window = world.window(energy_j={"gpu0": whole_j, "wall": 1.25 * whole_j},
                          provenance={"gpu0": "counter", "wall": "counter"})  # fmt: skip
    put([window], world.answers, (*COUNTED, world.readings), ({"wall": "counter"}, {"wall": 0.1}, wall))
    rows = rows_of(writer)
    assert rows["total"].energy_j == pytest.approx(1.25 * whole_j)
    assert rows["total"] == replace(rows["wall"], component="total")


def test_likelihoods_are_all_prefill(writer, put) -> None:
    world = World(seed=7, gap_s=(0.0, 0.0))
    asked = [replace(a, request_type="loglikelihood", first_token_s=None, output_tokens=None) for a in world.answers]
    put([world.window()], asked, (*COUNTED, world.readings))
    row = rows_of(writer)["total"]
    assert row.method == "one phase"
    assert row.decode_j == 0
    assert row.prefill_low_j == row.prefill_j == row.prefill_high_j
    assert_whole(row)


def test_likelihoods_with_pauses_between_them_are_told_from_the_pauses(writer, put) -> None:
    world = World(seed=8, gap_s=(0.2, 0.9), watts=(400.0, 400.0, 100.0))
    asked = [replace(a, request_type="loglikelihood", first_token_s=None, output_tokens=None) for a in world.answers]
    put([world.window()], asked, (*COUNTED, world.readings))
    row = rows_of(writer)["total"]
    assert row.method == "fitted"
    assert row.other_j == pytest.approx(world.true_j[2], rel=0.05)
    assert row.decode_j == 0


def test_an_engine_that_does_not_tell_is_not_split(writer, put) -> None:
    world = World(seed=9, seconds=5.0)
    silent = [replace(answer, first_token_s=None) for answer in world.answers]
    put([world.window()], silent, (*COUNTED, world.readings))
    for row in rows_of(writer).values():
        assert row.reason == "the engine does not report when the first token arrived"
        assert (row.method, row.prefill_s, row.prefill_j, row.decode_j) == ("", None, None, None)
        assert row.energy_j == pytest.approx(world.true_j.sum())


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("a,b\n1,2\n"),
        lambda path: path.write_text(path.read_text().replace(",counter", ",counter", 1).replace("gpu0,0", "gpu0,x0")),
        lambda path: path.write_bytes(path.read_bytes() + b"\x00\x00,\n"),
    ],
)
def test_a_trace_that_cannot_be_read_is_said_and_ends_no_run(writer, put, damage) -> None:
    world = World(seed=10, seconds=10.0)
    put([world.window()], world.answers, (*COUNTED, world.readings))
    damage(writer.layout.trace("s", "t"))
    row = rows_of(writer)["total"]
    assert row.energy_j == pytest.approx(world.true_j.sum())
    assert row.method in {"fitted", ""}
    if not row.method:
        assert row.reason == "the power trace cannot be read"
        assert row.prefill_s is not None
        assert row.prefill_j is None


def test_a_component_that_is_not_in_the_trace_has_no_split(writer, put) -> None:
    world = World(seed=11, seconds=10.0)
    window = world.window(energy_j={"gpu0": 100.0, "cpu": 5.0}, provenance={"gpu0": "counter", "cpu": "rapl"})
    put([window], world.answers, (*COUNTED, world.readings))
    rows = rows_of(writer)
    assert rows["cpu"].reason == "the power trace holds no readings of cpu"
    assert rows["total"].prefill_j is None
    assert rows["total"].reason == rows["cpu"].reason
    assert rows["total"].energy_j == pytest.approx(105.0)


def test_without_joules_there_is_one_row_that_says_so(writer, put) -> None:
    world = World(seed=12, seconds=5.0)
    put([world.window(valid=False, reasons=["throttled"])], world.answers)
    (row,) = split_cell(read_run(writer.layout.root), "s", "t")
    assert (row.component, row.energy_j, row.reason) == ("total", None, "no valid window of this cell has joules")


def test_rows_are_read_back_the_last_of_a_cell_counting(writer) -> None:
    records = read_run(writer.layout.root)
    assert records.phases() == []  # as in a run from before they were recorded
    first = PhaseRow(system="s", task="t", component="total", prefill_j=1.0)
    other = replace(first, task="u")
    for row in (first, other, replace(first, prefill_j=2.0)):
        writer.append_phase(row)
    assert records.phases() == [replace(first, prefill_j=2.0), other]
