from __future__ import annotations

import itertools
import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.meters import AbsentError, MeterError, RaplMeter, rapl
from wattbench.meters.rapl import Domain, Unwrapped, find_domains

RANGE_UJ = 262_143_328_850


def add_domain(root: Path, folder: str, name: str, count_uj: int = 0, range_uj: int = RANGE_UJ) -> Path:
    path = root / folder
    path.mkdir()
    (path / "name").write_text(f"{name}\n")
    (path / "energy_uj").write_text(f"{count_uj}\n")
    (path / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return path / "energy_uj"


def test_packages_are_summed_and_overlapping_domains_left_out(tmp_path: Path) -> None:
    counted = [
        add_domain(tmp_path, "intel-rapl:0", "package-0"),
        add_domain(tmp_path, "intel-rapl:1", "package-1-die-0"),
        add_domain(tmp_path, "intel-rapl:0:2", "dram"),
    ]
    others = [
        add_domain(tmp_path, "intel-rapl:0:0", "core"),
        add_domain(tmp_path, "intel-rapl:0:1", "uncore"),
        add_domain(tmp_path, "intel-rapl:2", "psys"),
        add_domain(tmp_path, "intel-rapl-mmio:0", "package-0"),
    ]
    meter = RaplMeter(root=tmp_path)
    meter.open()
    assert meter.provenance == {"cpu": "rapl", "dram": "rapl"}
    assert meter.read().energy_j == {"cpu": 0.0, "dram": 0.0}
    for path, count_uj in zip(counted, (10_000_000, 5_000_000, 2_000_000), strict=True):
        path.write_text(str(count_uj))
    for path in others:
        path.write_text("900000000")
    assert meter.read().energy_j == {"cpu": 15.0, "dram": 2.0}


def test_amd_has_the_same_tree_with_packages_and_cores_only(tmp_path: Path) -> None:
    paths = [
        add_domain(tmp_path, "intel-rapl:0", "package-0", 65_532_000_000, 65_532_610_987),
        add_domain(tmp_path, "intel-rapl:0:0", "core"),
        add_domain(tmp_path, "intel-rapl:1", "package-1", 0, 65_532_610_987),
        add_domain(tmp_path, "intel-rapl:1:0", "core"),
    ]
    meter = RaplMeter(root=tmp_path)
    meter.open()
    assert meter.provenance == {"cpu": "rapl"}
    meter.read()
    paths[0].write_text("389013")  # it wrapped: 1 J
    paths[2].write_text("2000000")
    assert meter.read().energy_j == {"cpu": pytest.approx(3.0)}


def test_a_package_whose_range_cannot_be_read_is_not_left_out_in_silence(tmp_path: Path) -> None:
    add_domain(tmp_path, "intel-rapl:0", "package-0")
    add_domain(tmp_path, "intel-rapl:1", "package-1")
    (tmp_path / "intel-rapl:1" / "max_energy_range_uj").unlink()
    with pytest.raises(MeterError, match=r"intel-rapl:1: cannot be read"):
        find_domains(tmp_path)


def test_only_the_components_asked_for_are_read(tmp_path: Path) -> None:
    add_domain(tmp_path, "intel-rapl:0", "package-0")
    add_domain(tmp_path, "intel-rapl:0:0", "dram")
    meter = RaplMeter(["dram"], tmp_path)
    meter.open()
    assert set(meter.read().energy_j) == {"dram"}


def test_a_counter_that_wraps_goes_on(tmp_path: Path) -> None:
    path = add_domain(tmp_path, "intel-rapl:0", "package-0", RANGE_UJ - 500)
    meter = RaplMeter(root=tmp_path)
    meter.open()
    before = meter.read()
    path.write_text("500")
    after = meter.read()
    assert after.energy_j["cpu"] - before.energy_j["cpu"] == pytest.approx(0.001)


def test_a_counter_that_was_reset_falls_and_is_not_taken_for_a_wrap(tmp_path: Path) -> None:
    path = add_domain(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = RaplMeter(root=tmp_path)
    meter.open()
    meter.read()
    path.write_text("100000000")
    before = meter.read()
    path.write_text("0")
    assert meter.read().energy_j["cpu"] < before.energy_j["cpu"]


def test_a_failed_read_is_a_gap_in_its_component_alone(tmp_path: Path) -> None:
    add_domain(tmp_path, "intel-rapl:0", "package-0")
    path = add_domain(tmp_path, "intel-rapl:1", "package-1")
    add_domain(tmp_path, "intel-rapl:0:0", "dram")
    meter = RaplMeter(root=tmp_path)
    meter.open()
    path.unlink()
    reading = meter.read()
    assert set(reading.energy_j) == {"dram"}
    assert "energy_uj cannot be read" in reading.gaps["cpu"]


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def a_giant(path: Path) -> None:
    os.truncate(path, 2**40)


NO_COUNTS = {
    "a pipe": a_pipe, "a device": a_device, "a sparse giant": a_giant, "nothing": Path.unlink,
    **{text: partial(Path.write_text, data=text) for text in ("", "abc", "-5", "1e9", "nan", "0x10", "9" * 4000)},
}  # fmt: skip


@pytest.mark.parametrize("what", NO_COUNTS)
@pytest.mark.parametrize("file", ["energy_uj", "max_energy_range_uj", "name"])
def test_what_is_no_count_is_named_and_not_waited_for(tmp_path: Path, file: str, what: str) -> None:
    count = add_domain(tmp_path, "intel-rapl:0", "package-0", 5)
    meter = RaplMeter(root=tmp_path)
    meter.open()
    NO_COUNTS[what](count.parent / file)
    if file == "energy_uj":  # of the others a meter that is open knows already
        assert meter.read().gaps.keys() == {"cpu"}
    if file != "name" or what in ("a pipe", "a device", "a sparse giant", "nothing"):
        with pytest.raises(MeterError, match=r"cannot be read|says"):
            RaplMeter(root=tmp_path).open()


def test_a_limit_that_is_a_pipe_is_no_limit(tmp_path: Path) -> None:
    count = add_domain(tmp_path, "intel-rapl:0", "package-0")
    os.mkfifo(count.parent / "constraint_0_power_limit_uw")
    meter = RaplMeter(root=tmp_path)
    meter.open()
    assert meter.limits_w == {}


@pytest.mark.parametrize("range_uj", [0, -1])
def test_a_counter_without_a_range_is_refused(tmp_path: Path, range_uj: int) -> None:
    add_domain(tmp_path, "intel-rapl:0", "package-0", 0, range_uj)
    with pytest.raises(MeterError, match=rf"max_energy_range_uj says {range_uj}"):
        find_domains(tmp_path)


def test_a_package_that_is_there_twice_is_not_counted_twice(tmp_path: Path) -> None:
    for number in (0, 1):
        add_domain(tmp_path, f"intel-rapl:{number}", "package-0")
        add_domain(tmp_path, f"intel-rapl:{number}:0", "dram")
    with pytest.raises(MeterError, match="has package-0 twice"):
        find_domains(tmp_path)


def test_a_package_that_vanishes_and_comes_back_has_lost_no_joule(tmp_path: Path) -> None:
    count = add_domain(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = RaplMeter(root=tmp_path)
    meter.open()
    meter.read()
    count.unlink()
    assert meter.read().gaps
    count.write_text("7000000")
    assert meter.read().energy_j == {"cpu": 7.0}


def test_a_machine_without_the_tree_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="no RAPL domain"):
        RaplMeter(root=tmp_path).open()
    add_domain(tmp_path, "intel-rapl:0", "psys")
    with pytest.raises(AbsentError, match="no package or dram domain"):
        RaplMeter(root=tmp_path).open()


def test_a_lack_of_permission_is_explained_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_domain(tmp_path, "intel-rapl:0", "package-0")

    def refuse(self: Path, *_: object) -> str:
        raise PermissionError(13, "Permission denied", str(self))

    domains = find_domains(tmp_path)
    monkeypatch.setattr(Path, "read_text", refuse)  # the tests may run as root, who may read anything
    with pytest.raises(MeterError, match="readable by root only") as caught:
        domains[0].read_uj()
    assert str(caught.value.fix).startswith("sudo chmod a+r")


def test_an_unreadable_count_says_what_is_wrong(tmp_path: Path) -> None:
    add_domain(tmp_path, "intel-rapl:0", "package-0").write_text("not a number")
    with pytest.raises(MeterError, match="cannot be read"):
        Domain(tmp_path / "intel-rapl:0", "package-0", "cpu", RANGE_UJ).read_uj()


@given(
    range_uj=st.integers(10_000_000, 10**12),
    start=st.integers(0, 10**12),
    steps=st.lists(st.tuples(st.integers(0, 10**9), st.floats(0.5, 5.0)), min_size=1, max_size=40),
)
def test_unwrapping_gives_back_any_sequence(range_uj: int, start: int, steps: list[tuple[int, float]]) -> None:
    counter = Unwrapped(range_uj)
    true_uj, at_s, drawn_uj = start, 1000.0, 0
    counter.advance(at_s, true_uj % range_uj)
    for any_uj, pause_s in steps:
        step_uj = any_uj % range_uj  # it must be read before it can wrap twice
        true_uj += step_uj
        drawn_uj += step_uj
        at_s += pause_s
        counter.advance(at_s, true_uj % range_uj)
        assert counter.energy_uj == drawn_uj


@pytest.mark.parametrize("count", ["-5", str(RANGE_UJ + 1), str(2**64 - 1)])
def test_a_count_beyond_the_counters_range_is_a_gap(tmp_path: Path, count: str) -> None:
    path = add_domain(tmp_path, "intel-rapl:0", "package-0")
    meter = RaplMeter(root=tmp_path)
    meter.open()
    path.write_text(count)
    reading = meter.read()
    assert reading.energy_j == {}
    assert f"says {count}, but it counts from 0 to" in reading.gaps["cpu"]


@pytest.mark.parametrize(
    ("count", "said"), [("7", "too busy to read it in time: it took 1.00 s"), ("-5", "says -5, but")]
)
def test_a_late_reading_is_a_gap_and_a_wrong_one_says_what_is_wrong(
    tmp_path: Path, monkeypatch, count: str, said: str
) -> None:
    path = add_domain(tmp_path, "intel-rapl:0", "package-0")
    meter = RaplMeter(root=tmp_path)
    meter.open()
    path.write_text(count)
    monkeypatch.setattr(rapl, "now_s", itertools.count().__next__)
    reading = meter.read()
    assert reading.energy_j == {}
    assert said in reading.gaps["cpu"]


def test_the_limits_of_all_packages_add_up_and_are_left_out_where_one_tells_none(tmp_path: Path) -> None:
    for package in (0, 1):
        add_domain(tmp_path, f"intel-rapl:{package}", f"package-{package}")
        (tmp_path / f"intel-rapl:{package}" / "constraint_0_power_limit_uw").write_text("250000000\n")
        (tmp_path / f"intel-rapl:{package}" / "constraint_1_power_limit_uw").write_text("300000000\n")
    add_domain(tmp_path, "intel-rapl:0:0", "dram")
    meter = RaplMeter(root=tmp_path)
    meter.open()
    assert meter.limits_w == {"cpu": 600.0}
    for limit in (tmp_path / "intel-rapl:1").glob("constraint_*"):
        limit.write_text("unlimited")
    meter.open()
    assert meter.limits_w == {}
