"""A budget counts what earlier parts of a run spent, on record or under way when they were killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.made_up.suites import suite_of
from wattbench.errors import UserError
from wattbench.measure.resume import new_run
from wattbench.measure.services.spending_of_run import spending_of
from wattbench.records import read_run
from wattbench.records.line_checks import check_lines
from wattbench.records.rows.answers import TokenCounts
from wattbench.systems.spending import BudgetReachedError

SUITE = """
name: s
max_cost: 1 USD
tasks: {select: [{task: t, domain: d}]}
systems:
  define:
    gpt: {kind: generalist, engine: endpoint, service: openai, model: m, price: {per_request: 0.3, currency: USD}}
    mixed: {kind: hybrid, engine: hybrid, members: {a: gpt}, router: {type: always, member: a}}
"""


@pytest.fixture
def resolved(tmp_path: Path) -> Any:
    return suite_of(SUITE, tmp_path)


def test_a_resumed_run_goes_on_from_what_is_on_record(resolved: Any, tmp_path: Path) -> None:
    with new_run(tmp_path, resolved, [], {}, []) as writer:
        root = writer.layout.root
        first = spending_of(resolved, read_run(root), writer)
        account = first.account("gpt")
        assert account is not None
        account.settle(account.reserve(1, 1), TokenCounts(prompt_tokens=1, cached_tokens=0, output_tokens=1))
        account.reserve(1, 1)  # killed while this one is under way
        first.close()
        check_lines(read_run(root))
        second = spending_of(resolved, read_run(root), writer)
        assert second.spent == pytest.approx(0.6)
        account = second.account("gpt")
        assert account is not None
        reserved = account.reserve(1, 1)
        assert reserved.number == 2
        account.settle(reserved, TokenCounts(prompt_tokens=1, cached_tokens=0, output_tokens=1))
        with pytest.raises(BudgetReachedError, match=r"0\.900 USD of 1\.00 USD are spent"):
            account.reserve(1, 1)
        assert second.account("mixed") is None  # its members are paid, and count for it


@pytest.mark.parametrize(
    "line",
    [
        '{"number": 0}',
        '{"number": 0, "system": "gpt", "cost": -5, "currency": "USD", "at_s": 1}',
        '{"number": 0, "system": "gpt", "cost": NaN, "currency": "USD", "at_s": 1}',
    ],
)
def test_a_damaged_line_ends_a_resumption(resolved: Any, tmp_path: Path, line: str) -> None:
    with new_run(tmp_path, resolved, [], {}, []) as writer:
        writer.layout.spending.write_text(line + "\n" + line + "\n")
        with pytest.raises(UserError, match=r"spending\.jsonl: line 1.*damaged"):
            check_lines(read_run(writer.layout.root))
