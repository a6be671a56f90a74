"""The command `route`: its formats, its options, and where it is hinted at."""

from __future__ import annotations

import json
from pathlib import Path

import click.testing
import pytest

from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems
from tests.made_up.store import RunStore
from wattbench.cli import main

HINT = "what a router would gain: wattbench route "


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three systems."""
    folder = tmp_path_factory.mktemp("runs")
    return RunStore(folder / "store").write(folder, FakeRun(plain_systems()))


def invoke(*words: object) -> click.testing.Result:
    """Run the command line in this process."""
    return click.testing.CliRunner().invoke(main, [str(word) for word in words])


def test_the_verdict_comes_first_in_every_format(finished: Path) -> None:
    data = json.loads(invoke("route", finished, "--format", "json").stdout)
    text = invoke("route", finished).stdout
    assert " ".join(text.split()).startswith(data["verdict"])
    assert invoke("route", finished, "--format", "markdown").stdout.startswith("**")
    assert data["aim"] == "accuracy"


def test_options_are_those_of_the_reader(finished: Path) -> None:
    done = invoke("route", finished, "--format", "json", "--members", "generalist,regex", "--min-accuracy", "0.3",
                  "--router-joules", "0.5", "--check-cost", "0.1", "--requests-per-hour", "100")  # fmt: skip
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["aim"] == "cost"
    assert data["settings"]["requirements"][0]["bound"] == 0.3


def test_figures_are_written_next_to_the_text(finished: Path, tmp_path: Path) -> None:
    done = invoke("route", finished, "--figures", tmp_path / "new")
    written = [line.removeprefix("figure: ") for line in done.stderr.splitlines()]
    assert f"{tmp_path}/new/routing-tradeoff.svg" in written
    assert all(Path(each).stat().st_size > 0 for each in written)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--members", "generalist"], "members: generalist: a router chooses between two systems or more"),
        (["--members", "generalist,regx"], "members: no system 'regx' in this run"),
        (["--routes", "none.csv"], "none.csv"),
    ],
)
def test_a_mistake_is_one_message(finished: Path, options: list[str], message: str) -> None:
    done = invoke("route", finished, *options)
    assert done.exit_code == 2
    assert done.stderr.startswith("wattbench: ")
    assert message in done.stderr
    assert done.stdout == ""


def test_compare_hints_at_it_where_two_systems_have_no_hybrid(finished: Path, tmp_path: Path) -> None:
    assert invoke("runs", "compare", finished).stderr == f"{HINT}{finished}\n"
    assert invoke("runs", "compare", finished, "--format", "csv").stderr == ""
    alone = RunStore(tmp_path / "store").write(tmp_path, FakeRun(plain_systems()[:1], id="bbb222"))
    assert invoke("runs", "compare", alone).stderr == ""
    assert HINT not in invoke("runs", "compare", finished, alone, "--across", "all").stderr
