"""Divide a cell's joules between reading prompts (prefill) and writing answers (decode).

Works from records alone: the stamps of the answers and the power trace of the cell. May import: `wattbench.records`,
`wattbench.meters` (to read a trace). Must not import engines or the runner: a split can be made again from the record.
"""

from wattbench.prefill_decode.fit import add_phases
from wattbench.prefill_decode.split import split_cell, split_system

__all__ = ["add_phases", "split_cell", "split_system"]
