"""A section as data, and one renderer of sections for each medium: terminal, Markdown, and HTML of pages and notebooks.

May import: `wattbench_reports.figures`, `tables`, `formatting`. Must not know what a section is about: what is shown is
said by the rooms above, and a renderer decides how it looks.
"""
