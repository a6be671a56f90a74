"""The exit codes of commands are those of the one table, which the page has too."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.made_up.runs import FakeRun, write_run
from tests.made_up.standard_runs import golden_run, plain_systems
from wattbench.cli import command_at, every_command, main
from wattbench.cli._exit_codes import EXIT_CODES, as_markdown
from wattbench.cli._tree import VERBS
from wattbench.systems.spending import EXIT_BUDGET, BudgetReachedError

PAGE = Path(__file__).parents[3] / "docs" / "exit-codes.md"


def code(*words: object) -> int:
    return CliRunner().invoke(main, [str(word) for word in words]).exit_code


def known(command: str) -> set[int]:
    return {each.code for each in EXIT_CODES if command in each.commands or not each.commands}


def test_the_page_has_the_table() -> None:
    assert as_markdown() in PAGE.read_text()


def test_the_table_names_commands_that_there_are() -> None:
    commands = {name for name, _ in every_command()}
    for each in EXIT_CODES:
        assert set(each.commands) <= commands | set(VERBS)


def test_a_code_has_one_meaning_for_a_command() -> None:
    for command, _ in every_command():
        for each in EXIT_CODES:
            named = [row for row in EXIT_CODES if row.code == each.code and command in row.commands]
            assert len(named) <= 1, (command, each.code)


def test_a_budget_ends_a_run_with_its_code() -> None:
    assert BudgetReachedError.exit_code == EXIT_BUDGET
    assert EXIT_BUDGET in known("run")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("runs list", 2),
        ("runs compare", 2),
        ("runs verify nowhere", 2),
        ("run nowhere.yaml", 2),
        ("gate nowhere.yaml --baseline a --candidate b --no-github", 3),
        ("gate --nothing", 2),
        ("nightly nowhere.yaml --history nights --no-github", 3),
        ("dev calibrate nowhere.yaml --system a", 3),
        ("suites list", 0),
    ],
)
def test_what_a_command_ends_with(words: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert code(*words.split()) == expected
    name = next(name for name, _ in every_command() if words.startswith(name))
    assert expected in known(name)


def test_runs_that_cannot_be_ranked_end_with_3(tmp_path: Path) -> None:
    one = write_run(tmp_path, golden_run())
    other = write_run(tmp_path, FakeRun(plain_systems(), (("other", "text"),), id="other"))
    assert code("runs", "compare", one, other) == 3
    assert code("runs", "compare", one) == 0


@pytest.mark.parametrize("name", ["runs verify", "suites list", "run", "dev calibrate"])
def test_ctrl_c_ends_a_command_with_130(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_at(name), "callback", stopped)
    words = {"runs verify": [str(tmp_path)], "dev calibrate": ["suite.yaml"], "run": ["suite.yaml"]}.get(name, [])
    done = CliRunner().invoke(main, [*name.split(), *words])
    assert done.exit_code == 130
    assert isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
