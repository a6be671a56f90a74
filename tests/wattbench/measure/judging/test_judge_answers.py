"""Recorded answers are put to a judge: what it is asked, what is recorded, and what is asked again."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.made_up.progress import Quiet
from tests.made_up.recording_server import RecordingServer
from tests.made_up.suites import suite_of
from wattbench.config import Resolved
from wattbench.errors import UserError
from wattbench.measure.item_rows import item_rows
from wattbench.measure.judging.summary import judged_in_words
from wattbench.measure.measuring_context import measuring
from wattbench.measure.plan import plan
from wattbench.measure.resume import check_same_work, new_run
from wattbench.meters import Chosen
from wattbench.records import Purpose, RunRecords, RunWriter, read_run
from wattbench.records.rows.judgements import JudgementRow
from wattbench.scenarios.blocks import run_blocks
from wattbench.scenarios.closed_loop import run_cells
from wattbench.systems.spending import BudgetReachedError

pytestmark = pytest.mark.slow

CODE = """
import pathlib, re

FOLDER = pathlib.Path(__file__).parent

def polite(prompt):
    return f"<think>secret thoughts</think>Dear customer, on Monday. {len(prompt)}"

def rude(prompt):
    return "No."

def silent(prompt):
    return ""

def shown(prompt, what):
    return re.search(r"\\[" + what + r" \\w+\\]\\n(.*?)\\n\\[end", prompt, re.S)[1]

def noted(prompt):
    with open(FOLDER / "asked.txt", "a") as file:
        file.write(repr(prompt) + "\\n")
    limit = FOLDER / "limit.txt"
    if limit.exists() and len((FOLDER / "asked.txt").read_text().splitlines()) > int(limit.read_text()):
        raise KeyboardInterrupt

def judge(prompt):
    noted(prompt)
    answer = shown(prompt, "answer")
    if "discount" in shown(prompt, "item"):
        return "I cannot say."
    return "Verdict: " + ("pass" if "Dear" in answer else "fail")

def grade(prompt):
    noted(prompt)
    return "So so.\\nVerdict: 3\\nVerdict: 4"

def longer(prompt):
    noted(prompt)
    a, b = len(shown(prompt, "answer A")), len(shown(prompt, "answer B"))
    return "Verdict: " + ("A" if a > b else "B" if b > a else "tie")

def first(prompt):
    noted(prompt)
    return "Verdict: A"
"""
SUITE = """
name: judged
tasks: {select: [{file: tickets.csv, input: ticket, domain: mail, score: {judge: strict, rubric: rubric.md}}]}
systems:
  define:
    polite: {kind: generalist, engine: python, call: "./code.py:polite"}
    rude: {kind: generalist, engine: python, call: "./code.py:rude"}
judges:
  strict: {kind: generalist, engine: python, call: "./code.py:judge"}
measure: {warmup: 0, idle_s: 0, min_window_s: 0, blocks: 1}
"""
TICKETS = ("Where is my parcel?", "Is there a discount?", "May I return it?", "Who are you?")
PAIR = ("rubric: rubric.md}", "rubric: rubric.md, scale: pair}"), ("input: ticket", "input: ticket, target: reply")


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(CODE)
    (tmp_path / "rubric.md").write_text("A good reply is polite.")
    rows = [f'"{ticket}","Dear {"x" * number}"' for number, ticket in enumerate(TICKETS)]
    (tmp_path / "tickets.csv").write_text("\n".join(["ticket,reply", *rows]))


def run(resolved: Resolved, folder: Path, steady: Any, root: Path | None = None) -> RunRecords:
    """Run a suite, or the rest of an interrupted run."""
    cells = plan(resolved)
    chosen = Chosen([steady])
    if root is None:
        writer = new_run(folder / "runs", resolved, cells, chosen.provenance, [])
    else:
        check_same_work(read_run(root), cells, chosen.provenance)
        writer = RunWriter(root)
    with measuring(writer, resolved, chosen, Quiet()) as context:
        (run_blocks if resolved.suite.measure.in_blocks else run_cells)(context, cells)
    return read_run(writer.layout.root)


def asked(folder: Path) -> list[str]:
    path = folder / "asked.txt"
    return [eval(line) for line in path.read_text().splitlines()] if path.exists() else []


def judged(records: RunRecords) -> dict[str, list[float | None]]:
    """Return the opinions of each system's answers, by document."""
    table = pd.read_parquet(records.layout.items_table).sort_values("doc_id")
    assert table["correct"].isna().all()
    return {
        str(name): [None if pd.isna(each) else each for each in of_system["judged"]]
        for name, of_system in table.groupby("system")
    }


@pytest.mark.parametrize("blocks", [1, 2])
def test_each_answer_is_judged_once_and_what_cannot_be_read_is_not_judged(
    blocks: int, tmp_path: Path, steady: Any
) -> None:
    records = run(suite_of(SUITE, tmp_path, ("blocks: 1", f"blocks: {blocks}")), tmp_path, steady)
    assert judged(records) == {"polite": [1.0, None, 1.0, 1.0], "rude": [0.0, None, 0.0, 0.0]}
    rows = records.judgements()
    assert Counter((row.system, row.doc_id) for row in rows) == dict.fromkeys(
        [(system, doc_id) for system in ("polite", "rude") for doc_id in range(4)], 1
    )
    assert {row.why for row in rows if row.verdict is None} == {"the reply has no line with a verdict"}
    assert {score.correct for score in records.scores("polite", "tickets") or []} == {None}
    [judge] = records.judges().values()
    assert (judge.judge, judge.scale, judge.rubric) == ("strict", "pass", "A good reply is polite.")
    assert judge.facts["weights_sha256"] == records.systems()["rude"].weights_sha256  # one file has both functions


def test_the_judge_sees_no_name_no_thoughts_and_no_order(tmp_path: Path, steady: Any) -> None:
    records = run(suite_of(SUITE, tmp_path), tmp_path, steady)
    prompts = asked(tmp_path)
    assert len(set(prompts)) == 8
    for text in ("rude", "strict", "secret thoughts", "generalist", records.header.run):
        assert not any(text in prompt for prompt in prompts)
    order = [(row.system, row.doc_id) for row in records.judgements()]
    assert order not in (sorted(order), sorted(order, key=lambda each: each[1]))
    again = run(suite_of(SUITE, tmp_path), tmp_path, steady)
    assert [(row.system, row.doc_id) for row in again.judgements()] == order
    other = run(suite_of(SUITE, tmp_path, ("{warmup", "{seed: 7, warmup")), tmp_path, steady)
    assert [(row.system, row.doc_id) for row in other.judgements()] != order


def test_a_pair_is_judged_in_both_orders(tmp_path: Path, steady: Any) -> None:
    records = run(suite_of(SUITE, tmp_path, *PAIR, ("code.py:judge", "code.py:longer")), tmp_path, steady)
    assert judged(records) == {"polite": [1.0] * 4, "rude": [0.0] * 4}
    assert Counter(row.shown for row in records.judgements()) == {"first": 8, "second": 8}


def test_a_judge_that_chooses_by_position_has_no_opinion(tmp_path: Path, steady: Any) -> None:
    records = run(suite_of(SUITE, tmp_path, *PAIR, ("code.py:judge", "code.py:first")), tmp_path, steady)
    assert judged(records) == {"polite": [0.5] * 4, "rude": [0.5] * 4}


def test_a_system_is_not_compared_with_itself(tmp_path: Path, steady: Any) -> None:
    pair = ("rubric: rubric.md}", "rubric: rubric.md, scale: pair, against: rude}")
    records = run(suite_of(SUITE, tmp_path, pair, ("code.py:judge", "code.py:longer")), tmp_path, steady)
    assert judged(records) == {"polite": [1.0] * 4, "rude": [0.5] * 4}
    assert {row.system for row in records.judgements()} == {"polite"}


def test_replies_with_two_verdicts_are_not_judged(tmp_path: Path, steady: Any) -> None:
    scale = ("rubric: rubric.md}", "rubric: rubric.md, scale: 1..5}")
    records = run(suite_of(SUITE, tmp_path, scale, ("code.py:judge", "code.py:grade")), tmp_path, steady)
    assert judged(records) == {"polite": [None] * 4, "rude": [None] * 4}


def test_an_empty_answer_is_judged(tmp_path: Path, steady: Any) -> None:
    records = run(suite_of(SUITE, tmp_path, ("code.py:rude", "code.py:silent")), tmp_path, steady)
    assert judged(records)["rude"] == [0.0, None, 0.0, 0.0]


def test_what_was_interrupted_is_judged_on_and_nothing_twice(tmp_path: Path, steady: Any, make_steady: Any) -> None:
    (tmp_path / "limit.txt").write_text("5")
    resolved = suite_of(SUITE, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(resolved, tmp_path, steady)
    [root] = (tmp_path / "runs").iterdir()
    cut_off = read_run(root)
    before = cut_off.judgements()
    assert (cut_off.finished, len(before), len(cut_off.open_windows())) == (False, 5, 1)
    (tmp_path / "limit.txt").unlink()
    records = run(resolved, tmp_path, make_steady(), root)
    assert records.finished
    assert records.judgements()[:5] == before
    assert len(asked(tmp_path)) == 6 + 3  # the sixth was asked, and its verdict is not on record
    assert len(records.layout.judges.read_text().splitlines()) == 1
    windows = [row for row in records.windows() if row.purpose == Purpose.JUDGING]
    assert {row.window for row in windows} == {row.window for row in records.judgements()}
    assert windows[0].finished_s == pytest.approx(max(row.finished_s for row in before))


def test_another_rubric_cannot_judge_the_rest(tmp_path: Path, steady: Any, make_steady: Any) -> None:
    (tmp_path / "limit.txt").write_text("5")
    resolved = suite_of(SUITE, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(resolved, tmp_path, steady)
    [root] = (tmp_path / "runs").iterdir()
    (tmp_path / "rubric.md").write_text("A good reply is short.")
    with pytest.raises(UserError, match="task_sha256"):
        run(resolved, tmp_path, make_steady(), root)
    (tmp_path / "rubric.md").write_text("A good reply is polite.")
    (tmp_path / "code.py").write_text(CODE + "# another judge\n")
    with pytest.raises(UserError, match="cannot be resumed: weights of strict"):
        run(resolved, tmp_path, make_steady(), root)


def test_a_judge_has_windows_of_its_own_and_changes_no_others(tmp_path: Path, steady: Any, make_steady: Any) -> None:
    alone = run(suite_of(SUITE, tmp_path), tmp_path, steady)
    used = Counter((row.system, row.purpose) for row in alone.windows())
    assert (used["strict", Purpose.LOAD], used["strict", Purpose.JUDGING]) == (1, 1)
    assert "strict" not in alone.systems()
    both = run(suite_of(SUITE, tmp_path, ("judge: strict", "judge: rude")), tmp_path, make_steady())
    used = Counter((row.system, row.purpose) for row in both.windows())
    assert (used["rude", Purpose.LOAD], used["rude", Purpose.JUDGING]) == (1, 2)
    assert both.systems()["rude"].load_window in {row.window for row in both.windows() if row.purpose == Purpose.LOAD}


@pytest.mark.parametrize("judge", ["strict", "rude"])
def test_systems_have_the_figures_that_they_have_without_a_judge(judge: str, tmp_path: Path, steady: Any) -> None:
    resolved = suite_of(SUITE, tmp_path, ("judge: strict", f"judge: {judge}"))
    records = run(resolved, tmp_path, steady)
    cells, windows = plan(resolved), records.windows()
    with_judge = item_rows(records, cells, windows)
    assert any(row.energy_j for row in with_judge)
    for path in (records.layout.judges, records.layout.judgements):
        path.unlink()
    kept = [row for row in windows if row.purpose != Purpose.JUDGING and row.system in resolved.systems]
    assert len(kept) < len(windows)
    without = item_rows(records, cells, kept)
    assert without == [replace(row, judged=None) for row in with_judge]


def test_a_hybrid_can_judge(tmp_path: Path, steady: Any) -> None:
    judges = """judges:
  member: {kind: generalist, engine: python, call: "./code.py:judge"}
  strict: {kind: hybrid, engine: hybrid, members: {all: member}, router: {type: always, member: all}}
"""
    text = SUITE[: SUITE.index("judges:")] + judges + SUITE[SUITE.index("measure:") :]
    records = run(suite_of(text, tmp_path), tmp_path, steady)
    assert judged(records)["polite"] == [1.0, None, 1.0, 1.0]


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server whose model finds that all is well."""
    served = RecordingServer(lambda _: "Fine.\nVerdict: pass")
    yield served
    served.close()


def by_server(
    server: RecordingServer, folder: Path, more: str = "", changes: Sequence[tuple[str, str]] = ()
) -> Resolved:
    endpoint = f"engine: endpoint, base_url: '{server.base_url}', prompt: {{chat: true, system: You are fair.}}{more}"
    return suite_of(SUITE, folder, ('engine: python, call: "./code.py:judge"', endpoint), *changes)


def test_a_server_judges_in_chat_and_what_it_refuses_is_not_judged_and_asked_again(
    server: RecordingServer, tmp_path: Path, steady: Any, make_steady: Any
) -> None:
    server.refuses = lambda body: "no parcels" if "parcel" in str(body["messages"]) else None
    records = run(by_server(server, tmp_path), tmp_path, steady)
    assert judged(records) == {"polite": [None, 1.0, 1.0, 1.0], "rude": [None, 1.0, 1.0, 1.0]}
    messages = json.loads(server.bodies[0])["messages"]
    assert [each["role"] for each in messages] == ["system", "user"]
    assert messages[0]["content"] == "You are fair."
    assert "A good reply is polite." in messages[1]["content"]
    failed = [row for row in records.judgements() if row.verdict is None]
    assert all((row.why or "").startswith("the judge's request failed: ") and row.reply == "" for row in failed)
    assert {row.output_tokens for row in records.judgements() if row.verdict is not None} == {1}
    asked_before = len(server.bodies)
    server.refuses = lambda _: None
    records.layout.finished.unlink()
    again = run(by_server(server, tmp_path), tmp_path, make_steady(), records.layout.root)
    assert judged(again) == {"polite": [1.0] * 4, "rude": [1.0] * 4}
    assert len(server.bodies) == asked_before + 2


def test_a_budget_holds_for_the_judge_and_the_run_goes_on_with_another(
    server: RecordingServer, tmp_path: Path, steady: Any, make_steady: Any
) -> None:
    price = ", price: {per_request: 0.01, currency: USD}"
    with pytest.raises(BudgetReachedError, match=r"0\.05\d* USD of 0\.05\d* USD are spent, .* system 'strict'"):
        run(
            by_server(server, tmp_path, price, [("name: judged", "name: judged\nmax_cost: 0.05 USD")]), tmp_path, steady
        )
    assert len(server.bodies) == 5
    [root] = (tmp_path / "runs").iterdir()
    assert len(read_run(root).judgements()) == 5
    more = by_server(server, tmp_path, price, [("name: judged", "name: judged\nmax_cost: 1 USD")])
    records = run(more, tmp_path, make_steady(), root)
    assert len(server.bodies) == 8
    assert math.fsum(row.cost for row in records.spending()) == pytest.approx(0.08)
    said = judged_in_words(root, more)
    assert said[0].startswith("judge strict: 8 of 8 answers judged")
    assert said[0].endswith("0.0800 USD")
    assert said[1].endswith(f"wattbench label {root}")


def test_a_verdict_on_another_text_does_not_count(tmp_path: Path, steady: Any) -> None:
    records = run(suite_of(SUITE, tmp_path), tmp_path, steady)
    rows = [json.loads(line) for line in records.layout.judgements.read_text().splitlines()]
    assert JudgementRow.from_json(rows[0]) == records.judgements()[0]
    assert all(len(row["answer_sha256"]) == 64 for row in rows)
    assert len({row["answer_sha256"] for row in rows}) == 4 + 1  # the polite answers differ, the rude ones do not
