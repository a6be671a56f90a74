"""The comment: small whatever there is, and nothing of a record in it is more than text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.made_up.gate_results import ACCURACY, flipped, gate, many, regressed
from wattbench_reports.export.gate import MARKER, as_markdown
from wattbench_reports.gate.result import FlippedAnswer, FlippedItem, FlippedItems, GateResult

MOST_BYTES = 65_536
TEXTS = st.text(st.sampled_from("@#[]()<>&|`*_~$\\!:/-=+. \n\r\t\x00\u202e\U0010ffff😀aw0"), max_size=80)


def dressed(result: GateResult, text: str) -> GateResult:
    """A gate in which every text of a record is this one."""
    return replace(
        result, headline=text, baseline=text, candidate=text, suite=text, runs=(text,) * 9, energy_provenance=text,
        notes=(text,) * 99, planted={text: 0.1}, metrics=tuple(
            replace(each, metric=f"{text} · latency_p50", reason=text, provenance=text, validity=text)
            for each in result.metrics
        ),
        flips=FlippedItems(9, 9, 0, (flipped(text, 1, lost=True, prompt=text, key=text, wrong=text),) * 9),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("text", ["\U0010ffff" * 9999, "@" * 9999, "😀" * 9999, "a b " * 50_000])
def test_it_is_never_too_large(text: str) -> None:
    assert len(as_markdown(dressed(many(2000), text)).encode()) < MOST_BYTES


def test_what_has_no_room_is_counted_and_what_fails_has_room() -> None:
    text = as_markdown(many(2000))
    assert len(text.encode()) < MOST_BYTES
    assert r"large\_document\[0\]" in text
    found = re.search(r"^([\d,]+) more are not shown; the job log", text, re.MULTILINE)
    assert found is not None
    assert int(found[1].replace(",", "")) + text.count("| pass |") + 4 == 2000


def test_reasons_and_notes_without_room_are_counted() -> None:
    metrics = tuple(
        replace(regressed().metrics[1], metric=f"bench {place} · latency_p50", reason=f"{place} slower " * 40)
        for place in range(300)
    )
    text = as_markdown(replace(regressed(), metrics=metrics, notes=("a note " * 50,) * 100))
    notes, reasons = map(int, re.findall(r"^- (\d+) more are not shown", text, re.MULTILINE))
    assert notes + text.count("\n- a note") == 100
    assert reasons + text.count("** (regressed): ") == 300


def test_what_is_not_recorded_of_the_items_is_said() -> None:
    bare = FlippedItem("sums", 4, True, (), None, FlippedAnswer(), FlippedAnswer())
    text = as_markdown(replace(regressed(), flips=FlippedItems(9, 1, 0, (bare,))))
    assert "| sums 4 |" in text
    assert "Not recorded: prompts, keys and answers." in text
    failed = replace(bare, candidate=FlippedAnswer(failure="timed out"))
    text = as_markdown(replace(regressed(), flips=FlippedItems(9, 1, 0, (failed,))))
    assert "| no answer: timed out |" in text
    assert "Not recorded: prompts and keys." in text


def test_a_long_sentence_is_cut_and_says_so() -> None:
    text = as_markdown(replace(regressed(), headline="word " * 1000))
    assert " ... (truncated)" in text
    assert "word " * 120 not in text


def test_five_reasons_are_seen_and_the_others_folded() -> None:
    metrics = tuple(
        replace(regressed().metrics[1], metric=f"bench {place} · latency_p50", reason=f"Slower by {place}.")
        for place in range(9)
    )
    seen, _, folded = as_markdown(replace(regressed(), metrics=metrics)).partition("<details>")
    assert (seen.count("** (regressed): "), folded.count("** (regressed): ")) == (5, 4)


@given(TEXTS)
@example("://")
@example(":/$/")
def test_texts_of_records_are_no_markup(text: str) -> None:
    shown = as_markdown(dressed(gate(regressed().verdict, "", ACCURACY, ACCURACY), text))
    plain = re.sub(r"\\.|`[^`\n]*`", "", shown)  # what is escaped, and what stands in code
    for harmless in ("@&#8203;", "#&#8203;", "&#36;", "### wattbench gate", "#### Items that flipped"):
        plain = plain.replace(harmless, " ")
    plain = plain.replace("&#8203;", "\u200b")  # as GitHub reads it: it keeps the two sides of an address apart
    assert "@" not in plain
    assert "#" not in plain
    assert "://" not in plain
    assert "$" not in plain
    assert not set(re.findall(r"<[^>\n]*>?", plain)) - {
        MARKER, "<details>", "</details>", "<summary>", "</summary>", "<summary>Reasons by metric</summary>",
        "<summary>Data and policy</summary>",
    }  # fmt: skip
    assert not re.search(r"[\[\]!~]", plain.replace(MARKER, ""))
    rows = [line for line in plain.splitlines() if line.startswith("|")]
    assert sorted({row.count("|") for row in rows}) == [5, 7]  # of the items that flipped, and of the metrics
    assert len(rows) == 4 + 7
    assert shown.count("\n### ") == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("thanks @octocat", "thanks @&#8203;octocat"),
        ("see owner/repo#12 or GH-12", "see owner/repo#&#8203;12 or GH&#8203;-12"),
        ("https://example.org www.example.org", "https:&#8203;//example.org www&#8203;.example.org"),
        ("![x](y) <img src=x> a|b", r"\!\[x\](y) &lt;img src=x&gt; a\|b"),
        ("1. one", r"1\. one"),
        ("--- $x$", r"\--- &#36;x&#36;"),
        ("1.5% more", "1.5% more"),
        ("a\x1b[31m\u202eb", r"a␛\[31m⟨U+202E⟩b"),
    ],
)
def test_what_github_would_make_more_of(text: str, shown: str) -> None:
    assert shown in as_markdown(replace(regressed(), headline=text)).splitlines()
