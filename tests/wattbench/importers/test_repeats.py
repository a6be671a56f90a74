"""Items that are named as trials of one task are offered as repeats, and taken as such where the reader says so."""

from __future__ import annotations

from pathlib import Path

import click.testing
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.imports import imported_run
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.importers import read_sources, write_run
from wattbench.importers.answer import Answer
from wattbench.importers.repeats import as_repeats, trials
from wattbench.importers.spool import Spool
from wattbench.importers.write import joules_of
from wattbench_reports.comparison.analysis import analyse


def spool(*names: str, task: str = "t", **more) -> Spool:
    return Spool.of(
        Answer(where="file:1", system=system, task=task, item=name, score=1.0, **more)
        for system in "ab"
        for name in names
    )


@pytest.mark.parametrize(
    ("names", "stem"),
    [
        (("x#1", "x#2", "y#1", "y#2"), "x"),
        (("task-1-trial-1", "task-1-trial-2", "task-2-trial-1", "task-2-trial-2"), "task-1"),
        (("django__django-11099_run_0", "django__django-11099_run_1"), "django__django-11099"),
        (("a/attempt3", "a/attempt4"), "a"),
        (("q (1)", "q (2)", "r (1)", "r (2)"), "q"),
        (("q [seed=7]", "q [seed=8]"), "q"),
    ],
)
def test_trials_are_offered_and_taken(names: tuple[str, ...], stem: str) -> None:
    known = trials(spool(*names))
    assert known is not None
    assert known.repeat_of["t", names[0]][0] == known.repeat_of["t", names[1]][0] == stem
    assert "--repeats" in known.remark
    taken = list(as_repeats(spool(*names), known))
    assert len({(each.system, each.item, each.repeat) for each in taken}) == 2 * len(names)
    assert {each.item for each in taken} == {known.repeat_of["t", name][0] for name in names}


@pytest.mark.parametrize(
    "names",
    [
        ("django__django-11099", "django__django-11100", "sympy__sympy-1"),
        tuple(f"HumanEval/{number}" for number in range(20)),
        tuple(f"gsm8k#{number}" for number in range(20)),
        tuple(f"{domain}#{number}" for domain in ("law", "math") for number in range(5)),
        ("1", "2", "3"),
        ("x#1", "y#1", "z#1"),
    ],
)
def test_numbers_of_items_are_no_trials(names: tuple[str, ...]) -> None:
    assert trials(spool(*names)) is None


def test_other_texts_are_no_trials() -> None:
    answers = [
        Answer(where="f:1", system="a", task="t", item=name, score=1.0, prompt=f"What is {name}?")
        for name in ("x#1", "x#2", "y#1", "y#2")
    ]
    assert trials(Spool.of(answers)) is None
    assert trials(Spool.of(Answer(**{**vars(each), "prompt": each.item[0]}) for each in answers)) is not None


@given(st.lists(st.text("ab#1-trial ()_", min_size=1, max_size=12), min_size=1, max_size=8, unique=True))
def test_no_two_answers_become_one(names: list[str]) -> None:
    names = [name for name in names if name.strip()] or ["a"]
    answers = spool(*names)
    known = trials(answers)
    if known is not None:
        taken = list(as_repeats(answers, known))
        assert len({(each.system, each.task, each.item, each.repeat) for each in taken}) == len(answers)


def table(to: Path) -> Path:
    rows = [
        (name, f"task{item}#{trial}", int((item * 7 + trial) % 3 > (name == "b")), 2.0 + trial)
        for name in "ab"
        for item in range(30)
        for trial in range(1, 5)
    ]
    path = to / "trials.csv"
    pd.DataFrame(rows, columns=["system", "item", "score", "joules"]).to_csv(path, index=False)
    return path


def test_trials_that_are_taken_for_items_are_said_to_be_and_repeats_are_fewer_items(tmp_path: Path) -> None:
    path = table(tmp_path)
    as_items = analyse(imported_run(path, to=tmp_path))
    (said,) = [each for each in as_items.comparison.caveats if each.code == "trials"]
    assert "120 items have the names of 30" in said.text
    repeated = analyse(imported_run(path, to=tmp_path, repeats=True))
    assert not [each for each in repeated.comparison.caveats if each.code == "trials"]
    assert (as_items.measured.systems["a"].items, repeated.measured.systems["a"].items) == (120, 30)
    assert repeated.comparison.data is not None
    assert repeated.comparison.data.systems[0].repeated == 90


def test_the_command_shows_what_was_read_and_takes_repeats(tmp_path: Path) -> None:
    path = table(tmp_path)
    options = ["import", str(path), "--out", str(tmp_path / "runs")]
    done = click.testing.CliRunner().invoke(main, [*options, "--repeats", "--joules-of", "b=client"])
    assert done.exit_code == 0, done.output
    assert "Data: 30 items, all of them answered by both." in done.stderr
    assert "Repeats: further answers to the same item" in " ".join(done.stderr.split())
    assert "client" in done.stderr
    offered = click.testing.CliRunner().invoke(main, options)
    assert "import them with --repeats" in " ".join(offered.stderr.split())


def test_there_must_be_something_to_take(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("system,item,score\na,1,1\na,2,0\n")
    with pytest.raises(UserError, match="no items have names such as"):
        write_run(read_sources([path]), tmp_path / "runs", "plain", ["wattbench"], repeats=True)
    path.write_text("system,item,score,repeat\na,x#1,1,0\na,x#2,0,0\na,y#1,1,0\na,y#2,1,1\n")
    with pytest.raises(UserError, match="numbers its repeats already"):
        write_run(read_sources([path]), tmp_path / "runs", "plain", ["wattbench"], repeats=True)


@pytest.mark.parametrize(
    ("given_options", "expected"),
    [
        ([], {}),
        (["client"], {"a": "client", "b": "client"}),
        (["b=model", "client"], {"a": "client", "b": "model"}),
    ],
)
def test_whose_joules_they_are_is_declared(given_options: list[str], expected: dict[str, str]) -> None:
    assert joules_of(given_options, ["a", "b"]) == expected


@pytest.mark.parametrize(("option", "reason"), [("server", "write model or client"), ("c=client", "no system 'c'")])
def test_an_unknown_owner_or_system_is_refused(option: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        joules_of([option], ["a", "b"])
