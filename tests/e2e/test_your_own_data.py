"""docs/your-own-data.md, with a stranger's CSV: from the file to a report, with an accuracy that is known."""

from __future__ import annotations

import csv
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

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


def test_the_page_leads_from_a_strangers_csv_to_a_report(environment: dict[str, str], tmp_path: Path) -> None:
    assert len(PAGE.splitlines()) <= 60
    folder = tmp_path / "empty"
    folder.mkdir()
    billing = a_strangers_csv(folder / "tickets.csv")
    (folder / "rules.py").write_text(block("python"))
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).splitlines()
    assert [line.split()[1] for line in commands] == ["init", "run", "items", "tasks"]
    # The quick settings are those that the suite offers as a comment: a run of five-second windows is no test.
    commands.insert(1, "sed -i 's/^# measure:/measure:/' tickets.yaml; wattbench plan tickets.yaml")
    commands.append("wattbench rescore runs/* --tasks-from exported --out rescored")
    script = "\n".join(["set -e", f'wattbench() {{ "{sys.executable}" -m wattbench "$@"; }}', *commands])
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"^rules +specialist +python +tickets +tickets +300$", done.stdout, re.MULTILINE)
    [run] = (folder / "runs").iterdir()
    [rescored] = (folder / "rescored").iterdir()  # by lm-eval's YAML, as it was exported
    for root in (run, rescored):
        items = pd.read_parquet(root / "items.parquet")
        right = items.groupby("system", observed=True)["correct"].sum()
        assert (right["rules"], right["always"]) == (300 - SILENT, billing)
    assert set(items["target"]) == {"Billing", "Technical", "Sales"}  # the spellings of one label are one
    assert "score: label (guessed: 3 distinct texts in 300 rows; else --score)" in done.stderr
    assert "Answer: I do not know" not in done.stdout
    assert "[invalid]" in done.stdout
    assert "no answer was found in 60 of 300 replies of rules to tickets" in done.stderr
    header = json.loads((run / "run.json").read_text())
    assert header["suite"]["suite"]["tasks"]["select"][0]["task"] == "tickets"
    assert "80.0%" in (folder / "report.html").read_text()
    assert (folder / "exported" / "tickets.yaml").exists()
    assert len((folder / "exported" / "tickets.test.jsonl").read_text().splitlines()) == 300
