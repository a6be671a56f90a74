"""Build the static site of a history: last night, trends, all nights.

May import: everything below of the reports. Nothing imports it but the command line.
"""

from wattbench_reports.site.build import build_site

__all__ = ["build_site"]
