"""Check the parts of a suite that belong to another distribution, by the models that its classes bring.

The suite file is first read with such parts open (`OtherSettings`, `OtherSystem`, `OtherRouter`). Only what takes part
in the suite is then checked here, as this imports the third party's code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from wattbench.config.meters.meter import METERS, MeterEntry, OtherSettings
from wattbench.config.meters.meter_base import MeterSettings
from wattbench.config.registry import Registry
from wattbench.config.router import ROUTERS, OtherRouter
from wattbench.config.systems.system import ENGINES, HybridSystem, OtherSystem
from wattbench.config.systems.system_base import SystemBase
from wattbench.errors import UserError
from wattbench.records.schema.base import Strict
from wattbench.records.schema.explain import ParsedFile, validate

Keys = Sequence[str | int]


@dataclass(frozen=True)
class Unlined:
    """Settings that come from no file with lines: a run's record, or the arguments of a call."""

    name: str
    folder: Path | None = None
    """Where relative paths start. None: those of a record are absolute, or a default that is to stay as it was."""

    def where(self, keys: Keys) -> str:
        """Return the name of the source, as there are no lines to name."""
        return self.name


RECORDED_SUITE = Unlined("the suite in this run's record")


def checked_meters(entries: Iterable[MeterSettings], file: ParsedFile) -> list[MeterSettings]:
    """Return the entries of `meters:` with their settings checked.

    Raises:
        UserError: a meter cannot be found or used, or a setting is wrong.
    """
    return [_checked_meter(entry, file, ("meters", index)) for index, entry in enumerate(entries)]


def _checked_meter(entry: MeterSettings, file: ParsedFile, at: Keys) -> MeterSettings:
    if not isinstance(entry, OtherSettings):
        return entry
    settings: MeterSettings = _checked(METERS, entry.use, entry, file, at, at)
    return settings


def checked_system(system: SystemBase, file: ParsedFile, at: Keys) -> SystemBase:
    """Return a system after checking the settings of its engine and of its router.

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


class _Entries(Strict):
    meters: Annotated[list[MeterEntry], Field(min_length=1)]


def meter_entries(given: Sequence[Any], folder: Path) -> list[MeterSettings]:
    """Check a list of meters, each a bare name or a mapping with ``use``.

    Args:
        given: the list.
        folder: where relative paths start.

    Raises:
        UserError: there is no such meter, or a setting is wrong.
    """
    arguments = Unlined("metering", folder)
    entries = validate(_Entries, arguments, {"meters": given if isinstance(given, str) else list(given)}).meters
    return checked_meters(entries, arguments)
