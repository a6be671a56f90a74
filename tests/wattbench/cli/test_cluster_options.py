"""`--cluster` of commands that ask systems: what it does not go with is said before anything is connected."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from wattbench.cli import main
from wattbench.records import RunHeader, RunWriter
from wattbench.records.rows.schema import SCHEMA_VERSION

SUITE = """name: tiny
tasks: {select: [{file: tickets.csv, input: text, target: team, score: label, domain: support}]}
systems:
  define:
    adder: {kind: specialist, engine: python, call: "./rules.py:answer"}
    small: {kind: specialist, engine: python, call: "./rules.py:answer"}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a suite and a run that was begun, where Ray is not installed."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.chdir(tmp_path)
    Path("suite.yaml").write_text(SUITE)
    Path("tickets.csv").write_text("text,team\n" + "a,b\n" * 8)
    Path("rules.py").write_text("def answer(prompt):\n    return 'b'\n")
    with RunWriter.create(Path("begun"), header({})):
        return tmp_path


def header(more: dict) -> RunHeader:
    return RunHeader(
        schema_version=SCHEMA_VERSION, run="begun", suite={}, suite_sha256="", created_utc="2026-01-02T03:04:05+00:00",
        command=[], environment={}, meters={}, cells=[], **more,
    )  # fmt: skip


GATE = ("gate", "suite.yaml", "--baseline", "adder", "--candidate", "small", "--cluster")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "suite.yaml", "--gpus-per-slot", "2"), 2, "--gpus-per-slot goes with"),
        (("run", "suite.yaml", "--cluster", "slurm"), 2, "cluster 'slurm': write ray, ray://HOST:PORT or HOST:PORT"),
        (("run", "suite.yaml", "--cluster", "ray"), 2, "pip install 'wattbench[cluster]'"),
        (("run", "suite.yaml", "--cluster", "ray", "--block", "1/2"), 2, "--block"),
        (("run", "--resume", "begun", "--cluster", "ray"), 2, "leave --cluster and --slots out"),
        (("nightly", "suite.yaml", "--history", "nights", "--cluster", "ray"), 3, "pip install 'wattbench[cluster]'"),
        (
            ("nightly", "suite.yaml", "--history", "nights", "--commit", "a..b", "--cluster", "ray"),
            3,
            "--commit checks commits out on this machine alone",
        ),
        ((*GATE, "ray"), 3, "pip install 'wattbench[cluster]'"),
        ((*GATE, "slurm"), 3, "cluster 'slurm'"),
        (("gate", "--base", "main", "--cluster", "ray"), 3, "--cluster does not go with --base"),
        (("gate", "--resume", "begun", "--cluster", "ray"), 3, "--cluster does not go with --resume"),
    ],
)
def test_what_a_cluster_does_not_go_with_is_said(here: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = CliRunner().invoke(main, words)
    assert said in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert done.exit_code == code
    assert not [*here.glob("runs/*")]


def test_a_run_of_a_cluster_is_first_finished(here: Path) -> None:
    shard = {"blocks": [0, 1], "of": 2, "seed": 1, "handed_out": True}
    with RunWriter.create(here / "handed", header({"shard": shard})):
        """Only its header is there."""
    done = CliRunner().invoke(main, ["run", "--resume", "handed", "--retry-failed"])
    assert "finish the run first" in done.output
    assert done.exit_code == 2
