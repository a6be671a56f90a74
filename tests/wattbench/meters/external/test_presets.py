"""Power by IPMI and Redfish: programs that print what the real ones do, of a known course."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.exporter import BEGAN_S, Course
from wattbench.config import Command, ExternalSettings
from wattbench.meters import MeterError, WindowEvidence, judge
from wattbench.meters.external import ExternalMeter
from wattbench.meters.sampling.sampler import counts_at_edges

pytestmark = pytest.mark.slow  # for the programs

DCMI = """
    Instantaneous power reading:                   {watts} Watts
    Minimum during sampling period:                 18 Watts
    Maximum during sampling period:                905 Watts
    Average power reading over sample period:      444 Watts
    IPMI timestamp:                           {stamp}
    Sampling period:                          00000001 Seconds.
    Power reading state is:                   activated
"""
NO_DCMI = "DCMI request failed because: Invalid command (c1)"


def redfish(watts: int) -> str:
    return json.dumps(
        {
            "@odata.id": "/redfish/v1/Chassis/1/Power",
            "PowerControl": [{"PowerConsumedWatts": watts, "PowerMetrics": {"AverageConsumedWatts": 444}}],
        }
    )


def environment(watts: int) -> str:
    return json.dumps({"PowerWatts": {"Reading": watts, "DataSourceUri": "x"}, "EnergykWh": {"Reading": 12.0}})


PRINTS = {
    "ipmi_dcmi": lambda watts: DCMI.format(watts=watts, stamp="Sat Nov 28 03:00:00 2026"),
    "redfish_power": redfish,
    "redfish_environment": environment,
}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called ipmitool, first on the path, that prints a file."""
    printed, script = tmp_path / "printed.txt", tmp_path / "ipmitool"
    script.write_text(f"#!/bin/sh\nexec cat {printed}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return printed


@pytest.mark.parametrize("preset", PRINTS)
def test_a_known_course_read_once_a_second_is_right_to_one_percent(
    preset: str, program: Path, monkeypatch: pytest.MonkeyPatch, label: Any
) -> None:
    command = Command(preset=preset) if preset == "ipmi_dcmi" else Command(preset=preset, run="ipmitool get")
    settings = ExternalSettings(use="external", component="wall", host="alpha", every_s=1.0, command=command)
    meter, course = ExternalMeter(settings), Course(mean_w=420.0, swing_w=60.0, period_s=9.0)
    assert meter.provenance == {"wall@alpha": "integrated"}
    readings = []
    for second in range(15):
        monkeypatch.setattr("wattbench.meters.external.now_s", lambda at_s=BEGAN_S + second: at_s)
        program.write_text(PRINTS[preset](round(course.power_w(BEGAN_S + second))))
        readings += meter._source.look()
    started_s, finished_s = BEGAN_S + 2.4, BEGAN_S + 12.4
    row = judge(
        WindowEvidence(
            label=label,
            started_s=started_s,
            finished_s=finished_s,
            readings=[*readings, *counts_at_edges(meter.provenance, readings, started_s, finished_s)],
            provenance=meter.provenance,
            step_s=meter.step_s,
        )
    )
    assert row.valid, row.reasons
    assert row.energy_j["wall@alpha"] == pytest.approx(course.energy_j(started_s, finished_s), rel=0.01)


def test_a_board_that_has_no_such_reading_is_a_gap(program: Path) -> None:
    program.write_text(NO_DCMI)
    meter = ExternalMeter(ExternalSettings(use="external", component="psu", command=Command(preset="ipmi_dcmi")))
    with pytest.raises(MeterError, match=r"ipmitool printed nothing at .*DCMI request failed"):
        meter._source.look()


def test_what_is_set_goes_before_the_preset() -> None:
    command = Command(preset="redfish_environment", run="x", json_path="EnergykWh.Reading", energy_unit="kWh")
    assert (command.json_path, command.power_unit, command.energy_unit) == ("EnergykWh.Reading", None, "kWh")
    again = Command(**command.model_dump())
    assert again == command
    assert "preset" not in Command(run="x", pattern="x", power_unit="W").model_dump()  # as before there were any
    mine = Command(preset="ipmi_dcmi", run="sudo ipmitool dcmi power reading")
    assert (mine.run, mine.power_unit) == ("sudo ipmitool dcmi power reading", "W")


@pytest.mark.parametrize("settings", [{"preset": "redfish_power"}, {"preset": "smoke", "run": "x"}, {"preset": []}])
def test_a_preset_that_is_none_or_lacks_its_command_is_refused(settings: Any) -> None:
    with pytest.raises(ValueError, match=r"run|preset"):
        Command(**settings)
