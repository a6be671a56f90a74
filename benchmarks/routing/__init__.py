"""How often a routing study calls a router worth building, in simulated runs whose truth is known.

`tox -e calibration` simulates runs, records the figures in `figures.json` and writes their table into docs/routing.md.
A run is judged by what `wattbench route` judges it by: `ceiling`, `learned_choices` and `verdict`.
"""
