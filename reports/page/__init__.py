"""The report as one HTML file that asks no host for anything.

May import: `reports.panels` and all beneath. Must not compute figures: what it shows, a panel has said.
The template escapes everything; only drawings made here are inserted as markup.
"""

from reports.page.page import report, write_report

__all__ = ["report", "write_report"]
