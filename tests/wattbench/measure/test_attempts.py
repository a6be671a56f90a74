"""Attempts of agents where a run is planned, asked, ended and resumed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.made_up.rows import ANSWER
from tests.made_up.suites import suite_of
from wattbench.config import Resolved
from wattbench.errors import MissingHereError, UserError
from wattbench.measure.answer_limits import answer_limits
from wattbench.measure.ask_items import ItemRequests, answer_row
from wattbench.measure.code_to_run import code_to_run, with_members
from wattbench.measure.expected_cost import expected_costs
from wattbench.measure.failed_requests import (
    MOST_IN_A_ROW,
    FailuresInARow,
    blocks_with_failures,
    check_some_answered,
    without_failed,
)
from wattbench.measure.plan import check_pair
from wattbench.measure.preview import preview
from wattbench.measure.services.spending_of_run import check_budget, tariffs_of
from wattbench.records.rows.answers import Ended
from wattbench.systems import Reply
from wattbench.systems.base import Attempted
from wattbench.tasks.loading import outline_task

SUITE = f"""
name: agents
max_cost: 5 USD
tasks:
  select:
    - {{file: issues.csv, name: issues, input: issue, check: "{sys.executable} check.py"}}
systems:
  include: [models.yaml]
  select: []
  define:
    by-call:
      {{kind: generalist, engine: agent, asks: plain, call: "./agent.py:solve", max_cost: 0.5}}
    by-command:
      {{kind: generalist, engine: agent, asks: plain, command: "{sys.executable} x.py --key=a-password", max_cost: 0.5}}
"""
MODELS = """
systems:
  plain:
    {kind: generalist, engine: endpoint, base_url: "http://localhost:1/v1", model: m,
     price: {input_per_million: 1, output_per_million: 2, currency: USD}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "issues.csv").write_text("issue\nbroken\nlost\n")
    (tmp_path / "models.yaml").write_text(MODELS)
    (tmp_path / "agent.py").write_text("def solve(task, base_url):\n    raise SystemExit('it must not be run')\n")
    return tmp_path


@pytest.fixture
def resolved(folder: Path) -> Resolved:
    return suite_of(SUITE, folder)


def test_a_plan_names_whose_code_runs_and_that_a_model_chooses_more_of_it(resolved: Resolved, folder: Path) -> None:
    more = "an agent, and what its model has it run, with your rights"
    assert code_to_run(resolved) == [
        f"system 'by-call' ({folder}/agent.py:solve, {more})",
        f"system 'by-command' (the program {sys.executable}, {more})",
        f"task 'issues' (the check {sys.executable})",
    ]
    wrapped = suite_of(SUITE.replace(", command:", ', wrap: "bwrap --ro-bind / /", command:'), folder)
    assert "what its model has it run, behind bwrap" in code_to_run(wrapped)[1]


def test_the_server_of_an_agent_is_looked_at_too_and_no_code_of_the_suite_is_run(resolved: Resolved) -> None:
    assert [*with_members(resolved.systems)] == ["by-call", "by-command", "plain"]
    seen = preview(resolved)
    assert [cell.items for cell in seen.cells] == [2, 2]
    assert seen.notes == []
    assert answer_limits(seen.cells, seen.scores) == []


def test_its_attempts_cost_at_most_their_limit(resolved: Resolved, folder: Path) -> None:
    check_budget(resolved)
    assert {*tariffs_of(resolved.systems)} == {"by-call", "by-command", "plain"}
    cells = preview(resolved).cells
    costs = expected_costs(resolved, cells, [], [])
    assert [(each.requests, each.most, each.currency) for each in costs] == [(6, 3.0, "USD")] * 2
    unbounded = suite_of(SUITE.replace(", max_cost: 0.5", ""), folder)
    with pytest.raises(UserError, match=r"system 'by-call' is an agent, and what one attempt may cost is not bounded"):
        check_budget(unbounded)
    assert {each.most for each in expected_costs(unbounded, cells, [], [])} == {None}


def test_a_task_that_only_a_check_judges_is_for_agents_and_its_program_is_looked_for(folder: Path) -> None:
    with_plain = suite_of(SUITE.replace("select: []", "select: [plain]"), folder)
    [choice] = with_plain.tasks
    outline = outline_task(with_plain, choice)
    assert outline is not None
    with pytest.raises(UserError, match=r"system 'plain' on task 'issues': a check says what is solved in the working"):
        check_pair(with_plain, "plain", with_plain.systems["plain"], outline, allow_unsafe_code=False)
    missing = suite_of(SUITE.replace(f'check: "{sys.executable}', 'check: "no-such-check'), folder)
    outline = outline_task(missing, missing.tasks[0])
    assert outline is not None
    with pytest.raises(MissingHereError, match=r"check: no program 'no-such-check' on the PATH"):
        check_pair(missing, "by-call", missing.systems["by-call"], outline, allow_unsafe_code=False)


def attempt(ended: Ended, **changes: Any) -> Any:
    failure = None if ended == "answered" else f"how it {ended}"
    return replace(ANSWER, failure=failure, session="s", calls=1, ended=ended, **changes)


@pytest.mark.parametrize(
    ("ended", "ends_a_run"), [("agent", False), ("limit", False), ("harness", True), ("server", True)]
)
def test_an_agent_that_solves_nothing_ends_no_run_and_one_that_cannot_work_does(
    ended: Ended, *, ends_a_run: bool
) -> None:
    failures, error = FailuresInARow(), None
    try:
        for _ in range(MOST_IN_A_ROW):
            failures.count("a", attempt(ended))
    except UserError as caught:
        error = caught
    assert (error is not None) == ends_a_run
    records: Any = SimpleNamespace(answers=lambda *_: [attempt(ended)] * 3)
    if ends_a_run:
        with pytest.raises(UserError, match=rf"system 'a': none of its 3 requests was answered. .* how it {ended}"):
            check_some_answered(records, [("a", "t")])
    else:
        check_some_answered(records, [("a", "t")])


def test_no_attempt_that_failed_by_itself_is_made_again() -> None:
    rows = [
        attempt(ended, block=number) for number, ended in enumerate(("answered", "agent", "limit", "harness", "server"))
    ]
    assert [row.ended for row in without_failed(rows)] == ["answered", "agent", "limit"]
    records: Any = SimpleNamespace(
        blocks=lambda: [SimpleNamespace(number=number) for number in range(5)], answers=lambda *_: rows
    )
    assert blocks_with_failures(records, [("a", "t")]) == {3, 4}


def test_the_row_of_an_attempt_has_its_session_and_no_limit_of_one_answer() -> None:
    from lm_eval.api.instance import Instance

    request = Instance("generate_until", {}, ("2 + 2", {"max_gen_toks": 256}), 0, ("t", 0, 1))
    ask = ItemRequests("generate_until", 0, (request,))
    made = Attempted("s", 3, "limit", agent_cpu_s=0.5)
    reply = Reply("", failure="over the limit max_calls: 3", attempted=made, finished_s=2.0)
    row = answer_row(ask, [reply], 0, 1.0, 9.0, 0, 1, "w")
    assert (row.session, row.calls, row.ended, row.agent_cpu_s, row.output_limit) == ("s", 3, "limit", 0.5, None)
    assert (row.replies, row.finished_s) == ([""], 2.0)
