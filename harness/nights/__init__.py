"""A folder of nights: where runs of one suite are kept, one a night, and what may be done to it.

May import: the record contract, `harness.config` and below. Must not import `reports`.
"""
