"""The diff in docs/adding-a-metric.md, applied to a copy of the source: the metric is in every format, and is right."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.commands import offline, words
from tests.made_up.gates import FakeGate, FakeSide, write_gate
from tests.made_up.nights_on_disk import Step, make_history
from tests.made_up.whole_run import write_whole_run

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/adding-a-metric.md"
NAME, LABEL = "joules_per_output_token", "joules per output token"
SYSTEM, NIGHTS, RISES = "generalist", 9, 7
RISE = 0.5
"""By which share its joules are higher from the night `RISES` on."""
DRIVER = """
import contextlib, json, sys
from dataclasses import replace
from pathlib import Path

import wattbench
from wattbench.api.verifying.recomputed import figure_differences
from wattbench.cli import main
from wattbench.measure.rebuilt_tables import rebuild
from wattbench.records import read_run
from wattbench_reports.gate.policy import policy_of
from wattbench_reports.history import load_history
from wattbench_reports.history.alarms import alarms
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.comparison.analysis import analyse
from wattbench.config import GatePolicy

history, first, last, turns, whole, out = map(Path, sys.argv[1:])
policy = {"metrics": {"NAME": {"margin": "5%"}}, "drift": "1%"}
(out / "policy.yaml").write_text(json.dumps(policy))
commands = {
    **{form: ["runs", "compare", first, "--format", form] for form in ("table", "markdown", "json", "csv")},
    "page": ["runs", "report", first, "-o", out / "page.html"],
    "prometheus": ["runs", "export", first, "--to", "prometheus"],
    "gate": ["gate", first, last, "--baseline", "SYSTEM", "--candidate", "SYSTEM", "--policy", out / "policy.yaml",
             "--json", out / "gate.json", "--no-github"],
    "turns": ["gate", turns, "--policy", out / "policy.yaml", "--json", out / "turns.json", "--no-github"],
    "trend": ["runs", "history", history, "--metric", "NAME", "--system", "SYSTEM", "--format", "json"],
}
for name, arguments in commands.items():
    with (out / name).open("w") as file, contextlib.redirect_stdout(file):
        ended = main([str(each) for each in arguments], standalone_mode=False)
        print(name, ended, file=sys.stderr)
records = read_run(whole)
rows = rebuild(records, records.windows()).items
wrong = [replace(row, output_tokens=row.output_tokens + 1) for row in rows]
(out / "verified").write_text(json.dumps([list(figure_differences(records, each)) for each in (rows, wrong)]))
(out / "html").write_text(wattbench.compare(first)._repr_html_())
made = analyse(read_run(first))
figures_frame(made.measured, made.paid, made.emitted, made.comparison).to_json(out / "frame", orient="records")
judged = policy_of(GatePolicy.model_validate(policy))
(out / "alarms").write_text("\\n".join(each.text for each in alarms(load_history(history), judged)))
print(wattbench.__file__)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Apply the diff to a copy of the source, and run every format in it: the outputs, and the first run."""
    folder = tmp_path_factory.mktemp("metric")
    source, out = folder / "source", folder / "out"
    out.mkdir()
    for part in ("harness/wattbench", "reports/wattbench_reports"):
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    (diff,) = re.findall(r"^```diff\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    applied = subprocess.run(
        ["git", "apply", "--verbose", "-"], cwd=source, input=diff, text=True, capture_output=True, check=False
    )
    assert applied.returncode == 0, applied.stderr
    history = make_history(
        folder / "nights", NIGHTS, systems=2, domains=2, items=20, noise=0.0,
        steps=[Step(RISES, SYSTEM, joules=RISE)],
    )  # fmt: skip
    first, *_, last = sorted((history / "runs").iterdir())
    in_turns = FakeGate(
        FakeSide("old", energy_j=8.0, output_tokens=4), FakeSide("new", energy_j=9.0, output_tokens=3), items=80
    )
    turns = write_gate(folder, in_turns)
    whole = write_whole_run(folder)
    driver = folder / "driver.py"
    driver.write_text(DRIVER.replace("NAME", NAME).replace("SYSTEM", SYSTEM))
    env = offline() | {"PYTHONPATH": os.pathsep.join(map(str, (source / "harness", source / "reports")))}
    arguments = [words()[0], driver, history, first, last, turns, whole, out]
    ran = subprocess.run(
        [*map(str, arguments)], cwd=folder, env=env, capture_output=True, text=True, timeout=500, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(source / "harness/wattbench/__init__.py")
    return out, first


def expected(run: Path, system: str = SYSTEM, domain: str | None = None) -> float:
    """Compute the metric from the rows alone."""
    rows = pd.read_parquet(run / "items.parquet")
    rows = rows[(rows["system"] == system) & rows["energy_j"].notna() & rows["output_tokens"].notna()]
    if domain is not None:
        rows = rows[rows["domain"] == domain]
    assert len(rows)
    return float(rows["energy_j"].sum() / rows["output_tokens"].sum())


def row_of(rows: list[dict], **keys: object) -> dict:
    (found,) = [row for row in rows if all(row[key] == wanted for key, wanted in keys.items())]
    return found


def test_it_is_in_every_table_of_a_comparison(written: tuple[Path, Path]) -> None:
    out, run = written
    figure = expected(run)
    row = row_of(json.loads((out / "json").read_text())["systems"], system=SYSTEM)
    assert row[NAME] == pytest.approx(figure)
    assert row[f"{NAME}_low"] < figure < row[f"{NAME}_high"]
    line = row_of(list(csv.DictReader(io.StringIO((out / "csv").read_text()))), system=SYSTEM)
    assert [float(line[f"{NAME}{end}"]) for end in ("", "_low", "_high")] == pytest.approx(
        [row[f"{NAME}{end}"] for end in ("", "_low", "_high")]
    )
    for form in ("table", "markdown", "html", "page"):
        text = (out / form).read_text() if form != "page" else (out / "page.html").read_text()
        shown = re.search(rf"{LABEL}.*?\b({figure:.3g}) \[[\d., ]+\] J", text, re.DOTALL | re.IGNORECASE)
        assert shown, form
        assert "energy of the answers over their output tokens" in re.sub(r"\s+", " ", text), form


def test_it_is_in_the_figures_frame_and_in_prometheus_over_all_and_by_domain(written: tuple[Path, Path]) -> None:
    out, run = written
    rows = json.loads((out / "frame").read_text())
    gauges = {
        (sample.name, sample.labels["system"], sample.labels.get("domain")): (sample.value, sample.labels)
        for family in text_string_to_metric_families((out / "prometheus").read_text())
        for sample in family.samples
        if "output_token_energy" in sample.name
    }
    domains = {row["domain"] for row in rows}
    assert len(domains) == 3
    for domain in domains:
        figure = expected(run, domain=domain)
        assert row_of(rows, system=SYSTEM, domain=domain)[NAME] == pytest.approx(figure)
        scope = "system" if domain is None else "domain"
        value, labels = gauges[f"wattbench_{scope}_output_token_energy_joules", SYSTEM, domain]
        assert value == pytest.approx(figure)
        assert labels["provenance"]
        low, high = (gauges[f"wattbench_{scope}_output_token_energy_{end}_joules", SYSTEM, domain][0]
                     for end in ("low", "high"))  # fmt: skip
        assert low < figure < high


def test_a_gate_judges_it_between_two_records(written: tuple[Path, Path]) -> None:
    out, run = written
    last = max(run.parent.iterdir())
    (judged,) = json.loads((out / "gate.json").read_text())["metrics"]
    assert judged["metric"] == NAME
    assert judged["verdict"] == "regressed"
    assert judged["baseline"] == pytest.approx(expected(run))
    assert judged["candidate"] == pytest.approx(expected(last))
    assert judged["change"] == pytest.approx(RISE)
    assert judged["low"] > 0.05
    assert LABEL in (out / "gate").read_text()


def test_a_gate_judges_it_between_two_systems_in_turns(written: tuple[Path, Path]) -> None:
    out, _ = written
    (judged,) = json.loads((out / "turns.json").read_text())["metrics"]
    assert judged["verdict"] == "regressed"
    assert judged["baseline"] == pytest.approx(8 / 4, rel=0.02)
    assert judged["candidate"] == pytest.approx(9 / 3, rel=0.02)
    assert judged["low"] > 0.05


def test_nights_have_its_trend_and_raise_an_alarm(written: tuple[Path, Path]) -> None:
    out, run = written
    points = json.loads((out / "trend").read_text())
    nights = sorted(run.parent.iterdir())
    assert [point["value"] for point in points] == pytest.approx([expected(night) for night in nights])
    assert {point["unit"] for point in points} == {"J"}
    assert [number for number, point in enumerate(points) if point["change"] is not None] == [RISES]
    assert f"{SYSTEM}: {LABEL} rose by 50.0%" in (out / "alarms").read_text()


def test_verify_computes_it_again(written: tuple[Path, Path]) -> None:
    right, wrong = json.loads((written[0] / "verified").read_text())
    assert right == []
    assert [text for text in wrong if text.startswith(f"compare prints {NAME} ")]


def test_the_page_is_short() -> None:
    assert len(PAGE.read_text().split()) < 500
