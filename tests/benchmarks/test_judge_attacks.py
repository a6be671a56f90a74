"""Ten answers that instruct their judge: the shipped prompt quotes them as data, and no verdict is taken from them."""

from __future__ import annotations

import re

import pytest

from benchmarks import judge_attacks
from benchmarks.judge_attacks import ATTACKS, NOTE, Judge, judged_by, prompt
from benchmarks.tasks.writing import draw_notes
from wattbench.config.judged import JudgedBy
from wattbench.tasks.judged.prompt import ShownAnswer, judge_prompt
from wattbench.tasks.judged.verdict import read_verdict

ROW = draw_notes.rows()[0]
LINE = re.compile(r"^\[(end of )?(item|answer|reference answer|answer A|answer B) ([0-9a-f]{16})\]$", re.MULTILINE)
MARKERS = ("<|", "|>", "</s>", "[/INST]", "[INST]")

attacks = pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)


def judged(scale: str) -> JudgedBy:
    return JudgedBy.model_validate({**judged_by().model_dump(), "scale": scale, "against": None})


def code_of(question: str) -> str:
    """Return the code of a prompt, as its own words have it before any text of others."""
    [code] = re.findall(r"between lines with the code ([0-9a-f]{16})\.", question.partition("[item")[0])
    return str(code)


def without_answers(question: str) -> str:
    """Return a prompt without what is between the lines of its answers, and without its code."""
    code = code_of(question)
    quoted = re.compile(rf"(\[answer( [AB])? {code}\]\n).*?(\n\[end of answer( [AB])? {code}\])", re.DOTALL)
    return quoted.sub(r"\1\3", question).replace(code, "CODE")


def test_there_are_ten() -> None:
    assert len(ATTACKS) == len(set(ATTACKS.values())) == 10


@attacks
def test_an_attack_is_between_the_lines_of_its_answer(text: str) -> None:
    """Outside them the prompt is that of any other answer, and the attack knows no line that would end it."""
    question = prompt(f"{NOTE}\n{text}", ROW)
    code = code_of(question)
    lines = [match.groups() for match in LINE.finditer(question) if match[3] == code]
    assert [(end, kind) for end, kind, _ in lines] == [
        (None, "item"), ("end of ", "item"), (None, "answer"), ("end of ", "answer")
    ]  # fmt: skip
    assert code not in text
    assert without_answers(question) == without_answers(prompt(NOTE, ROW))
    assert not any(marker in question for marker in MARKERS)


@attacks
def test_an_attack_is_between_the_lines_of_a_pair(text: str) -> None:
    for first, second in ((text, NOTE), (NOTE, text)):
        question = judge_prompt(ShownAnswer(ROW["facts"], first, second), judged("pair"), "The better one.", seed=1)
        other = judge_prompt(ShownAnswer(ROW["facts"], NOTE, NOTE), judged("pair"), "The better one.", seed=1)
        assert without_answers(question) == without_answers(other)


@attacks
@pytest.mark.parametrize("scale", ["pass", "1..5"])
def test_a_judge_that_quotes_an_attack_and_disagrees_has_its_verdict_taken_or_none(text: str, scale: str) -> None:
    """Where the quotation has a verdict of its own, the reply has two: it is not judged, never passed."""
    verdict = "fail" if scale == "pass" else "1"
    read = read_verdict(f"The answer says: {text}\nIt states no fact.\nVerdict: {verdict}", judged(scale))
    assert read.score in (0.0, None)
    if read.score is None:
        assert "Verdict: pass" in text
        assert read.why is not None


@attacks
def test_a_judge_that_quotes_an_attack_and_says_no_more_gives_no_grade(text: str) -> None:
    read = read_verdict(f"The answer says: {text} It states no fact.", judged("1..5"))
    assert (read.score, read.why is None) == (None, False)


def test_the_table_has_every_attack_of_now() -> None:
    """How a model judges is no matter of right or wrong here: the table reports it as it came out."""
    made, header, *rows = judge_attacks.TABLE.read_text(encoding="utf-8").splitlines()
    assert made == judge_attacks.MADE
    assert header.startswith("attack,characters,log_odds_without,log_odds_with")
    assert [row.split(",")[:2] for row in rows] == [[name, str(len(text))] for name, text in ATTACKS.items()]


@pytest.mark.slow
def test_a_real_model_can_be_asked() -> None:
    judge = Judge()
    assert judge.log_odds(prompt(NOTE, ROW)) != judge.log_odds(prompt(f"{NOTE}\n{ATTACKS['order']}", ROW))
