"""How often gates are wrong, what they find, and how many items that takes, in worlds whose truth is known.

`tox -e calibration` simulates whole gates, records the figures in `figures.json` and writes their tables into
docs/data. A gate goes through wattbench's own plan of rounds and its own decision (`simulate`), in the worlds
of `tests.made_up.gate_worlds`.
"""
