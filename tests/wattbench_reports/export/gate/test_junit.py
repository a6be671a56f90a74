"""JUnit XML: the shape that readers of it agree on, and that nothing unproven looks passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.gate_results import (
    ACCURACY,
    GATES,
    JOULES,
    LATENCY,
    gate,
    regressed,
    unmeasured,
)
from wattbench_reports.export.gate import as_junit
from wattbench_reports.gate.result import GateResult, Verdict

CHILDREN_AND_ATTRIBUTES = {
    "testsuites": ({"testsuite"}, set()),
    "testsuite": ({"properties", "testcase", "system-out"}, {"name", "tests", "failures", "errors", "skipped"}),
    "properties": ({"property"}, set()),
    "property": (set(), {"name", "value"}),
    "testcase": ({"skipped", "error", "failure", "system-out"}, {"name", "classname"}),
    "skipped": (set(), {"message"}),
    "error": (set(), {"type", "message"}),
    "failure": (set(), {"type", "message"}),
    "system-out": (set(), set()),
}
"""Element to its children and its attributes, all of which it has: a part of Jenkins's junit-10.xsd."""


def check_shape(element: ET.Element) -> None:
    children, attributes = CHILDREN_AND_ATTRIBUTES[element.tag]
    assert set(element.attrib) == attributes
    assert {child.tag for child in element} <= children
    for child in element:
        check_shape(child)


def suite_of(result: GateResult) -> ET.Element:
    root = ET.fromstring(as_junit(result).encode())
    check_shape(root)
    (suite,) = root
    order = [child.tag for child in suite]
    assert order == sorted(order, key=["properties", "testcase", "system-out"].index)
    assert order.count("properties") == order.count("system-out") == 1
    cases = suite.findall("testcase")
    counts = {"tests": len(cases), "failures": 0, "errors": 0, "skipped": 0}
    for case in cases:
        assert len(case) == 1
        counts[{"failure": "failures", "error": "errors", "skipped": "skipped"}.get(case[0].tag, "tests")] += 1
    counts["tests"] = len(cases)
    assert {key: int(suite.attrib[key]) for key in counts} == counts
    return suite


def outcomes(result: GateResult) -> dict[str, str]:
    return {case.attrib["name"]: case[0].tag for case in suite_of(result).iter("testcase")}


@pytest.mark.parametrize("name", GATES)
def test_shape(name: str) -> None:
    result = GATES[name]()
    assert len(suite_of(result).findall("testcase")) == max(1, len(result.metrics))


def every_metric() -> Iterator[tuple[GateResult, str]]:
    for verdict in Verdict:
        for blocks in (True, False):
            metric = replace(ACCURACY, verdict=verdict, blocks=blocks)
            if verdict in {Verdict.PASS, Verdict.IMPROVED}:
                tag = "system-out"
            elif verdict is Verdict.ERROR:
                tag = "error"
            elif not blocks:
                tag = "skipped"
            else:
                tag = "failure" if verdict is Verdict.REGRESSED else "error"
            yield gate(Verdict.PASS, "", metric), tag


def test_only_what_passed_looks_passed() -> None:
    for result, tag in every_metric():
        assert outcomes(result) == {"accuracy": tag}


@pytest.mark.parametrize("verdict", [each for each in Verdict if gate(each, "").exit_code])
def test_a_gate_that_does_not_pass_has_a_test_that_does_not(verdict: Verdict) -> None:
    metrics = (LATENCY, unmeasured(replace(JOULES, blocks=False), Verdict.NOT_MEASURED, "no meter"))
    expected = "failure" if verdict is Verdict.REGRESSED else "error"
    assert outcomes(gate(verdict, "something else broke", *metrics))["gate"] == expected
    assert outcomes(gate(verdict, "something else broke")) == {"gate": expected}


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_figures_that_are_none_are_left_out(odd: float) -> None:
    told = [
        each.attrib["name"] for each in suite_of(gate(Verdict.PASS, "", replace(ACCURACY, high=odd))).iter("property")
    ]
    assert "accuracy.low" in told
    assert "accuracy.high" not in told


@given(st.text(st.characters(codec=None), max_size=40))
def test_any_text_of_a_record_makes_whole_xml(text: str) -> None:
    metric = replace(regressed().metrics[1], metric=text, reason=text)
    suite = suite_of(gate(Verdict.REGRESSED, text, metric, suite=text, notes=(text,), baseline=text))
    assert len(suite.findall("testcase")) == 1
