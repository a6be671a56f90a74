"""`wattbench init`, as it is called: what it prints, what it asks, and that it never replaces a file unasked."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from wattbench.cli import init, main
from wattbench.config import FileTask, load_suite
from wattbench.config.file_task import ScoreName

SAYS = {"Billing": "The invoice {n} is wrong.", "Technical": "It crashes, error {n}.", "Sales": "A quote for {n}?"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [f"{n};{SAYS[team].format(n=n)};{team}" for n, team in enumerate([*SAYS] * 20)]
    (tmp_path / "tickets.csv").write_text("\n".join(["nr;message;team", *rows]))
    (tmp_path / "rules.py").write_text("raise SystemExit('this file was run')\ndef answer(message): ...\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["init", *words], input=typed, catch_exceptions=False)


def test_it_shows_what_will_be_asked_and_what_is_right(here: Path, golden: Callable[[str, str], None]) -> None:
    result = called("tickets.csv", "--system", "rules.py:answer", "--system", "big=org/tiny-instruct")
    assert (result.exit_code, result.stdout) == (0, "tickets.yaml\n")
    bars = r".*it/s\]\n"  # of what another test imported before
    shown = re.sub(rf"note: missing here.*?\n(?:  .*\n)*|{bars}", "", result.stderr)  # what is installed differs
    golden("init.txt", shown)
    assert [*load_suite("tickets.yaml").systems] == ["rules", "big"]


def test_the_scores_that_can_be_named_are_those_of_a_suite() -> None:
    assert init._SCORES.replace(" or ", ", ").split(", ") == [*get_args(ScoreName)]


@pytest.fixture
def untargeted(here: Path) -> Path:
    rows = [f"{n},My card number {n} was lost." for n in range(20)]
    (here / "free.csv").write_text("\n".join(["ticket id,ticket", *rows]))
    (here / "rules.py").write_text(
        "raise SystemExit('this file was run')\ndef answer(message): ...\ndef judge(prompt): ...\n"
        "def grade(item, answer): ...\n"
    )
    return here


def test_without_right_answers_it_says_how_free_answers_are_scored(untargeted: Path) -> None:
    result = called("free.csv", "--system", "rules.py:answer")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "which column has the right answers? Say it with --target: ticket id, ticket. If none has: --judge" in (
        result.stderr
    )
    assert "or --score grade.py:grade" in result.stderr


def test_a_judge_gets_a_rubric_to_edit(untargeted: Path, golden: Callable[[str, str], None]) -> None:
    words = ("free.csv", "--system", "rules.py:answer", "--judge", "strict=rules.py:judge", "--scale", "1..5")
    result = called(*words, "--json")
    assert json.loads(result.stdout) == {"written": ["free.yaml", "free-rubric.md"]}
    rubric = (untargeted / "free-rubric.md").read_text()
    golden("init-judge.txt", f"{result.stderr}\n{Path('free.yaml').read_text()}\n{rubric}")
    resolved = load_suite("free.yaml")
    assert ([*resolved.systems], [*resolved.judges]) == (["rules"], ["strict"])
    assert resolved.tasks[0].judged is not None
    (untargeted / "free-rubric.md").write_text("mine")
    again = called(*words, "--force")
    assert (again.stdout, (untargeted / "free-rubric.md").read_text()) == ("free.yaml\n", "mine")


def test_a_rubric_is_not_left_where_no_suite_was_written(untargeted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "_shown", lambda drafted: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        called("free.csv", "--system", "rules.py:answer", "--judge", "rules.py:judge")
    assert not [*untargeted.glob("*.md"), *untargeted.glob("*.yaml")]


def test_a_file_that_is_there_is_replaced_on_demand_alone(here: Path) -> None:
    (here / "tickets.yaml").write_text("mine")
    result = called("tickets.csv", "--system", "rules.py:answer")
    assert (result.exit_code, (here / "tickets.yaml").read_text()) == (2, "mine")
    assert "tickets.yaml is there already; add --force to replace it" in result.stderr
    assert called("tickets.csv", "--system", "rules.py:answer", "--force").exit_code == 0
    assert load_suite("tickets.yaml")
    (here / "linked.yaml").symlink_to(here / "tickets.csv")
    result = called("tickets.csv", "--system", "rules.py:answer", "-o", "linked.yaml", "--force")
    assert (result.exit_code, "symbolic link" in result.stderr) == (2, True)
    assert "Billing" in (here / "tickets.csv").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a file with questions and right answers"),
        (("tickets.csv",), "name one system or more with --system"),
        (("tickets.csv", "--target", "nr", "--input", "mesage"), "did you mean 'message'?"),
        (("tickets.csv", "--system", "model.joblib"), "skops.io.dump(pipeline, 'model.skops')"),
    ],
)
def test_without_a_terminal_it_says_what_to_give_and_waits_for_nothing(
    here: Path, words: tuple[str, ...], said: str
) -> None:
    result = called(*words, typed="never read\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.startswith("wattbench: ")
    assert sorted(path.name for path in here.iterdir()) == ["rules.py", "tickets.csv"]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "_terminal", io.StringIO)


@pytest.mark.usefixtures("terminal")
def test_in_a_terminal_it_asks_for_what_it_cannot_guess(here: Path) -> None:
    given, stdin = "tickets.csv\nrules.py:anser\nrules.py:answer\n\ny\n", sys.stdin
    result = called(typed=given)
    assert result.exit_code == 0
    assert "File with questions and right answers" in result.stderr
    assert "has no function 'anser'; did you mean 'answer'?" in result.stderr
    assert "Write tickets.yaml? [Y/n]" in result.stderr
    assert load_suite("tickets.yaml").systems.keys() == {"rules"}
    assert sys.stdin is stdin


@pytest.mark.usefixtures("terminal")
def test_a_column_is_chosen_among_those_that_are_there(here: Path) -> None:
    text = (here / "tickets.csv").read_text().replace("team", "group").replace("nr", "urgent")
    (here / "tickets.csv").write_text(re.sub(r"^\d+", lambda match: str(int(match[0]) % 2), text, flags=re.MULTILINE))
    result = called("tickets.csv", "--system", "rules.py:answer", typed="nothing\ngroup\n")
    assert result.exit_code == 0
    assert "how free answers are scored (urgent, group, --judge, --score)" in result.stderr
    assert "Write tickets.yaml" not in result.stderr
    (here / "other.csv").write_text(text)
    (here / "tickets.yaml").unlink()
    assert called(typed="other.csv\nrules.py:answer\n\nn\n").exit_code == 2
    assert not (here / "other.yaml").exists()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("typed", "score"),
    [
        ("--judge\nrules.py:juge\npass\nrules.py:judge\n5..1\nrules.py:judge\n1..5\n", "1..5"),
        ("--score\nrules.py:answer\nrules.py:grade\n", "rules.py:grade"),
        ("ticket id\n", "number"),
    ],
)
def test_in_a_terminal_it_asks_how_free_answers_are_scored(untargeted: Path, typed: str, score: str) -> None:
    result = called("free.csv", "--system", "rules.py:answer", typed=typed)
    assert result.exit_code == 0, result.stderr
    assert "(ticket id, ticket, --judge, --score)" in result.stderr
    [choice] = load_suite("free.yaml").tasks
    assert score in str(choice.score)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rubric", "x.md"), "--rubric: it belongs to --judge SYSTEM"),
        (("--judge", "rules.py:judge", "--score", "f1"), "one of them scores the answers"),
        (("--judge", "rules.py:judge", "--scale", "5..1"), "--scale '5..1': write pass, pair, or a range"),
        (("--judge", "rules.py:judge", "--scale", "pair"), "--target COLUMN"),
        (("--judge", "rules"), "--judge rules: this system is a function that gets the input alone"),
        (("--judge", "rules.py:juge"), "--judge rules.py:juge: rules.py has no function 'juge'"),
        (("--score", "rules.py:answer"), "it is called with an item and an answer"),
        (("--score", "nothing.py:grade"), "nothing.py: no such file"),
        (("--score", "rules.py:grade", "--fewshot", "3"), "fewshot: a worked example shows an answer"),
        (("--score", "label2", "--target", "ticket"), "--score label2: no such score; did you mean 'label'?"),
    ],
)
def test_options_of_free_scores_that_do_not_fit_are_named(untargeted: Path, words: tuple[str, ...], said: str) -> None:
    result = called("free.csv", "--system", "rules.py:answer", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not [*untargeted.glob("*.md"), *untargeted.glob("*.yaml")]


def test_a_column_of_replies_is_what_a_judge_compares_with(untargeted: Path) -> None:
    rows = [f"My card number {n} was lost.,We are sorry for card {n} and send you a new one." for n in range(20)]
    (untargeted / "replies.csv").write_text("\n".join(["ticket,reply", *rows]))
    result = called("replies.csv", "--system", "rules.py:answer")
    assert "f1 counts words in common" in result.stderr
    words = ("--judge", "mine=rules.py:judge", "--scale", "pair", "--target", "reply", "--force")
    assert called("replies.csv", "--system", "rules.py:answer", *words).exit_code == 0
    resolved = load_suite("replies.yaml")
    [choice] = resolved.tasks
    assert isinstance(choice, FileTask)
    assert choice.judged is not None
    assert (choice.target, choice.judged.judge, [*resolved.suite.judges]) == ("reply", "mine", ["mine"])
    assert "The column reply has an answer to compare with." in (untargeted / "replies-rubric.md").read_text()


def test_hostile_names_and_texts_reach_no_terminal(here: Path) -> None:
    rows = [f'"q{n}\x1b[2J","::error::{n % 2}\x1b]0;x\x07"' for n in range(12)]
    (here / "a\x1b[31m.csv").write_text("\n".join(["text\x1b[1m,label", *rows]))
    result = called("a\x1b[31m.csv", "--system", "rules.py:answer", "--input", "text\x1b[1m")
    assert result.exit_code == 0
    assert "\x1b" not in result.stderr + result.stdout
    assert not any(line.startswith("::") for line in result.stderr.splitlines())
    [suite] = here.glob("*.yaml")
    assert load_suite(str(suite)).tasks[0].task == "a-31m"
