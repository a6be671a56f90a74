"""A stranger's CSV to a report, with an accuracy that is known; and docs/your-own-data.md, from tables to advice."""

from __future__ import annotations

import csv
import itertools
import json
import os
import pty
import random
import re
import select
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from tests.commands import words
from tests.e2e.conftest import Wattbench
from wattbench.config import load_suite

PAGE = (Path(__file__).parents[2] / "docs" / "your-own-data.md").read_text()
RULES = """
WORDS = {"invoice": "Billing", "crash": "Technical", "quote": "Sales"}


def answer(message):
    return next((team for word, team in WORDS.items() if word in message.lower()), "I do not know")


def commonest(message):
    return "It is for billing."
"""
COMMANDS = (
    "wattbench init tickets.csv --system rules.py:answer --system always=rules.py:commonest",
    "wattbench run tickets.yaml --report report.html",
    "wattbench runs items runs/* --wrong",
    "wattbench dev tasks export tickets.yaml -o exported",
    "wattbench runs rescore runs/* --tasks-from exported --out rescored",
)
SAYS = {
    "Billing": "The invoice of order {n} is wrong.",
    "Technical": "It crashes, error {n}.",
    "Sales": "A quote for {n}?",
}
SILENT = 60
"""Rows of 300 in which no word of the rules is: these are wrong, the others right."""


def a_strangers_csv(path: Path) -> int:
    """Write 300 rows, as a spreadsheet saves them; return how many are for Billing."""
    draw = random.Random(4)
    rows = []
    for n in range(300):
        team = draw.choice([*SAYS])
        message = SAYS[team].format(n=n) if n >= SILENT else f'Hello, "{n}"; please help,\nsoon'
        rows.append((n, message, draw.choice([team, f"{team} ", team.upper()]) if n % 10 == 0 else team))
    header = ("ticket_id", " message", "team", "")  # as people leave columns behind
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *((*row, "") for row in draw.sample(rows, 300))])
        file.write("\r\n\r\n")
    return sum(team.strip().lower() == "billing" for _, _, team in rows)


def said_and_shown(commands: Iterable[str], wattbench: Wattbench, folder: Path) -> tuple[str, str]:
    """Run some commands in a folder, and return all that they print."""
    said, shown = [], []
    for line in commands:
        program, *words = shlex.split(line)
        assert program == "wattbench"
        names = [sorted(map(str, folder.glob(word))) if "*" in word else [word] for word in words]
        done = wattbench(*itertools.chain(*names))
        assert done.returncode == 0, f"{line}: {done.stderr}"
        said.append(done.stderr)
        shown.append(done.stdout)
        if words[0] == "init":
            # The settings that the suite offers as a comment: a run of five-second windows is no test.
            suite = folder / done.stdout.strip()
            suite.write_text(suite.read_text().replace("# measure:", "measure:"))
    return "".join(said), "".join(shown)


def test_a_strangers_csv_leads_to_a_report(wattbench: Wattbench, tmp_path: Path) -> None:
    folder = tmp_path
    billing = a_strangers_csv(folder / "tickets.csv")
    (folder / "rules.py").write_text(RULES)
    said, shown = said_and_shown(COMMANDS, wattbench, folder)
    assert "score: label (guessed: 3 distinct texts in 300 rows; else --score)" in said
    [run] = (folder / "runs").iterdir()
    [rescored] = (folder / "rescored").iterdir()  # by lm-eval's YAML, as it was exported
    for root in (run, rescored):
        items = pd.read_parquet(root / "items.parquet")
        right = items.groupby("system", observed=True)["correct"].sum()
        assert (right["rules"], right["always"]) == (300 - SILENT, billing)
    assert set(items["target"]) == {"Billing", "Technical", "Sales"}  # the spellings of one label are one
    assert "I do not know" in shown
    assert "[invalid]" in shown
    assert "no answer was found in 60 of 300 replies of rules to tickets" in said
    header = json.loads((run / "run.json").read_text())
    assert header["suite"]["suite"]["tasks"]["select"][0]["task"] == "tickets"
    assert "80.0%" in (folder / "report.html").read_text()
    assert (folder / "exported" / "tickets.yaml").exists()
    assert len((folder / "exported" / "tickets.test.jsonl").read_text().splitlines()) == 300


def test_in_a_terminal_init_asks(environment: dict[str, str], tmp_path: Path) -> None:
    a_strangers_csv(tmp_path / "tickets.csv")
    (tmp_path / "rules.py").write_text(RULES)
    ours, theirs = pty.openpty()
    typed = "tickets.csv\nrules.py:anser\nrules.py:answer\n\ny\n"
    with subprocess.Popen(
        words("init"), cwd=tmp_path, env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        seen = b""
        while not seen.endswith(b"report.html\r\n"):
            if not select.select([ours], [], [], 120)[0]:
                process.kill()  # it asks for more
            try:
                seen += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
        assert process.stdout.read() == b"tickets.yaml\n", seen.decode()
    os.close(ours)
    assert b"did you mean 'answer'?" in seen
    assert [*load_suite(str(tmp_path / "tickets.yaml")).systems] == ["rules"]


TEAMS = ("Billing", "Technical")


def tables_of_answers(folder: Path) -> None:
    """Write the tables of the page: 200 answers of two systems, long, wide, and a file per system."""
    rows = [
        (system, f"q{item}", f"Which team answers message {item}?", team if item % often else "Sales", team,
         latency + item % 90, cost)
        for system, often, latency, cost in (("large", 20, 700, 0.004), ("small", 8, 150, 0.001))
        for item, team in enumerate(TEAMS * 100)
    ]  # fmt: skip
    head = ("model", "question_id", "question", "prediction", "label", "latency", "cost_usd")
    table = pd.DataFrame(rows, columns=head)
    table.to_csv(folder / "answers.csv", index=False)
    wide = table.pivot_table(index=["question", "label"], columns="model", values="prediction", aggfunc="first")
    wide.reset_index().to_csv(folder / "wide.csv", index=False)
    for system, of_system in table.groupby("model"):
        of_system.drop(columns="model").to_csv(folder / f"{system}.csv", index=False)


def test_the_page_leads_from_tables_to_advice(wattbench: Wattbench, tmp_path: Path) -> None:
    assert len(PAGE.split()) <= 600
    tables_of_answers(tmp_path)
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).splitlines()
    assert len(commands) == 4
    shown = []
    for command in commands:
        done = wattbench(*shlex.split(command)[1:])
        assert done.returncode == 0, f"{command}: {done.stderr}"
        shown.append(done.stdout)
    first, second, wide, files = shown
    [printed] = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert first.startswith(printed)
    assert "Run small: it meets both requirements at 1.00 USD per 1,000 requests" in second
    assert "Run small" in (tmp_path / "report.html").read_text()
    for each in (wide, files):
        assert re.search(r"^small +87\.5%", each, re.MULTILINE)
        assert re.search(r"^large +95\.0%", each, re.MULTILINE)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "answers.csv", "large.csv", "report.csv", "report.html", "report.parquet", "small.csv", "wide.csv",
    ]  # fmt: skip
