"""A first suite as it is written, and that no file makes it mean anything else."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from wattbench.config import FileTask, PythonSystem, load_suite
from wattbench.errors import UserError
from wattbench.first_suite.draft import Draft, draft
from wattbench.first_suite.wishes import UndecidedError, Wishes
from wattbench.tasks.file_task.build import build

SAYS = {"Billing": "The invoice {n} is wrong.", "Technical": "It crashes, error {n}.", "Sales": "A quote for {n}?"}
ROWS = [(f"{n}", SAYS[team].format(n=n), team) for n, team in enumerate([*SAYS] * 20)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with (tmp_path / "support tickets.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("ticket id", "message", "team"), *ROWS])
    (tmp_path / "rules.py").write_text("def answer(message): return 'Billing'\n")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    (tmp_path / "examples.csv").write_text("ticket id,message,team\n1,Pay me,Billing\n2,Error,Technical\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wishes(**said: Any) -> Wishes:
    return Wishes(**{"file": Path("support tickets.csv"), "systems": ("rules.py:answer",), **said})


def task_of(drafted: Draft) -> FileTask:
    [choice] = drafted.resolved.tasks
    assert isinstance(choice, FileTask)
    return choice


def test_what_is_guessed_is_written_with_comments(here: Path, golden: Callable[[str, str], None]) -> None:
    drafted = draft(wishes(systems=("rules.py:answer", "big=model.gguf", "org/tiny-instruct")))
    golden("guessed.yaml", drafted.text)
    golden("guessed.txt", "\n".join([*drafted.lines, *drafted.right_answers]) + "\n")
    assert drafted.path == here / "support-tickets.yaml"
    drafted.path.write_text(drafted.text)
    assert load_suite(str(drafted.path)) == drafted.resolved
    assert len(build(task_of(drafted)).splits["test"]) == 60


def test_what_is_said_is_written(here: Path, golden: Callable[[str, str], None]) -> None:
    said = {
        "input": "message", "target": "team", "score": "contains", "domain": "support", "name": "tickets",
        "fewshot": "examples.csv", "split": 0.5, "output": Path("suites/first.yaml"), "encoding": "latin-1",
    }  # fmt: skip
    drafted = draft(wishes(**said))
    golden("said.yaml", drafted.text)
    built = build(task_of(drafted))
    assert {name: len(rows) for name, rows in built.splits.items()} == {"test": 30, "train": 30, "fewshot": 2}
    assert drafted.lines[1:] == ("input: message", "target: team", "score: contains")
    pattern = draft(wishes(target="team", pattern=r"team: (\w+)"))
    assert (task_of(pattern).score, task_of(pattern).pattern) == ("regex", r"team: (\w+)")
    assert task_of(draft(wishes(fewshot="5"))).fewshot == 5


def test_a_function_sees_what_it_chooses_from(here: Path) -> None:
    lines = ["text,options,answer", *(f"Which {n}?,Paris|Rome,{'Paris' if n % 2 else 'b'}" for n in range(9))]
    (here / "quiz.csv").write_text("\n".join(lines), encoding="utf-16")
    drafted = draft(wishes(file=Path("quiz.csv")))
    [config] = drafted.resolved.systems.values()
    assert (task_of(drafted).score, task_of(drafted).choices) == ("choice", "options")
    assert isinstance(config, PythonSystem)
    assert config.sees == "prompt"
    assert drafted.lines[0] == (
        "quiz.csv: 9 rows of 3 columns, in utf-16 (guessed: it is not UTF-8; else --encoding)"
    )  # fmt: skip
    assert drafted.right_answers[2:] == [
        "  right, for the first item: 'B.', 'The answer is Rome'",
        "  wrong, for the first item: 'B or A', 'I do not know'",
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"systems": ()}, r"name one system or more with --system: a server's address"),
        ({"file": None}, r"name a file with questions and right answers.*wattbench init FILE\.csv"),
        ({"file": Path("support ticket.csv")}, r"no such file; did you mean 'support tickets\.csv'\?"),
        ({"target": "teem"}, r"has no column 'teem'; did you mean 'team'\?"),
        ({"score": "labels"}, r"--score labels: no such score; did you mean 'label'\?"),
        ({"score": "regex"}, r"--score regex needs --pattern"),
        ({"score": "choice"}, r"--score choice needs --choices COLUMN"),
        ({"score": "number"}, r"line 2: column 'team': 'Billing' is no number"),
        ({"pattern": "("}, r"this is not a regular expression"),
        ({"name": "a b"}, r"--name 'a b': letters, digits"),
        ({"domain": " "}, r"--domain: it is empty"),
        ({"output": Path("suite.csv")}, r"--output suite\.csv: a suite ends in \.yaml"),
        ({"output": Path("there.yaml")}, r"there\.yaml is there already; add --force to replace it"),
        ({"systems": ("rules.py:answer", "again=rules.py:answer")}, r"again=rules\.py:answer: it is there twice"),
        ({"fewshot": "none.csv"}, r"none\.csv: no such file"),
        ({"fewshot": "60"}, r"leave none to ask"),
        ({"encoding": "utf-99"}, r"'utf-99' is no encoding of texts"),
        ({"systems": ("ru\udcffles.py:answer",)}, r"not text in UTF-8, which a suite could name; rename it"),
    ],
)
def test_mistakes_end_in_a_sentence(here: Path, said: dict[str, Any], expected: str) -> None:
    (here / "there.yaml").write_text("mine")
    with pytest.raises(UserError, match=expected):
        build(task_of(draft(wishes(**said))))
    assert (here / "there.yaml").read_text() == "mine"


def test_what_cannot_be_guessed_says_which_setting_it_is(here: Path) -> None:
    for said, setting in (({"file": None}, "file"), ({"systems": ()}, "systems"), ({"target": "x"}, "target")):
        with pytest.raises(UndecidedError) as error:
            draft(wishes(**said))
        assert error.value.setting == setting


def test_two_systems_of_one_file_have_two_names(here: Path) -> None:
    (here / "rules.py").write_text("def a(x): ...\ndef b(x): ...\n")
    assert [*draft(wishes(systems=("rules.py:a", "rules.py:b"))).resolved.systems] == ["rules", "rules-2"]


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda name: name.strip() == name and name.isprintable() and "/" not in name
)
CELLS = st.one_of(
    st.sampled_from([
        "{{ 7 * 7 }}", "!function x.y", "\x1b[2J", "a: b", "- a", "'", '"quoted"', "a\nb", "# a", "::error::", "=1+1",
        "{% for x in y %}", "#{x}", "%s", "\u202e", "</think>", "a, b",
    ]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9),
).filter(lambda text: bool(text.strip()))  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    NAMES, NAMES, NAMES, st.lists(CELLS, min_size=6, max_size=9, unique=True), st.lists(CELLS, min_size=2, max_size=3)
)
def test_a_hostile_file_makes_the_suite_that_it_would_make_by_hand(
    tmp_path: Path, stem: str, asked: str, right: str, questions: list[str], labels: list[str]
) -> None:
    file = tmp_path / f"{stem}.csv"
    (tmp_path / "rules.py").write_text("def answer(message): return 'x'\n")
    rows = [(text, labels[at % len(labels)]) for at, text in enumerate(questions)]
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([(asked, right), *rows])
    said = Wishes(
        file=file, input=asked, target=right, score="label", systems=(f"{tmp_path / 'rules.py'}:answer",),
        output=tmp_path / "suite.yaml", keep_duplicates=True,
    )  # fmt: skip
    try:
        drafted = draft(said)
    except UserError:
        assume(False)
    task = task_of(drafted)
    assert (task.file, task.input, task.target, task.score) == (file.resolve(), asked, right, "label")
    assert [*drafted.resolved.systems] == ["rules"]
    assert drafted.text.isascii() or drafted.text.encode().decode() == drafted.text
    assert all(line.isprintable() for line in drafted.text.split("\n"))
    (tmp_path / "suite.yaml").write_text(drafted.text, encoding="utf-8")
    assert load_suite(str(tmp_path / "suite.yaml")) == drafted.resolved
    (tmp_path / "suite.yaml").unlink()
