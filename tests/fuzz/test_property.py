"""The property finds what breaks it, and an input that fails is made simpler: else the tier would show nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.fuzz import property as fuzz_property
from tests.fuzz.long_tier import attack, simpler
from tests.fuzz.mutations import mutated
from tests.fuzz.odd import TRAP
from tests.fuzz.property import fault_of
from tests.fuzz.targets import Target, given
from wattbench.errors import UserError


def broken(read: Callable[[Path], Any], folder: Path) -> str | None:
    fault = fault_of(Target("t", "text", given("x"), read), b"x", folder)
    return fault and fault.what


def fails(message: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        raise UserError(message.replace("FILE", str(path)))

    return read


def test_a_value_and_one_sentence_that_names_the_file_hold(tmp_path: Path) -> None:
    assert broken(lambda path: path.read_bytes(), tmp_path) is None
    assert broken(fails("FILE:3: not a number"), tmp_path) is None


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (lambda path: int(path.read_text()), "ValueError at"),
        (lambda _: sys.exit(3), "SystemExit at"),
        (fails("not a number"), "the file is not named"),
        (fails(""), "an empty message"),
        (lambda _: sys.stdout.write("\x1b[2J"), "prints a control character"),
        (lambda path: (path.parent.parent / "other").write_text("x"), "acts: open"),
        (lambda _: subprocess.Popen(["true"]).wait(), "acts: subprocess.Popen"),
        (lambda _: __import__(TRAP), "acts: import"),
        (lambda _: bytes(range(256)) * (400 << 12), "takes too much memory"),
    ],
)
def test_what_breaks_it_is_found(read: Callable[[Path], Any], what: str, tmp_path: Path) -> None:
    assert (broken(read, tmp_path) or "").startswith(what)


def test_a_reader_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_property, "CPU_S", 0.1)

    def endless(_: Path) -> None:
        while True:
            pass

    assert (broken(endless, tmp_path) or "").startswith("takes more than")


def test_an_input_that_fails_is_made_simpler() -> None:
    data = b"".join(b"line %d\n" % each for each in range(200)) + b"a = BAD;\n"
    assert simpler(data, lambda each: b"BAD" in each) == b"BAD"


def test_the_same_choices_make_the_same_input() -> None:
    seeds = [b'{"a": [1, 2, {"b": "c"}], "d": 0.5}']
    made = [[mutated(Random(each), seeds, "json") for each in range(300)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 200


def test_the_long_tier_names_what_failed_and_survives_a_reader_that_dies(tmp_path: Path) -> None:
    def dies(path: Path) -> None:
        if b"\0" in path.read_bytes():
            import os

            os._exit(7)

    outcome = attack(Target("t", "text", given("12 34"), dies), 5.0, seed=1)
    ((what, (_, data)),) = outcome.faults.items()
    assert what.startswith("the process died")
    assert b"\0" in data
