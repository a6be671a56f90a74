"""Training the reference family: fine-tune, distil, upcycle, fit a router; each leaves a ledger entry.

May import: `harness.systems` (for the base), `harness.routers`, `harness.meters`, `harness.records`, and what trains a
model, at the moment it is needed. Must not import the runner or `reports`. What imports torch is not imported here:
import `harness.train.build` where something is built.
"""

from harness.ledger import Ledger, read_ledger
from harness.train.recipe import Family, load_family

__all__ = ["Family", "Ledger", "load_family", "read_ledger"]
