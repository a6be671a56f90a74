"""No joule is added twice, and what items, windows and a run come to is one sum."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import rows
from wattbench.measure.item_rows import attribute
from wattbench.records import AnswerRow, WindowRow, added, is_container, total_j
from wattbench.records.rows.components import at_host, host_of, kind_of, within_slot

WINDOW = replace(
    rows.WINDOW, started_s=0.0, finished_s=10.0, energy_j={"gpu0": 100.0, "cpu": 50.0, "wall": 300.0},
    provenance={"gpu0": "counter", "cpu": "modelled", "wall": "integrated"},
    idle_w={"gpu0": 2.0, "cpu": 1.0, "wall": 10.0},
)  # fmt: skip
COMPONENTS = ("gpu0", "gpu1", "cpu", "dram", "wall", "wall0", "psu", "psu1", "gpu0@alpha", "wall@alpha")


@pytest.mark.parametrize(
    ("components", "counted"),
    [
        (["gpu0", "cpu", "wall"], ["wall"]),
        (["gpu0", "psu0", "psu1"], ["psu0", "psu1"]),
        (["psu", "wall0", "wall1", "cpu"], ["wall0", "wall1"]),
        (["gpu0", "gpu1", "cpu", "dram"], ["gpu0", "gpu1", "cpu", "dram"]),
        (["wallet", "cpu"], ["wallet", "cpu"]),
        (["gpu0@alpha", "wall@alpha", "gpu0", "cpu"], ["wall@alpha", "gpu0", "cpu"]),
        (["gpu0@alpha", "gpu0@beta", "wall"], ["gpu0@alpha", "gpu0@beta", "wall"]),
        ([], []),
    ],
)
def test_the_outermost_stands_alone(components: list[str], counted: list[str]) -> None:
    assert added(components) == counted
    assert is_container("wall1")
    assert not is_container("gpu1")
    assert is_container("wall1@alpha")
    assert not is_container("gpu1@wall")


def test_a_component_of_another_machine_has_its_name() -> None:
    assert (at_host("gpu0", None), at_host("gpu0", "alpha")) == ("gpu0", "gpu0@alpha")
    assert [host_of(c) for c in ("gpu0", "gpu0@alpha", "gpu0@10.0.0.7")] == [None, "alpha", "10.0.0.7"]
    assert [kind_of(c) for c in ("gpu11", "gpu0@alpha1", "wall", "cpu@a")] == ["gpu", "gpu", "wall", "cpu"]


def test_a_window_with_a_wall_meter_is_the_wall_and_keeps_its_parts() -> None:
    assert WINDOW.total_j == 300.0
    assert WINDOW.above_idle_j == 200.0
    assert WINDOW.provenance_label == "integrated"
    assert WINDOW.energy_j["gpu0"] == 100.0
    assert replace(WINDOW, idle_w={"wall": 10.0}).above_idle_j == 200.0  # the parts' idle is not needed
    assert replace(WINDOW, idle_w={"gpu0": 2.0, "cpu": 1.0}).above_idle_j is None
    assert total_j({}) is None


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[WindowRow], list[AnswerRow]]:
    windows, answers, at_s = [], [], 0.0
    for number in range(draw(st.integers(1, 5))):
        started_s, at_s = at_s, at_s + draw(st.floats(0.1, 100.0))
        components = draw(st.lists(st.sampled_from(COMPONENTS), unique=True, max_size=5))
        windows.append(
            replace(
                WINDOW,
                window=f"w{number}",
                started_s=started_s,
                finished_s=at_s,
                energy_j={c: draw(st.floats(0.0, 1e6)) for c in components},
                provenance=dict.fromkeys(components, "counter"),
                idle_w={c: draw(st.floats(0.0, 500.0)) for c in components},
                passes=draw(st.integers(1, 50)),
                valid=draw(st.booleans()),
            )
        )
        for item in range(draw(st.integers(1, 6))):
            a, b = sorted(draw(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0))))
            begun_s, ended_s = started_s + a * (at_s - started_s), started_s + b * (at_s - started_s)
            answers.append(
                replace(rows.ANSWER, window=f"w{number}", doc_id=item, started_s=begun_s, finished_s=ended_s)
            )
    return windows, answers


@given(runs())
def test_items_sum_to_windows_and_windows_to_the_run(run: tuple[list[WindowRow], list[AnswerRow]]) -> None:
    windows, answers = run
    by_name = {window.window: window for window in windows}
    shares = attribute(answers, by_name)
    for which, of_window in ((0, "total_j"), (1, "above_idle_j")):
        for window in windows:
            own = [
                share[which] for answer, share in zip(answers, shares, strict=True) if answer.window == window.window
            ]
            whole = getattr(window, of_window) if window.valid and window.total_j is not None else None
            if whole is None:
                assert own == [None] * len(own)  # nothing made up for what cannot be believed
            else:
                assert math.fsum(own) * window.passes == pytest.approx(whole, rel=1e-9, abs=1e-6)
        run_j = math.fsum(
            share[which] * by_name[answer.window].passes
            for answer, share in zip(answers, shares, strict=True)
            if share[which] is not None
        )
        believed = [getattr(window, of_window) for window in windows if window.valid and window.total_j is not None]
        assert run_j == pytest.approx(math.fsum(j for j in believed if j is not None), rel=1e-9, abs=1e-6)


def test_the_gpus_of_a_slot_are_counted_within_it() -> None:
    assert within_slot(["gpu3", "cpu", "gpu10"]) == {"gpu3": "gpu0", "gpu10": "gpu1", "cpu": "cpu"}
    assert within_slot(["gpu7@alpha", "gpu1"]) == {"gpu1": "gpu0", "gpu7@alpha": "gpu0@alpha"}
