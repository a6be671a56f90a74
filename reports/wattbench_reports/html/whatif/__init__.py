"""Computes the values of a report for other settings: here for the command line, in the page's script for a browser.

    restated_figures.py  every value and sentence that depends on the settings, by its key on the page
    embedded_data.py     the data that a page embeds for its script; embedded_decision.py those of the decision
    tipping_points.py    the share of a domain at which another system leads
    section.py           the section of the page, the initial values of its controls, and its script, put together
                         from the parts in script/

May import: `wattbench_reports.sections.verdict.verdict` and all beneath. All values are those of
the rest of the report.
"""

from wattbench_reports.html.whatif.embedded_data import carried
from wattbench_reports.html.whatif.restated_figures import command, restated, words_of_page
from wattbench_reports.html.whatif.section import WHAT_IF, Controls, controls, script_of_page, what_if_section
from wattbench_reports.html.whatif.tipping_points import Lead, Tipping, tippings

__all__ = [
    "WHAT_IF",
    "Controls",
    "Lead",
    "Tipping",
    "carried",
    "command",
    "controls",
    "restated",
    "script_of_page",
    "tippings",
    "what_if_section",
    "words_of_page",
]
