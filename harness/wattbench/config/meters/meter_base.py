"""What all entries of a suite's `meters:` have in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from wattbench.records.schema.base import Strict

COMPONENT = r"^[a-z][a-z0-9_-]*$"
Component = Annotated[str, Field(pattern=COMPONENT, max_length=40)]
"""What a meter measures: ``cpu``, ``gpu0``; ``wall`` and ``psu`` hold all others."""
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=100)]
"""A machine, by its name or address."""


class MeterSettings(Strict):
    """What every entry has. A third party's meter derives the model of its own settings from this."""

    use: str
    """The meter's name."""


def without_unset(settings: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return settings for a record, without those of the given keys that are not set.

    Keys that came later are left out, so that the suite of an older run keeps its hash.
    """
    return {key: value for key, value in settings.items() if value is not None or key not in keys}
