"""How a verdict gets into a pull request: what pr-gate leaves, and what pr-gate-comment makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.conftest import lacking
from tests.github.machine import WORKFLOWS, Job, Step, read

SHA = "5f3c" * 10
MARKER = "<!-- wattbench-gate -->"
PASSED = f"{MARKER}\n**pass**\n"

# Stands in for gh: keeps what it was asked, and answers as GitHub's API would, through jq as gh does.
GH = """
import json, os, subprocess, sys
from pathlib import Path

given = sys.argv[1:]
calls = Path(os.environ["CALLS"])
body = [Path(each.removeprefix("body=@")).read_text() for each in given if each.startswith("body=@")]
calls.write_text(json.dumps([*json.loads(calls.read_text()), {"given": given, "body": body}]))
assert given[0] == "api"
if "--jq" in given:
    [path] = [each for each in given if each.startswith("repos/")]
    answer = json.loads(os.environ["ANSWERS"])[path]
    filter = given[given.index("--jq") + 1]
    sys.exit(subprocess.run(["jq", "-r", filter], input=json.dumps(answer), text=True).returncode)
"""


def step(workflow: str, name: str) -> Step:
    [job] = read(WORKFLOWS / f"{workflow}.yml")["jobs"].values()
    return next(each for each in job["steps"] if each.get("name") == name)


@pytest.fixture
def left(job: Callable[[dict[str, Any]], Job]) -> Callable[..., Job]:
    """Make a machine with what pr-gate left there: `left(number="7", comment="fine", head=SHA, said=[])`."""
    if not shutil.which("jq"):
        lacking("jq is not installed (Debian: apt-get install jq)")

    def ready(
        *,
        number: str = "7",
        comment: str = f"{MARKER}\n**pass**\n",
        head: str = SHA,
        said: list[tuple[str, str]] | None = None,
    ) -> Job:
        event = {"workflow_run": {"head_sha": SHA, "html_url": "https://github.com/o/r/actions/runs/1"}}
        machine = job({"github": {"event": event, "repository": "o/r", "token": "t"}})
        machine.stand_in("gh", GH)
        (machine.temp / "comment").mkdir()
        (machine.temp / "comment" / "number").write_text(number)
        (machine.temp / "comment" / "comment.md").write_text(comment)
        (machine.root / "calls.json").write_text("[]")
        comments = [
            {"id": 100 + place, "user": {"login": who}, "body": body} for place, (who, body) in enumerate(said or [])
        ]
        machine.env = {
            "CALLS": str(machine.root / "calls.json"),
            "ANSWERS": json.dumps(
                {"repos/o/r/pulls/7": {"head": {"sha": head}}, "repos/o/r/issues/7/comments": comments}
            ),
        }
        return machine

    return ready


def commented(machine: Job) -> tuple[int, str, list[dict[str, Any]]]:
    """Run the script; return its exit code, its output and the changes that it sent to gh."""
    done = machine.run(step("pr-gate-comment", "Comment"))
    calls = json.loads((machine.root / "calls.json").read_text())
    return done.returncode, done.stdout + done.stderr, [call for call in calls if "--method" in call["given"]]


def test_the_first_verdict_is_a_new_comment(left: Callable[..., Job]) -> None:
    code, said, [call] = commented(left(comment=f'{MARKER}\n**regressed**\n\nIt\'s `$(id)` "slower" at @7.\n'))
    assert code == 0, said
    assert call["given"][:5] == ["api", "--silent", "--method", "POST", "repos/o/r/issues/7/comments"]
    assert call["body"] == [
        f'{MARKER}\n**regressed**\n\nIt\'s `$(id)` "slower" at @7.\n\n\n'
        f"<sub>Commit {SHA}, measured by [code of the pull request](https://github.com/o/r/actions/runs/1).</sub>\n"
    ]


def test_the_next_verdict_takes_its_place(left: Callable[..., Job]) -> None:
    before = [
        ("somebody", f"{MARKER}\nnot ours"),
        ("github-actions[bot]", f"another workflow, which quotes {MARKER}"),
        ("github-actions[bot]", f"{MARKER}\nours"),
        ("github-actions[bot]", f"{MARKER}\nours as well"),
    ]
    code, said, [call] = commented(left(said=before))
    assert code == 0, said
    assert call["given"][:5] == ["api", "--silent", "--method", "PATCH", "repos/o/r/issues/comments/102"]
    assert call["body"][0].startswith(PASSED)


@pytest.mark.parametrize("number", ["", "0", "-7", "7a", "7\n8", "7; id", "../../7", "1" * 30, "\uff17"])
def test_a_number_that_is_none_is_refused(left: Callable[..., Job], number: str) -> None:
    code, said, calls = commented(left(number=number))
    assert (code, calls) == (1, [])
    assert "the artifact does not name a pull request" in said


def test_a_pull_request_that_is_at_another_commit_is_refused(left: Callable[..., Job]) -> None:
    code, said, calls = commented(left(head="0" * 40))
    assert (code, calls) == (1, [])
    assert f"#7 is not at {SHA}" in said


def test_a_pull_request_that_github_does_not_know_is_refused(left: Callable[..., Job]) -> None:
    code, _, calls = commented(left(number="8"))
    assert code != 0
    assert calls == []


@pytest.mark.parametrize(("size", "fits"), [(65_000, True), (65_536, False), (200_000, False)])
def test_a_text_that_no_comment_holds_is_refused(left: Callable[..., Job], size: int, fits: bool) -> None:
    code, said, calls = commented(left(comment=f"{MARKER}\n" + "x" * size))
    assert (code == 0) == fits == bool(calls)
    assert fits or "exceed the size of a comment" in said


def test_bytes_count_and_not_letters(left: Callable[..., Job]) -> None:
    code, said, calls = commented(left(comment=f"{MARKER}\n" + "é" * 32_768))
    assert (code, calls) == (1, [])
    assert "exceed the size of a comment" in said


@pytest.mark.parametrize("text", ["", "**pass**\n", f"x{MARKER}\n", f"\n{MARKER}\n"])
def test_a_text_that_could_not_be_found_again_is_refused(left: Callable[..., Job], text: str) -> None:
    code, said, calls = commented(left(comment=text))
    assert (code, calls) == (1, [])
    assert "the text in the artifact is not a verdict" in said


@pytest.mark.parametrize("name", ["number", "comment.md"])
def test_a_link_or_a_missing_file_is_refused(left: Callable[..., Job], name: str, tmp_path: Path) -> None:
    machine = left()
    file = machine.temp / "comment" / name
    secret = tmp_path / "secret"
    file.rename(secret)
    code, said, calls = commented(machine)
    assert (code, calls) == (1, [])
    file.symlink_to(secret)
    code, said, calls = commented(machine)
    assert (code, calls) == (1, [])
    assert f"the artifact has no file {name}" in said


@pytest.mark.parametrize("markdown", [True, False])
def test_what_pr_gate_leaves_is_what_the_comment_needs(
    left: Callable[..., Job], tmp_path: Path, markdown: bool
) -> None:
    verdict = tmp_path / "gate.md"
    verdict.write_text(f"{MARKER}\n### wattbench gate: improved\n")
    commenting = left()
    gating = Job(
        tmp_path / "gating",
        {
            "github": {"event": {"pull_request": {"number": 7}}},
            "steps": {"gate": {"outputs": {"markdown": verdict if markdown else ""}}},
        },
    )
    assert gating.run(step("pr-gate", "Write the comment")).returncode == 0
    shutil.copytree(gating.workspace / "comment", commenting.temp / "comment", dirs_exist_ok=True)
    code, said, [call] = commented(commenting)
    assert code == 0, said
    assert call["body"][0].startswith(f"{MARKER}\n### wattbench gate: {'improved' if markdown else 'error'}\n")
