"""docs/your-own-data.md, with a stranger's CSV: from the file to a report, with an accuracy that is known."""

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
SAYS = {
    "Billing": "The invoice of order {n} is wrong.",
    "Technical": "It crashes, error {n}.",
    "Sales": "A quote for {n}?",
}
SILENT = 60
"""Rows of 300 in which no word of the rules is: these are wrong, the others right."""


def block(language: str) -> str:
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:1]
    return str(text)


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
    """Run the commands of the page in a folder, and return all that they print."""
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


def test_the_page_leads_from_a_strangers_csv_to_a_report(wattbench: Wattbench, tmp_path: Path) -> None:
    assert len(PAGE.splitlines()) <= 60
    folder = tmp_path
    billing = a_strangers_csv(folder / "tickets.csv")
    (folder / "rules.py").write_text(block("python"))
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).splitlines()
    assert [line.split()[1] for line in commands] == ["init", "run", "items", "tasks"]
    commands.append("wattbench runs rescore runs/* --tasks-from exported --out rescored")
    said, shown = said_and_shown(commands, wattbench, folder)
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
    (tmp_path / "rules.py").write_text(block("python"))
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
