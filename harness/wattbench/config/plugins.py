"""Meters that other distributions bring: found by their entry points, imported only where a suite names them."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from wattbench.config.meter import BUILT_IN, MeterSettings
from wattbench.errors import UserError, nearest

GROUP = "wattbench.meters"
"""The entry-point group. Each entry's name is what `use:` says, its value the meter's class."""


def plugin_names() -> list[str]:
    """The names of the meters that are installed beside wattbench's own."""
    return sorted({entry.name for entry in metadata.entry_points(group=GROUP)} - set(BUILT_IN))


def plugin(name: str) -> Any:
    """The class of a third party's meter. This runs the third party's code.

    Raises:
        UserError: no such meter is installed, or its class cannot be used; the message ends without a full stop.
    """
    # An entry may be seen twice, where a distribution is installed twice on the path: as on import, the first counts.
    entry = next((entry for entry in metadata.entry_points(group=GROUP) if entry.name == name), None)
    if entry is None or name in BUILT_IN:
        raise UserError(f"no meter {name!r} is known here{nearest(name, [*BUILT_IN, *plugin_names()])}")
    try:
        found = entry.load()
    except Exception as error:  # whatever a stranger's module does when imported
        raise UserError(f"the meter {name!r} ({entry.value}) cannot be imported ({error!r})") from error
    settings = getattr(found, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, MeterSettings)) or not hasattr(found, "from_settings"):
        raise UserError(
            f"the meter {name!r} ({entry.value}) lacks Settings, a model derived from "
            "wattbench.config.MeterSettings, or "
            "from_settings; see docs/adding-a-meter.md"
        )
    return found
