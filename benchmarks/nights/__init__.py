"""How often nights raise a false alarm, and how soon they find a change: on real machines and in made-up years.

`tox -e calibration` records the figures in `figures.json` and writes their tables into docs/data. Made-up
years go through wattbench's own watch over the nights (`wattbench_reports.history.series_watch`). Planted changes go
through the whole verdict of a night.

Real machines: nights of cloud machines on which nothing was changed, derived from the *Azure VM Noise Dataset 2024*
(AzurePublicDataset, CC-BY 4.0; J. Freischuetz, K. Kanellis, B. Kroth and S. Venkataraman, "TUNA", EuroSys 2025).
`machines.csv` holds three of the 58 series. With WATTBENCH_MACHINE_NIGHTS=FILE, a table of the same columns, all of
them are tried; without it the recorded figures of all stay.
"""
