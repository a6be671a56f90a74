"""`wattbench init`, as it is called: what it prints, what it asks, and that it never replaces a file unasked."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from wattbench.cli import init, main
from wattbench.config import load_suite
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
    assert get_args(ScoreName) == init._SCORES


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
    assert "Column with the right answers (urgent, group)" in result.stderr
    assert "Write tickets.yaml" not in result.stderr
    (here / "other.csv").write_text(text)
    (here / "tickets.yaml").unlink()
    assert called(typed="other.csv\nrules.py:answer\n\nn\n").exit_code == 2
    assert not (here / "other.yaml").exists()


def test_hostile_names_and_texts_reach_no_terminal(here: Path) -> None:
    rows = [f'"q{n}\x1b[2J","::error::{n % 2}\x1b]0;x\x07"' for n in range(12)]
    (here / "a\x1b[31m.csv").write_text("\n".join(["text\x1b[1m,label", *rows]))
    result = called("a\x1b[31m.csv", "--system", "rules.py:answer", "--input", "text\x1b[1m")
    assert result.exit_code == 0
    assert "\x1b" not in result.stderr + result.stdout
    assert not any(line.startswith("::") for line in result.stderr.splitlines())
    [suite] = here.glob("*.yaml")
    assert load_suite(str(suite)).tasks[0].task == "a-31m"
