"""A run restated for other settings, in words: by the command line here, and by the page's script in the browser.

    restated.py    every figure and sentence that the settings change, by the key it has on the page
    carried.py     what a page carries so that its script can state the same
    tipping.py     at which share of a domain another system would lead
    section.py     the section of the page, and what its controls start from

May import: `reports.panels.verdict` and all beneath. What is computed here is what the rest of the report says.
"""

from reports.whatif.carried import carried
from reports.whatif.restated import command, restated
from reports.whatif.section import Controls, controls, what_if_section
from reports.whatif.tipping import Lead, Tipping, tippings

__all__ = ["Controls", "Lead", "Tipping", "carried", "command", "controls", "restated", "tippings", "what_if_section"]
