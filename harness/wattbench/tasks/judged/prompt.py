"""Write what a judge is asked: rubric, item and answer, quoted as data, and the form of its verdict.

The prompt names no system. Item and answers are the texts of others, and may speak to the judge: they are between lines
with a code that they cannot know, and no text in them is a marker of a chat template.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from wattbench.config.judged import PAIR, PASS, JudgedBy

ONE, TWO = (
    (Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("one_answer.txt", "two_answers.txt")
)
"""The prompts, for one answer and for a pair."""

_END = "Then end your reply with exactly one line, and write nothing after it:"
_FORMS = {
    PASS: f"{_END} `Verdict: pass` if the answer meets the rubric, or `Verdict: fail` if it does not.",
    PAIR: f"{_END} `Verdict: A` if answer A is better, `Verdict: B` if answer B is better, or `Verdict: tie`.",
}
_GRADES = f"{_END} `Verdict: N`, where N is a whole number from {{low}} (worst) to {{high}} (best)."

PROMPT_VERSION = f"1-{hashlib.sha256(''.join([ONE, TWO, *_FORMS.values(), _GRADES]).encode()).hexdigest()[:8]}"
"""Of the prompt. It changes with every letter of it."""

REPLY_TOKENS = 1024
"""The limit of a judge's reply, unless the judge has one: some sentences, and the verdict."""

MOST_ITEM, MOST_ANSWER = 24_000, 16_000
"""Characters of an item, and of an answer or a reference, that a judge sees: about 6,000 and 4,000 tokens of English.
Of a longer text the middle is left out."""
_LEFT_OUT = "\n[... {number:,} characters left out here by the harness ...]\n"

_MARKER = re.compile(
    r"<(?=\|)|(?<=\|)>|<(?=/?(?:s|think|start_of_turn|end_of_turn|bos|eos|unk|pad|im_start|im_end)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])|<(?=</?SYS>>)",
    re.IGNORECASE,
)
"""Where texts have the form of a token that ends a turn or begins one. Tokenizers take it for the token itself."""


@dataclass(frozen=True)
class ShownAnswer:
    """What a judge is shown of an answer."""

    item: str
    """What was asked."""
    answer: str
    """Of a pair: the one that is shown first."""
    other: str | None = None
    """Of a pair: the other one."""
    reference: str | None = None
    """A right answer, where the task has one that is not compared with."""


def judge_prompt(shown: ShownAnswer, judged: JudgedBy, rubric: str, seed: int) -> str:
    """Return the prompt for one verdict, as one text without a chat template.

    Args:
        shown: item and answer.
        judged: the scale.
        rubric: its text.
        seed: of the code between texts.
    """
    item = quoted(shown.item, MOST_ITEM)
    answer = quoted(shown.answer, MOST_ANSWER)
    other = "" if shown.other is None else quoted(shown.other, MOST_ANSWER)
    reference = "" if shown.reference is None else quoted(shown.reference, MOST_ANSWER)
    nonce = _nonce([item, answer, other, reference, rubric], seed)
    if reference:
        reference = f"\n[reference answer {nonce}]\n{reference}\n[end of reference answer {nonce}]\n"
    grades = judged.grades
    form = _FORMS[judged.scale] if grades is None else _GRADES.format(low=grades[0], high=grades[1])
    return (ONE if shown.other is None else TWO).format(
        nonce=nonce, rubric=rubric.strip(), item=item, reference=reference, answer=answer, other=other, form=form
    )


def quoted(text: str, most: int) -> str:
    """Return a text of others as a judge sees it: bounded, in characters that can be sent, without chat markers.

    A space within a marker keeps tokenizers from taking it for the token that it is in their templates.
    """
    plain = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if len(plain) > most:
        half = most // 2
        left_out = _LEFT_OUT.format(number=len(plain) - 2 * half)
        plain = plain[:half] + left_out + plain[len(plain) - half :]
    return _MARKER.sub(lambda match: f" {match[0]}" if match[0] == ">" else f"{match[0]} ", plain)


def _nonce(texts: list[str], seed: int) -> str:
    """Return a code that none of the texts holds: it follows from all of them, and from the seed."""
    made = hashlib.sha256("\0".join([str(seed), *texts]).encode("utf-8", "replace"))
    while any((nonce := made.hexdigest()[:16]) in text for text in texts):
        made.update(b"again")
    return nonce
