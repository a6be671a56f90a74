"""Joules of another machine: a real server on loopback, known power, and a time that the test moves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.exporter import (
    BEGAN_S,
    Course,
    FakeExporter,
    amd_page,
    dcgm_page,
    kepler_page,
    old_kepler_page,
    power_page,
    tensorrt_llm_page,
)
from wattbench.meters import Chosen, MeterError, Metering
from wattbench.records.trace import trace_rows

pytestmark = pytest.mark.slow

DCGM = {"use": "prometheus", "exporter": "dcgm", "updates_s": 0.1}
KEPLER = {"use": "prometheus", "exporter": "kepler"}
WAVES = {
    "constant": Course(),
    "slow sine": Course(swing_w=60.0, period_s=20.0),
    "sine": Course(swing_w=60.0, period_s=8.0),
    "square": Course(swing_w=40.0, period_s=6.0, square=True),
}


@pytest.mark.parametrize("wave", WAVES)
@pytest.mark.parametrize(
    ("page", "use", "provenance"),
    [
        (dcgm_page, DCGM, {"gpu0@alpha": "counter"}),
        (amd_page, {"use": "prometheus", "exporter": "amd"}, {"gpu0@alpha": "counter"}),
        (kepler_page, KEPLER, {"cpu@alpha": "rapl", "dram@alpha": "rapl"}),
        (old_kepler_page, KEPLER, {"cpu@alpha": "rapl", "dram@alpha": "rapl"}),
        (tensorrt_llm_page, {"use": "tensorrt_llm"}, {"gpus@alpha": "counter"}),
        (power_page, DCGM, {"gpu0@alpha": "integrated"}),
    ],
)
def test_a_known_course_read_once_a_second_is_right_to_one_percent_over_ten_seconds(
    watch: Any, page: Any, use: dict[str, Any], provenance: dict[str, str], wave: str
) -> None:
    if page is power_page and wave == "square":
        wave = "sine"  # readings of power once a second do not show a square: such a window is not valid
    watched = watch(page, use, course=WAVES[wave])
    assert watched.meter.provenance == provenance
    watched.read(16.0)
    component = next(iter(provenance))
    for phase_s in (0.0, 0.3, 0.5, 0.9, 1.7, 3.1):
        row = watched.window(2.0 + phase_s, 12.0 + phase_s)
        assert row.valid, row.reasons
        assert row.energy_j[component] == pytest.approx(watched.true_j(2.0 + phase_s, 12.0 + phase_s), rel=0.01)
        assert row.provenance == provenance
        if "dram@alpha" in provenance:
            assert row.energy_j["dram@alpha"] == pytest.approx(row.energy_j["cpu@alpha"] / 10.0, rel=1e-3)


def test_several_gpus_are_components_of_their_machine(watch: Any) -> None:
    watched = watch(dcgm_page, DCGM | {"components": ["gpu1", "gpu2"]}, gpus=4)
    assert watched.meter.name == "prometheus (alpha)"
    assert list(watched.meter.provenance) == ["gpu1@alpha", "gpu2@alpha"]
    watched.read(14.0)
    row = watched.window(2.0, 12.0)
    assert row.energy_j == {
        "gpu1@alpha": pytest.approx(3000.0, rel=1e-3),
        "gpu2@alpha": pytest.approx(3000.0, rel=1e-3),
    }
    assert row.check_energy_j["gpu1@alpha"] == pytest.approx(3000.0, rel=1e-3)


def reason_of(watched: Any, *, valid: bool, from_s: float = 2.0, until_s: float = 12.0) -> str:
    row = watched.window(from_s, until_s)
    assert row.valid is valid, row.reasons
    assert 0.0 not in row.energy_j.values()
    if not valid:
        assert row.energy_j == {}
    return "; ".join(row.reasons)


@pytest.mark.parametrize("wave", ["sine", "square"])
def test_the_error_that_is_stated_holds_the_true_joules(watch: Any, wave: str) -> None:
    """Of an exporter that looks at its sensors once a second, half a second out of step with the meter."""
    for course, updates_s in ((WAVES[wave], 1.0), (Course(swing_w=150.0, period_s=7.3, square=wave == "square"), 1.0)):
        watched = watch(dcgm_page, DCGM | {"updates_s": updates_s}, course=course, updates_s=updates_s)
        watched.read(40.0, every_s=0.93)
        for phase_s in (0.0, 0.4, 1.3, 2.9, 4.6):
            from_s, until_s = 3.0 + phase_s, 33.0 + phase_s
            row = watched.window(from_s, until_s)
            true_j = watched.true_j(from_s, until_s)
            (stated,) = [reason for reason in row.reasons if "uncertain by" in reason]
            share = float(stated.split("uncertain by ")[1].split("%")[0]) / 100.0
            assert abs(row.energy_j["gpu0@alpha"] - true_j) <= (share + 0.0005) * true_j
            assert "read every 1 s, " in stated
            assert "its clock +0.0 s ± 0." in stated


def test_joules_that_may_be_off_by_more_than_five_percent_are_none(watch: Any) -> None:
    watched = watch(dcgm_page, DCGM, course=Course(swing_w=280.0, period_s=7.0, square=True))
    watched.read(14.0)
    assert "more than 5%: use longer windows" in reason_of(watched, valid=False)


def test_an_exporter_that_looks_rarely_needs_long_windows(watch: Any) -> None:
    watched = watch(dcgm_page, {"use": "prometheus", "exporter": "dcgm"}, updates_s=30.0)
    assert watched.meter.step_s == {"gpu0@alpha": 30.0}
    watched.read(400.0, every_s=1.0)
    assert "too short for a sensor that advances every 30 s" in reason_of_short(watched)
    row = watched.window(20.0, 340.0)
    assert row.valid, row.reasons
    assert row.energy_j["gpu0@alpha"] == pytest.approx(96_000.0, rel=0.002)


def reason_of_short(watched: Any) -> str:
    return "; ".join(watched.window(40.0, 140.0).reasons)


def test_an_exporter_that_looks_more_rarely_than_it_is_said_to_is_named(watch: Any) -> None:
    watched = watch(dcgm_page, DCGM | {"updates_s": 1.0}, updates_s=3.0, course=WAVES["sine"])
    watched.read(40.0)
    said = reason_of(watched, valid=False, until_s=32.0)
    assert "gpu0@alpha: its figures change every 3.0 s, not every 1 s: set updates_s" in said


def test_a_gap_is_named_and_no_zero_takes_its_place(watch: Any) -> None:
    def fail(exporter: FakeExporter, at_s: float) -> None:
        exporter.status = 503 if 5.0 <= at_s <= 7.0 else 200

    watched = watch(dcgm_page, DCGM, course=WAVES["sine"])
    watched.read(16.0, fail)
    assert not any(0.0 in reading.energy_j.values() for reading in watched.readings[1:])
    row = watched.window(2.0, 12.0)
    assert row.valid, row.reasons  # a counter loses nothing in a short gap
    assert row.energy_j["gpu0@alpha"] == pytest.approx(watched.true_j(2.0, 12.0), rel=0.01)
    said = "; ".join(row.reasons)
    assert "gpu0@alpha: 3 of its readings failed, the last (http://127.0.0.1:" in said
    assert "it answered HTTP 503)" in said


@pytest.mark.parametrize(("page", "until_s", "limit"), [(dcgm_page, 10.0, "5"), (power_page, 5.0, "1.5")])
def test_a_gap_that_is_too_long_makes_the_window_invalid(watch: Any, page: Any, until_s: float, limit: str) -> None:
    def fail(exporter: FakeExporter, at_s: float) -> None:
        exporter.status = 503 if 4.0 <= at_s < until_s else 200

    watched = watch(page, DCGM)
    watched.read(16.0, fail)
    row = watched.window(2.0, 12.0)
    assert not row.valid
    assert any(f"(limit {limit} s)" in reason and "it answered HTTP 503" in reason for reason in row.reasons)


def test_an_exporter_that_is_gone_at_the_end_is_a_lost_meter(watch: Any) -> None:
    def fail(exporter: FakeExporter, at_s: float) -> None:
        exporter.status = 500 if at_s >= 9.0 else 200

    watched = watch(dcgm_page, DCGM)
    watched.read(20.0, fail)
    assert "meter lost" in reason_of(watched, valid=False)


@pytest.mark.parametrize(("page", "use"), [(dcgm_page, DCGM), (tensorrt_llm_page, {"use": "tensorrt_llm"})])
def test_a_counter_that_begins_again_is_named_however_little_was_lost(watch: Any, page: Any, use: Any) -> None:
    def restart(exporter: FakeExporter, at_s: float) -> None:
        if at_s == 6.0:
            exporter.began_s = exporter.now_s

    watched = watch(page, use, began_s=BEGAN_S - 5.0)
    watched.read(32.0, restart)
    said = reason_of(watched, valid=False)
    assert "its counter fell from " in said
    assert "the exporter was restarted" in said
    assert watched.window(8.0, 20.0).valid  # it is over


def test_a_restart_that_no_fall_shows_is_seen_by_the_start_of_its_process(watch: Any) -> None:
    def restart(exporter: FakeExporter, at_s: float) -> None:
        if at_s == 6.0:
            exporter.began_s -= 50.0  # an exporter whose counter happens to be ahead of that of before

    watched = watch(kepler_page, KEPLER)
    watched.read(16.0, restart)
    assert "the exporter was restarted, and may have begun to count again" in reason_of(watched, valid=False)


@pytest.mark.parametrize("stamped", [False, True])
@pytest.mark.parametrize("ahead_s", [3.0, -3.0])
def test_a_clock_that_is_three_seconds_off_is_named_and_costs_no_joule(
    watch: Any, ahead_s: float, stamped: bool
) -> None:
    watched = watch(dcgm_page, DCGM, course=WAVES["slow sine"], ahead_s=ahead_s, stamped=stamped)
    watched.read(30.0, every_s=0.93)  # at every phase of the server's seconds
    row = watched.window(12.0, 24.0)
    assert row.valid, row.reasons
    assert row.energy_j["gpu0@alpha"] == pytest.approx(watched.true_j(12.0, 24.0), rel=0.01)
    said = "; ".join(row.reasons)
    how = "ahead of" if ahead_s > 0 else "behind"
    used = "its time stamps are corrected by that" if stamped else "its figures are stamped on arrival"
    assert f"prometheus (alpha): its clock is 3.0 s {how} this machine's; {used}" in said
    assert f"its clock {ahead_s:+.1f} s ± 0." in said


@pytest.mark.parametrize(
    ("ahead_s", "why"),
    [
        (3.0, "its time stamp is 3.0 s in the future: its clock is ahead"),
        (-3.0, "its time stamp is 3.0 s old: the exporter is stale, or its clock is another (its answers have no date"),
    ],
)
def test_time_stamps_of_another_clock_that_nothing_corrects_are_refused(watch: Any, ahead_s: float, why: str) -> None:
    watched = watch(dcgm_page, DCGM, ahead_s=ahead_s, stamped=True, dated=False)
    watched.read(16.0)
    row = watched.window(2.0, 12.0)
    assert (row.valid, row.energy_j) == (False, {})
    assert any(why in reason for reason in row.reasons)


def test_a_clock_that_is_set_in_mid_window_is_named(watch: Any) -> None:
    def set_clock(exporter: FakeExporter, at_s: float) -> None:
        exporter.ahead_s = 5.0 if at_s >= 6.0 else 0.0

    watched = watch(dcgm_page, DCGM)
    watched.read(16.0, set_clock)
    assert "its clock was set by about +5.0 s" in reason_of(watched, valid=False)


@pytest.mark.parametrize("page", [dcgm_page, tensorrt_llm_page])
def test_a_stale_exporter_is_named(watch: Any, page: Any) -> None:
    use = DCGM if page is dcgm_page else {"use": "tensorrt_llm"}
    watched = watch(page, use, frozen_s=BEGAN_S + 5.0)
    watched.read(20.0)
    row = watched.window(2.0, 12.0)
    assert (row.valid, row.energy_j) == (False, {})
    assert any("its counter has stood still for" in reason and "stale" in reason for reason in row.reasons)


def test_counters_that_stand_still_though_power_changes_are_named_as_that(watch: Any) -> None:
    watched = watch(dcgm_page, DCGM, course=WAVES["sine"], frozen_counter_s=BEGAN_S + 5.0)
    watched.read(20.0)
    row = watched.window(2.0, 12.0)
    assert (row.valid, row.energy_j) == (False, {})
    assert any("stood still for" in reason and "though its power changes" in reason for reason in row.reasons)


def test_old_time_stamps_are_stale_even_where_power_alone_is_read(watch: Any) -> None:
    watched = watch(power_page, DCGM, stamped=True, frozen_s=BEGAN_S + 5.0)
    watched.read(20.0)
    assert any("s old: the exporter is stale" in reason for reason in watched.window(2.0, 12.0).reasons)


def test_power_that_never_changes_is_remarked_on(watch: Any) -> None:
    watched = watch(power_page, DCGM)
    watched.read(16.0)
    assert "a stuck sensor would look the same" in "; ".join(watched.window(2.0, 12.5).reasons)


def test_another_gpu_in_the_place_of_one_is_named(watch: Any) -> None:
    def swap(exporter: FakeExporter, at_s: float) -> None:
        if at_s == 6.0:
            exporter.page = lambda e, s: dcgm_page(e, s).replace("GPU-0", "GPU-7")

    watched = watch(dcgm_page, DCGM)
    watched.read(16.0, swap)
    assert "another device is in its place (GPU-7)" in reason_of(watched, valid=False)


def test_a_gpu_that_leaves_the_page_is_a_gap_of_its_own(watch: Any) -> None:
    def leave(exporter: FakeExporter, at_s: float) -> None:
        exporter.gpus = 2 if at_s < 6.0 else 1

    watched = watch(dcgm_page, DCGM, gpus=2)
    watched.read(16.0, leave)
    row = watched.window(2.0, 12.0)
    assert set(row.energy_j) == {"gpu0@alpha"}
    assert any(r.startswith("gpu1@alpha: ") and "it is not on the page any more" in r for r in row.reasons)


@pytest.mark.alone
def test_it_is_read_next_to_the_meters_of_this_machine(watch: Any, steady: Any, label: Any, tmp_path: Path) -> None:
    use = DCGM | {"every_s": 0.1}
    meter = watch(dcgm_page, use, gpus=2, live=True).meter
    with Metering([steady, meter]) as metering:
        metering.trace_to(tmp_path / "trace.csv", {"alpha"})
        far, here = metering.open(label, {"alpha"}), metering.open(label, {None})
        time.sleep(1.5)
        far_row, here_row = far.close(), here.close()
    assert far_row.valid, far_row.reasons
    assert far_row.energy_j == dict.fromkeys(meter.provenance, pytest.approx(300.0 * far_row.duration_s, rel=0.1))
    assert any("uncertain by" in reason for reason in far_row.reasons)
    assert set(here_row.energy_j) == {"cpu"}
    assert not any("uncertain by" in reason for reason in here_row.reasons)
    assert {row.component for row in trace_rows(tmp_path / "trace.csv")} == set(meter.provenance)


@pytest.mark.parametrize(
    ("use", "settings", "why"),
    [
        ({"components": ["gpu7"]}, {"gpus": 2}, "it has no gpu7, but gpu0, gpu1"),
        ({}, {"gpus": 0}, "a page without DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION, DCGM_FI_DEV_POWER_USAGE"),
        ({}, {"status": 503}, "it answered HTTP 503"),
        ({}, {"status": 307, "headers": {"Location": "http://elsewhere"}}, "a redirect, which is not followed"),
        ({}, {"body": b"<html>"}, "a page without"),
        ({"prefix": "x_"}, {}, "a page without x_DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"),
        ({"token_env": "NO_SUCH_TOKEN"}, {}, r"the variable NO_SUCH_TOKEN \(token_env\) is not set"),
    ],
)
def test_an_exporter_that_says_nothing_of_use_is_refused_before_anything_runs(
    watch: Any, use: dict[str, Any], settings: dict[str, Any], why: str
) -> None:
    with pytest.raises(MeterError, match=why):
        watch(dcgm_page, DCGM | use, **settings)


def test_the_machine_is_that_of_the_address_unless_it_is_named(watch: Any) -> None:
    assert list(watch(dcgm_page, DCGM | {"host": None}).meter.provenance) == ["gpu0"]  # 127.0.0.1
    assert list(watch(dcgm_page, DCGM | {"host": "GPU-Box"}).meter.provenance) == ["gpu0@gpu-box"]
    assert list(watch(dcgm_page, DCGM | {"host": "localhost"}).meter.provenance) == ["gpu0"]


def test_a_token_is_sent_and_shown_nowhere(watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORTER_TOKEN", "kq7Zt2pX9vLm4RwB")
    watched = watch(dcgm_page, DCGM | {"token_env": "EXPORTER_TOKEN"})
    assert watched.exporter.requests[-1]["Authorization"] == "Bearer kq7Zt2pX9vLm4RwB"
    assert "kq7Zt2" not in repr(watched.meter.reads) + watched.meter.name


def test_what_the_record_keeps_of_it(watch: Any) -> None:
    chosen = Chosen([watch(dcgm_page, DCGM, gpus=2).meter])
    assert chosen.details["gpu1@alpha"] == {
        "meter": "prometheus (alpha)",
        "reads": "DCGM's energy counter and power, every 1 s",
        "step_s": 1.0,
    }


UNITS = {
    # what the page says of a GPU that draws 300 W: factors of its counter and of its power, its use, the reason
    "a counter at half": (0.5, 1.0, 90, "sensors contradict each other"),
    "a counter in J": (1e-3, 1.0, 90, "sensors contradict each other"),
    "a counter in uJ": (1e3, 1.0, 90, "counter jumped by"),
    "power in mW": (1.0, 1e3, 90, "power readings cannot be true"),
    "power in kW": (1.0, 1e-3, 90, "sensors contradict each other"),
    "both in other units": (1e-3, 1e-3, 90, "cannot be true while in use for 90% of the time"),
}


@pytest.mark.parametrize("fault", UNITS)
def test_figures_in_other_units_are_named(watch: Any, fault: str) -> None:
    counter, power, use, why = UNITS[fault]

    def page(exporter: FakeExporter, at_s: float) -> str:
        labels = '{gpu="0",UUID="GPU-0",modelName="NVIDIA H100"}'
        return "\n".join(
            [
                f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{labels} {exporter.counted_j(at_s) * 1000.0 * counter:.0f}",
                f"DCGM_FI_DEV_POWER_USAGE{labels} {exporter.course.power_w(at_s) * power:.4f}",
                f"DCGM_FI_DEV_GPU_UTIL{labels} {use}",
            ]
        )

    watched = watch(page, DCGM)
    watched.read(26.0)
    row = watched.window(2.0, 24.0)
    assert not row.valid
    assert any(why in reason for reason in row.reasons), row.reasons


def test_the_counter_of_a_module_is_not_contradicted_by_the_power_of_its_gpu(watch: Any) -> None:
    def page(exporter: FakeExporter, at_s: float) -> str:
        labels = '{gpu="0",UUID="GPU-0",modelName="NVIDIA GH200 480GB"}'
        whole_mj, part_w = exporter.counted_j(at_s) * 1000.0, exporter.course.power_w(at_s) * 0.6
        return (
            f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{labels} {whole_mj:.0f}\nDCGM_FI_DEV_POWER_USAGE{labels} {part_w:.3f}"
        )

    watched = watch(page, DCGM)
    watched.read(26.0)
    row = watched.window(2.0, 24.0)
    assert row.valid, row.reasons
    assert any("the counter gives 6.60 kJ and integrated power 3.96 kJ" in reason for reason in row.reasons)
