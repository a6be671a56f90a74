"""Manufacture: public figures recomputed, declared ones checked, and nothing without its source."""

from __future__ import annotations

import pytest

from wattbench.errors import UserError
from wattbench.records.schema.carbon import Embodied as DeclaredEmbodied
from wattbench.records.schema.recorded import chosen
from wattbench_reports.metrics.carbon.embodied import PUBLIC_FIGURES, Embodied, embodied, embodied_option

DECLARED = {"source": "its LCA", "year": 2024}


def declared(**figure: object) -> Embodied | None:
    return embodied(DeclaredEmbodied.model_validate(figure))


def test_ecologits_is_what_its_methodology_computes() -> None:
    one, four = declared(use="ecologits-gpu-server"), declared(use="ecologits-gpu-server", gpus=4)
    assert one is not None
    assert four is not None
    assert one.g_per_hour == pytest.approx(1000 * (5700 / 8 + 164) / (3 * 365 * 24))
    assert four.g_per_hour == pytest.approx(4 * one.g_per_hour)
    assert four.describe() == (
        "133 g CO2e per hour of use (4 devices; per GPU 5,700 kg of a server over its 8 GPUs and 164 kg of its own, "
        "over 3 years; EcoLogits: BoaviztAPI for an AWS p5.48xlarge, NVIDIA's HGX H100 PCF summary, 2025)"
    )


@pytest.mark.parametrize("name", sorted(PUBLIC_FIGURES))
def test_every_public_figure_names_its_source(name: str) -> None:
    figure = declared(use=name)
    assert figure is not None
    assert figure.source
    assert figure.year >= 2024
    assert 10 < figure.g_per_hour < 100


def test_kilograms_are_spread_over_the_hours_of_use() -> None:
    always = declared(kg_per_device=350, lifetime_years=4, **DECLARED)
    half = declared(kg_per_device=350, lifetime_years=4, utilisation=0.5, devices=2, **DECLARED)
    assert always is not None
    assert half is not None
    assert always.g_per_hour == pytest.approx(350_000 / 35_040)
    assert half.g_per_hour == pytest.approx(4 * always.g_per_hour)
    assert "in use 50% of them" in half.describe()
    hourly = declared(g_per_device_hour=20, **DECLARED)
    assert hourly is not None
    assert hourly.describe() == "20 g CO2e per hour of use (20 g per device-hour, declared; its LCA, 2024)"


def test_nothing_declared_is_not_included() -> None:
    assert embodied(None) is None


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"use": "ecologits-gpu-servr"}, "did you mean 'ecologits-gpu-server'"),
        ({"use": "ecologits-gpu-server", "devices": 2}, "'devices' does not go with use"),
        ({"kg_per_device": 350}, "kg_per_device also needs lifetime_years, source, year: a figure without its source"),
        ({"g_per_device_hour": 20, "year": 2024}, "g_per_device_hour also needs source"),
        ({"use": "x", "g_per_device_hour": 1}, "exactly one of use, g_per_device_hour, kg_per_device (here: use and"),
        ({"gpus": 1}, "(here: none)"),
    ],
)
def test_what_is_wrong_is_said(block: object, said: str) -> None:
    with pytest.raises(UserError) as error:
        embodied(chosen(DeclaredEmbodied, block, "embodied"))
    assert said in str(error.value)


def test_an_option_says_what_a_suite_file_would() -> None:
    assert embodied_option("none") is None
    assert embodied_option(" ecologits-gpu-server ") == DeclaredEmbodied(use="ecologits-gpu-server")
    text = "{kg_per_device: 350, lifetime_years: 4, source: 'A, b: c', year: 2024}"
    assert embodied_option(text) == DeclaredEmbodied(kg_per_device=350, lifetime_years=4, source="A, b: c", year=2024)


@pytest.mark.parametrize("text", ["", "{", "{a: [1]}", "{a: &a {b: *a}}", "{? [1] : 2}"])
def test_an_option_that_is_no_mapping_of_plain_values(text: str) -> None:
    with pytest.raises(UserError, match="--embodied"):
        embodied_option(text)
