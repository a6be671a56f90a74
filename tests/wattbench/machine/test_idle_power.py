"""What the machine draws at rest is measured of what slots share, by sensors alone."""

from __future__ import annotations

import pytest

from tests.made_up.meters import PlayedMeter
from wattbench.machine import slot
from wattbench.meters import Reading

pytestmark = pytest.mark.slow


def meter(component: str, provenance: str = "rapl", watts: float = 25.0) -> PlayedMeter:
    return PlayedMeter(
        lambda at_s: Reading(at_s, {component: watts * (at_s % 1e6)}),
        name=component,
        component=component,
        provenance=provenance,
    )


def measured(*meters: PlayedMeter, seconds: float = 0.1) -> dict[str, float]:
    return dict(slot.idle_power_w(meters, seconds))


def test_the_processors_watts_are_measured_and_a_gpus_are_not_asked() -> None:
    gpu, cpu = meter("gpu0", "counter"), meter("cpu")
    assert measured(gpu, cpu) == {"cpu": pytest.approx(25.0, rel=0.01)}
    assert gpu.reads == 0


def test_a_model_knows_its_own() -> None:
    modelled = meter("cpu", "modelled")
    assert measured(modelled, meter("dram", watts=4.0)) == {"dram": pytest.approx(4.0, rel=0.01)}
    assert modelled.reads == 0


def test_a_suite_without_an_idle_window_measures_none() -> None:
    cpu = meter("cpu")
    assert measured(cpu, seconds=0.0) == {}
    assert cpu.reads == 0


def test_a_sensor_that_is_stuck_gives_none() -> None:
    assert measured(meter("cpu", watts=0.0)) == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"cpu": "x"}', '{"cpu": -1}', '{"cpu": NaN}', '{"cpu": null}', "[" * 99999]
)
def test_a_variable_that_says_nothing_is_none(text) -> None:
    assert slot.known_idle_w({slot.KNOWN_IDLE_W: text}) == {}


def test_what_started_this_process_says_what_it_measured() -> None:
    assert slot.known_idle_w({slot.KNOWN_IDLE_W: '{"cpu": 40.5}'}) == {"cpu": 40.5}
    assert slot.known_idle_w({}) == {}
