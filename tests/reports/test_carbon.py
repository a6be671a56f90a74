"""Joules to grams, and never a guess at the grid."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.errors import UserError
from reports.carbon import carbon, carbon_of_suite


def test_a_kilowatt_hour_is_the_intensity() -> None:
    factor = carbon(intensity_g_per_kwh=250, pue=1.2)
    assert factor is not None
    assert factor.grams(3_600_000) == pytest.approx(300)


def test_a_region_names_its_source_and_year() -> None:
    france, germany = carbon(region="fra"), carbon(region="DEU", pue=1.1)
    assert france is not None
    assert germany is not None
    assert france.region == "FRA"
    assert france.country == "France"
    assert france.pue == 1
    assert france.year is not None
    assert "codecarbon" in france.source
    assert str(france.year) in france.describe()
    assert france.intensity_g_per_kwh < germany.intensity_g_per_kwh


def test_agrees_with_codecarbon() -> None:
    from codecarbon.core.emissions import Emissions
    from codecarbon.core.units import Energy
    from codecarbon.external.geography import GeoMetadata
    from codecarbon.input import DataSource

    geo = GeoMetadata(country_iso_code="DEU", country_name="Germany", region=None)
    kilograms = Emissions(DataSource()).get_country_emissions(Energy.from_energy(kWh=1), geo)
    factor = carbon(region="DEU")
    assert factor is not None
    assert factor.grams(3_600_000) == pytest.approx(1000 * kilograms, rel=1e-3)


@pytest.mark.parametrize(
    ("region", "hint"),
    [("DE", "'DEU'"), ("Germany", "'DEU' (Germany)"), ("FRX", "'FRO'|'FRA'"), ("QQQ", "choose one of")],
)
def test_an_unknown_region_is_refused_with_the_nearest(region: str, hint: str) -> None:
    with pytest.raises(UserError) as refusal:
        carbon(region=region)
    assert region in str(refusal.value)
    assert any(part in str(refusal.value) for part in hint.split("|"))


@pytest.mark.parametrize(
    "wrong", [{"pue": 0.9}, {"pue": float("nan")}, {"intensity_g_per_kwh": -1.0}, {"intensity_g_per_kwh": float("inf")}]
)
def test_impossible_numbers_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match="must be a number"):
        carbon(**wrong)  # type: ignore[arg-type]


def test_no_region_no_grams() -> None:
    assert carbon() is None
    assert carbon(pue=1.5) is None
    assert carbon_of_suite({}) is None


def test_the_reader_overrides_the_suite() -> None:
    suite = {"region": "DEU", "intensity_g_per_kwh": 50.0, "pue": 1.2}
    as_asked, by_region = carbon_of_suite(suite), carbon_of_suite(suite, region="FRA")
    assert as_asked is not None
    assert by_region is not None
    assert (as_asked.intensity_g_per_kwh, as_asked.pue, as_asked.region) == (50, 1.2, "DEU")
    assert by_region.country == "France"
    assert by_region.intensity_g_per_kwh != 50
    assert by_region.pue == 1.2
    dirtier = carbon_of_suite(suite, intensity_g_per_kwh=700, pue=1)
    assert dirtier is not None
    assert (dirtier.intensity_g_per_kwh, dirtier.pue, dirtier.region) == (700, 1, None)


def test_codecarbon_is_not_imported_for_its_data() -> None:
    code = "import sys; from reports.carbon import carbon; carbon(region='FRA'); print('codecarbon' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
