"""What a kWh costs other than CO2: the tables' own figures, declared ones with their source, and nothing assumed."""

from __future__ import annotations

import importlib.util
from importlib import metadata

import pytest
from ecologits.electricity_mix_repository import electricity_mixes
from ecologits.impacts import llm

from wattbench.errors import UserError
from wattbench.records.schema.carbon import Carbon as CarbonSettings
from wattbench.records.schema.carbon import Embodied as DeclaredEmbodied
from wattbench.records.schema.impacts import Impacts as ImpactSettings
from wattbench.records.schema.recorded import chosen
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.carbon.embodied import embodied
from wattbench_reports.metrics.impacts import electricity
from wattbench_reports.metrics.impacts.factors import ELECTRICITY, SITE, Impacts
from wattbench_reports.metrics.impacts.quantities import ADPE, PRIMARY_ENERGY, WATER
from wattbench_reports.metrics.impacts.settings import impacts_of_run, impacts_of_suite

FRANCE = CarbonSettings(region="FRA", pue=1.2)
SITE_WATER = {"wue_l_per_kwh": 0.3, "source": "the operator's report", "year": 2025}
DECLARED = {"water_l_per_kwh": 3.0, "source": "its own study", "year": 2024}


def block_of(given: object) -> ImpactSettings | None:
    return None if given is None else chosen(ImpactSettings, given, "impacts")


def of(block: object, carbon: CarbonSettings = FRANCE, **options) -> Impacts:
    impacts = impacts_of_suite(block_of(block), carbon, **options)
    assert impacts is not None
    return impacts


@pytest.mark.parametrize("zone", ["FRA", "DEU", "USA", "WOR"])
def test_factors_are_those_of_the_installed_tables_with_their_source(zone: str) -> None:
    impacts = of({"electricity": {"use": "ecologits", "zone": zone}}, CarbonSettings())
    mix = electricity_mixes.find_electricity_mix(zone)
    assert {each: factor.per_kwh for each, factor in impacts.electricity.items()} == {
        WATER: mix.wue, ADPE: mix.adpe, PRIMARY_ENERGY: mix.pe
    }  # fmt: skip
    for quantity, factor in impacts.electricity.items():
        assert f"{zone}: " in factor.source
        assert factor.source.endswith(f"by EcoLogits {metadata.version('ecologits')}")
        assert quantity.factor_unit in impacts.describe(quantity)


def test_a_figure_of_the_world_in_a_countrys_place_is_named() -> None:
    impacts = of({"electricity": {"use": "ecologits", "zone": "AGO"}}, CarbonSettings())
    assert "the world's, as the table has none of AGO" in impacts.describe(WATER)
    assert "the world's" not in impacts.describe(ADPE)


def test_primary_energy_below_what_a_kwh_is_is_named() -> None:
    impacts = of({"electricity": {"primary_energy_mj_per_kwh": 2.5, "source": "a table", "year": 2024}})
    assert "less than the 3.6 MJ that a kWh is, so some primary energy is not counted" in impacts.describe(
        PRIMARY_ENERGY
    )


def test_water_is_as_ecologits_adds_it_up() -> None:
    impacts = of({"electricity": {"use": "ecologits"}, "site": SITE_WATER})
    kwh = 0.25
    mix = electricity_mixes.find_electricity_mix("FRA")
    litres = kwh * (0.3 + 1.2 * mix.wue)  # the site's per kWh of the machines, the other with PUE
    assert sum(impacts.per_joule(WATER).values()) * kwh * 3.6e6 == pytest.approx(litres)
    assert llm.request_usage_wcf(kwh, mix.wue, 0.3, 1.2) == pytest.approx(litres)
    assert impacts.per_joule(WATER)[SITE] * 3.6e6 == pytest.approx(0.3)
    assert impacts.per_joule(ADPE) == {ELECTRICITY: pytest.approx(1.2 * mix.adpe / 3.6e6)}


def test_manufacture_is_what_ecologits_has_of_its_server() -> None:
    declared = FRANCE.model_copy(update={"embodied": DeclaredEmbodied(use="ecologits-gpu-server-2026", gpus=2)})
    impacts = of({"electricity": {"use": "ecologits"}}, declared)
    hours = llm.HARDWARE_LIFESPAN / 3600
    adpe = 2 * (llm.SERVER_EMBODIED_IMPACT_ADPE / llm.SERVER_GPUS + llm.GPU_EMBODIED_IMPACT_ADPE) / hours
    primary = 2 * (llm.SERVER_EMBODIED_IMPACT_PE / llm.SERVER_GPUS + llm.GPU_EMBODIED_IMPACT_PE) / hours
    assert impacts.per_second(ADPE) == pytest.approx(adpe / 3600)
    assert impacts.per_second(PRIMARY_ENERGY) == pytest.approx(primary / 3600)
    assert impacts.per_second(WATER) is None
    assert "not included: water of the site, manufacture" in impacts.describe(WATER)
    older = of(
        {"electricity": {"use": "ecologits"}},
        FRANCE.model_copy(update={"embodied": DeclaredEmbodied(use="ecologits-gpu-server")}),
    )
    assert older.per_second(ADPE) is None  # that source is not known to name it


def test_manufacture_can_be_declared_by_the_hour_and_by_the_device() -> None:
    hourly = embodied(DeclaredEmbodied(g_per_device_hour=20, adpe_kg_sb_per_device_hour=1e-6, source="a", year=2024))
    assert hourly is not None
    assert hourly.adpe_kg_sb_per_device_hour == 1e-6
    assert hourly.primary_energy_mj_per_device_hour is None
    of_device = {"kg_per_device": 350, "lifetime_years": 4, "utilisation": 0.5, "source": "a", "year": 2024}
    made = embodied(DeclaredEmbodied(**of_device, primary_energy_mj_per_device=4000))
    assert made is not None
    assert made.primary_energy_mj_per_device_hour == pytest.approx(4000 / (4 * 8760 * 0.5))


def test_several_sources_go_together_and_no_quantity_has_two() -> None:
    energy = {"primary_energy_mj_per_kwh": 9.3, "source": "a table", "year": 2023}
    impacts = of({"electricity": [DECLARED, energy]})
    assert impacts.quantities == (WATER, PRIMARY_ENERGY)
    assert "3 L per kWh (its own study, 2024) × PUE 1.2" in impacts.describe(WATER)
    with pytest.raises(UserError, match="water_l_per_kwh is there twice"):
        of({"electricity": [DECLARED, DECLARED]})
    with pytest.raises(UserError, match="water_l_per_kwh is there twice"):
        of({"electricity": [DECLARED, {"use": "ecologits"}]})


def test_a_readers_choice_replaces_the_block_and_uses_the_readers_grid() -> None:
    suite = {"site": SITE_WATER}
    assert impacts_of_suite(block_of(suite), FRANCE, "none") is None
    impacts = of(suite, choice="ecologits", of_carbon=CarbonChoice(region="DE", pue=2.0))
    assert impacts.site is None
    assert impacts.pue == 2.0
    assert impacts.electricity[WATER].source.startswith("DEU: ")
    text = "{site: {wue_l_per_kwh: 1.5, source: a water meter, year: 2026}}"
    assert of(None, choice=text).describe(WATER).startswith("site 1.5 L per kWh (a water meter, 2026) of the machines")


@pytest.mark.parametrize("figure", ["5e-8", "5.0e-8", "5E-08", "0.00000005"])
def test_a_small_figure_can_be_written_with_an_exponent(figure: str) -> None:
    text = f"{{electricity: {{adpe_kg_sb_per_kwh: {figure}, source: a study, year: 2024}}}}"
    assert of(None, choice=text).electricity[ADPE].per_kwh == 5e-8


@pytest.mark.parametrize("nothing", [None, {}, {"electricity": [], "site": None}])
def test_nothing_declared_is_nothing_stated(nothing: object) -> None:
    assert impacts_of_suite(block_of(nothing), FRANCE) is None


def test_a_zone_that_the_tables_lack_is_an_error() -> None:
    with pytest.raises(UserError, match="'XYZ' is not a zone of EcoLogits' tables"):
        of({"electricity": {"use": "ecologits", "zone": "XYZ"}})


@pytest.mark.parametrize("text", ["{", "[1]", "{a: *b}", "ecologist", "{site: 1}"])
def test_an_option_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(UserError):
        impacts_of_suite(None, FRANCE, text)


def test_tables_need_a_zone() -> None:
    with pytest.raises(UserError, match="name one with zone"):
        impacts_of_suite(block_of({"electricity": {"use": "ecologits"}}), CarbonSettings())


def test_without_ecologits_a_run_is_read_and_the_reason_is_returned(monkeypatch) -> None:
    electricity._mixes.cache_clear()
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "ecologits" else found(name, *rest)
    )
    block = block_of({"electricity": {"use": "ecologits"}})
    impacts, why = impacts_of_run(block, FRANCE, None, CarbonChoice())
    assert impacts is None
    assert "pip install 'wattbench[apis]'" in why
    with pytest.raises(UserError, match="which is not installed"):
        impacts_of_run(block, FRANCE, "ecologits", CarbonChoice())
    electricity._mixes.cache_clear()
