"""Name the provenances of joules that wattbench did not measure; those of its meters are in `wattbench.meters.base`."""

from __future__ import annotations

DECLARED = "declared"
"""A source states the joules of a training."""
ESTIMATED = "estimated"
"""Tables state joules of answers of a service, from their tokens: no meter reads its machines."""
IMPORTED = "imported"
"""Another tool or a table states the joules of an answer."""
