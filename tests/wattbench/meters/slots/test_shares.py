"""However slots divide time and CPU seconds among them, their parts sum to what the machine used."""

from __future__ import annotations

import itertools
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.meters.slots.book import SlotUse, cell_of, cell_share, part_of

CELLS = 12


@st.composite
def slots(draw: st.DrawFn) -> list[SlotUse]:
    """Slots that come and go, each with CPU seconds of its own in every cell, some with an idle power."""
    uses = []
    for number in range(draw(st.integers(1, 8))):
        first = draw(st.integers(0, CELLS - 1))
        used = draw(st.lists(st.floats(0.0, 8.0), min_size=1, max_size=CELLS - first))
        idle_w = draw(st.sampled_from([{}, {"cpu": 20.0}, {"cpu": 1e6}]))
        total, counts = 0.0, [0.0]
        for each in used:
            total += each
            counts.append(total)
        uses.append(SlotUse(f"slot{number}", first, idle_w, array("d", counts)))
    return uses


@given(uses=slots(), energy_j=st.lists(st.floats(0.0, 1e6), min_size=CELLS, max_size=CELLS))
def test_the_parts_of_all_slots_are_what_the_machine_used(uses, energy_j) -> None:
    for cell in range(CELLS):
        present = [use.name for use in uses if use.present(cell)]
        shares = {use.name: cell_share(uses, use.name, cell) for use in uses}
        parts = {name: part_of(energy_j[cell], 0.25, share, share.idle_w.get("cpu")) for name, share in shares.items()}
        assert all(part >= 0.0 for part in parts.values())
        assert all(parts[name] == 0.0 for name in parts if name not in present)
        if present:
            assert sum(parts.values()) == pytest.approx(energy_j[cell], rel=1e-9, abs=1e-9)
        assert all(shares[name].others == len(present) - 1 for name in present)


@given(uses=slots(), cuts=st.lists(st.floats(0.0, 1.0), max_size=5))
def test_the_parts_of_a_cell_sum_up_however_it_is_cut(uses, cuts) -> None:
    share = cell_share(uses, uses[0].name, uses[0].first)
    edges = [0.0, *sorted(cuts), 1.0]
    parts = [
        part_of(90.0 * (b - a), 0.25 * (b - a), share, share.idle_w.get("cpu")) for a, b in itertools.pairwise(edges)
    ]
    assert sum(parts) == pytest.approx(part_of(90.0, 0.25, share, share.idle_w.get("cpu")))


def use(name: str, *cpu_s: float, first: int = 0, **idle_w: float) -> SlotUse:
    return SlotUse(name, first, idle_w, array("d", cpu_s))


def test_the_idle_draw_is_divided_evenly_and_the_rest_by_cpu_seconds() -> None:
    uses = [use("a", 0.0, 3.0, cpu=40.0), use("b", 5.0, 6.0)]
    # 60 J in 1 s: 40 J of idle draw, 20 J above it.
    parts = [part_of(60.0, 1.0, share := cell_share(uses, name, 0), share.idle_w.get("cpu")) for name in ("a", "b")]
    assert parts == [20.0 + 15.0, 20.0 + 5.0]


def test_without_an_idle_draw_all_goes_by_cpu_seconds() -> None:
    uses = [use("a", 0.0, 3.0), use("b", 5.0, 6.0)]
    assert [part_of(60.0, 1.0, cell_share(uses, name, 0), None) for name in ("a", "b")] == [45.0, 15.0]


def test_slots_that_used_nothing_bear_as_much_each() -> None:
    uses = [use("a", 1.0, 1.0), use("b", 2.0, 2.0), use("c", 0.0, 0.0)]
    assert [part_of(60.0, 1.0, cell_share(uses, name, 0), None) for name in "abc"] == pytest.approx([20.0] * 3)


def test_all_go_by_the_idle_power_that_the_first_of_them_says() -> None:
    uses = [use("b", 0.0, 1.0, 2.0, cpu=10.0), use("a", 0.0, 1.0, first=1, cpu=30.0), use("c", 0.0, 1.0, first=1)]
    assert {cell_share(uses, name, 1).idle_w["cpu"] for name in "abc"} == {10.0}


def test_a_cell_begins_at_its_boundary() -> None:
    assert [cell_of(at_s) for at_s in (0.0, 0.24, 0.25, 1.0)] == [0, 0, 1, 4]
