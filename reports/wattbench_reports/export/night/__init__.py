"""Write a night's verdict for each place where people read it: one file per format.

May import: `wattbench_reports.history`, `wattbench_reports.wording` and the formats of a gate, which a night's JSON
and JUnit XML share. Must not judge.
"""

from wattbench_reports.export.night.annotations import annotations
from wattbench_reports.export.night.json import as_json
from wattbench_reports.export.night.texts import as_markdown, as_text

__all__ = ["annotations", "as_json", "as_markdown", "as_text"]
