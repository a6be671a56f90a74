"""Joules to grams, and never a guess at the grid: what a suite asks for, and what a reader says instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wattbench.config.suite import Carbon as SuiteCarbon
from wattbench.errors import UserError
from wattbench_reports.metrics.carbon import (
    CarbonChoice,
    FlatIntensity,
    HourlyFileError,
    HourlyIntensity,
    carbon,
    carbon_of_run,
    carbon_of_suite,
)
from wattbench_reports.tables.suite_record import CarbonSettings

HOURS = "time,g_per_kwh\n2026-01-02T03:00Z,100\n2026-01-02T04:00Z,200\n"


def chosen(**choice):
    factor = carbon(CarbonChoice(**choice))
    assert factor is not None
    return factor


def test_a_kilowatt_hour_is_the_intensity() -> None:
    assert chosen(intensity_g_per_kwh=250, pue=1.2).grams(3_600_000) == pytest.approx(300)


def test_a_region_names_its_source_and_year() -> None:
    france, germany = chosen(region="fra"), chosen(region="DEU", pue=1.1)
    assert str(france.grid) == "France (FRA)"
    assert france.pue == 1
    assert isinstance(france.intensity, FlatIntensity)
    assert isinstance(germany.intensity, FlatIntensity)
    assert france.intensity.year is not None
    assert "codecarbon" in france.intensity.source
    assert str(france.intensity.year) in france.describe()
    assert france.describe().endswith("PUE 1; manufacture not included")
    assert france.intensity.g_per_kwh < germany.intensity.g_per_kwh


@pytest.mark.parametrize(
    ("given", "meant"),
    [("FR", "FRA"), ("de", "DEU"), (" deu ", "DEU"), ("Gb", "GBR"), ("UK", "GBR"), ("el", "GRC")],
)
def test_a_region_is_an_alpha_2_or_alpha_3_code_in_either_case(given: str, meant: str) -> None:
    assert chosen(region=given) == chosen(region=meant)
    assert chosen(region=given).grid.region == meant


def test_agrees_with_codecarbon() -> None:
    from codecarbon.core.emissions import Emissions
    from codecarbon.core.units import Energy
    from codecarbon.external.geography import GeoMetadata
    from codecarbon.input import DataSource

    geo = GeoMetadata(country_iso_code="DEU", country_name="Germany", region=None)
    kilograms = Emissions(DataSource()).get_country_emissions(Energy.from_energy(kWh=1), geo)
    assert chosen(region="DEU").grams(3_600_000) == pytest.approx(1000 * kilograms, rel=1e-3)


@pytest.mark.parametrize(
    ("region", "hint"),
    [("Germany", "'DEU' (Germany)"), ("south korea", "'KOR'"), ("FRX", "'FRO'|'FRA'"), ("QQQ", "choose one of"),
     ("XX", "choose one of"), ("", "choose one of"), ("AD", "country that codecarbon has a grid for")],
)  # fmt: skip
def test_an_unknown_region_is_refused_with_the_nearest(region: str, hint: str) -> None:
    with pytest.raises(UserError) as refusal:
        carbon(CarbonChoice(region=region))
    assert region in str(refusal.value)
    assert any(part in str(refusal.value) for part in hint.split("|"))


@pytest.mark.parametrize(
    "wrong",
    [{"pue": 0.9}, {"pue": float("nan")}, {"intensity_g_per_kwh": -1.0}, {"intensity_g_per_kwh": float("inf")}],
)
def test_impossible_numbers_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match="must be a number"):
        carbon(CarbonChoice(**wrong))  # type: ignore[arg-type]


def test_no_intensity_no_grams() -> None:
    assert carbon(CarbonChoice()) is None
    assert carbon(CarbonChoice(pue=1.5, embodied="ecologits-gpu-server")) is None
    assert carbon_of_suite(CarbonSettings()) is None


def test_any_intensity_of_the_reader_replaces_all_of_the_suites(tmp_path: Path) -> None:
    suite = CarbonSettings("DEU", 50.0, pue=1.2, embodied={"use": "ecologits-gpu-server"})
    as_asked = carbon_of_suite(suite)
    assert as_asked.intensity == FlatIntensity(50, "given by the user", None)
    assert (str(as_asked.grid), as_asked.pue) == ("Germany (DEU)", 1.2)
    assert as_asked.embodied is not None

    by_region = carbon_of_suite(suite, CarbonChoice(region="FRA"))
    assert by_region.intensity != as_asked.intensity
    assert (str(by_region.grid), by_region.pue, by_region.embodied) == ("France (FRA)", 1.2, as_asked.embodied)

    dirtier = carbon_of_suite(suite, CarbonChoice(intensity_g_per_kwh=700, pue=1, embodied="none"))
    assert (dirtier.intensity, dirtier.pue) == (FlatIntensity(700, "given by the user", None), 1)
    assert (dirtier.grid, dirtier.embodied) == (None, None)

    (tmp_path / "grid.csv").write_text(HOURS)
    hourly = carbon_of_suite(suite, CarbonChoice(region="FRA", intensity_csv=tmp_path / "grid.csv"))
    assert isinstance(hourly.intensity, HourlyIntensity)
    assert str(hourly.grid) == "France (FRA)"
    assert hourly.grams(1.0) is None, "whoever does not say when cannot have grams by the hour"


def test_two_intensities_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name one of the two"):
        carbon(CarbonChoice(intensity_g_per_kwh=1.0, intensity_csv=tmp_path / "grid.csv"))


def test_a_run_can_be_read_without_the_file_that_its_suite_names(tmp_path: Path) -> None:
    gone = tmp_path / "gone.csv"
    factor, reason = carbon_of_run(CarbonSettings(intensity_csv=str(gone)), CarbonChoice(pue=1.1))
    assert factor is None
    assert reason == f"{gone}: no such file"
    factor, reason = carbon_of_run(CarbonSettings(intensity_csv=str(gone)), CarbonChoice(region="FRA"))
    assert factor is not None
    assert reason == ""
    with pytest.raises(HourlyFileError):
        carbon_of_run(CarbonSettings(), CarbonChoice(intensity_csv=gone))


def test_a_choice_says_itself_as_options() -> None:
    choice = CarbonChoice("FRA", 40.0, Path("a b.csv"), 1.1, "{use: x}")
    assert choice.as_options() == [
        "--region", "FRA", "--intensity", "40", "--intensity-csv", "a b.csv", "--pue", "1.1", "--embodied", "{use: x}",
    ]  # fmt: skip
    assert CarbonChoice().as_options() == []


def test_what_a_suite_file_declares_is_what_is_read() -> None:
    declared = SuiteCarbon.model_validate(
        {"region": "DEU", "embodied": {"kg_per_device": 350, "lifetime_years": 4, "source": "its LCA", "year": 2024}}
    )
    factor = carbon_of_suite(CarbonSettings.of(declared.model_dump(mode="json")))
    assert factor.embodied.g_per_hour == pytest.approx(350_000 / (4 * 8760))


def test_codecarbon_is_not_imported_for_its_data() -> None:
    code = (
        "import sys; from wattbench_reports.metrics.carbon import carbon, CarbonChoice; "
        "carbon(CarbonChoice(region='FRA')); "
        "print({'codecarbon', 'pandas'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
