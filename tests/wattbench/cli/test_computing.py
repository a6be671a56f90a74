"""Commands that only compute run with one thread and rare collections, and leave the process as it was."""

from __future__ import annotations

import gc
import os

import click
from click.testing import CliRunner

from wattbench.cli._computing import ComputingCommand


def test_a_command_that_computes_leaves_threads_and_collector_as_they_were(monkeypatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    before, seen = gc.get_threshold(), []

    @click.command(cls=ComputingCommand)
    def computes() -> None:
        seen.append((os.environ["OPENBLAS_NUM_THREADS"], gc.get_threshold()[0] > before[0]))
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(computes, []).exception, ZeroDivisionError)
    assert seen == [("1", True)]
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    assert gc.get_threshold() == before
