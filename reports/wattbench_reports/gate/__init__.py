"""Gates: decide from evidence whether a candidate may replace a baseline, and explain the verdict.

May import: the record contract, `wattbench_reports.stats`, frames, comparability. Must not import panels or pages.
"""
