"""Run the scenario `load`: requests that arrive on their own, drawn and timed by MLPerf LoadGen.

May import: the cell, systems, records. Must not import `wattbench.scenarios.closed_loop`, which calls
it. LoadGen itself (`pip install 'wattbench[load]'`) is imported where it is used, in
`wattbench.scenarios.open_loop.loadgen` alone.
"""

from wattbench.scenarios.open_loop.rates import LoadCell, run_rates

__all__ = ["LoadCell", "run_rates"]
