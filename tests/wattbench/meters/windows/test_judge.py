from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.meters import Reading, WindowEvidence, judge, usable_as_idle
from wattbench.meters.contention.limits import LIMITS, Signal
from wattbench.meters.contention.signals import Contention
from wattbench.quantities import column
from wattbench.records import WindowLabel, WindowRow

QUIET = Contention(dict.fromkeys(Signal, 0.0), 4.0)
LABEL = WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured")


def judged(
    readings: Sequence[Reading],
    provenance: str = "counter",
    *,
    until_s: float = 10.0,
    step_s: float = 0.1,
    component: str = "gpu0",
    min_window_s: float = 0.0,
    label: WindowLabel = LABEL,
    contention: Contention = QUIET,
    limits_w: Mapping[str, float] | None = None,
) -> WindowRow:
    return judge(
        WindowEvidence(
            label=label,
            started_s=0.0,
            finished_s=until_s,
            readings=readings,
            provenance={component: provenance},
            step_s={component: step_s},
            min_window_s=min_window_s,
            passes=3,
            idle_w={component: 20.0},
            contention=contention,
            limits_w=limits_w or {},
        )
    )


def counted(until_s: float = 10.0, watts: float = 100.0, every_s: float = 0.1) -> list[Reading]:
    return [
        Reading(i * every_s, {"gpu0": 5.0 + watts * i * every_s}, {"gpu0": watts}, {"gpu0": 40.0 + i / 20})
        for i in range(round(until_s / every_s) + 1)
    ]


def powered(until_s: float = 10.0, watts: float = 100.0, every_s: float = 0.1) -> list[Reading]:
    return [replace(reading, energy_j={}) for reading in counted(until_s, watts, every_s)]


def test_a_counted_window() -> None:
    row = judged(counted())
    assert row.valid
    assert row.reasons == []
    assert row.energy_j == {"gpu0": pytest.approx(1000.0)}
    assert row.check_energy_j == {"gpu0": pytest.approx(1000.0)}
    assert row.provenance == {"gpu0": "counter"}
    assert row.samples == 101
    assert row.largest_gap_s == pytest.approx(0.1)
    assert row.temperature_c == {"gpu0": 45.0}
    assert (row.started_s, row.finished_s, row.passes, row.idle_w) == (0.0, 10.0, 3, {"gpu0": 20.0})
    assert row.above_idle_j == pytest.approx(800.0)


def test_an_integrated_window_interpolates_at_its_edges() -> None:
    readings = [Reading(-0.05 + i * 0.1, power_w={"gpu0": 100.0 + 10 * (-0.05 + i * 0.1)}) for i in range(102)]
    row = judged(readings, "integrated")
    assert row.valid
    assert row.energy_j == {"gpu0": pytest.approx(1500.0)}
    assert row.check_energy_j == {}


def test_readings_before_and_after_the_window_are_not_its_own() -> None:
    early = Reading(-5.0, {"gpu0": -900.0}, temperature_c={"gpu0": 999.0}, notes=frozenset({"gpu0: power-capped"}))
    late = Reading(12.0, {"gpu0": 99999.0}, {"gpu0": 100.0})
    row = judged([late, early, *counted()])
    assert row.valid, row.reasons
    assert row.energy_j == {"gpu0": pytest.approx(1000.0)}


@pytest.mark.parametrize(("seconds", "valid"), [(0.9, False), (1.0, True)])
def test_a_window_is_ten_steps_long(seconds: float, valid: bool) -> None:
    row = judged(counted(seconds), until_s=seconds)
    assert row.valid is valid
    assert any("too short for a sensor" in reason for reason in row.reasons) is not valid


def test_the_suites_minimum_holds_for_measured_windows_only() -> None:
    row = judged(counted(2.0), until_s=2.0, min_window_s=5.0)
    assert row.reasons == ["lasted 2.00 s; the suite requires at least 5 s"]
    assert judged(counted(2.0), until_s=2.0, min_window_s=5.0, label=replace(LABEL, purpose="idle")).valid


def test_too_few_power_readings() -> None:
    row = judged(powered(1.2, every_s=0.3), "integrated", until_s=1.2)
    assert not row.valid
    assert any("5 power readings are too few" in reason for reason in row.reasons)


def test_a_gap_over_the_limit_says_why() -> None:
    moving = [replace(r, power_w={"gpu0": 100.0 + r.at_s}) for r in powered()]
    readings = [reading for reading in moving if not 3.05 < reading.at_s < 3.95]
    readings.append(Reading(3.5, gaps={"gpu0": "Timeout"}))
    row = judged(readings, "integrated")
    assert row.reasons == ["gpu0: not read for 1.00 s (limit 0.5 s) (Timeout)"]
    assert row.largest_gap_s == pytest.approx(1.0)
    assert judged([r for r in counted() if not 3.05 < r.at_s < 3.95]).valid  # a counter lost nothing meanwhile


def test_a_counter_too_is_to_be_watched() -> None:
    row = judged([reading for reading in counted() if not 2.0 < reading.at_s < 8.0])
    assert row.reasons == ["gpu0: not read for 6.00 s (limit 5 s)"]


def test_a_counter_that_goes_backwards_gives_no_figure() -> None:
    readings = [replace(r, energy_j={"gpu0": r.energy_j["gpu0"] - (600.0 if r.at_s > 7 else 0.0)}) for r in counted()]
    row = judged(readings)
    assert row.energy_j == {}
    assert row.provenance == {}
    assert row.reasons == ["gpu0: counter went backwards"]


def test_a_placed_edge_may_stand_above_the_counters_next_reading() -> None:
    readings = counted()
    readings[1] = replace(readings[1], energy_j={"gpu0": readings[0].energy_j["gpu0"] - 8.0})
    assert judged(readings).valid


def test_a_meter_that_is_lost_is_named_with_the_moment() -> None:
    readings = [reading for reading in counted() if reading.at_s < 4.05]
    readings += [Reading(4.1 + i, gaps={"gpu0": "GPU is lost"}) for i in range(6)]
    row = judged(readings)
    assert row.energy_j == {}
    assert row.reasons == ["gpu0: meter lost 4.00 s into the window (GPU is lost)"]


def test_a_start_that_was_not_read_leaves_no_figure() -> None:
    row = judged([Reading(-0.1, gaps={"gpu0": "Timeout"}), Reading(0.0, gaps={"gpu0": "Timeout"}), *counted()[1:]])
    assert row.energy_j == {}
    assert row.reasons == ["gpu0: could not be read when the window opened (Timeout)"]


def test_a_counter_that_was_never_read_is_not_replaced_by_power() -> None:
    row = judged(powered(), "counter")
    assert row.energy_j == {}
    assert row.reasons == ["gpu0: could not be read"]


def test_a_stuck_counter_gives_no_figure() -> None:
    row = judged(counted(watts=0.0))
    assert row.energy_j == {}
    assert row.reasons == ["gpu0: counter did not advance (a stuck sensor)"]


def test_methods_that_disagree_are_stated() -> None:
    row = judged([replace(r, power_w={"gpu0": 80.0}) for r in counted()])
    assert row.valid
    assert row.reasons == ["gpu0: the counter gives 1.00 kJ and integrated power 0.800 kJ (-20%)"]


def test_a_model_is_no_check_of_itself() -> None:
    row = judged(counted(), "modelled")
    assert row.energy_j
    assert row.check_energy_j == {}


def test_a_replayed_component_is_counted_or_integrated_by_what_it_has() -> None:
    assert (
        judged(counted(), "replayed").energy_j
        == judged(powered(), "replayed").energy_j
        == {"gpu0": pytest.approx(1000.0)}
    )


def test_notes_spoil_the_window_each_once() -> None:
    readings = counted()
    for i in (20, 21, 22):
        readings[i] = replace(readings[i], notes=frozenset({"gpu0: power-capped", "gpu0: foreign process 7 (x)"}))
    row = judged(readings)
    assert not row.valid
    assert row.energy_j
    assert row.reasons == ["gpu0: foreign process 7 (x)", "gpu0: power-capped"]


@pytest.mark.parametrize(("warmer_c", "valid"), [(9.0, True), (11.0, False), (-11.0, False)])
def test_a_measured_window_is_in_a_steady_state(warmer_c: float, valid: bool) -> None:
    readings = [replace(r, temperature_c={"gpu0": 50.0 + warmer_c * r.at_s / 10.0}) for r in counted()]
    row = judged(readings)
    assert row.valid is valid
    assert any("temperature drifted by" in reason for reason in row.reasons) is not valid
    assert judged(readings, label=replace(LABEL, purpose="idle")).valid  # which cools down by nature


@pytest.mark.parametrize(("still_s", "valid"), [(0.3, True), (0.5, False)])
def test_a_counter_that_stands_still_in_the_middle_gives_no_figure(still_s: float, valid: bool) -> None:
    readings = [replace(r, energy_j={"gpu0": 100.0 * min(r.at_s, 10.0 - still_s)}) for r in counted()]
    row = judged(readings)
    assert row.valid is valid
    assert bool(row.energy_j) is valid
    assert any("counter stood still" in reason for reason in row.reasons) is not valid


def test_power_that_never_varies_is_remarked() -> None:
    row = judged(powered(), "integrated")
    assert row.valid
    assert row.reasons == ["gpu0: each of 101 power readings was 100 W; a stuck sensor would look the same"]


def test_a_slow_sensor_may_be_read_as_slowly() -> None:
    slow = [replace(r, power_w={"gpu0": 100.0 + r.at_s}) for r in powered(20.0, every_s=1.0)]
    assert judged(slow, "integrated", until_s=20.0, step_s=1.0).valid
    row = judged([r for r in slow if r.at_s != 7.0], "integrated", until_s=20.0, step_s=1.0)
    assert row.reasons == ["gpu0: not read for 2.00 s (limit 1.5 s)"]


def test_a_gpu_that_falls_off_the_bus_is_counted() -> None:
    gone = [Reading(r.at_s, {"gpu1": 50.0 * r.at_s} if r.at_s < 5 else {}, gaps={} if r.at_s < 5 else {"gpu1": "lost"})
            for r in counted()]  # fmt: skip
    row = judge(
        WindowEvidence(
            label=LABEL,
            started_s=0.0,
            finished_s=10.0,
            readings=[*counted(), *gone],
            provenance={"gpu0": "counter", "gpu1": "counter"},
            step_s={"gpu0": 0.1, "gpu1": 0.1},
        )
    )
    assert set(row.energy_j) == {"gpu0"}
    assert "fewer GPUs than expected: 1 of 2 could be read throughout" in row.reasons


def test_without_any_meter_nothing_was_measured() -> None:
    row = judge(WindowEvidence(label=LABEL, started_s=0.0, finished_s=1.0, readings=[], provenance={}, step_s={}))
    assert not row.valid
    assert row.total_j is None
    assert row.largest_gap_s is None
    assert "nothing was measured" in row.reasons[0]


@given(
    increments=st.lists(st.floats(0.0, 500.0), min_size=4, max_size=40),
    cuts=st.lists(st.integers(1, 38), min_size=1, max_size=5, unique=True),
)
def test_counts_of_adjacent_windows_add_up_to_the_whole(increments: list[float], cuts: list[int]) -> None:
    total_j, readings = 1e6, []
    for i, increment_j in enumerate(increments):
        total_j += increment_j
        readings.append(Reading(float(i), {"cpu": total_j}))
    last = len(increments) - 1
    edges = [0, *sorted(cut for cut in cuts if cut < last), last]

    def energy_j(a: int, b: int) -> float:
        row = judge(
            WindowEvidence(
                label=LABEL,
                started_s=float(a),
                finished_s=float(b),
                readings=readings,
                provenance={"cpu": "modelled"},
                step_s={"cpu": 0.01},
            )
        )
        return row.energy_j["cpu"]

    parts_j = [energy_j(a, b) for a, b in itertools.pairwise(edges)]
    assert sum(parts_j) == pytest.approx(energy_j(0, last), rel=1e-9, abs=1e-6)


def test_counts_are_scaled_to_the_window_that_lies_within_them() -> None:
    readings = [Reading(i * 0.1 - 0.04, {"gpu0": 100.0 * i * 0.1}) for i in range(102)]
    row = judged(readings)
    assert row.valid, row.reasons
    assert row.energy_j == {"gpu0": pytest.approx(1000.0)}


def test_edges_that_were_read_long_after_the_window_spoil_it() -> None:
    readings = [*counted(1.0)[:-1], Reading(1.5, {"gpu0": 155.0})]
    row = judged(readings, until_s=1.0)
    assert row.reasons == ["gpu0: its edges were read 0.50 s away from the window's (the machine was too busy)"]


def test_what_a_model_counts_of_own_processes_is_as_good_read_late_or_seldom() -> None:
    """Other work kept the meter's thread waiting, and the own processes with it."""
    readings = [Reading(at_s, {"cpu": count_j}) for at_s, count_j in ((0.0, 5.0), (7.0, 40.0), (12.0, 65.0))]
    row = judged(readings, "modelled", component="cpu", step_s=0.01)
    assert row.valid, row.reasons
    assert row.energy_j == {"cpu": 60.0}  # all of it, and not 10 / 12
    assert len(judged(readings, "rapl", component="cpu", step_s=0.01).reasons) == 2  # late, and seldom


@pytest.mark.parametrize(("seconds", "valid"), [(3.9, False), (4.0, True)])
def test_a_counter_whose_step_was_not_caught_takes_a_longer_window(seconds: float, valid: bool) -> None:
    *readings, last = counted(seconds)
    row = judged([*readings, replace(last, unplaced=frozenset({"gpu0"}))], until_s=seconds)
    assert row.valid is valid
    assert row.energy_j == {"gpu0": pytest.approx(100.0 * seconds)}


def test_power_that_moves_faster_than_it_is_read_is_said_or_spoils_the_window() -> None:
    def moving(by_w: float) -> WindowRow:
        watts = itertools.cycle([100.0 - by_w, 100.0 + by_w, 100.0])
        return judged([replace(r, power_w={"gpu0": next(watts)}) for r in powered()], "integrated")

    assert moving(2.0).reasons == []
    assert moving(15.0).valid
    assert "its integral is uncertain by 3%" in moving(15.0).reasons[0]
    assert not moving(60.0).valid


def cpu_counted() -> list[Reading]:
    return [Reading(r.at_s, {"cpu": r.energy_j["gpu0"]}) for r in counted()]


@pytest.mark.parametrize("signal", Signal)
def test_each_signal_has_a_limit_for_a_remark_and_one_for_validity(signal: Signal) -> None:
    def with_share(share: float) -> WindowRow:
        return judged(cpu_counted(), "rapl", component="cpu", contention=Contention({signal: share}, 4.0))

    limits = LIMITS[signal]
    quiet, remarked = with_share(limits.remarked), with_share(limits.contended)
    busy = with_share(limits.contended + 0.01)
    assert (quiet.reasons, quiet.valid, quiet.contended) == ([], True, False)
    assert (remarked.valid, remarked.contended, len(remarked.reasons)) == (True, False, 1)
    assert remarked.reasons[0].startswith("the machine was a little busy: ")
    assert (busy.valid, busy.contended, len(busy.reasons)) == (False, True, 1)
    assert busy.reasons[0].startswith("the machine was busy: ")
    assert (busy.energy_j, busy.own_cpu_s) == ({"cpu": pytest.approx(1000.0)}, 4.0)
    assert busy.contention == {signal.value: limits.contended + 0.01}


def test_what_a_busy_machine_is_said_to_be() -> None:
    shares = {Signal.RUN_QUEUE_WAIT: 0.334, Signal.FOREIGN_CPU: 0.14, Signal.STEAL: 0.0123, Signal.CANARY: 0.75}
    row = judged(cpu_counted(), "rapl", component="cpu", contention=Contention(shares, 4.0))
    assert row.reasons == [
        "the machine was busy: own threads waited for a processor that others used, for 33% of their time (limit 5%)",
        "the machine was busy: other processes used 14.0% of the processor (limit 10%)",
        "the machine was busy: a fixed piece of work took 75% longer than usual (limit 15%)",
        "the machine was a little busy: the hypervisor withheld 1.2% of the processor time (limit 5%)",
    ]


BUSY = Contention({Signal.FOREIGN_CPU: 0.5}, 4.0)


@pytest.mark.parametrize(
    ("component", "provenance", "valid"),
    [
        ("gpu0", "counter", True),
        ("cpu", "rapl", False),
        ("cpu", "modelled", True),
        ("dram", "rapl", False),
        ("wall", "counter", False),
        ("cpu", "replayed", True),
    ],
)
def test_joules_of_a_gpu_alone_or_of_a_recording_stay_valid(component: str, provenance: str, valid: bool) -> None:
    readings = [Reading(r.at_s, {component: r.energy_j["gpu0"]}) for r in counted()]
    row = judged(readings, provenance, component=component, contention=BUSY)
    assert (row.valid, row.contended) == (valid, True)
    assert row.reasons == ["the machine was busy: other processes used 50% of the processor (limit 10%)"]


@pytest.mark.parametrize(("processor", "valid"), [("rapl", False), ("modelled", True)])
def test_a_gpu_next_to_a_processor_is_in_one_total_with_it(processor: str, valid: bool) -> None:
    readings = [Reading(r.at_s, {"gpu0": r.energy_j["gpu0"], "cpu": 10.0 * r.at_s}) for r in counted()]
    row = judge(
        WindowEvidence(
            label=LABEL, started_s=0.0, finished_s=10.0, readings=readings, contention=BUSY,
            provenance={"gpu0": "counter", "cpu": processor}, step_s={"gpu0": 0.1, "cpu": 0.1},
        )
    )  # fmt: skip
    assert row.valid is valid


@pytest.mark.parametrize("purpose", ["idle", "load", "warm-up", "training"])
def test_only_measured_windows_are_judged_by_it(purpose: str) -> None:
    row = judged(cpu_counted(), "rapl", component="cpu", contention=BUSY, label=replace(LABEL, purpose=purpose))
    assert (row.valid, row.contended) == (True, True)
    assert ("not used as idle draw: cpu" in row.reasons) is (purpose == "idle")


@pytest.mark.parametrize("purpose", ["idle", "measured"])
def test_a_slower_canary_says_nothing_of_idle_watts(purpose: str) -> None:
    slower = Contention({Signal.CANARY: 0.5}, 0.0)
    row = judged(cpu_counted(), "rapl", component="cpu", contention=slower, label=replace(LABEL, purpose=purpose))
    assert row.contended is (purpose == "measured")
    assert row.contention == {"canary": 0.5}


def test_a_contended_idle_window_gives_no_idle_watts_of_a_processor() -> None:
    idle = replace(LABEL, purpose="idle")
    of_cpu = judged(cpu_counted(), "rapl", component="cpu", contention=BUSY, label=idle)
    of_gpu = judged(counted(), contention=BUSY, label=idle)
    assert not usable_as_idle(of_cpu, "cpu")
    assert usable_as_idle(of_gpu, "gpu0")
    assert usable_as_idle(judged(cpu_counted(), "rapl", component="cpu", label=idle), "cpu")
    assert not usable_as_idle(judged(counted(0.5), until_s=0.5, label=idle), "gpu0")


@pytest.mark.parametrize(
    ("component", "provenance", "jump_j", "limits_w", "said"),
    [
        ("gpu0", "counter", 1e9, {}, "gpu0: counter jumped by 1e+09 J within 0.10 s (limit 3000 W: no gpu draws more)"),
        ("gpu0", "counter", 600.0, {"gpu0": 700.0}, "(limit 1400 W: twice its driver's limit)"),
        ("cpu", "rapl", 262_143.0, {}, "cpu: counter jumped by 2.622e+05 J"),  # a whole range of the counter
        ("cpu", "modelled", 1e9, {}, "cpu: counter jumped by 1e+09 J"),
        ("wall", "counter", 1e9, {}, "(limit 200000 W: no rack draws more)"),
        ("gpu0", "replayed", 2.0**32, {}, "gpu0: counter jumped by 4.295e+09 J"),
    ],
)
def test_a_counter_that_jumps_by_what_nothing_draws_gives_no_figure(
    component: str, provenance: str, jump_j: float, limits_w: dict[str, float], said: str
) -> None:
    readings = [Reading(r.at_s, {component: r.energy_j["gpu0"] + (jump_j if r.at_s > 5.0 else 0.0)}) for r in counted()]
    row = judged(readings, provenance, component=component, limits_w=limits_w)
    assert not row.valid
    assert row.energy_j == {}
    assert said in row.reasons[0]


@pytest.mark.parametrize("jump_j", [90.0, 280.0])
def test_what_a_device_may_draw_within_two_steps_is_no_jump(jump_j: float) -> None:
    readings = [
        replace(r, energy_j={"gpu0": r.energy_j["gpu0"] + (jump_j if r.at_s > 5.0 else 0.0)}) for r in counted()
    ]
    row = judged(readings, limits_w={"gpu0": 700.0})
    assert row.valid


@pytest.mark.parametrize("strange_w", [2**32 / 1000 - 0.001, 65_535.0, 0.0, float("nan"), float("inf"), -5.0])
@pytest.mark.parametrize("provenance", ["integrated", "counter", "replayed"])
def test_power_that_cannot_be_true_spoils_the_window(strange_w: float, provenance: str) -> None:
    readings = counted() if provenance == "counter" else powered()
    readings[30] = replace(readings[30], power_w={"gpu0": strange_w})
    row = judged(readings, provenance)
    assert not row.valid
    assert "gpu0: 1 of 101 power readings cannot be true, such as" in row.reasons[0]
    assert row.check_energy_j == {}
    assert bool(row.energy_j) is (provenance == "counter")


def test_a_working_device_that_says_0_w_is_not_believed() -> None:
    row = judged(powered(watts=0.0), "integrated")
    assert row.energy_j == {}
    assert row.reasons == [
        "gpu0: 101 of 101 power readings cannot be true, such as 0 W (whatever is in use draws at least 0.1 W)"
    ]


def test_a_counter_that_hardly_moves_gives_no_figure() -> None:
    row = judged(counted(watts=0.01))
    assert row.energy_j == {}
    assert row.reasons[0].startswith("gpu0: 0.01 W on average cannot be true")


def test_a_power_supply_at_rest_and_a_model_may_say_0_w() -> None:
    resting = [Reading(r.at_s, power_w={"psu1": 0.0}) for r in counted()]
    assert judged(resting, "integrated", component="psu1").valid
    nothing_yet = [Reading(r.at_s, {"cpu": 0.0}, {"cpu": 0.0}) for r in counted()]
    assert judged(nothing_yet, "modelled", component="cpu").valid


@pytest.mark.parametrize(
    ("watts", "valid"),
    [({"psu": 0.0}, False), ({"psu0": 0.0, "psu1": 0.0}, False), ({"psu0": 0.0, "psu1": 90.0}, True)],
)
def test_not_all_power_supplies_of_a_machine_rest(watts: dict[str, float], valid: bool) -> None:
    """A board whose sensor is disabled says 0."""
    row = judge(
        WindowEvidence(
            label=LABEL, started_s=0.0, finished_s=10.0, contention=QUIET,
            readings=[Reading(i / 10, power_w=watts) for i in range(101)],
            provenance=dict.fromkeys(watts, "integrated"), step_s=dict.fromkeys(watts, 0.1),
        )
    )  # fmt: skip
    assert row.valid is valid
    assert any("is the sensor disabled?" in reason for reason in row.reasons) is not valid


def test_a_count_that_is_no_number_gives_no_figure() -> None:
    readings = counted()
    readings[30] = replace(readings[30], energy_j={"gpu0": float("nan")})
    row = judged(readings)
    assert row.energy_j == {}
    assert row.reasons == ["gpu0: counter gave nan, which is not a valid meter reading"]


@pytest.mark.parametrize(
    ("wall_w", "provenance", "valid"),
    [
        (130.0, "counter", True),
        (95.0, "counter", True),  # within what the two may be wrong by
        (60.0, "counter", False),
        (0.13, "integrated", False),  # kilowatts taken for watts
        (60.0, "replayed", True),  # of another machine
    ],
)
def test_a_meter_at_the_wall_reads_no_less_than_what_it_contains(wall_w: float, provenance: str, valid: bool) -> None:
    readings = [Reading(r.at_s, r.energy_j | {"wall": wall_w * r.at_s}) for r in counted()]
    if provenance == "integrated":
        readings = [Reading(r.at_s, r.energy_j, {"wall": wall_w}) for r in counted()]
    row = judge(
        WindowEvidence(
            label=LABEL, started_s=0.0, finished_s=10.0, readings=readings, contention=QUIET,
            provenance={"gpu0": "counter", "wall": provenance}, step_s={"gpu0": 0.1, "wall": 0.1},
        )
    )  # fmt: skip
    assert row.valid is valid
    less = column((wall_w * 10, 1000.0), "J")
    said = f"wall: {less[0]}, less than the {less[1]} of gpu0, which it contains"
    assert any(said in reason for reason in row.reasons) is not valid


# --- several slots of a machine ---


HALF_SECONDS = [tick / 2 for tick in range(21)]


def in_slot(contention: Contention = QUIET, purpose: str = "measured", parts: tuple[str, ...] = ("cpu",)) -> WindowRow:
    """A window of a slot next to seven others; the processor's joules are its part."""
    label = WindowLabel(window="w1", run="r", system="s", task=None, purpose=purpose)
    counted = [Reading(at_s, {"cpu": 2.0 * at_s}) for at_s in HALF_SECONDS]
    return judge(
        WindowEvidence(
            label=label, started_s=0.0, finished_s=10.0, readings=counted, provenance={"cpu": "rapl"},
            step_s={"cpu": 0.25}, contention=contention, co_runners=7, parts=frozenset(parts),
        )
    )  # fmt: skip


def test_a_window_next_to_other_slots_says_so_and_what_is_a_part() -> None:
    row = in_slot(Contention({}, 4.0, 7, 0.42))
    assert (row.valid, row.contended, row.co_runners, row.shared) == (True, False, 7, ["cpu"])
    assert row.reasons == [
        "7 other slots of this machine measured meanwhile and used 42% of the processor: seconds are those of a loaded "
        "host; the joules of cpu are this slot's part"
    ]


def test_what_other_slots_slow_is_no_contention_and_other_work_is() -> None:
    slower = in_slot(Contention({Signal.CANARY: 0.4}, 4.0, 7, 0.42))
    assert (slower.valid, slower.contended) == (True, False)
    assert "the other slots may be why" in slower.reasons[0]
    busy = in_slot(Contention({Signal.FOREIGN_CPU: 0.3}, 4.0, 7, 0.42))
    assert (busy.valid, busy.contended) == (False, True)


def test_a_part_of_an_idle_draw_is_no_idle_draw() -> None:
    row = in_slot(purpose="idle")
    assert row.valid
    assert not usable_as_idle(row, "cpu")


def test_a_part_of_nothing_is_no_stuck_sensor() -> None:
    label = WindowLabel(window="w1", run="r", system="s", task=None, purpose="measured")
    still = [Reading(at_s, {"cpu": 5.0}) for at_s in HALF_SECONDS]
    evidence = WindowEvidence(
        label=label, started_s=0.0, finished_s=10.0, readings=still, provenance={"cpu": "rapl"},
        step_s={"cpu": 0.25}, co_runners=7, parts=frozenset({"cpu"}),
    )  # fmt: skip
    row = judge(evidence)
    assert (row.valid, row.energy_j) == (True, {"cpu": 0.0})
    alone = judge(replace(evidence, co_runners=0, parts=frozenset()))
    assert not alone.valid
    assert (alone.co_runners, alone.shared) == (0, [])
