"""Train the reference family: fine-tune, distil, upcycle, fit a router; each writes a ledger entry.

May import: `wattbench.systems` (for the base), `wattbench.routers`, `wattbench.meters`, `wattbench.records`, and what
trains a model, at the moment it is needed. Must not import the runner or `wattbench_reports`. What imports torch is not
imported here: import `wattbench.train.build` where something is built.
"""

from wattbench.systems.training_ledger import Ledger, read_ledger
from wattbench.train.recipe import Family, load_family

__all__ = ["Family", "Ledger", "load_family", "read_ledger"]
