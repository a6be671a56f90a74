"""How often nights raise a false alarm on made-up years, and how soon they find a change.

`tox -e calibration` simulates them, records the figures in `figures.json` and writes their tables into
docs/methodology.md. A year goes through wattbench's own pass over the nights (`wattbench_reports.history.series_watch`)
and its own comparisons of nights (`night_figures`); every night of it is judged.
"""
