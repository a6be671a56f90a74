"""A gate's verdict where people look for it: one file per place.

May import: `reports.gate` and the formats of a comparison. Must not judge: a verdict, a sentence or a figure that is
not in the `GateResult` does not appear.
"""

from reports.export.gate.annotations import annotations
from reports.export.gate.json import as_json, result_of_json
from reports.export.gate.junit import as_junit
from reports.export.gate.markdown import MARKER, as_markdown
from reports.export.gate.text import as_text

__all__ = ["MARKER", "annotations", "as_json", "as_junit", "as_markdown", "as_text", "result_of_json"]
