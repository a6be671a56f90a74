"""Labels in a terminal: what is shown is blind and safe, and each label is recorded as it is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.judged_runs import FakeJudge
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from tests.wattbench.api.labelling.conftest import JUDGED
from wattbench.api.labelling.book import label_book
from wattbench.api.labelling.dialogue import Dialogue
from wattbench.api.labelling.draws import draw, shown_first
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.records.rows.judgements import LabelRow


def hold(run: Path, lines: Iterable[str], *, scripted: bool = False, person: str = "ann") -> str:
    """Label with these lines, and return what was shown."""
    shown: list[str] = []
    given = iter(lines)
    with label_book(run) as book:
        drawn = draw(book.sheet, person)
        Dialogue(book, drawn, person, lambda: next(given, None), shown.append, scripted).hold()
    return "\n".join(shown)


def scores(run: Path) -> list[float | None]:
    return [row.score for row in read_run(run).labels()]


def lines_of(run: Path) -> int:
    return len(read_run(run).layout.labels.read_text().splitlines())


def test_labels_are_recorded_in_the_order_of_the_draw(judged_run: Path) -> None:
    hold(judged_run, ["p", "FAIL ", "s", "fail", "q"])
    labels = read_run(judged_run).labels()
    assert [row.score for row in labels] == [1.0, 0.0, None, 0.0]
    assert {row.drawn for row in labels} == {"evenly"}
    assert labels[0].doc_id == labels[1].doc_id != labels[2].doc_id
    assert all(row.seconds is not None for row in labels)


def test_a_session_goes_on_where_the_last_one_ended(judged_run: Path) -> None:
    first = hold(judged_run, ["p", "p", "q"])
    second = hold(judged_run, ["p"] * 100)
    assert "[1 of 40]" in first
    assert "[1 of 38]" in second
    assert len(scores(judged_run)) == 40
    assert lines_of(judged_run) == 40


def test_back_replaces_a_label_by_a_new_line(judged_run: Path) -> None:
    hold(judged_run, ["u", "p", "f", "u", "u", "f", "p"])
    assert scores(judged_run) == [0.0, 1.0]
    assert lines_of(judged_run) == 4


def test_the_rubric_is_shown_once_and_on_request(judged_run: Path) -> None:
    shown = hold(judged_run, ["p", "?", "p"])
    assert shown.count("What a good answer to letters is") == 2
    assert shown.count("is polite") == 2


def test_a_word_that_says_nothing_is_asked_again_and_ends_a_script(judged_run: Path) -> None:
    assert "says nothing" in hold(judged_run, ["5", "\x1b[31m", "p"])
    assert len(scores(judged_run)) == 1
    with pytest.raises(UserError, match=r"answer 2: 'perhaps' says nothing; type p pass, f fail"):
        hold(judged_run, ["p", "perhaps", "p"], scripted=True)
    assert len(scores(judged_run)) == 2, "what was given before is kept"
    assert read_run(judged_run).labels()[-1].seconds is None


def test_grades_count_from_0_to_1(tmp_path: Path) -> None:
    run = write_run(tmp_path, replace(JUDGED, judges={"letters": FakeJudge(scale="1..5")}))
    assert "1 to 5; s cannot tell" in hold(run, ["1", "5", "3", "6", "4.5", "2"])
    assert scores(run) == [0.0, 1.0, 0.5, 0.25]


def test_pairs_are_shown_on_random_sides(tmp_path: Path) -> None:
    run = write_run(tmp_path, replace(JUDGED, judges={"letters": FakeJudge(scale="pair", against="small")}))
    shown = hold(run, ["a"] * 19 + ["t"])
    with label_book(run) as book:
        first = [shown_first(book.sheet.run, book.sheet.answers[name]) for name in book.sheet.labels_of("ann")]
        assert {name[0] for name in book.sheet.answers} == {"large"}, "no system is compared with itself"
    assert scores(run) == [float(each) for each in first[:19]] + [0.5]
    assert 0 < sum(first) < 20
    (asked, of_a, of_b), *_ = _sides(shown)
    assert asked == "[1 of 20]"
    assert ("large" in of_a, "small" in of_b) == (first[0], first[0])


def _sides(shown: str) -> list[tuple[str, str, str]]:
    parts = shown.split("\n[")[1:]
    return [
        ("[" + part.split("===")[0].strip(), *part.split("--- Answer A\n")[1].split("--- Answer B\n")) for part in parts
    ]


def test_an_answer_is_shown_blind_and_cannot_steer_the_terminal(tmp_path: Path) -> None:
    hostile = "\x1b]0;title\x07\x1b[2J\u202egnp.exe\r ::set-output\x00" + "x" * 5000
    systems = (FakeSystem("secret-name", output=hostile), FakeSystem("other-name", output="</think>fine"))
    run = write_run(tmp_path, replace(JUDGED, systems=systems))
    shown = hold(run, ["p", "m"])
    assert not {"\x1b", "\x07", "\u202e", "\x00", "\r"} & set(shown)
    assert "more characters; m shows them" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_no_verdict_and_no_system_is_shown(judged_run: Path) -> None:
    shown = hold(judged_run, ["p"] * 40)
    of_answers = [line for line in shown.splitlines() if "truth" in line]
    rest = "\n".join(line for line in shown.splitlines() if "truth" not in line)
    assert len(of_answers) == 40
    for word in ("small", "large", "judge", "verdict"):
        assert word not in rest


def test_only_one_process_labels_a_run(judged_run: Path) -> None:
    with label_book(judged_run), pytest.raises(UserError, match="another process is writing this run"):
        hold(judged_run, ["p"])


def test_a_torn_line_is_dropped_and_asked_again(judged_run: Path) -> None:
    hold(judged_run, ["p", "p"])
    path = read_run(judged_run).layout.labels
    path.write_bytes(path.read_bytes()[:-20])
    assert "[1 of 39]" in hold(judged_run, ["f"])
    assert scores(judged_run) == [1.0, 0.0]


def test_a_label_of_another_text_does_not_count(judged_run: Path) -> None:
    hold(judged_run, ["p"])
    row = read_run(judged_run).labels()[0]
    changed = LabelRow(**{**vars(row), "answer_sha256": "0" * 64})
    with label_book(judged_run) as book:
        assert len(book.sheet.labels) == 1
    path = read_run(judged_run).layout.labels
    path.write_text(path.read_text().replace(row.answer_sha256, changed.answer_sha256))
    with label_book(judged_run) as book:
        assert book.sheet.labels == ()


@pytest.mark.parametrize(
    ("fake", "problem"),
    [
        (FakeRun((FakeSystem("one"),)), "no task of this run is scored by a judge"),
        (replace(JUDGED, finished=False), "this run is not finished"),
    ],
)
def test_only_a_finished_run_with_a_judge_is_labelled(tmp_path: Path, fake: FakeRun, problem: str) -> None:
    run = write_run(tmp_path, fake)
    with pytest.raises(UserError, match=problem):
        hold(run, ["p"])
    assert not read_run(run).layout.labels.exists()
