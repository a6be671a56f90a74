"""`compare` and `report` restate the grams: every option, what goes with what, and an old record."""

from __future__ import annotations

import json
from pathlib import Path

import click.testing
import pytest

from tests.made_up import rows
from tests.made_up.rows import item, write_items
from wattbench.cli import main

START_S = 1_767_322_800.0
"""2026-01-02 03:00 UTC."""
GRID = "time,g_per_kwh\n2026-01-02T03:00Z,100\n2026-01-02T04:00Z,300\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of one system with two items, in the hours after three and after four; its suite knows a region and a PUE
    alone, as suites did before hourly files and manufacture."""
    items = [
        item(hour, START_S + 3600 * hour - rows.START_S, 36.0, system="only", window=f"w{hour}", energy_j=3600.0)
        for hour in range(2)
    ]
    write_items(tmp_path, items, run="run", suite={"suite": {"name": "s", "carbon": {"region": "DEU", "pue": 1.2}}})
    (tmp_path / "grid.csv").write_text(GRID)
    return tmp_path / "run"


def call(*arguments: object) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, [str(argument) for argument in arguments])


def figures(*arguments: object) -> tuple[dict, dict]:
    result = call("runs", "compare", *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    return document["carbon"], document["systems"][0]


def test_an_old_run_is_restated(run: Path) -> None:
    carbon, system = figures(run)
    assert (carbon["region"], carbon["pue"], carbon["embodied"], carbon["intensity_csv"]) == ("DEU", 1.2, None, None)
    assert system["sci_g_per_correct"] == pytest.approx(1e-3 * carbon["intensity_g_per_kwh"] * 1.2)

    carbon, system = figures(run, "--intensity", 50, "--pue", 1, "--embodied", "ecologits-gpu-server")
    assert (carbon["region"], carbon["source"]) == (None, "given by the user")
    per_second_g = 1000 * (5700 / 8 + 164) / (3 * 365 * 24) / 3600
    assert system["co2_g_per_1000"] == pytest.approx(50)
    assert system["sci_g_per_correct"] == pytest.approx(0.05 + 36 * per_second_g)

    carbon, system = figures(run, "--region", "FRA", "--intensity-csv", run.parent / "grid.csv")
    assert (carbon["country"], carbon["intensity_csv"]["highest_g_per_kwh"]) == ("France", 300)
    assert system["co2_g_per_1000"] == pytest.approx(200 * 1.2)


def test_a_region_is_any_code_of_its_country(run: Path) -> None:
    france = figures(run, "--region", "FRA")
    assert figures(run, "--region", "FR") == france
    assert figures(run, "--region", "fra") == france


def test_a_report_takes_the_same_options(run: Path) -> None:
    out = run.parent / "report.html"
    done = call("runs", "report", run, "-o", out, "--intensity-csv", run.parent / "grid.csv", "--embodied", "none")
    assert done.exit_code == 0, done.output
    page = out.read_text(encoding="utf-8")
    assert "100 to 300 g CO2e per kWh, hour by hour from 2026-01-02 03:00 to 05:00 UTC" in page
    assert "Manufacture: not included" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--intensity", "1", "--intensity-csv", "grid.csv"],
            "either a constant or an hourly file: name one of the two",
        ),
        (
            ["--intensity-csv", "none.csv"],
            "none.csv: no such file",
        ),
        (["--intensity-csv", "bad.csv"], "bad.csv:2: column 'g_per_kwh': 'much' is not a number"),
        (["--embodied", "ecologits"], "no figure 'ecologits' is known"),
        (["--embodied", "{kg_per_device: 350}"], "kg_per_device also needs lifetime_years, source, year"),
        (["--region", "FRX"], "region 'FRX'"),
    ],
)
def test_a_mistake_ends_in_a_message(
    run: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(run.parent)
    (run.parent / "bad.csv").write_text("time,g_per_kwh\n2026-01-02T03:00Z,much\n")
    result = call("runs", "compare", run, *arguments)
    assert result.exit_code == 2
    assert said in result.output
