"""Recorded answers that are put to a judge anew: another judge, rubric or scale; all else stays as it was measured."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click.testing
import pandas as pd
import pytest

import wattbench
from tests import commands
from tests.made_up.folders import contents
from tests.made_up.suites import replaced
from tests.made_up.sums_server import SumsServer
from wattbench.api.verify import verify
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.records import Purpose, RunWriter, read_run
from wattbench.records.rows.judgements import LabelRow, answer_digest
from wattbench.systems.spending import BudgetReachedError

pytestmark = pytest.mark.slow

SUITE = """
name: support
tasks:
  select:
    - {file: tickets.csv, input: ticket, score: {judge: kind, rubric: rubric.md}}
    - {file: replies.csv, input: ticket, score: {judge: kind, rubric: rubric.md, scale: 1..5}}
    - {file: sums.csv, input: sum, target: result, score: exact, prompt: "{{ sum }} ="}
    - {file: graded.csv, input: ticket, score: "./rules.py:grade"}
systems:
  define:
    short: {kind: specialist, engine: python, call: "./rules.py:short", sees: prompt}
    long: {kind: specialist, engine: python, call: "./rules.py:long", sees: prompt}
judges:
  kind: {kind: generalist, engine: python, call: "./rules.py:kind"}
  strict: {kind: generalist, engine: python, call: "./rules.py:strict"}
measure: {effort: quick, idle_s: 0.02, min_window_s: 0.02, warmup: 0, blocks: 2}
meters: [{use: replay, trace: trace.csv, repeat: true}]
"""
RULES = """
import os, time
def short(prompt): return "Sorry."
def long(prompt): return "We are sorry, and send a new card today."
def grade(item, answer): return len(answer) > 10
def verdict(prompt, good): return "Read.\\nVerdict: " + ({True: "5", False: "2"}[good] if "Verdict: N" in prompt else
                                                        {True: "pass", False: "fail"}[good])
def kind(prompt): return verdict(prompt, True)
def strict(prompt):
    time.sleep(float(os.environ.get("JUDGE_S", "0")))
    return verdict(prompt, "new card" in prompt)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite and its finished run, `runs/old`, of which people have labelled three answers."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "suite.yaml").write_text(SUITE)
    (folder / "rules.py").write_text(RULES)
    (folder / "rubric.md").write_text("Is the reply of use?")
    for name in ("tickets", "replies", "graded"):
        rows = [f"{number},Card {number} of the {name} is lost." for number in range(6)]
        (folder / f"{name}.csv").write_text("\n".join(["id,ticket", *rows]))
    (folder / "sums.csv").write_text("sum,result\n" + "".join(f"{number} + 1,{number + 1}\n" for number in range(6)))
    rows = [f"{number / 100},gpu0,{50 + number % 3}\n" for number in range(1000)]
    (folder / "trace.csv").write_text("at_s,component,power_w\n" + "".join(rows))
    run = wattbench.run(folder / "suite.yaml", out=folder / "runs")
    answers = run.records.answers("short", "tickets")[:2] + run.records.answers("long", "tickets")[:1]
    with RunWriter(run.path) as writer:
        writer.append_labels(
            LabelRow(
                system=system, task="tickets", doc_id=row.doc_id, repeat=0, answer_sha256=answer_digest(row.replies[0]),
                score=1.0, person="1", labelled_utc="2026-12-01T10:00:00Z",
            )
            for system, row in zip(("short", "short", "long"), answers, strict=True)
        )  # fmt: skip
    run.path.rename(folder / "runs" / "old")
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the folder, at the path that the run has on record."""
    before = contents(made)
    shutil.copytree(made / "runs", tmp_path / "runs")
    yield tmp_path
    for path, content in before.items():
        if not path.startswith("runs") and (made / path).read_bytes() != content:
            (made / path).write_bytes(content)


def items(root: Path) -> pd.DataFrame:
    return pd.read_parquet(root / "items.parquet").sort_values(["system", "task", "doc_id"]).reset_index(drop=True)


def opinions(root: Path, task: str) -> dict[str, float]:
    table = items(root)
    return table[table["task"] == task].groupby("system")["judged"].mean().to_dict()


def test_another_judge_changes_opinions_and_nothing_that_was_measured(here: Path) -> None:
    old = here / "runs" / "old"
    before = contents(old)
    new = wattbench.rescore(old, judge="strict", out=here / "out").path
    assert contents(old) == before
    assert opinions(old, "tickets") == {"short": 1.0, "long": 1.0}
    assert opinions(new, "tickets") == {"short": 0.0, "long": 1.0}
    assert opinions(new, "replies") == {"short": 0.25, "long": 1.0}
    measured = [items(root).drop(columns=["run", "judged"]) for root in (old, new)]
    pd.testing.assert_frame_equal(*measured)
    was, now = read_run(old), read_run(new)
    assert now.header.rescored is not None
    assert (now.header.rescored["from"], now.header.rescored["judges"]) == (
        was.header.run,
        {"tickets": "strict", "replies": "strict"},
    )
    assert {row.judge for row in now.judgements()} == {"strict"}
    assert {row.judge for row in now.judges().values()} == {"strict"}
    assert {row.system for row in now.windows()} == {"short", "long", "strict"}
    of_systems = [
        {row.window: row.energy_j for row in each.windows() if row.system in ("short", "long")} for each in (was, now)
    ]
    assert of_systems[0] == of_systems[1]
    asked = {row.window for row in now.windows() if row.purpose == Purpose.JUDGING}
    assert asked == {row.window for row in now.judgements()}
    assert {row.task for row in now.labels()} == {"tickets"}
    assert now.labels() == was.labels()
    assert verify(new).ok
    changed = {cell["task"] for a, cell in zip(was.header.cells, now.header.cells, strict=True) if a != cell}
    assert changed == {"tickets", "replies"}


def test_what_changed_is_printed_by_system(here: Path) -> None:
    words = ["runs", "rescore", str(here / "runs" / "old"), "--judge", "strict", "--out", str(here / "out"), "--json"]
    done = click.testing.CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    [short] = [each for each in json.loads(done.stdout)["systems"] if each["system"] == "short"]
    assert (short["answers"], short["before"], short["after"], short["newly_wrong"]) == (12, 12.0, 1.5, 12)
    assert "as judged  judged anew" in done.stderr
    assert "12     100.0%        12.5%" in done.stderr
    text = click.testing.CliRunner().invoke(main, ["runs", "compare", json.loads(done.stdout)["run"]]).stdout
    assert "scored anew" not in text or "No score has changed" not in text


def test_tasks_that_are_left_out_keep_their_verdicts_and_the_windows_of_them(here: Path) -> None:
    old = here / "runs" / "old"
    new = wattbench.rescore(old, judge="strict", tasks=["tickets"], out=here / "out").path
    assert (opinions(new, "tickets")["short"], opinions(new, "replies")["short"]) == (0.0, 1.0)
    records = read_run(new)
    assert {(row.task, row.judge) for row in records.judgements()} == {("tickets", "strict"), ("replies", "kind")}
    windows = [row.window for row in records.windows()]
    assert len(windows) == len(set(windows))
    assert {row.window for row in records.judgements()} <= set(windows)
    assert verify(new).ok


def test_another_rubric_and_scale_count_and_labels_by_the_old_one_are_left(
    here: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made / "stricter.md").write_text("Is the reply of use, and kind?")
    (made / "other.yaml").write_text(
        replaced(SUITE, ("{judge: kind, rubric: rubric.md}", "{judge: strict, rubric: stricter.md, scale: 1..5}"))
    )
    new = wattbench.rescore(here / "runs" / "old", judge=True, suite=made / "other.yaml", out=here / "out").path
    records = read_run(new)
    assert opinions(new, "tickets") == {"short": 0.25, "long": 1.0}
    assert records.judges()["tickets"].rubric == "Is the reply of use, and kind?"
    assert records.judges()["replies"].judge == "kind"
    assert records.labels() == []
    assert "3 labels are left behind: they were given by another rubric or scale" in capsys.readouterr().err


def test_scoring_anew_without_a_judge_keeps_verdicts_and_labels(here: Path) -> None:
    old = here / "runs" / "old"
    new = wattbench.rescore(old, punctuation=True, out=here / "out").path
    was, now = read_run(old), read_run(new)
    assert (now.judgements(), now.judges(), now.labels()) == (was.judgements(), was.judges(), was.labels())
    assert opinions(new, "tickets") == opinions(old, "tickets")
    assert verify(new).ok
    with RunWriter(new) as writer:
        writer.append_labels(now.labels()[:1])
    assert len((old / "labels.jsonl").read_text().splitlines()) == 3
    with pytest.raises(UserError, match="task 'tickets': a judge scores it"):
        wattbench.rescore(old, tasks=["tickets"], out=here / "out")


def test_a_mended_grading_function_scores_recorded_answers_anew(here: Path, made: Path) -> None:
    (made / "rules.py").write_text(replaced(RULES, ("len(answer) > 10", "len(answer) / 100")))
    new = wattbench.rescore(here / "runs" / "old", tasks=["graded"], out=here / "out").path
    table = items(new)
    graded = table[table["task"] == "graded"].groupby("system")["correct"].mean().to_dict()
    assert graded == {"short": pytest.approx(0.06), "long": pytest.approx(0.4)}


def test_a_budget_ends_judging_and_a_higher_one_goes_on(here: Path, made: Path) -> None:
    server = SumsServer()  # whose answers are no verdicts
    paid = (
        f'kind: generalist, engine: endpoint, base_url: "{server.base_url}", '
        "price: {per_request: 0.1, currency: USD, source: list, date: 2026-11-25}"
    )
    (made / "paid.yaml").write_text(
        replaced(SUITE, ('kind: generalist, engine: python, call: "./rules.py:strict"', paid))
    )
    how = {"judge": "strict", "suite": made / "paid.yaml", "tasks": ["tickets"], "out": here / "out"}
    try:
        with pytest.raises(BudgetReachedError, match=r"0\.50+ USD of 0\.50+ USD are spent"):
            wattbench.rescore(here / "runs" / "old", max_cost="0.5 USD", **how)  # type: ignore[arg-type]
        [root] = (here / "out").iterdir()
        assert len([row for row in read_run(root).judgements() if row.task == "tickets"]) == 5
        wattbench.run(resume=root, max_cost="2 USD")
    finally:
        server.close()
    verdicts = [row for row in read_run(root).judgements() if row.task == "tickets"]
    assert len(verdicts) == 12
    assert {row.verdict for row in verdicts} == {None}
    assert items(root).query("task == 'tickets'")["judged"].isna().all()


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_run_that_ended_as_its_function_failed_is_finished_once_that_is_mended(tmp_path: Path, blocks: int) -> None:
    (tmp_path / "items.csv").write_text("text\n" + "".join(f"say {number}\n" for number in range(6)))
    (tmp_path / "rules.py").write_text(
        "from pathlib import Path\n"
        f"def answer(text):\n    Path({str(tmp_path / 'asked')!r}).open('a').write(text)\n    return text\n"
    )
    (tmp_path / "grade.py").write_text("def grade(item, answer): return int(answer[-1]) / 4 if answer else 0\n")
    (tmp_path / "suite.yaml").write_text(
        "name: graded\n"
        "tasks: {select: [{file: items.csv, input: text, score: './grade.py:grade'}]}\n"
        "systems: {define: {a: {kind: specialist, engine: python, call: './rules.py:answer'}}}\n"
        f"measure: {{energy: off, warmup: 0, blocks: {blocks}}}\n"
    )
    with pytest.raises(UserError, match=r"grade.py:grade returned 1\.25 \(float\) for document 5"):
        wattbench.run(tmp_path / "suite.yaml", out=tmp_path / "runs")
    [root] = (tmp_path / "runs").iterdir()
    with pytest.raises(UserError, match="this run is not finished"):
        wattbench.rescore(root, out=tmp_path / "new")
    (tmp_path / "grade.py").write_text("def grade(item, answer): return int(answer[-1]) / 5.0 if answer else 0\n")
    with pytest.raises(UserError, match=f"the grading function .* has changed.*wattbench runs rescore {root}"):
        wattbench.run(resume=root)
    before = contents(root)
    new = wattbench.rescore(root, out=tmp_path / "new")
    assert contents(root) == before
    assert sorted(new.items()["score"]) == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert (tmp_path / "asked").read_text().count("say") == 6
    assert verify(new.path, run_code=True).ok


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"judge": "nobody"}, r"score.judge: no judge and no system 'nobody'"),
        ({"judge": "strict", "tasks": ["sums"]}, r"--task sums: .* names no judge for it"),
        ({"judge": "strict", "tasks": ["tickts"]}, r"no such task in this run; did you mean 'tickets'"),
        ({"judge": "strict", "strip": True}, "only tasks goes with judge"),
        ({"max_cost": "5 USD"}, "go with judge"),
        ({"judge": "strict", "max_cost": "five"}, "a budget of 'five' is not an amount"),
        ({"judge": "strict", "suite": "nothing.yaml"}, "no such suite file"),
    ],
)
def test_arguments_that_do_not_fit_are_named(here: Path, settings: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        wattbench.rescore(here / "runs" / "old", out=here / "out", **settings)  # type: ignore[arg-type]
    assert not (here / "out").exists()


def test_a_suite_without_a_judge_for_the_tasks_is_refused(here: Path, made: Path) -> None:
    exact = SUITE
    for scale in ("", ", scale: 1..5"):
        exact = replaced(exact, (f"{{judge: kind, rubric: rubric.md{scale}}}", '"./rules.py:grade"'))
    (made / "exact.yaml").write_text(exact)
    with pytest.raises(UserError, match="it names no judge for a task of this run"):
        wattbench.rescore(here / "runs" / "old", judge=True, suite=made / "exact.yaml", out=here / "out")
    (made / "sums.yaml").write_text(
        replaced(
            SUITE,
            ('{file: sums.csv, input: sum, target: result, score: exact, prompt: "{{ sum }} ="}',
             "{file: sums.csv, input: sum, target: result, score: {judge: strict, rubric: rubric.md}}"),
        )
    )  # fmt: skip
    new = wattbench.rescore(
        here / "runs" / "old", judge=True, tasks=["sums"], suite=made / "sums.yaml", out=here / "out"
    )
    assert opinions(new.path, "sums") == {"short": 0.0, "long": 1.0}
    assert items(new.path)[lambda table: table["task"] == "sums"]["correct"].isna().all()


def test_a_kill_amid_the_verdicts_loses_and_doubles_nothing(here: Path, made: Path) -> None:
    environment = commands.offline() | {"JUDGE_S": "0.2", "WATTBENCH_CACHE": str(here / "cache")}
    words = ("runs", "rescore", here / "runs" / "old", "--judge", "strict", "--out", here / "out")
    process = commands.start(words, cwd=here, env=environment)
    verdicts = _soon(lambda: [path for path in here.glob("out/*/judgements.jsonl") if _lines(path) >= 5], process)[0]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = [json.loads(line) for line in verdicts.read_text().splitlines()]
    assert 5 <= len(done) < 24
    resumed = commands.run(("run", "--resume", verdicts.parent), cwd=here, env=environment | {"JUDGE_S": "0"})
    assert resumed.returncode == 0, resumed.stderr
    assert "has changed since" not in resumed.stderr
    records = read_run(verdicts.parent)
    keys = [(row.system, row.task, row.key) for row in records.judgements()]
    assert (len(keys), len(set(keys)), _lines(verdicts)) == (24, 24, 24)
    assert [row.started_s for row in records.judgements()][: len(done)] == [row["started_s"] for row in done]
    assert opinions(verdicts.parent, "tickets") == {"short": 0.0, "long": 1.0}
    assert verify(verdicts.parent).ok


def _lines(path: Path) -> int:
    return path.read_text().count("\n")


def _soon(found: Callable[[], list[Path]], process: subprocess.Popen[str]) -> list[Path]:
    while not (paths := found()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return paths
