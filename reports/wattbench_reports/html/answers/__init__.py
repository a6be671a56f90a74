"""The page's table of all answers: loaded when a reader opens its section, filtered and compared in the browser.

    embedded_answers.py  the answers as the page holds them: compressed parts, and what the script needs before them
    section.py           the section of the page, and its script, put together from the parts in script/

May import: `wattbench_reports.sections` and all beneath. Counts and labels are those of the rest of the report.
"""

from wattbench_reports.html.answers.embedded_answers import EmbeddedAnswers, embedded_answers
from wattbench_reports.html.answers.section import answers_section, script_of_answers

__all__ = ["EmbeddedAnswers", "answers_section", "embedded_answers", "script_of_answers"]
