"""Whether the probabilities of a decision are what they say, on simulated runs whose truth is known.

`tox -e calibration` simulates runs, records the figures in `figures.json` and writes their tables into
docs/methodology.md. A run goes through wattbench's own layout (`tests.made_up.noisy_runs`) and decision (`judge`).
"""
