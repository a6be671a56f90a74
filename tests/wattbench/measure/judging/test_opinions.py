"""What a judge thinks of an answer follows from the verdicts on record, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wattbench.config.judged import JudgedBy
from wattbench.measure.ask_items import ItemRequests, answer_row
from wattbench.measure.judging.judge_answers import judgement
from wattbench.measure.judging.questions import FAILED, JudgeQuestion, without_verdict
from wattbench.records import AnswerRow
from wattbench.records.opinions import Opinions, digest_of
from wattbench.records.rows.judgements import JudgementRow, JudgeRow
from wattbench.systems import Reply

PASS = JudgedBy(judge="j", rubric=Path("/r.md"))
PAIR = PASS.model_copy(update={"scale": "pair"})


def reply(text: str, **more: object) -> AnswerRow:
    """An answer, of a system or of a judge."""
    from lm_eval.api.instance import Instance

    ask = ItemRequests("generate_until", 3, (Instance("generate_until", {}, ("?", {}), 0, ("t", 3, 1)),))
    row = answer_row(ask, [Reply(text, output_tokens=5)], 0, 1.0, 2.0, 0, 1, "w1")
    return replace(row, **more)  # type: ignore[arg-type]


ANSWER = reply("<think>hm</think>An answer.")


def question(judged: JudgedBy = PASS, order: str | None = None, prompt: str = "p") -> JudgeQuestion:
    return JudgeQuestion("s", "t", ANSWER, judged, order, prompt)  # type: ignore[arg-type]


def opinions(*rows: JudgementRow, scale: str = "pass", against: str | None = None) -> Opinions:
    judge = JudgeRow(judge="j", task="t", scale=scale, rubric="r", against=against, prompt_version="1")
    return Opinions({"t": judge}, {("s", "t", ANSWER.key): list(rows)})


def said(text: str, asked: JudgeQuestion | None = None, **more: object) -> JudgementRow:
    return judgement(asked or question(), reply(text, **more))


def test_a_verdict_is_of_one_text_by_one_judge() -> None:
    row = said("Verdict: pass")
    assert (row.verdict, row.why, row.answer_sha256) == (1.0, None, digest_of(ANSWER))
    assert opinions(row).judged("s", "t", ANSWER) == 1.0
    assert opinions(row).judged("s", "t", reply("Another answer.")) is None
    assert opinions(row).judged("s", "u", ANSWER) is None
    assert opinions(replace(row, judge="k")).judged("s", "t", ANSWER) is None
    assert opinions(said("Well.")).judged("s", "t", ANSWER) is None


def test_a_failed_request_is_0_without_a_judge_and_what_others_are_compared_with_is_a_half() -> None:
    assert opinions().judged("s", "t", replace(ANSWER, failure="no connection")) == 0.0
    assert opinions(scale="pair", against="s").judged("s", "t", ANSWER) == 0.5


@pytest.mark.parametrize(
    ("first", "second", "opinion"),
    [("A", "B", 1.0), ("B", "A", 0.0), ("A", "A", 0.5), ("tie", "tie", 0.5), ("A", "tie", 0.75), ("A", "?", None)],
)
def test_a_pair_is_the_mean_of_both_orders(first: str, second: str, opinion: float | None) -> None:
    rows = [
        said(f"Verdict: {verdict}", question(PAIR, order)) for order, verdict in (("first", first), ("second", second))
    ]
    assert opinions(*rows, scale="pair").judged("s", "t", ANSWER) == opinion
    assert opinions(rows[0], scale="pair").judged("s", "t", ANSWER) is None


def test_a_judge_that_does_not_answer_is_asked_again_and_one_that_says_nothing_is_not() -> None:
    failed, unread = said("", failure="HTTP 500"), said("Well.")
    assert (failed.verdict, failed.why, failed.reply) == (None, f"{FAILED}HTTP 500", "")
    assert (unread.verdict, unread.why) == (None, "the reply has no line with a verdict")
    asked = [question()]
    assert without_verdict(asked, []) == asked
    assert without_verdict(asked, [failed]) == asked
    assert without_verdict(asked, [unread]) == []
    assert without_verdict([question(prompt="another rubric")], [unread]) != []
    assert without_verdict([replace(asked[0], answer=reply("Another answer."))], [unread]) != []


def test_a_reply_at_its_limit_says_so() -> None:
    row = said("It is", finish_reason="length", output_limit=40)
    assert row.why == "the reply has no line with a verdict (it was cut at 40 tokens)"
    assert row.output_tokens == 5
