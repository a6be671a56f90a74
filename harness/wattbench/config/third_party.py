"""Check the parts of a suite that belong to another distribution, by the models that its classes bring.

The suite file is first read with such parts open (`OtherSettings`, `OtherSystem`, `OtherRouter`). Only what takes part
in the suite is then checked here, as this imports the third party's code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wattbench.config.base import Strict
from wattbench.config.explain import ParsedFile, validate
from wattbench.config.meters.meter import METERS, OtherSettings
from wattbench.config.meters.meter_base import MeterSettings
from wattbench.config.registry import Registry
from wattbench.config.router import ROUTERS, OtherRouter
from wattbench.config.systems.system import ENGINES, HybridSystem, OtherSystem
from wattbench.config.systems.system_base import SystemBase
from wattbench.errors import UserError

Keys = Sequence[str | int]


class RecordedSuite:
    """The suite in a run's record, where there are no lines to name."""

    folder = None  # its paths are absolute, or a default of the model's that is to stay as it was

    def where(self, keys: Keys) -> str:
        """Name the record."""
        return "the suite in this run's record"


def checked_meter(entry: MeterSettings, file: ParsedFile, at: Keys) -> MeterSettings:
    """Return an entry of `meters:` with its settings checked.

    Raises:
        UserError: the meter cannot be found or used, or a setting is wrong.
    """
    if not isinstance(entry, OtherSettings):
        return entry
    settings: MeterSettings = _checked(METERS, entry.use, entry, file, at, at)
    return settings


def checked_system(system: SystemBase, file: ParsedFile, at: Keys) -> SystemBase:
    """Return a system with the settings of its engine checked, and those of its router.

    Raises:
        UserError: the engine or router cannot be found or used, a setting is wrong, or the router does not fit.
    """
    if isinstance(system, OtherSystem):
        settings: SystemBase = _checked(ENGINES, system.engine, system, file, at, [*at, "engine"])
        return settings
    if not isinstance(system, HybridSystem) or not isinstance(system.router, OtherRouter):
        return system
    inside = [*at, "router"]
    router = _checked(ROUTERS, system.router.type, system.router, file, inside, [*inside, "type"])
    try:
        return system.with_router(router)
    except ValueError as error:
        raise UserError(f"{_location(file, at)}: {error}") from error


def _checked(registry: Registry, name: str, given: Strict, file: ParsedFile, at: Keys, name_at: Keys) -> Any:
    """Validate some settings by the model of the class that they name; `name_at` is the key of the name."""
    try:
        model = registry.settings_of(name)
    except UserError as error:
        raise UserError(f"{_location(file, name_at)}: {error}") from error
    try:
        return validate(model, file, given.model_dump(exclude_unset=True), at)
    except UserError:
        raise
    except Exception as error:  # a third party's validator may raise anything
        raise UserError(
            f"{_location(file, at)}: the settings of the {registry.noun} {name!r} cannot be checked ({error!r}); "
            f"this is a fault of {registry.provider(name)}"
        ) from error


def _location(file: ParsedFile, at: Keys) -> str:
    return f"{file.where(at)}: {'.'.join(map(str, at))}"
