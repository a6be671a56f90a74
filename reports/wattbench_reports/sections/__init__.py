"""The sections of the report: each a function from the analysis to a small object that the page shows.

May import: everything of `wattbench_reports` but `page` and `export`. Must not know of HTML: a panel is text and
numbers, and the template decides how they look.
"""
