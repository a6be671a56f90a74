"""Meters that Python code names, in the form that a suite's `meters:` has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from wattbench.config.base import Strict
from wattbench.config.explain import validate
from wattbench.config.meters.meter import MeterEntry
from wattbench.config.meters.meter_base import MeterSettings
from wattbench.config.third_party import checked_meter


class _Entries(Strict):
    meters: Annotated[list[MeterEntry], Field(min_length=1)]


@dataclass(frozen=True)
class _Arguments:
    """The arguments of a call, which have no lines to name."""

    folder: Path

    def where(self, keys: Sequence[str | int]) -> str:
        """Name the argument."""
        return "metering"


def meter_entries(given: Sequence[Any], folder: Path) -> list[MeterSettings]:
    """Check a list of meters, each a bare name or a mapping with ``use``.

    Args:
        given: the list.
        folder: where relative paths start.

    Raises:
        UserError: there is no such meter, or a setting is wrong.
    """
    arguments = _Arguments(folder)
    entries = validate(_Entries, arguments, {"meters": given if isinstance(given, str) else list(given)}).meters
    return [checked_meter(entry, arguments, ("meters", index)) for index, entry in enumerate(entries)]
