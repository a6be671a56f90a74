"""A gate in Python is the command's."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import wattbench
from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import recorded
from wattbench.cli import main

Write = Callable[[FakeRun], Path]

TWO = FakeRun(
    systems=(FakeSystem("old", accuracy=0.6, energy_j=8.0), FakeSystem("new", accuracy=0.6, energy_j=3.0)), items=120
)


def test_two_systems_are_judged_as_the_command_judges_them(write: Write) -> None:
    root = write(TWO)
    result = wattbench.gate(root, root, baseline="old", candidate="new")
    done = CliRunner().invoke(main, ["gate", str(root), str(root), "--baseline", "old", "--candidate", "new"])
    assert f"{result}\n" == done.stdout
    assert result.data.exit_code == done.exit_code
    assert result.run == root
    assert result["accuracy"].verdict in ("pass", "improved", "regressed", "inconclusive")
    assert result.passed == (done.exit_code == 0)
    head, *shown = repr(result).splitlines()
    assert head == f"<gate old → new: {result.verdict}>"
    metrics = ", ".join(f"{name} {each.verdict}" for name, each in result.metrics.items())
    assert " ".join(map(str.strip, shown)) == f"{result.headline} {metrics}"
    page = result._repr_html_()
    assert html.escape(result.headline) in page
    assert "Candidate new against baseline old" in page
    assert not re.search(r"color|<style|<script|id=", page)  # whatever the theme of the notebook


def test_a_metric_is_found_by_its_name(write: Write) -> None:
    root = write(TWO)
    result = wattbench.gate(root, wattbench.read(root), baseline="old", candidate="new")
    accuracy = result["accuracy"]
    assert accuracy.baseline == pytest.approx(0.6, abs=0.15)
    assert "accuracy" in result.metrics
    with pytest.raises(wattbench.UserError, match="does not judge 'acuracy'; did you mean 'accuracy'"):
        _ = result["acuracy"]


def test_what_flipped_is_counted_and_the_page_of_two_runs_has_it(write: Write, tmp_path: Path) -> None:
    runs = [
        write(recorded(name, systems=(FakeSystem("old", accuracy=share),))) for name, share in (("a", 0.9), ("b", 0.3))
    ]
    result = wattbench.gate(*runs)
    assert result.flips is not None
    assert result.flips.lost > 0
    page = tmp_path / "page.html"
    done = CliRunner().invoke(main, ["gate", *map(str, runs), "--report", str(page)])
    assert done.stdout == f"{result}\n"
    assert result.headline in page.read_text()
    assert f"{result.flips.lost} lost (only the baseline is right)" in page.read_text()


@pytest.mark.slow
def test_seconds_of_two_runs_are_judged_by_sessions_alone(write: Write, tmp_path: Path) -> None:
    systems = (FakeSystem("old", weights="b" * 64),)
    old, *sessions = (write(recorded(f"s{number}", systems=systems, speed=1 + number / 100)) for number in range(6))
    options = {"baseline": "old", "candidate": "old"}
    unknown = wattbench.gate(old, sessions[0], **options)
    assert unknown["latency_p50"].verdict == "not_measured"
    assert "wattbench dev calibrate SUITE --sessions 5" in unknown["latency_p50"].reason
    folder = tmp_path / "sessions"
    folder.mkdir()
    for each in sessions[1:]:
        each.rename(folder / each.name)
    result = wattbench.gate(old, sessions[0], sessions=folder, **options)
    assert result["latency_p50"].verdict in ("pass", "inconclusive")
    command = ["gate", str(old), str(sessions[0]), "--baseline", "old", "--candidate", "old", "--sessions", str(folder)]
    assert CliRunner().invoke(main, command).stdout == f"{result}\n"
    policy = tmp_path / "policy.yaml"
    policy.write_text("metrics: {latency_p50: {margin: 10%}}\nsessions: sessions\n")
    assert wattbench.gate(old, sessions[0], policy=policy, **options)["latency_p50"].verdict != "not_measured"


@pytest.mark.parametrize(("form", "start"), [("markdown", "<!--"), ("junit", "<?xml"), ("json", "{")])
def test_a_result_has_every_format(write: Write, form: str, start: str) -> None:
    root = write(TWO)
    result = wattbench.gate(root, root, baseline="old", candidate="new")
    assert result.text(form).startswith(start)
    with pytest.raises(wattbench.UserError, match="no format 'xlsx'"):
        result.text("xlsx")


def test_a_policy_is_read_from_a_file(write: Write, tmp_path: Path) -> None:
    root, policy = write(TWO), tmp_path / "gate.toml"
    policy.write_text("metrics.accuracy.margin = 0.9\n")
    result = wattbench.gate(root, root, baseline="old", candidate="new", policy=policy)
    assert list(result.metrics) == ["accuracy"]
    assert result.passed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "quick"}, "quick: name the two systems with baseline and candidate"),
        ({"target": "quick", "baseline": "a", "candidate": "b", "across": ["all"]}, "across does not go with a suite"),
        ({"target": "RUN", "second": "RUN", "allow_unsafe_code": True}, "allow_unsafe_code does not go with two runs"),
        ({"target": "RUN", "baseline": "old"}, "baseline does not go with the run of a gate"),
        ({"target": "RUN"}, "this is not the run of a gate"),
        ({"target": "quick", "tasks": "gcd"}, "tasks: 'gcd' is not a list of names"),
        ({"target": "quick", "limit": 0}, "limit: 0 is not a number of items"),
        ({"target": "old.json", "second": "new.json"}, "old.json"),
    ],
)
def test_arguments_that_do_not_go_together_are_user_errors(
    write: Write, arguments: dict[str, object], message: str
) -> None:
    root = write(TWO)
    named = {name: root if value == "RUN" else value for name, value in arguments.items()}
    with pytest.raises(wattbench.UserError, match=message):
        wattbench.gate(**named)  # type: ignore[arg-type]
