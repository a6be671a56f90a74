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
QUICK = "measure: {idle_s: 0, warmup: 0, min_window_s: 0, blocks: 2, busy: mark}\n"
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
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([("ticket_id", "message", "team"), *draw.sample(rows, 300)])
    return sum(team.strip().lower() == "billing" for _, _, team in rows)


def test_the_page_leads_from_a_strangers_csv_to_a_report(environment: dict[str, str], tmp_path: Path) -> None:
    assert len(PAGE.splitlines()) <= 60
    folder = tmp_path / "empty"
    folder.mkdir()
    billing = a_strangers_csv(folder / "tickets.csv")
    (folder / "suite.yaml").write_text(block("yaml") + QUICK)
    (folder / "rules.py").write_text(block("python"))
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    commands += "wattbench rescore runs/* --tasks-from exported --out rescored\n"
    script = f'set -e; wattbench() {{ "{sys.executable}" -m wattbench "$@"; }}\n' + commands
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^rules +specialist +python +tickets +support +300$", done.stdout, re.MULTILINE)
    [run] = (folder / "runs").iterdir()
    [rescored] = (folder / "rescored").iterdir()  # by lm-eval's YAML, as it was exported
    for root in (run, rescored):
        items = pd.read_parquet(root / "items.parquet")
        right = items.groupby("system", observed=True)["correct"].sum()
        assert (right["rules"], right["always"]) == (300 - SILENT, billing)
    assert set(items["target"]) == {"Billing", "Technical", "Sales"}  # the spellings of one label are one
    assert "Answer: I do not know" not in done.stdout
    assert "[invalid]" in done.stdout
    assert "no answer was found in 60 of 300 replies of rules to tickets" in done.stderr
    header = json.loads((run / "run.json").read_text())
    assert header["suite"]["suite"]["tasks"]["select"][0]["task"] == "tickets"
    assert "80.0%" in (folder / "report.html").read_text()
    assert (folder / "exported" / "tickets.yaml").exists()
    assert len((folder / "exported" / "tickets.test.jsonl").read_text().splitlines()) == 300
