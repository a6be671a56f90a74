"""Many runs as one history: an index that can be thrown away, trends, change points and alarms.

May import: the record contract, `reports.stats`, `reports.gate`, frames. Must not import panels or pages.
"""
