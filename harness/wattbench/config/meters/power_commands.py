"""Define presets for common commands that print power."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

Preset = Literal["ipmi_dcmi", "redfish_power", "redfish_environment"]

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "ipmi_dcmi": {
            "run": "ipmitool dcmi power reading",
            "pattern": r"Instantaneous power reading:\s+(\d+)\s+Watts",
            "power_unit": "W",
        },
        "redfish_power": {"json_path": "PowerControl.0.PowerConsumedWatts", "power_unit": "W"},
        "redfish_environment": {"json_path": "PowerWatts.Reading", "power_unit": "W"},
    }
)
"""By name. Redfish's are of the resources `Power` (`/redfish/v1/Chassis/ID/Power`, deprecated but the more common) and
`EnvironmentMetrics` (DSP0268); ipmitool's is of `lib/ipmi_dcmi.c`."""


def with_preset(given: Any) -> Any:
    """Return the settings of a command, completed by its preset."""
    name = given.get("preset") if isinstance(given, Mapping) else None
    known = PRESETS.get(name, {}) if isinstance(name, str) else {}
    if not known:
        return given
    ways = ({"pattern", "json_path"}, {"power_unit", "energy_unit"})
    said = {name for way in ways if not way.isdisjoint(given) for name in way}
    return {**{name: value for name, value in known.items() if name not in said}, **given}
