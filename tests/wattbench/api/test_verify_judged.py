"""Verdicts and labels that do not fit the answers of their run are named, each with its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.digests import without_digests
from tests.made_up.whole_run import label_whole_run, write_whole_run
from wattbench.api.verify import Verified, verify


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    return write_whole_run(tmp_path, judged=True)


def problems(found: Verified) -> dict[str, tuple[str, ...]]:
    return {check.name: check.problems for check in found.checks if check.problems}


def changed(path: Path, number: int, **fields: Any) -> None:
    """Change fields of a line, counted from 1."""
    lines = path.read_text().splitlines()
    lines[number - 1] = json.dumps(json.loads(lines[number - 1]) | fields)
    path.write_text("\n".join(lines) + "\n")


def test_a_judged_run_passes_before_and_after_people_label_it(judged: Path) -> None:
    assert problems(verify(judged)) == {}
    label_whole_run(judged)
    found = verify(judged)
    assert problems(found) == {}
    assert "labels of people, against the answers" in found.checked
    assert "who gave the labels, which no digest covers as they are added later" in found.cannot_know


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"system": "tiny"}, "there is no answer of 'tiny' to document 0 of 'spell', repeat 0"),
        ({"task": "add"}, "no judge scores 'add'"),
        ({"doc_id": 99}, "there is no answer of 'big' to document 99 of 'spell', repeat 0"),
        ({"judge": "kind"}, "'kind' judged, and the judge of spell is critic"),
        ({"window": "w9"}, "it names the window 'w9', which is not recorded"),
        ({"window": "w0000"}, "it names the window 'w0000', in which big was not asked to judge"),
        ({"started_s": 1.0}, "its request was not within its window 'w0009'"),
    ],
)
def test_a_verdict_that_does_not_fit_is_named(judged: Path, fields: dict[str, Any], said: str) -> None:
    changed(judged / "judgements.jsonl", 1, **fields)
    without_digests(judged)
    assert f"judgements.jsonl: line 1: {said}" in problems(verify(judged))["invariants"]


@pytest.mark.parametrize(
    ("file", "fields", "said"),
    [
        ("judges.jsonl", {"scale": "pair"}, "no verdict in both orders"),
        ("judgements.jsonl", {"answer_sha256": "0" * 64}, "no verdict"),
        ("judgements.jsonl", {"verdict": None, "why": "unread"}, "no verdict"),
        ("judgements.jsonl", {"shown": "first"}, "no verdict"),
    ],
)
def test_an_answer_that_has_an_opinion_without_its_verdicts_is_named(
    judged: Path, file: str, fields: dict[str, Any], said: str
) -> None:
    changed(judged / file, 1, **fields)
    without_digests(judged)
    found = problems(verify(judged))["invariants"]
    assert f"judgements.jsonl has {said} on the answer of big to document 0 of spell" in found


def test_a_verdict_on_a_text_that_is_no_longer_there_is_no_fault(judged: Path) -> None:
    path = judged / "judgements.jsonl"
    old = json.loads(path.read_text().splitlines()[0]) | {"answer_sha256": "0" * 64}
    path.write_text(json.dumps(old) + "\n" + path.read_text())
    without_digests(judged)
    assert problems(verify(judged)) == {}


def test_a_verdict_that_was_changed_shows_in_the_tables(judged: Path) -> None:
    changed(judged / "judgements.jsonl", 1, verdict=1.0)
    without_digests(judged)
    assert problems(verify(judged))["tables"][0].startswith("judged of row 8 of items.parquet is 0.0, and 1.0")


def test_a_verdict_that_the_reply_does_not_have_is_named(judged: Path) -> None:
    changed(judged / "judgements.jsonl", 1, reply="Verdict: pass")
    without_digests(judged)
    said = "the verdict on the answer of big to document 0 of spell is 0.0, and 1.0 in the judge's reply"
    assert problems(verify(judged)) == {"verdicts": (said,)}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"scale": "5..1"}, "judges.jsonl: line 1: scale is '5..1': it must be pass, pair, or a range such as 1..5"),
        ({"scale": "1..5\n"}, "judges.jsonl: line 1: scale is '1..5\\n': it must be"),
        ({"facts": {"system": 3}}, "judges.jsonl: line 1: "),
    ],
)
def test_a_judge_that_is_none_is_damage(judged: Path, fields: dict[str, Any], said: str) -> None:
    changed(judged / "judges.jsonl", 1, **fields)
    without_digests(judged)
    assert problems(verify(judged))["lines"][0].startswith(said)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: changed(path, 2, doc_id=99), "labels.jsonl: line 2: there is no answer of 'big' to document 99"),
        (lambda path: changed(path, 2, answer_sha256="x"), "labels.jsonl: line 2: it is of another text than"),
        (lambda path: changed(path, 2, score=1.5), "labels.jsonl: line 2: score is 1.5"),
        (lambda path: path.write_bytes(b"\xff\n"), "labels.jsonl: line 1"),
        (lambda path: (path.unlink(), path.mkdir()), "labels.jsonl is not a regular file"),
    ],
)
def test_a_label_that_does_not_fit_is_named_and_the_run_itself_is_as_written(
    judged: Path, spoil: Callable[[Path], object], said: str
) -> None:
    label_whole_run(judged)
    spoil(judged / "labels.jsonl")
    found = problems(verify(judged))
    assert "digests" not in found or found["digests"] == ("labels.jsonl is not a regular file",)
    assert found["labels"][0].startswith(said)


def test_labels_of_a_run_without_a_judge_count_for_nothing(tmp_path: Path) -> None:
    run = write_whole_run(tmp_path)
    label_whole_run(run, labels=1)
    assert problems(verify(run))["labels"][0].startswith("labels.jsonl: line 1: ")
