"""Write a gate's verdict for each place where people read it: one file per format.

May import: `wattbench_reports.gate` and the formats of a comparison. Must not judge: a verdict, a sentence or a figure
that is not in the `GateResult` does not appear.
"""

from wattbench_reports.export.gate.annotations import annotations
from wattbench_reports.export.gate.json import as_json, result_of_json
from wattbench_reports.export.gate.junit import as_junit
from wattbench_reports.export.gate.texts import MARKER, as_markdown, as_text

__all__ = ["MARKER", "annotations", "as_json", "as_junit", "as_markdown", "as_text", "result_of_json"]
