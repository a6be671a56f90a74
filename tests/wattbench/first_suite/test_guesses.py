"""What is guessed from a stranger's file, why, and what is left to the user."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.config import FileTask
from wattbench.errors import UserError
from wattbench.first_suite.columns import GuessedScore, check_rows, guess_columns, guess_score
from wattbench.first_suite.table import _NUMBER, Table, read_table
from wattbench.first_suite.wishes import UndecidedError
from wattbench.tasks.file_task.build import build
from wattbench.tasks.file_task.scores import number

SENTENCES = [f"Where is parcel {n}, please? I have waited for it since last week." for n in range(30)]
TEAMS = ["Delivery", "Refund", "Sales"] * 10


def table(
    folder: Path,
    separator: str = ",",
    encoding: str = "utf-8",
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL,
    **columns: Sequence[object],
) -> Table:
    path = folder / "data.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        rows = [[*columns], *zip(*columns.values(), strict=True)]
        csv.writer(file, delimiter=separator, quoting=quoting).writerows(rows)
    return read_table(path, [])


@pytest.mark.parametrize(
    ("columns", "expected", "why"),
    [
        ({"text": SENTENCES, "label": TEAMS}, ("text", "label"), ("by its name", "by its name")),
        ({"id": range(30), "message": SENTENCES, "team": TEAMS}, ("message", "team"), ("by its name", "by its name")),
        ({"nr": range(30), "Frage": SENTENCES, "options": ["a|b|c"] * 30, "Antwort": TEAMS}, ("Frage", "Antwort"),
         ("by its name", "by its name")),
        ({"nr": range(30), "Mail": SENTENCES, "Abteilung": TEAMS}, ("Mail", "Abteilung"),
         ("the longest texts (65 characters on average)", "the only column of few distinct texts (3)")),
        ({"a": SENTENCES, "b": SENTENCES[::-1]}, None, None),
        ({"Satz": SENTENCES, "Expected Answer": SENTENCES[::-1]}, ("Satz", "Expected Answer"),
         ("the only one that is left", "by its name")),
        ({"text": SENTENCES, "urgent": ["yes", "no"] * 15, "team": TEAMS}, ("text", "team"),
         ("by its name", "by its name")),
        ({"text": SENTENCES, "urgent": ["yes", "no"] * 15, "group": TEAMS}, None, None),
    ],
)  # fmt: skip
def test_columns_are_guessed_where_one_alone_fits(
    tmp_path: Path, columns: dict[str, Sequence[object]], expected: tuple[str, str] | None, why: tuple[str, str] | None
) -> None:
    read = table(tmp_path, **columns)
    if expected is None:
        with pytest.raises(UndecidedError, match=r"data\.csv: which column has the right answers\? .*--target"):
            guess_columns(read, None, None)
        return
    given, target = guess_columns(read, None, None)
    assert ((given.name, target.name), (given.why, target.why)) == (expected, why)


def test_what_was_said_is_no_guess_and_must_be_there(tmp_path: Path) -> None:
    read = table(tmp_path, text=SENTENCES, urgent=["yes", "no"] * 15, group=TEAMS)
    given, target = guess_columns(read, None, "group")
    assert (given.name, target) == ("text", ("group", ""))
    with pytest.raises(UndecidedError, match=r"has no column 'grup'; did you mean 'group'\? \(its columns: text, urg"):
        guess_columns(read, None, "grup")
    with pytest.raises(UserError, match="--input and --target are the same column, 'group'"):
        guess_columns(read, "group", "group")
    rows = {SENTENCES[0]: SENTENCES[1:], "Delivery": TEAMS[1:], "x": TEAMS[1:]}
    with pytest.raises(UndecidedError, match="first line must name the columns, and reads like a row"):
        guess_columns(table(tmp_path, **rows), None, None)
    both = table(tmp_path, one=SENTENCES, two=SENTENCES[::-1], team=TEAMS)
    with pytest.raises(UndecidedError, match="which column is asked"):
        guess_columns(both, None, "team")


@pytest.mark.parametrize(
    ("targets", "score", "why"),
    [
        (TEAMS, "label", "3 distinct texts in 30 rows"),
        (["refund", "Refund ", "DELIVERY"] * 10, "label", "2 distinct texts in 30 rows"),
        ([n % 5 for n in range(30)], "label", "5 distinct texts in 30 rows"),
        ([f"{n * 137 % 1000}" for n in range(30)], "number", "all are numbers"),
        ([f"{n},5 %" for n in range(30)], "number", "all are numbers"),
        ([f"{n},500.75" for n in range(30)], "number", "all are numbers"),
        ([f"-{n}.5e-3 €" for n in range(30)], "number", "all are numbers"),
        ([f"2026-11-{n + 1:02}" for n in range(30)], "contains", "30 distinct texts of 1.0 words on average"),
        ([f"{n + 1}.11.2026" for n in range(30)], "contains", "30 distinct texts of 1.0 words on average"),
        ([f"Paris {n}" for n in range(30)], "contains", "30 distinct texts of 2.0 words on average"),
        (SENTENCES, "f1", "texts of 13 words on average, which no answer repeats word for word"),
    ],
)
def test_the_score_follows_from_the_right_answers(
    tmp_path: Path, targets: Sequence[object], score: str, why: str
) -> None:
    read = table(tmp_path, text=SENTENCES, answer=targets)
    assert guess_score(read, "answer") == GuessedScore(score, why)


@pytest.mark.slow
@given(st.from_regex(_NUMBER, fullmatch=True))
def test_what_is_taken_for_a_number_is_one_to_the_score(text: str) -> None:
    assert number(text) is not None


def test_a_column_of_choices_is_one_if_each_answer_is_among_them(tmp_path: Path) -> None:
    choices = ["Paris|Rome|Bonn"] * 15 + ['["Paris", "Rome"]'] * 15
    read = table(tmp_path, text=SENTENCES, options=choices, answer=["Rome", "b"] * 15)
    assert guess_score(read, "answer") == GuessedScore(
        "choice", "each right answer is one of the choices in options", {"choices": "options"}
    )
    other = table(tmp_path, text=SENTENCES, options=choices, answer=["Rome", "Oslo"] * 15)
    assert guess_score(other, "answer").score == "label"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_separators_and_encodings_are_found(
    tmp_path: Path, separator: str, encoding: str, quoting: Literal[0, 1]
) -> None:
    read = table(tmp_path, separator, encoding, quoting, text=[f"Größe, {n}; ja" for n in range(9)], team=["é"] * 9)
    assert read.columns["text"].values[3] == "Größe, 3; ja"
    assert read.encoding == encoding.removesuffix("-sig")
    chosen = {"file": tmp_path / "data.csv", "input": "text", "target": "team", "score": "label", "labels": ["é", "e"]}
    built = build(FileTask.model_validate({**chosen, "encoding": read.encoding}))  # as a run reads it
    assert [document["text"] for document in built.splits["test"]] == [*read.columns["text"].values]
    words = {",": None, ";": "semicolons", "\t": "tabs", "|": "bars"}
    assert read.separator == words[separator]


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n\x81\xfe,1\n")
    with pytest.raises(UserError, match=r"data\.csv: not text in UTF-8, UTF-16 or cp1252"):
        read_table(path, [])
    with pytest.raises(UserError, match=r"data\.xlsx: a task is one of .*save the sheet as CSV"):
        read_table(tmp_path / "data.xlsx", [])


@pytest.mark.parametrize(
    ("texts", "teams", "expected"),
    [
        (SENTENCES, ["", *TEAMS[1:]], r"line 2: column 'team' \(--target\) is empty; fill it in, or remove such rows"),
        ([*SENTENCES[:9], *[" "] * 21], TEAMS, r"line 11, line 12, line 13 and 18 more: column 'text' \(--input\)"),
        (SENTENCES, [""] * 30, "column 'team' is empty in every row; name another one with --target"),
        (SENTENCES[:2], TEAMS[:2], "2 rows can show no difference between two systems, however large"),
        (SENTENCES, ["Refund", " refund"] * 15, r"column 'team' has the same text in every row \('Refund'\)"),
        ([*SENTENCES[:29], "where is parcel 3, PLEASE? I have waited for it since last week."], TEAMS,
         r"a question is asked with different right answers.*line 5, line 31 have 'Delivery' and 'Sales'"),
    ],
)  # fmt: skip
def test_mistakes_in_the_rows_are_named_with_what_to_do(
    tmp_path: Path, texts: Sequence[str], teams: Sequence[str], expected: str
) -> None:
    with pytest.raises(UserError, match=expected):
        check_rows(table(tmp_path, text=texts, team=teams), "text", "team")


def test_repeated_questions_are_said_and_torn_ones_kept_where_that_is_wanted(tmp_path: Path) -> None:
    read = table(tmp_path, text=SENTENCES[:15] * 2, team=[*TEAMS[:15], *TEAMS[:14], "Other"])
    assert check_rows(read, "text", "team", duplicates=True) == [
        "a question is asked with different right answers: no system can be right each time",
        "14 rows repeat the question of another row, and count again",
    ]
    draw = random.Random(1)
    many = [f"q{n}" for n in range(2001)]
    assert check_rows(table(tmp_path, text=many, team=[draw.choice(TEAMS) for _ in many]), "text", "team") == [
        "2,001 rows take long to ask: limit: 2000 in the suite asks the first of them"
    ]
