"""The `meters:` of a suite: what may stand there, how what is wrong is said, and meters that others bring."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.suites import suite_of
from wattbench.config import Suite, resolved_from_record
from wattbench.errors import UserError
from wattbench.meters.choose import make_meter
from wattbench.redaction import hide_settings

SUITE = """name: demo
tasks:
  include: [tasks]
  select:
    - {task: sums, domain: arithmetic}
systems:
  define:
    regex: {kind: specialist, engine: python, call: "x:solve"}
"""
THIRD_PARTY = '''
from wattbench.clock import now_s
from wattbench.config import MeterSettings
from wattbench.meters import MeterError, Reading


class Settings(MeterSettings):
    """A meter of ducks."""

    ducks: int
    colour: str = "white"


class DuckMeter:
    Settings = Settings
    period_s = 0.5

    def __init__(self, settings):
        if settings.ducks == 13:
            raise MeterError("13 ducks cannot be counted", fix="buy another")
        self.name = "duck"
        self.settings = settings
        self.step_s = {"pond": 0.1}
        self.provenance = {"pond": "counter" if settings.ducks < 100 else "guess"}
        self.reads = {"pond": f"{settings.ducks} {settings.colour} ducks"}

    @classmethod
    def from_settings(cls, settings):
        return cls(settings)

    def open(self): ...
    def read(self): return Reading(now_s(), {"pond": 5.0})
    def close(self): ...
'''


@pytest.fixture
def load(tmp_path: Path) -> Any:
    (tmp_path / "tasks").mkdir()

    def read(meters: str) -> Any:
        return suite_of(SUITE + meters + "\n", tmp_path)

    return read


@pytest.fixture
def ducks(install: Callable[..., None]) -> None:
    install("wattbench-ducks", "[wattbench.meters]\nduck = wattbench_ducks:DuckMeter\n", wattbench_ducks=THIRD_PARTY)


def test_without_the_key_detection_chooses(load: Any) -> None:
    assert [entry.use for entry in load("").suite.meters] == ["auto"]


def test_entries_are_names_or_mappings_and_survive_the_record(load: Any, tmp_path: Path) -> None:
    resolved = load(
        "meters:\n  - auto\n  - {use: nvml, gpus: 4, power: average}\n  - {use: replay, trace: t.csv, repeat: true}\n"
        "  - {use: external, component: wall, csv: {path: w.csv, time: t, power: p}}"
    )
    assert [entry.use for entry in resolved.suite.meters] == ["auto", "nvml", "replay", "external"]
    assert resolved.suite.meters[2].trace == tmp_path / "t.csv"
    again = resolved_from_record(json.loads(json.dumps(resolved.as_record())))
    assert again.suite.meters == resolved.suite.meters
    assert again.sha256 == resolved.sha256
    json.dumps(Suite.model_json_schema())


CSV = "csv: {path: w.csv, time: t"


@pytest.mark.parametrize(
    ("meters", "said"),
    [
        ("meters: [nvm]", "suite.yaml:9: meters.0: no meter 'nvm' is known here; did you mean 'nvml'?"),
        (
            "meters:\n  - auto\n  - {use: nvml, gpu: 4}",
            "suite.yaml:11: meters.1.gpu: unknown key; did you mean 'gpus'?",
        ),
        ("meters: [{gpus: 4}]", "meters.0: name the meter"),
        ("meters: [3]", "meters.0: name the meter"),
        ("meters: []", "meters: list should have at least 1 item"),
        ("meters: [{use: nvml, gpus: 0}]", "meters.0.gpus: input should be greater than 0"),
        ("meters: [{use: external, component: wall}]", "meters.0: set exactly one of csv and command"),
        (
            f"meters: [{{use: external, component: Wall, {CSV}, power: p}}}}]",
            "meters.0.component: 'Wall' does not have",
        ),
        (
            f"meters: [{{use: external, component: wall, {CSV}}}}}]",
            "meters.0.csv: name the column of power, of energy or both",
        ),
        (
            f"meters: [{{use: external, component: wall, {CSV}, power: p, power_unit: MW}}}}]",
            "meters.0.csv.power_unit: 'MW' is not known here",
        ),
        (
            f"meters: [{{use: external, component: wall, {CSV}, power: p, timezone: Mars}}}}]",
            "meters.0.csv.timezone: no time zone 'Mars'",
        ),
        (
            "meters: [{use: external, component: psu, command: {run: x, pattern: '(', power_unit: W}}]",
            "meters.0.command.pattern: not a regular expression",
        ),
        (
            "meters: [{use: external, component: psu, command: {run: x, pattern: x}}]",
            "meters.0.command: set exactly one of power_unit and energy_unit",
        ),
        (
            'meters: [{use: external, component: psu, command: {run: "a \'b", pattern: x, power_unit: W}}]',
            "meters.0.command.run: cannot be split",
        ),
        ("meters: [{use: replay, trace: t.csv, speed: 0}]", "meters.0.speed: input should be greater than 0"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(load: Any, meters: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(meters)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_meters_of_other_machines_and_their_secrets(load: Any) -> None:
    meters = """meters:
  - {use: prometheus, exporter: dcgm, url: "http://user:kq7Zt2pX9vLm4RwB@gpu-box:9400/metrics", components: [gpu0]}
  - {use: tensorrt_llm, url: "http://gpu-box:8000/energy_metrics", host: gpu-box, every_s: 0.5}
"""
    resolved = load(meters)
    dcgm, trt = resolved.suite.meters
    assert (dcgm.every_s, dcgm.updates_s, dcgm.host, trt.every_s) == (1.0, None, None, 0.5)
    assert "kq7Zt2pX9vLm4RwB" not in str(hide_settings(resolved.as_record()))


@pytest.mark.usefixtures("ducks")
def test_a_third_party_adds_a_meter_with_settings_of_its_own(load: Any) -> None:
    resolved = load("meters: [{use: duck, ducks: 3}]")
    (entry,) = resolved_from_record(json.loads(json.dumps(resolved.as_record()))).suite.meters
    assert entry == resolved.suite.meters[0]
    assert entry.model_dump() == {"use": "duck", "ducks": 3, "colour": "white"}
    meter: Any = make_meter(entry)
    assert meter.reads == {"pond": "3 white ducks"}
    assert meter.read().energy_j == {"pond": 5.0}


@pytest.mark.usefixtures("ducks")
@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{use: duck, ducks: many}", "suite.yaml:9: meters.0.ducks: input should be a valid integer"),
        ("{use: duck, duck: 3}", "meters.0.duck: unknown key; did you mean 'ducks'?"),
        ("duk", "no meter 'duk' is known here; did you mean 'duck'?"),
    ],
)
def test_a_third_partys_settings_are_checked_as_well(load: Any, entry: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(f"meters: [{entry}]")
    assert said in str(caught.value)


@pytest.mark.usefixtures("ducks")
@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{use: duck, ducks: 13}", r"duck: 13 ducks cannot be counted \(fix: buy another\)"),
        ("{use: duck, ducks: 1000}", "names the provenance 'guess'"),
    ],
)
def test_a_third_party_that_cannot_measure_says_so(load: Any, entry: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make_meter(load(f"meters: [{entry}]").suite.meters[0])
