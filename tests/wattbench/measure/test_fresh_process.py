"""A function in a process of its own: its result, its error, and its death."""

from __future__ import annotations

import os

import pytest

from wattbench.config import load_suite
from wattbench.errors import UserError
from wattbench.measure.fresh_process import in_fresh_process


def test_it_runs_in_another_process() -> None:
    assert in_fresh_process(os.getpid, died="died") != os.getpid()


def test_a_users_mistake_comes_back_as_one() -> None:
    with pytest.raises(UserError, match=r"nosuch\.yaml"):
        in_fresh_process(load_suite, "nosuch.yaml", died="died")


def test_a_process_that_dies_is_an_error_with_the_callers_message() -> None:
    with pytest.raises(UserError, match=r"^the answer died$"):
        in_fresh_process(os._exit, 3, died="the answer died")
