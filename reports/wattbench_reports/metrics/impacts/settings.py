"""Read the block ``impacts`` of a suite, or what a reader sets in its place."""

from __future__ import annotations

from wattbench.errors import UserError
from wattbench.records.schema.carbon import Carbon as CarbonSettings
from wattbench.records.schema.impacts import ElectricityImpacts
from wattbench.records.schema.impacts import Impacts as ImpactSettings
from wattbench.records.schema.recorded import chosen
from wattbench_reports.metrics.carbon.block_option import named_or_block
from wattbench_reports.metrics.carbon.embodied import embodied, embodied_option
from wattbench_reports.metrics.carbon.overrides import CARBON_AS_IN_SUITE, CarbonChoice, pue_of_suite
from wattbench_reports.metrics.impacts.electricity import Factor, NoTablesError, ecologits_factors
from wattbench_reports.metrics.impacts.factors import Impacts
from wattbench_reports.metrics.impacts.quantities import QUANTITIES, Quantity


def impacts_of_suite(
    settings: ImpactSettings | None,
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
    given = settings if choice is None else _option(choice)
    if given is None or not (given.electricity or given.site):
        return None
    region = of_carbon.region or carbon.region
    electricity: dict[Quantity, Factor] = {}
    for each in given.electricity:
        for quantity, factor in _electricity(each, region).items():
            if quantity in electricity:
                raise UserError(f"impacts.electricity: {quantity.per_kwh} is there twice; each source names others")
            electricity[quantity] = factor
    site = None if given.site is None else Factor(given.site.wue_l_per_kwh, given.site.source, given.site.year)
    made = embodied(carbon.embodied if of_carbon.embodied is None else embodied_option(of_carbon.embodied))
    impacts = Impacts(pue_of_suite(carbon, of_carbon), electricity, site, made)
    return impacts if impacts.quantities else None


def impacts_of_run(
    settings: ImpactSettings | None, carbon: CarbonSettings, choice: str | None, of_carbon: CarbonChoice
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


def _option(text: str) -> ImpactSettings:
    settings = named_or_block("--impacts", text)
    if isinstance(settings, str):
        settings = {"electricity": {"use": settings}}
    return chosen(ImpactSettings, settings, "--impacts")


def _electricity(given: ElectricityImpacts, region: str | None) -> dict[Quantity, Factor]:
    if given.use is not None:
        zone = given.zone or region
        if not zone:
            raise UserError(
                f"impacts.electricity: {given.use} has figures by zone: name one with zone, carbon.region or --region"
            )
        return ecologits_factors(zone)
    declared = ((quantity, getattr(given, quantity.per_kwh)) for quantity in QUANTITIES)
    return {
        quantity: Factor(figure, given.source or "", given.year or 0)
        for quantity, figure in declared
        if figure is not None
    }
