"""The scenario `load`: requests that arrive on their own, drawn and timed by MLPerf LoadGen.

May import: the cell, the timed LM, systems, records. Must not import `harness.run`, which calls it. LoadGen itself
(`pip install 'wattbench[load]'`) is imported where it is used, in `harness.load.generator` alone.
"""

from harness.load.cell import LoadCell, run_rates, score_rates

__all__ = ["LoadCell", "run_rates", "score_rates"]
