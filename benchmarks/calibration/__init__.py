"""How often intervals and tests of joules per correct answer are right on machines whose speed strays over time.

`tox -e calibration` simulates runs on them, records the figures in `figures.json` and writes their tables into
docs/data. A run goes through wattbench's own layout (`tests.made_up.noisy_runs`) and analysis (`judge`).
"""
