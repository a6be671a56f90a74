"""Write annotations of a pull request: workflow commands, which GitHub reads from the output of a job's step.

Syntax: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

# Without `from __future__ import annotations`, which would take the name of the function.
from collections.abc import Mapping, Sequence

from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.wording import gate as wording

MOST_OF_A_KIND = 10
"""The number of a kind that GitHub shows for each step."""

_LONGEST = 1_000
"""Characters of a message; a title has a tenth. The log and the other files have the rest."""

_DATA: Mapping[str, str | int | None] = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Mapping[str, str | int | None] = {**_DATA, ":": "%3A", ",": "%2C"}
_BROKEN = frozenset({Verdict.REGRESSED, Verdict.ERROR})


def annotations(result: GateResult, *, command: str = "gate") -> list[str]:
    """Return the lines to print, each one command: errors, warnings, then notices, at most `MOST_OF_A_KIND` of each.

    A gate that does not pass has an error or a warning, whatever its metrics say. One that measured nothing says so.

    Args:
        result: of a gate, or of a command that failed before it had a verdict.
        command: as it is in the titles: ``gate`` or ``nightly``.
    """
    gate = f"wattbench {command}{'' if result.planted is None else ' (drill)'}"
    by_kind: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for metric in wording.worst_first(result.metrics):
        of_metric = _kind(metric)
        if of_metric is not None:
            title = f"{gate}: {wording.label(metric.metric)} {wording.outcome(metric)}"
            by_kind[of_metric].append(workflow_command(of_metric, title, metric.reason))
    kind = "error" if result.verdict in _BROKEN else "warning"
    if result.exit_code and not by_kind["error"] and (kind == "error" or not by_kind["warning"]):
        by_kind[kind].append(workflow_command(kind, f"{gate}: {wording.verdict_name(result.verdict)}", result.headline))
    if result.undecidable:
        warning = workflow_command("warning", f"{gate}: it can never pass", wording.undecidable_line(result))
        by_kind["warning"].insert(0, warning)
    for line in wording.lost_domain_lines(result):
        by_kind["notice"].append(workflow_command("notice", f"{gate}: a domain lost accuracy", line))
    if not result.exit_code and not result.metrics:
        title = f"{gate}: {wording.verdict_name(result.verdict)}"
        by_kind["notice"].append(workflow_command("notice", title, result.headline))
    for waiver in wording.expired_waivers(result):
        text = f"The waiver of {wording.label(waiver.metric)} ended on {waiver.until}: {waiver.reason}"
        by_kind["warning"].append(workflow_command("warning", f"{gate}: waiver expired", text))
    return [line for kind, lines in by_kind.items() for line in limited(kind, lines, gate)]


def _kind(metric: MetricVerdict) -> str | None:
    """Return ``error`` for a metric shown to be worse, ``warning`` for an undecided one; None: no annotation."""
    if wording.is_blocking(metric):
        return "error" if metric.verdict in _BROKEN else "warning"
    return "notice" if metric.verdict is Verdict.IMPROVED or wording.is_let_through(metric) else None


def limited(kind: str, lines: Sequence[str], title: str) -> Sequence[str]:
    """Return at most `MOST_OF_A_KIND` commands; the last one counts those left out."""
    if len(lines) <= MOST_OF_A_KIND:
        return lines
    shown = lines[: MOST_OF_A_KIND - 1]
    return [*shown, workflow_command(kind, title, f"{len(lines) - len(shown):,} more of this kind are in the job log.")]


def workflow_command(kind: str, title: str, message: str) -> str:
    """Write one command, escaped: an ``error``, ``warning`` or ``notice``."""
    return f"::{kind} title={_escaped(title, _LONGEST // 10, _PROPERTY)}::{_escaped(message, _LONGEST, _DATA)}"


def _escaped(text: str, longest: int, signs: Mapping[str, str | int | None]) -> str:
    shown = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return visible(shown).translate(str.maketrans(dict(signs)))
