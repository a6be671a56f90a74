"""A stranger's tickets without right answers to a corrected figure, as docs/judged-answers.md has it."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import words
from tests.e2e.conftest import Wattbench

REPLIES = '''
import re


def polite(ticket):
    """Is as polite where it says nothing of the order: in one ticket of three."""
    order = int(re.findall("[0-9]{4}", ticket)[0])
    begins = "Thank you for your message. We are sorry"
    if order % 3 == 0:
        return begins + " for the trouble."
    return f"{begins} about order {order}."


def short(ticket):
    """Says nothing of the order in every second ticket."""
    order = int(re.findall("[0-9]{4}", ticket)[0])
    return "We will look." if order % 2 else f"Order {order}: we write tomorrow."
'''
JUDGE = '''
def judge(prompt):
    """Favours what is polite."""
    answer = prompt.rpartition("[answer ")[2]
    return "Verdict: pass" if "Thank you" in answer or "tomorrow" in answer else "Verdict: fail"
'''
TRUTH = {"polite": 2 / 3, "short": 1 / 2}
OPINION = {"polite": 1.0, "short": 1 / 2}

END_OF_A_PROMPT = "quit:"


@pytest.fixture
def tickets(tmp_path: Path) -> None:
    """Write the files that the page begins with: 60 tickets, two systems, a judge."""
    with (tmp_path / "tickets.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "ticket"])
        writer.writerows((number, f"My parcel {1000 + 7 * number} has not arrived.") for number in range(60))
    (tmp_path / "replies.py").write_text(REPLIES)
    (tmp_path / "judge.py").write_text(JUDGE)


def shown(process: subprocess.Popen[str]) -> Iterator[str]:
    """Yield what a labelling session shows up to each of its questions."""
    assert process.stderr is not None
    text = ""
    while letter := process.stderr.read(1):
        text += letter
        if text.endswith(END_OF_A_PROMPT):
            yield text
            text = ""


def label(folder: Path, environment: dict[str, str], run: str, labels: int) -> str:
    """Label answers as a careful person does, by what the terminal shows alone; return what was shown."""
    process = subprocess.Popen(
        words("label", run, "--labels", labels, "--person", "ann"), cwd=folder, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    seen = ""
    for text in shown(process):
        seen += text
        item, _, answer = text.rpartition("--- Answer")
        [order] = re.findall("parcel ([0-9]{4})", item)[-1:]
        process.stdin.write("p\n" if order in answer else "f\n")
        process.stdin.flush()
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    return seen


@pytest.mark.slow
def test_a_strangers_tickets_get_a_corrected_figure(
    tickets: None, tmp_path: Path, environment: dict[str, str], wattbench: Wattbench
) -> None:
    systems = ("--system", "polite=replies.py:polite", "--system", "short=replies.py:short")
    asked = wattbench("init", "tickets.csv", *systems)
    assert asked.returncode == 2
    assert "--judge" in asked.stderr
    assert "--score" in asked.stderr
    written = wattbench("init", "tickets.csv", *systems, "--judge", "judge=judge.py:judge")
    assert written.returncode == 0, written.stderr
    assert (tmp_path / "tickets-rubric.md").is_file()

    ran = wattbench("run", "tickets.yaml", "--energy", "off")
    assert ran.returncode == 0, ran.stderr
    run = ran.stdout.strip()
    opinion = json.loads(wattbench("runs", "compare", run, "--json").stdout)
    assert {row["accuracy"] for row in opinion["systems"]} == {None}, "an opinion is no accuracy"
    refused = json.loads(wattbench("decide", run, "--min-accuracy", "0.4", "--json").stdout)
    assert refused["decision"]["chosen"] is None

    seen = label(tmp_path, environment, run, labels=60)
    assert not any(name in seen.replace("polite and no longer", "") for name in ("polite", "short", "Verdict"))
    compared = wattbench("runs", "compare", run)
    corrected = json.loads(wattbench("runs", "compare", run, "--json").stdout)
    assert "corrected by people's labels" in " ".join(compared.stdout.split())
    for row in corrected["systems"]:
        truth = TRUTH[row["system"]]
        assert row["accuracy_low"] <= truth <= row["accuracy_high"], row
        assert abs(row["accuracy"] - truth) < abs(OPINION[row["system"]] - truth) or row["system"] == "short"
    verified = wattbench("runs", "verify", run)
    assert verified.returncode == 0, verified.stdout + verified.stderr
