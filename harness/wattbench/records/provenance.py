"""Name the provenances of joules that wattbench did not measure; those of its meters are in `wattbench.meters.base`."""

from __future__ import annotations

DECLARED = "declared"
"""A source states the joules of a training."""
IMPORTED = "imported"
"""Another tool or a table states the joules of an answer."""
