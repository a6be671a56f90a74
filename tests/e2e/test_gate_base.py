"""`wattbench gate --base`: a system as a commit has it against the working tree's, in a real repository."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import commands
from tests.commands import wait_until, write_program
from tests.made_up.repositories import WHO, commit, git, repository, worktrees
from wattbench.records import read_run

BROKEN = 'REFUND = ("money",)\n'
"""Words with which no item of topic `refund` is found."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a repository whose branch `work` is one commit ahead of `main`, and does the same with other words."""
    made = repository(tmp_path / "project")
    git(made, "checkout", "--quiet", "-b", "work")
    commit(made, "two", words='REFUND = ("Refund", "money")\n')
    return made


@pytest.fixture
def gate(root: Path, environment: dict[str, str]):
    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return commands.run(["gate", *arguments], cwd=root, env=environment)

    return call


def the_run(root: Path) -> Path:
    [run] = (root / "runs").iterdir()
    return run


def test_a_change_that_is_not_committed_is_found_to_be_worse(gate, root: Path) -> None:
    (root / "words.py").write_text(BROKEN)
    done = gate("--base", "main", "--json", "runs/v.json", "--markdown", "runs/m.md")
    assert done.returncode == 1, done.stderr
    assert "gates/tickets.yaml (the only suite with gate: in this repository), system rules, base main" in done.stderr
    result = json.loads((root / "runs" / "v.json").read_text())
    assert (result["baseline"], result["candidate"], result["verdict"]) == ("rules.base", "rules", "regressed")
    # Each side had the module `words` of its own: the base's finds every topic, the working tree's none of one kind.
    [accuracy] = result["metrics"]
    assert accuracy["baseline"] == 1.0 > accuracy["candidate"]
    sides, files, *_ = result["notes"]
    assert sides.endswith("Candidate: the working tree, with uncommitted changes in words.py.")
    assert files == "Files that differ: words.py."
    assert "Files that differ: words" in (root / "runs" / "m.md").read_text()
    assert worktrees(root) == 1

    (root / "runs" / "v.json").unlink(), (root / "runs" / "m.md").unlink()
    recorded = read_run(the_run(root)).header
    assert recorded.gate["base"]["sha"] == git(root, "rev-parse", "main")
    again = gate(the_run(root))
    assert (again.returncode, again.stdout) == (1, done.stdout)


def test_a_committed_change_for_the_same_passes(gate, root: Path) -> None:
    done = gate("gates/tickets.yaml", "--base", "main")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all\n  committed." in done.stdout
    assert "suite " in done.stderr and "(as named)" in done.stderr


def test_nothing_is_asked_where_nothing_of_the_system_differs(gate, root: Path, environment: dict[str, str]) -> None:
    done = gate("--base", "HEAD", "--json", "runs/v.json", "--junit", "runs/j.xml", "--report", "runs/r.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS: Nothing that concerns rules differs from HEAD")
    assert "nothing was measured, so there is no report" in done.stderr
    assert json.loads((root / "runs" / "v.json").read_text())["metrics"] == []
    assert ElementTree.parse(root / "runs" / "j.xml").getroot().find(".//skipped") is not None
    assert not list((root / "runs").glob("2*"))

    script = "import wattbench; r = wattbench.gate(base='work'); print(r.verdict, r.passed, r.run, r.data.candidate)"
    called = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert called.stdout == "pass True None rules\n", called.stderr

    drill = gate("--base", "HEAD", "--plant", "drop=60%")
    assert drill.returncode == 1, drill.stderr


def test_a_gate_that_was_interrupted_cleans_up_and_is_resumed(root: Path, gate, start) -> None:
    slow = (root / "rules.py").read_text().replace("import words\n", "import time\n\nimport words\n")
    (root / "rules.py").write_text(slow.replace("    return", "    time.sleep(0.05)\n    return"))
    process = start("gate", "--base", "main", cwd=root)
    answers = "runs/*/items/rules/tickets.jsonl"
    wait_until(lambda: any(path.read_bytes().count(b"\n") > 2 for path in root.glob(answers)), process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    tree = Path(read_run(the_run(root)).header.gate["base"]["tree"])
    assert not tree.exists()
    assert worktrees(root) == 1

    (root / "words.py").write_text(BROKEN)
    changed = gate("--resume", the_run(root))
    assert (changed.returncode, "whose files have changed since" in changed.stderr) == (3, True)
    git(root, "checkout", "--quiet", "words.py")
    (root / "error.json").write_text("")  # what it wrote itself is no change
    done = gate("--resume", the_run(root))
    assert done.returncode in (0, 2), done.stdout + done.stderr
    assert read_run(the_run(root)).finished
    assert not tree.exists()
    assert worktrees(root) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--base", "main", "--candidate", "rules"), "--candidate does not go with --base"),
        (("--base", "main", "a.yaml", "b.yaml"), "--base goes with one suite"),
        (("--base", "main", "gates"), "--base goes with one suite"),
        (("--resume", "runs/x", "--base", "main"), "--base does not go with --resume"),
        (("--base", "before"), "gates/tickets.yaml does not exist in before"),
    ],
)  # fmt: skip
def test_a_mistake_is_an_error_with_a_verdict(gate, root: Path, arguments: tuple[str, ...], expected: str) -> None:
    git(root, "tag", "before", git(root, "commit-tree", git(root, "mktree"), "-m", "empty"))
    done = gate(*arguments, "--json", "runs/v.json")
    assert done.returncode == 3, done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((root / "runs" / "v.json").read_text())["verdict"] == "error"
    assert worktrees(root) == 1


def test_the_example_at_the_top_of_the_page_works_as_it_is_written(tmp_path: Path, environment: dict[str, str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "gates.md").read_text()
    script = page.partition("```sh\n")[2].partition("```")[0]
    (tmp_path / "bin").mkdir()
    write_program(tmp_path / "bin")
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=empty, capture_output=True, text=True, check=False, timeout=300,
        env=environment | WHO | {"PATH": f"{tmp_path / 'bin'}:{environment['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("REGRESSED: Keep rules.base: with rules, accuracy is ")


def test_without_a_repository_there_is_no_base(wattbench, suite) -> None:
    done = wattbench("gate", suite(), "--base", "main", "--system", "adder")
    assert done.returncode == 3
    assert "not a git repository" in done.stderr
