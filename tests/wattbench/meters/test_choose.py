"""From a suite's entries to meters, and the refusal where joules would only be modelled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wattbench.config import AutoSettings, CodecarbonSettings, Command, ExternalSettings, ReplaySettings
from wattbench.errors import UserError
from wattbench.meters import Sensor, choose, require_measured

MODULE = "wattbench.meters.choose"


def sensor(meter: str, component: str, **more: Any) -> Sensor:
    values = {"what": component, "readable": True, "used": True, "provenance": "rapl", **more}
    return Sensor(meter=meter, component=component, **values)


LOCKED = sensor(
    "rapl", "cpu", readable=False, used=False, provenance=None, why_not="only root may read it", fix="sudo chmod a+r"
)
MODELS = [sensor("codecarbon", "cpu", provenance="modelled"), sensor("codecarbon", "dram", provenance="modelled")]
WALL = ExternalSettings(
    use="external", component="wall", command=Command(run="meter", pattern=r"\d+", power_unit="W")
)  # fmt: skip
AUTO = AutoSettings(use="auto")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets a test say what a survey finds."""
    import sys

    def found(*sensors: Sensor) -> None:
        monkeypatch.setattr(sys.modules[MODULE], "survey", lambda: list(sensors))

    return found


def external(component: str) -> ExternalSettings:
    return WALL.model_copy(update={"component": component})


def test_auto_takes_what_the_machine_has_and_the_wall_stands_beside_it(machine: Any) -> None:
    machine(LOCKED, *MODELS)
    chosen = choose([AUTO, WALL])
    assert chosen.provenance == {"cpu": "modelled", "dram": "modelled", "wall": "integrated"}
    assert chosen.details["wall"] == {"meter": "external (wall)", "reads": "power printed by meter", "step_s": 1.0}
    assert chosen.details["cpu"]["reads"].startswith("codecarbon's model")


def test_auto_stands_back_where_another_entry_measures(machine: Any) -> None:
    machine(sensor("rapl", "cpu"), sensor("rapl", "dram"), *(replace(s, used=False) for s in MODELS))
    assert choose([external("cpu"), AUTO]).provenance == {"dram": "rapl", "cpu": "integrated"}
    chosen = choose([CodecarbonSettings(use="codecarbon", components=["dram"]), AUTO])
    assert [meter.name for meter in chosen.meters] == ["rapl", "codecarbon"]


def test_without_auto_only_what_is_named_is_read(machine: Any) -> None:
    machine(sensor("rapl", "cpu"))
    assert choose([WALL]).provenance == {"wall": "integrated"}


def test_two_meters_of_one_component_are_refused() -> None:
    with pytest.raises(UserError, match=r"codecarbon and external \(cpu\) both measure cpu"):
        choose([CodecarbonSettings(use="codecarbon"), external("cpu")])


def test_measured_joules_are_required_and_there(machine: Any) -> None:
    machine(sensor("rapl", "cpu"), sensor("rapl", "dram"))
    require_measured(choose())
    require_measured(choose([WALL]))


@pytest.mark.parametrize(
    ("sensors", "said"),
    [
        (
            [LOCKED, *MODELS],
            ["cpu would only be modelled, as only root may read it (fix: sudo chmod a+r)", "dram would"],
        ),
        (
            [
                sensor(
                    "nvml",
                    "gpu",
                    readable=False,
                    used=False,
                    why_not="MIG mode is on",
                    fix="turn it off",
                    provenance=None,
                )
            ],
            ["gpu cannot be measured: MIG mode is on (fix: turn it off)"],
        ),
        ([], ["nothing here can be measured"]),
    ],
)
def test_what_would_not_be_measured_is_refused_with_the_fix(
    machine: Any, sensors: list[Sensor], said: list[str]
) -> None:
    machine(*sensors)
    with pytest.raises(UserError) as caught:
        require_measured(choose())
    for part in said:
        assert part in str(caught.value)


def test_a_named_model_and_a_recording_are_refused_too(machine: Any, tmp_path: Any) -> None:
    machine(LOCKED)
    with pytest.raises(UserError, match="cpu would only be modelled, as only root may read it"):
        require_measured(choose([CodecarbonSettings(use="codecarbon")]))
    (tmp_path / "t.csv").write_text("at_s,component,power_w\n1,gpu0,5\n2,gpu0,5\n")
    with pytest.raises(UserError, match="gpu0 would be replayed"):
        require_measured(choose([ReplaySettings(use="replay", trace=tmp_path / "t.csv")]))
