"""Gates: may this candidate take the baseline's place? Evidence to a verdict, in words and numbers.

May import: the record contract, `wattbench_reports.stats`, frames, comparability. Must not import panels or pages.
"""
