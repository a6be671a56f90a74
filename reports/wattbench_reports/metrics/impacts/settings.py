"""Read the block ``impacts`` of a suite, or what a reader sets in its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.records.files.plain_yaml import exponent_read
from wattbench.records.suite_defaults import IMPACTS_PER_KWH
from wattbench_reports.metrics.carbon.block_option import named_or_block
from wattbench_reports.metrics.carbon.embodied import embodied, embodied_settings
from wattbench_reports.metrics.carbon.overrides import CARBON_AS_IN_SUITE, CarbonChoice, pue_of_suite
from wattbench_reports.metrics.impacts.electricity import Factor, NoTablesError, ecologits_factors
from wattbench_reports.metrics.impacts.factors import Impacts
from wattbench_reports.metrics.impacts.quantities import QUANTITIES, Quantity
from wattbench_reports.tables.suite_record import CarbonSettings

TABLES = "ecologits"
_SITE = ("wue_l_per_kwh", "source", "year")
_DECLARED = (*IMPACTS_PER_KWH, "source", "year")
_OF_TABLES = ("use", "zone")
LARGEST = 1e9


def impacts_of_suite(
    settings: Mapping[str, Any] | None,
    carbon: CarbonSettings,
    choice: str | None = None,
    of_carbon: CarbonChoice = CARBON_AS_IN_SUITE,
) -> Impacts | None:
    """Return the factors of a joule and an hour, other than of CO2.

    Args:
        settings: the suite's block ``impacts``.
        carbon: its block ``carbon``, of which the region, the PUE and manufacture are used.
        choice: the reader's ``--impacts``, in place of the whole block: ``ecologits``, ``none``, or the block as YAML.
        of_carbon: the reader's other choices.

    Returns:
        None where nothing is declared: none is then stated rather than guessed.

    Raises:
        UserError: a figure without its source or year, an impossible one, or a zone that is not named or not known.
    """
    given = _given(settings if choice is None else impact_settings(choice), "impacts")
    if not given:
        return None
    _check(given, ("electricity", "site"), "impacts")
    region = of_carbon.region or carbon.region
    electricity: dict[Quantity, Factor] = {}
    for each in _sources(given.get("electricity")):
        for quantity, factor in _electricity(each, region).items():
            if quantity in electricity:
                raise UserError(f"impacts.electricity: {quantity.per_kwh} is there twice; each source names others")
            electricity[quantity] = factor
    site = _given(given.get("site"), "impacts.site")
    made = embodied(carbon.embodied if of_carbon.embodied is None else embodied_settings(of_carbon.embodied))
    impacts = Impacts(pue_of_suite(carbon, of_carbon), electricity, _site(site) if site else None, made)
    return impacts if impacts.quantities else None


def impacts_of_run(
    settings: Mapping[str, Any] | None, carbon: CarbonSettings, choice: str | None, of_carbon: CarbonChoice
) -> tuple[Impacts | None, str]:
    """Return the factors as `impacts_of_suite`; None, with the reason, where EcoLogits' tables cannot be read.

    Returns:
        What a joule costs, and why that is not known: empty unless the suite's tables cannot be read.

    Raises:
        UserError: as `impacts_of_suite`; also for tables that the reader named.
    """
    try:
        return impacts_of_suite(settings, carbon, choice, of_carbon), ""
    except NoTablesError as error:
        if choice is not None:
            raise
        return None, str(error)


def impact_settings(text: str) -> Mapping[str, Any]:
    """Return the value of `--impacts` as a suite file has it.

    Raises:
        UserError: it is not YAML, or not a mapping.
    """
    settings = named_or_block("--impacts", text)
    if isinstance(settings, str):
        return {"electricity": {"use": settings}}
    if not isinstance(settings, dict):
        raise UserError(f"--impacts: give {TABLES}, none, or a mapping such as {{site: {{wue_l_per_kwh: 0.2, ...}}}}")
    return settings


def _sources(given: object) -> list[Mapping[str, Any]]:
    several = given if isinstance(given, list | tuple) else [given]
    return [known for each in several if (known := _given(each, "impacts.electricity"))]


def _electricity(given: Mapping[str, Any], region: str | None) -> dict[Quantity, Factor]:
    where = "impacts.electricity"
    if "use" in given:
        _check(given, _OF_TABLES, where)
        if given["use"] != TABLES:
            raise UserError(
                f"{where}.use: no tables {given['use']!r:.40} are known{nearest(str(given['use']), [TABLES])}"
            )
        zone = given.get("zone", region)
        if not isinstance(zone, str) or not zone:
            raise UserError(f"{where}: {TABLES} has figures by zone: name one with zone, carbon.region or --region")
        return ecologits_factors(zone)
    _check(given, _DECLARED, where)
    declared = {quantity: given[quantity.per_kwh] for quantity in QUANTITIES if quantity.per_kwh in given}
    if not declared:
        raise UserError(f"{where} needs use: {TABLES}, or one or more of {', '.join(IMPACTS_PER_KWH)}")
    source, year = _named(given, where)
    return {
        quantity: Factor(_figure(f"{where}.{quantity.per_kwh}", value), source, year)
        for quantity, value in declared.items()
    }


def _site(given: Mapping[str, Any]) -> Factor:
    where = "impacts.site"
    _check(given, _SITE, where)
    if "wue_l_per_kwh" not in given:
        raise UserError(f"{where} needs wue_l_per_kwh")
    source, year = _named(given, where)
    return Factor(_figure(f"{where}.wue_l_per_kwh", given["wue_l_per_kwh"]), source, year)


def _given(value: object, where: str) -> Mapping[str, Any]:
    """Return a mapping without its keys that have no value; empty for None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UserError(f"{where} must be a mapping, not {value!r:.60}")
    return {str(key): each for key, each in value.items() if each is not None}


def _check(given: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in keys:
            raise UserError(f"{where}: {key[:60]!r} is not a key of it{nearest(key, keys)}")


def _named(given: Mapping[str, Any], where: str) -> tuple[str, int]:
    source, year = given.get("source"), given.get("year")
    if not isinstance(source, str) or not source.strip() or year is None:
        raise UserError(f"{where} also needs source and year: a figure without its source is not one")
    if isinstance(year, bool) or not isinstance(year, int) or not 1 <= year <= 9999:
        raise UserError(f"{where}.year is {year!r:.40}: it must be a year, such as 2025")
    return source.strip(), year


def _figure(name: str, given: object) -> float:
    value = exponent_read(given)
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or not math.isfinite(value) or not 0 <= value <= LARGEST:
        raise UserError(f"{name} is {given!r:.60}: it must be a number of 0 or more")
    return float(value)
