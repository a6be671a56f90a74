"""Find and import the Python callables that a suite names, and keep those of two checkouts apart.

May import: `wattbench.config`, `wattbench.errors`. A callable is imported when it is opened or checked; a plan that is
only read imports none.
"""

from wattbench.callables.named import NamedCallable, check_callable, look_for_callable

__all__ = ["NamedCallable", "check_callable", "look_for_callable"]
