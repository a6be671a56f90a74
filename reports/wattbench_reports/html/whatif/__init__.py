"""A run restated for other settings, in words: by the command line here, and by the page's script in the browser.

    restated_figures.py  every figure and sentence that the settings change, by the key it has on the page
    embedded_data.py     what a page carries so that its script can state the same
    tipping_points.py    at which share of a domain another system would lead
    section.py           the section of the page, and what its controls start from

May import: `wattbench_reports.sections.verdict.verdict` and all beneath. What is computed here is what the rest of the
report says.
"""

from wattbench_reports.html.whatif.embedded_data import carried
from wattbench_reports.html.whatif.restated_figures import command, restated
from wattbench_reports.html.whatif.section import Controls, controls, what_if_section
from wattbench_reports.html.whatif.tipping_points import Lead, Tipping, tippings

__all__ = ["Controls", "Lead", "Tipping", "carried", "command", "controls", "restated", "tippings", "what_if_section"]
