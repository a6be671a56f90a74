"""docs/apis.md against a local server that behaves like a service: price, cached tokens, refusals and budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.made_up.api_server import REASONING, FakeApi, Refused
from wattbench.config import SERVICES, EndpointSystem
from wattbench.records import read_run
from wattbench.records.line_checks import line_problems
from wattbench_reports.comparison.analysis import compare

PAGE = (Path(__file__).parents[2] / "docs" / "apis.md").read_text()
QUICK = "measure: {idle_s: 0, warmup: 1, min_window_s: 0, blocks: 2, busy: mark}\n"
PRICES = ("0.15", "2.0"), ("0.075", "0.5"), ("0.60", "8.0")
"""Those of the page to those of the local server."""


@pytest.fixture
def api() -> Iterator[FakeApi]:
    api = FakeApi()
    yield api
    api.close()


@pytest.fixture
def suite(api: FakeApi, tmp_path: Path, environment: dict[str, str]) -> Callable[..., Path]:
    """The page's suite, sent to the local server."""

    def write(max_cost: str, *changes: tuple[str, str]) -> Path:
        [text] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:1]
        limit = "limit: {requests_per_minute: 400, tokens_per_minute: 200000}"
        for old, new in (
            *PRICES, (limit, 'prompt: {system: "You sort tickets into teams."}'), ("2 USD", max_cost),
            ("service: openai", f"service: openai\n      base_url: {api.base_url}\n     "), *changes,
        ):  # fmt: skip
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / "suite.yaml"
        path.write_text(text + QUICK)
        rows = [f"Invoice {n} is wrong,{'Billing' if n % 3 else 'Sales'}" for n in range(12)]
        (tmp_path / "tickets.csv").write_text("\n".join(["message,team", *rows]))
        environment["OPENAI_API_KEY"] = api.key
        return path

    return write


def test_price_cached_tokens_429_and_budget_come_out_as_they_must(
    api: FakeApi, suite: Callable[..., Path], wattbench: Any, tmp_path: Path
) -> None:
    """It refuses some requests, and the budget is reached: money, tokens and latencies are those of the answers."""
    late = formatdate(usegmt=True)
    api.refusals += [Refused(429, {"Retry-After": "1"}), Refused(503), Refused(429, {"Retry-After": late})]
    done = wattbench("run", suite("0.002 USD"))
    assert done.returncode == 4, done.stderr
    [run] = (tmp_path / "runs").iterdir()
    said = re.search(
        r"max_cost: ([\d.]+) USD of 0\.00200 USD are spent.* (\d+) of 12 answers are recorded, (\d+)", done.stderr
    )
    assert said, done.stderr
    assert int(said[2]) + int(said[3]) == 12
    assert float(said[1]) == pytest.approx(api.billed, rel=5e-3)
    assert api.billed <= 0.002
    assert f"wattbench run --resume runs/{run.name} --max-cost 'AMOUNT USD'" in done.stderr
    done = wattbench("run", "--resume", run, "--max-cost", "5 USD")
    assert done.returncode == 0, done.stderr
    rows = read_run(run).spending()
    assert sum(row.cost for row in rows) == pytest.approx(api.billed)
    assert all(row.known for row in rows)

    items = pd.read_parquet(run / "items.parquet")
    assert len(items) == 12
    assert (items["cached_tokens"] == 5).all()  # the words of the instruction, which the warm-up sent first
    assert (items["reasoning_tokens"] == REASONING).all()
    assert (items["output_tokens"] == REASONING + 1).all()
    assert (items["finished_s"] - items["started_s"]).max() < 1
    assert items["energy_j"].isna().all()
    comparison = compare(read_run(run))
    [system] = comparison.systems
    [estimate] = comparison.estimates
    assert (estimate.provider, estimate.model, estimate.estimated) == ("openai", "gpt-4o-mini", 12)
    prompt, cached = items["prompt_tokens"].mean(), items["cached_tokens"].mean()
    paid = ((prompt - cached) * 2.0 + cached * 0.5 + (REASONING + 1) * 8.0) / 1e6
    assert system.cost_per_request == pytest.approx(paid)
    assert [*line_problems(read_run(run))] == []
    everything = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    assert api.key.encode() not in everything


def test_fragments_of_the_page_are_settings_of_a_system() -> None:
    """The first block is a suite, which the test above runs."""
    _, *fragments = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert fragments
    for fragment in fragments:
        settings = {"kind": "generalist", "engine": "endpoint", "service": "groq", "model": "m"}
        EndpointSystem.model_validate(settings | yaml.safe_load(fragment))
    services = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\w+) \| (?:`(\w+)` )?\|$", PAGE, re.MULTILINE)
    assert services == [
        (name, each.key_env, "yes" if each.logprobs else "no", each.estimated_as or "")
        for name, each in SERVICES.items()
    ]
