"""Write a gate's verdict for a terminal, and as Markdown for a comment on a pull request and the summary of a job."""

from __future__ import annotations

from wattbench_reports.gate.result import GateResult
from wattbench_reports.presenter import markdown, text
from wattbench_reports.sections.gate import gate_words

MARKER = "<!-- wattbench-gate -->"
"""The first line, by which an earlier comment is found and replaced."""

MOST_BYTES = 65_000
"""GitHub takes comments of less than 65,536; what a workflow adds has some room."""


def as_text(result: GateResult) -> str:
    """Return the verdict as plain text."""
    return text.as_text(*gate_words(result))


def as_markdown(result: GateResult, *, command: str = "gate") -> str:
    """Return the verdict as Markdown of at most `MOST_BYTES` and the marker.

    Args:
        result: of a gate, or of a command that failed before it had a verdict.
        command: as it is in the title: ``gate`` or ``nightly``.
    """
    complete = "the job log and the gate's JSON list all"
    return f"{MARKER}\n{markdown.as_comment(*gate_words(result, command), most_bytes=MOST_BYTES, complete=complete)}"
