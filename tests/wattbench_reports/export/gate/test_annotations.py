"""Annotations: one command a line whatever a record says, few enough to be shown, and never none for a failure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.gate_results import (
    ACCURACY,
    GATES,
    KNOWN,
    LAPSED,
    POLICY,
    drill,
    gate,
    improved,
    lapsed,
    many,
    passed,
    regressed,
    slower,
    waived,
)
from wattbench_reports.export import gate as exports
from wattbench_reports.gate.result import Verdict

COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]+)::([^\r\n]*)")


def kinds(lines: list[str]) -> Counter[str]:
    return Counter(found[1] for line in lines if (found := COMMAND.fullmatch(line)))


@pytest.mark.parametrize("name", GATES)
def test_every_line_is_one_command(name: str) -> None:
    lines = exports.annotations(GATES[name]())
    assert kinds(lines).total() == len(lines)


def test_ten_of_a_kind_at_most_and_the_rest_counted() -> None:
    result = replace(many(), metrics=tuple(slower() for _ in range(25)))
    lines = exports.annotations(result)
    assert kinds(lines) == {"error": 10}
    assert lines[-1].endswith("::16 more of this kind are in the job log.")


def test_ten_of_a_kind_are_all_shown() -> None:
    lines = exports.annotations(replace(many(), metrics=tuple(slower() for _ in range(10))))
    assert len(lines) == 10
    assert "more of this kind" not in lines[-1]


@pytest.mark.parametrize("verdict", [each for each in Verdict if gate(each, "").exit_code])
def test_what_does_not_pass_is_never_silent(verdict: Verdict) -> None:
    (line,) = exports.annotations(gate(verdict, "something broke", ACCURACY))
    assert line.startswith("::error" if verdict in {Verdict.REGRESSED, Verdict.ERROR} else "::warning")
    assert line.endswith("::something broke")


def test_kinds() -> None:
    assert kinds(exports.annotations(improved())) == {"notice": 1}
    assert kinds(exports.annotations(waived())) == {"notice": 1}
    assert kinds(exports.annotations(lapsed())) == {"error": 1, "warning": 1}
    assert kinds(exports.annotations(replace(lapsed(), created_utc=""))) == {"error": 1, "warning": 1}
    assert "(drill)" in exports.annotations(drill())[0]


def test_a_waiver_that_has_ended_is_told_of_even_where_nobody_needs_it() -> None:
    policy = replace(POLICY, waivers=(LAPSED, KNOWN))
    (line,) = exports.annotations(replace(passed(), policy=policy))
    assert "waiver expired" in line
    assert "2026-11-01" in line
    assert exports.annotations(replace(passed(), policy=policy, created_utc="")) == []


def test_its_last_day_counts() -> None:
    policy = replace(POLICY, waivers=(LAPSED.model_copy(update={"until": KNOWN.until.replace(month=11, day=25)}),))
    assert exports.annotations(replace(passed(), policy=policy)) == []


@given(st.text(st.characters(codec=None), max_size=60))
def test_no_text_of_a_record_begins_another_command(text: str) -> None:
    metric = replace(regressed().metrics[1], metric=f"{text} · latency_p50", reason=text)
    (line,) = exports.annotations(gate(Verdict.REGRESSED, text, metric))
    assert len(line.splitlines()) == 1
    assert COMMAND.fullmatch(line)


def test_escapes() -> None:
    metric = replace(slower(), metric="a,b:c%\n · latency_p50", reason="50%\r\nor: more,")
    (line,) = exports.annotations(gate(Verdict.REGRESSED, "", metric))
    assert line == ("::error title=wattbench gate%3A a%2Cb%3Ac%25%0A · latency p50 regressed::50%25%0Aor: more,")


def test_long_messages_are_cut() -> None:
    (line,) = exports.annotations(gate(Verdict.REGRESSED, "", replace(slower(), reason="word " * 9999)))
    assert line.endswith("...")
    assert len(line) < 1200
