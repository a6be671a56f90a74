"""Write JUnit XML: a test for each metric.

Elements and their order as in the schema of Jenkins: https://github.com/jenkinsci/xunit-plugin, junit-10.xsd.
"""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

from wattbench_reports.formatting.safe_text import xml_text
from wattbench_reports.gate.result import GateResult, MetricVerdict, Verdict
from wattbench_reports.wording import flips as words
from wattbench_reports.wording import gate as wording

_FIGURES = ("baseline", "candidate", "change", "low", "high", "margin", "detects", "items", "rounds")
"""Of a metric, in its own unit and at full precision."""


def as_junit(result: GateResult, *, command: str = "gate") -> str:
    """Return a test suite with a test for each metric.

    What regressed fails. What has no verdict is an error where it blocks, and skipped where it does not, as is a
    regression that does not block: nothing but what passed, or was let through with a reason, looks passed. A gate that
    does not pass for another reason has a test of its own, ``gate``; so has one that had nothing to measure, skipped.

    Args:
        result: of a gate or a night.
        command: whose result it is, ``gate`` or ``nightly``, as it is in the names.
    """
    suite = ET.Element("testsuite", name=xml_text(f"wattbench {command}: {result.suite}"))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(result):
        ET.SubElement(properties, "property", name=xml_text(name), value=xml_text(value))
    for metric in result.metrics:
        _add(suite, metric, result, command)
    kind = "failure" if result.verdict is Verdict.REGRESSED else "error"
    shown = suite.find("testcase/failure") is not None or (kind == "error" and suite.find("testcase/error") is not None)
    if result.exit_code and not shown:
        _complain(_case(suite, command, result, command), kind, result.verdict, result.headline, "")
    elif not result.metrics:
        case = _case(suite, command, result, command)
        ET.SubElement(case, "skipped", message=xml_text(result.headline))
    ET.SubElement(suite, "system-out").text = xml_text("\n".join(_summary(result, command)))
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for attribute, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(child) is not None for case in cases)))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _add(suite: ET.Element, metric: MetricVerdict, result: GateResult, command: str) -> None:
    case = _case(suite, metric.metric, result, command)
    details = "\n".join(
        filter(
            None, (_figures(metric, result), _joules(metric), wording.trade_line(metric), wording.waiver_line(metric))
        )
    )
    if metric.verdict in wording.PASSED or wording.is_let_through(metric):
        ET.SubElement(case, "system-out").text = xml_text(f"{wording.outcome(metric)}: {metric.reason}\n{details}")
    elif metric.verdict is Verdict.ERROR:
        _complain(case, "error", metric.verdict, metric.reason, details)
    elif not metric.blocks:
        message = f"{wording.verdict_name(metric.verdict)}, not blocking: {metric.reason}"
        ET.SubElement(case, "skipped", message=xml_text(message))
    else:
        kind = "failure" if metric.verdict is Verdict.REGRESSED else "error"
        _complain(case, kind, metric.verdict, metric.reason, details)


def _case(suite: ET.Element, name: str, result: GateResult, command: str) -> ET.Element:
    classname = xml_text(f"wattbench.{command}.{result.suite}")
    return ET.SubElement(suite, "testcase", classname=classname, name=xml_text(name))


def _complain(case: ET.Element, kind: str, verdict: Verdict, message: str, details: str) -> None:
    ET.SubElement(case, kind, type=verdict.value, message=xml_text(message)).text = xml_text(
        f"{message}\n{details}".rstrip()
    )


def _figures(metric: MetricVerdict, result: GateResult) -> str:
    return (
        f"baseline {wording.figure(metric, metric.baseline)}, candidate {wording.figure(metric, metric.candidate)}, "
        f"change {wording.change(metric)}, margin {wording.margin(metric, result.policy)}"
    )


def _joules(metric: MetricVerdict) -> str:
    joules = wording.joules_line(metric)
    return f"joules: {joules}" if joules else ""


def _properties(result: GateResult) -> list[tuple[str, str]]:
    """List the gate's properties, then each metric's under its name: ``accuracy.change``."""
    listed = [
        ("verdict", result.verdict.value),
        ("baseline", result.baseline),
        ("candidate", result.candidate),
        *(("run", run) for run in result.runs),
        ("items", str(result.items)),
        ("rounds", str(result.rounds)),
        ("alpha", str(result.policy.alpha)),
        ("beta", str(result.policy.beta)),
    ]
    if result.energy_j is not None:
        listed += [("energy_j", str(result.energy_j)), ("energy_provenance", result.energy_provenance)]
    if result.flips is not None:
        counts = {"items": result.flips.items, "lost": result.flips.lost, "won": result.flips.won}
        listed += [(f"flips.{name}", str(count)) for name, count in counts.items()]
    for planted, share in (result.planted or {}).items():
        listed.append((f"planted.{planted}", str(share)))
    listed += [("undecidable", metric) for metric in result.undecidable]
    for metric in result.metrics:
        listed.append((f"{metric.metric}.verdict", metric.verdict.value))
        for name in ("provenance", "validity"):
            if text := getattr(metric, name):
                listed.append((f"{metric.metric}.{name}", text))
        for name in _FIGURES:
            value = getattr(metric, name)
            if value is not None and math.isfinite(value):
                listed.append((f"{metric.metric}.{name}", str(value)))
    return listed


def _summary(result: GateResult, command: str) -> list[str]:
    """Return the summary lines of the whole gate. The measurements of a night are in its run instead."""
    measured = [f"Measured: {wording.measured(result)}."] if command == "gate" else []
    drill = [] if result.planted is None else [wording.drill_line(result.planted)]
    return [
        *drill,
        f"{wording.verdict_name(result.verdict)}: {result.headline}",
        *filter(None, (wording.undecidable_line(result), wording.finds_line(result))),
        *wording.lost_domain_lines(result),
        *([] if result.flips is None else [f"{words.TITLE}: {words.counts_line(result.flips)}"]),
        *result.notes,
        *measured,
        f"Policy: {wording.policy_line(result.policy)}.",
    ]
