"""A callable as a system."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from lm_eval.api.instance import Instance

from wattbench.callables import NamedCallable
from wattbench.config import PythonSystem
from wattbench.errors import UserError
from wattbench.systems import TaskContext, open_engine


def system(call: str) -> PythonSystem:
    return PythonSystem(kind="specialist", engine="python", call=call)


def ask(engine, prompt: str):
    return engine.answer("generate_until", [Instance("generate_until", {}, (prompt, {}), 0)])[0].value


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.py"
    path.write_text(
        "def length(prompt): return len(prompt)\n"
        "def fail(prompt): raise ValueError('not today')\n"
        "class Parrot:\n    @staticmethod\n    def speak(prompt): return prompt\n"
        "number = 7\n"
    )
    return path


def test_whatever_it_returns_is_the_answer_as_text(answers: Path) -> None:
    with open_engine("s", system(f"{answers}:length"), batch=1, seed=0) as engine:
        assert ask(engine, "abc") == "3"
        assert len(engine.facts().weights_sha256) == 64
    with open_engine("s", system(f"{answers}:Parrot.speak"), batch=1, seed=0) as engine:
        assert ask(engine, "abc") == "abc"
    with open_engine("s", system("textwrap:dedent"), batch=1, seed=0) as engine:
        assert ask(engine, "  abc") == "abc"


def test_it_sees_the_input_alone_where_the_suite_says_so(answers: Path) -> None:
    config = system(f"{answers}:Parrot.speak").model_copy(update={"sees": "input"})
    request = Instance("generate_until", {"text": "A?", "topic": "b"}, ("Choose. Input: A?", {}), 0, ("tickets", 0, 1))
    with open_engine("s", config, batch=1, seed=0) as engine:
        engine.begin_task(TaskContext("tickets", "d", lambda *_: {}, "text"))
        engine.begin_task(TaskContext("sums", "d", lambda *_: {}))
        assert engine.answer("generate_until", [request])[0].value == "A?"
        other = Instance("generate_until", {"text": "A?"}, ("A?", {}), 0, ("sums", 0, 1))
        with pytest.raises(UserError, match=r"system 's': sees: input: the task 'sums' is no file"):
            engine.answer("generate_until", [other])


def test_what_it_raises_is_said_with_the_prompt(answers: Path) -> None:
    with (
        open_engine("s", system(f"{answers}:fail"), batch=1, seed=0) as engine,
        pytest.raises(UserError, match=r"system 's': its callable raised ValueError: not today on the prompt 'abc'"),
    ):
        ask(engine, "abc")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("{}:lenght", "did you mean 'length'"),
        ("{}:number", "number is not callable"),
        ("{}.py:length", "no such file"),
        ("no_such_module_at_all:f", "cannot import no_such_module_at_all"),
    ],
)
def test_a_call_that_cannot_be_found_is_explained(answers: Path, call: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        open_engine("s", system(call.format(answers)), batch=1, seed=0)


def test_a_file_that_breaks_while_imported_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1/0")
    with pytest.raises(UserError, match=r"cannot be imported .ZeroDivisionError"):
        open_engine("s", system(f"{tmp_path / 'broken.py'}:f"), batch=1, seed=0)


def test_likelihoods_are_refused(answers: Path) -> None:
    with (
        open_engine("s", system(f"{answers}:length"), batch=1, seed=0) as engine,
        pytest.raises(UserError, match="has no likelihoods"),
    ):
        engine.answer("loglikelihood", [Instance("loglikelihood", {}, ("a", "b"), 0)])


def test_a_file_that_was_edited_within_a_second_is_loaded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "rules.py"
    for answer in ("a", "b"):
        file.write_text(f"def answer(text): return {answer!r}\n")
        os.utime(file, (1e9, 1e9))
        assert NamedCallable("system 'rules'", f"{file}:answer", None).call("?") == answer
