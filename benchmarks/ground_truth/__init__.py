"""Hold wattbench's figures against published and independently known ones, line by line: `tox -e ground-truth`.

A subject (a module here) makes some lines: a known figure, wattbench's for the same input, and why they differ where
they do. What can be made on this machine is made again, recorded in `figures.json` and written into
docs/data/ground-truth.csv; the others keep their recorded figures, with their date and versions.
"""
