"""Renders the report as one HTML file that loads nothing from any host.

May import: `wattbench_reports.sections` and all beneath. Must not compute figures: what it shows, a panel has said.
The template escapes everything; only drawings made here are inserted as markup.
"""

from wattbench_reports.html.report import report, tables_of_page, write_report

__all__ = ["report", "tables_of_page", "write_report"]
