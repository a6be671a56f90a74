"""Logs of nvidia-smi, dcgmi and dcgm-exporter are recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.gpu_logs import DMON, HEAD, SMI, exporter_page
from wattbench.errors import UserError
from wattbench.meters.replay.recording import Recorded, read_recording


def recorded(tmp_path: Path, text: str) -> dict[str, Recorded]:
    path = tmp_path / "power.log"
    path.write_text(text)
    return read_recording(path)


def test_nvidia_smis_rows_are_power_of_each_gpu(tmp_path) -> None:
    first, second = recorded(tmp_path, SMI).values()
    assert [round(at_s - first.first_s, 3) for at_s in first.times_s] == [0, 0.5, 1, 1.5, 2, 2.5]
    assert [watts for _, watts in first.power] == [100.5, 100.5, 101.5, 101.5, 102.5, 102.5]
    assert second.power[0][1] == 110.5
    assert [heat for _, heat in second.temperature] == [41] * 6
    assert first.step_s == pytest.approx(0.5)
    assert not first.energy


@pytest.mark.parametrize(
    "changed", [SMI.replace(" W,", ",").replace(" %", ""), SMI + "2026/06/15 18:28:03.0", SMI + HEAD]
)
def test_without_units_torn_or_started_again_it_is_the_same(tmp_path, changed) -> None:
    assert recorded(tmp_path, changed) == recorded(tmp_path, SMI)


def test_a_word_in_the_place_of_watts_is_a_gap(tmp_path) -> None:
    gpu = recorded(tmp_path, SMI.replace("101.50 W", "[N/A]", 1))["gpu0"]
    assert len(gpu.power) == 5
    assert [why for _, why in gpu.gaps] == ["[N/A] in the place of a figure"]


def test_gpus_without_an_index_are_numbered_by_their_uuid(tmp_path) -> None:
    text = SMI.replace(" index,", " name,")
    assert recorded(tmp_path, text) == recorded(tmp_path, SMI)
    alone = "timestamp, power.draw [W]\n2026/06/15 18:28:00.000, 70 W\n2026/06/15 18:28:01.000, 71 W\n"
    assert list(recorded(tmp_path, alone)) == ["gpu0"]


def test_dcgmi_counts_millijoules_a_second_apart(tmp_path) -> None:
    recording = recorded(tmp_path, DMON)
    assert list(recording) == ["gpu0", "gpu1"]
    assert recording["gpu0"].energy == [(0.0, 1000.0), (1.0, 1101.0), (2.0, 1202.0)]
    assert recording["gpu0"].power == [(0.0, 100.5), (1.0, 101.5), (2.0, 99.5)]
    assert recording["gpu1"].energy == [(0.0, 7000.0), (2.0, 7102.0)]
    assert recording["gpu1"].gaps == [(1.0, "N/A in the place of a figure")]


def test_stamps_before_lines_of_dcgmi_are_its_times(tmp_path) -> None:
    lines = DMON.splitlines()
    text = "".join(f"{1_780_000_000 + number / 10} {line}\n" for number, line in enumerate(lines))
    times_s = recorded(tmp_path, text)["gpu0"].times_s
    assert [round(at_s - times_s[0], 3) for at_s in times_s] == [0, 0.2, 0.7]


def test_pages_of_an_exporter_have_the_time_that_is_before_them(tmp_path) -> None:
    text = "".join(
        f"{1_780_000_000 + second}.25\n{exporter_page(5_000_000 + 90_000 * second, 90.0)}" for second in range(3)
    )
    gpu = recorded(tmp_path, text)["gpu0"]
    assert [joules for _, joules in gpu.energy] == [5000.0, 5090.0, 5180.0]
    assert gpu.times_s == [1_780_000_000.25, 1_780_000_001.25, 1_780_000_002.25]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMI + "yesterday, 0, GPU-0, 1 W, 4, 9 %\n", "log:14: 'yesterday' is no time of nvidia-smi"),
        (SMI + "2026/06/15 17:28:00.000, 0, GPU-0, 1 W, 4, 9 %\n", "log:14: at_s: not after the reading of gpu0"),
        (SMI + "2026/06/15 18:28:09.000, 0, GPU-0, -1 W, 4, 9 %\n", "log:14: '-1 W' is not a valid reading"),
        (SMI + "2026/06/15 18:28:09.000\n" + SMI[len(HEAD) :], "log:14: 1 fields, and the first line has 6"),
        (exporter_page(1, 1.0), "says no time. Write one before each: date"),
        ("1780000000\nDCGM_FI_OTHER 1\n", "the page before it cannot be read"),
    ],
)
def test_a_log_that_cannot_be_read_is_named_with_its_line(tmp_path, text, said) -> None:
    with pytest.raises(UserError) as error:
        recorded(tmp_path, text)
    assert said in str(error.value)
