"""What holds of a night's verdict in every format, whatever its records say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tests.made_up.night_verdicts import LESS_ACCURATE, NIGHTS, change, history, hostile, verdict
from wattbench_reports.export.gate import as_junit, result_of_json
from wattbench_reports.export.gate.annotations import MOST_OF_A_KIND
from wattbench_reports.export.night import annotations, as_json, as_markdown, as_text

HOSTILE = (
    "<script>alert(1)</script>", "| a | b |", "@someone #1 https://example.org", "::error::x", "a\x1b[31m\u202eb",
    "[x](javascript:alert(1))", "`x` **y**", "\n::warning::y",
)  # fmt: skip


@pytest.mark.parametrize("name", NIGHTS)
def test_a_program_reads_the_json_as_that_of_a_gate(name: str) -> None:
    text = as_json(NIGHTS[name])
    read = result_of_json(text)
    assert read.verdict is NIGHTS[name].result.verdict
    assert read.metrics == NIGHTS[name].result.metrics
    assert json.loads(text)["exit_code"] == NIGHTS[name].result.exit_code


@pytest.mark.parametrize("name", NIGHTS)
def test_a_night_that_does_not_pass_has_an_annotation_and_a_test_that_fails(name: str) -> None:
    night = NIGHTS[name]
    loud = [line for line in annotations(night) if line.startswith(("::error ", "::warning "))]
    assert bool(loud) is (night.result.exit_code != 0)
    suite = ET.fromstring(as_junit(night.result, command="nightly").encode())[0]
    assert suite.get("name") == "wattbench nightly: sums"
    assert (int(str(suite.get("failures"))) + int(str(suite.get("errors"))) > 0) is (night.result.exit_code != 0)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_do_nothing(text: str) -> None:
    night = hostile(text)
    for line in annotations(night):
        assert "\n" not in line
        assert line.startswith(("::error title=", "::warning title=", "::notice title="))
    for line in as_text(night).splitlines():
        assert not re.match(r"\s*::[a-z]", line)
        assert "\x1b" not in line
    markdown = re.sub(r"`[^`\n]*`", "", as_markdown(night))  # in code nothing is markup
    assert not re.search(r"<script|\x1b|\u202e|@someone|[^\\]\[x\]|[^\\]\*\*y", markdown)
    ET.fromstring(as_junit(night.result, command="nightly").encode())
    json.loads(as_json(night))


def test_only_known_hosts_are_linked() -> None:
    night = NIGHTS["passes-with-more"]
    (difference,) = night.differences
    assert "](https://github.com/owner/name/compare/" in as_markdown(night)
    for remote in (None, "https://example.org/owner/name"):
        other = replace(night, differences=(replace(difference, remote=remote),))
        assert "](" not in as_markdown(other)
        assert "cccccccccc" in as_markdown(other)


def test_of_many_annotations_the_first_are_shown() -> None:
    changes = [change(0.9 - number / 100, system=f"s{number}") for number in range(20)]
    lines = annotations(verdict(history(12), changes=changes))
    assert len(lines) == MOST_OF_A_KIND
    assert lines[-1] == "::warning title=wattbench nightly::11 more of this kind are in the job log."


def test_of_many_changes_the_biggest_are_named() -> None:
    changes = [change(0.9 - number / 100, system=f"s{number}") for number in range(60)]
    night = verdict(history(12), changes=changes)
    assert "; 55 more." in " ".join(as_text(night).split())
    assert as_markdown(night).count("| s59 | latency p50 |") == 2  # in the table, and in that of all metrics


def test_what_has_no_room_in_markdown_is_counted() -> None:
    night = verdict(history(12), changes=[change(0.9 - number / 1000, system=f"s{number}") for number in range(600)])
    text = as_markdown(night)
    assert len(text.encode()) <= 65_000
    shown, folded = map(int, re.findall(r"^(\d+) more are not shown; the night's JSON lists all", text, re.MULTILINE))
    assert shown + folded + text.count(" | latency p50 | ") == 1200


def test_alarms_of_domains_next_to_one_over_all_are_counted_in_the_terminal() -> None:
    overall = replace(LESS_ACCURATE, text="small: accuracy fell")
    parts = [replace(overall, domain=domain, text=f"small, {domain}: accuracy fell") for domain in ("law", "maths")]
    other = replace(overall, system="big", domain="law", text="big, law: accuracy fell")
    text = as_text(verdict(history(12), [overall, *parts, other], []))
    assert "- small: accuracy fell.\n- big, law: accuracy fell.\n- 2 more of the same in single domains.\n" in text
