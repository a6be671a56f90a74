"""What a cell's joules were spent on: reading prompts (prefill) or writing answers (decode).

Works from records alone: the stamps of the answers and the power trace of the cell. May import: `harness.records`,
`harness.meters` (to read a trace). Must not import engines or the runner: a split can be made again from the record.
"""

from harness.phases.split import split_cell

__all__ = ["split_cell"]
