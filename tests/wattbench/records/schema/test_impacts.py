"""The block `impacts` of a suite: each figure with its source, one form at a time."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wattbench.records.schema.carbon import Embodied
from wattbench.records.schema.impacts import Impacts

SITE = {"wue_l_per_kwh": 0.3, "source": "the operator's report", "year": 2025}
STUDY = {"water_l_per_kwh": 3.0, "source": "a study", "year": 2024}


def test_one_source_is_a_list_of_one() -> None:
    one, several = Impacts(electricity=STUDY), Impacts(electricity=[STUDY, {"use": "ecologits", "zone": "FRA"}])
    assert [each.water_l_per_kwh for each in one.electricity] == [3.0]
    assert [each.use for each in several.electricity] == [None, "ecologits"]
    assert Impacts(site=SITE).electricity == []


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"electricity": {"use": "ecologits", **STUDY}}, "name either use: ecologits, or one or more of water_l_per"),
        ({"electricity": {}}, "name either use: ecologits"),
        ({"electricity": {"water_l_per_kwh": 3.0, "year": 2024}}, "water_l_per_kwh also needs source and year"),
        ({"electricity": {**STUDY, "zone": "FRA"}}, "zone goes with use: ecologits alone"),
        ({"electricity": {"use": "ecologits", "source": "a"}}, "use: ecologits names its own"),
        ({"electricity": {"use": "ecologits", "zone": "Atlantis"}}, "electricity.0.zone"),
        ({"electricity": {"use": "another"}}, "ecologits"),
        ({"site": {"wue_l_per_kwh": 0.3, "source": "a"}}, "site.year"),
        ({"site": {**SITE, "wue_l_per_kwh": -1}}, "site.wue_l_per_kwh"),
        ({"site": {**SITE, "wue_l_per_kwh": float("inf")}}, "site.wue_l_per_kwh"),
        ({"water": 1}, "water"),
    ],
)
def test_a_figure_without_its_source_is_an_error(block: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Impacts(**block)


def test_manufacture_takes_figures_beside_grams_of_the_same_form() -> None:
    made = {"kg_per_device": 350, "lifetime_years": 4, "source": "a", "year": 2024}
    assert Embodied(**made, adpe_kg_sb_per_device=0.01).adpe_kg_sb_per_device == 0.01
    with pytest.raises(ValidationError, match="'primary_energy_mj_per_device_hour' does not go with kg_per_device"):
        Embodied(**made, primary_energy_mj_per_device_hour=1)
