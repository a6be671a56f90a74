"""mini-swe-agent, as it comes from PyPI, on examples/an-agent: what is on record is what it wrote down itself."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests import commands
from wattbench.records import CallRow, read_run

EXAMPLE = Path(__file__).parents[2] / "examples" / "an-agent"
MOST_CALLS = 12
MINI = """#!/bin/sh
session=${{OPENAI_BASE_URL%/v1}}
touch {kept}/"${{session##*/}}.json"
ln {kept}/"${{session##*/}}.json" traj.json
exec {python} -m minisweagent.run.mini "$@"
"""
"""`mini`, whose trajectory has a second name outside the working folder: the last part of its base URL, the session. A
link, as an agent that is stopped cannot copy anything."""

pytestmark = pytest.mark.slow


def usage_of(trajectory: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Return the tokens of its calls: prompt, of these cached, answer."""
    answers = [
        message["extra"]["response"]["usage"] for message in trajectory["messages"] if message["role"] == "assistant"
    ]
    return [
        (each["prompt_tokens"], each["prompt_tokens_details"]["cached_tokens"], each["completion_tokens"])
        for each in answers
    ]


@dataclass(frozen=True)
class Example:
    """The example, run in a copy of its folder."""

    folder: Path
    run: Path
    items: pd.DataFrame
    """Indexed by system and task."""
    calls: dict[str, list[CallRow]]
    """By session, in their order."""
    trajectories: dict[str, dict[str, Any]]
    """What mini-swe-agent wrote, by session."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a shell that finds python, wattbench and mini."""
    folder = tmp_path_factory.mktemp("programs")
    kept = folder / "trajectories"
    temporary = folder / "temporary"  # working folders are in it: a file has second names on its own disk alone
    for made in (kept, temporary):
        made.mkdir()
    (folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (folder / "mini").write_text(MINI.format(python=shlex.quote(sys.executable), kept=shlex.quote(str(kept))))
    for name in ("python", "mini"):
        (folder / name).chmod(0o755)
    commands.write_program(folder)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return commands.offline() | {
        "PATH": path, "WATTBENCH_CACHE": str(folder / "cache"), "KEPT": str(kept), "TMPDIR": str(temporary),
    }  # fmt: skip


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Example:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("example") / "a copy"))
    done = commands.run(["run", "suite.yaml", "--report", "report.html"], cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    [run] = (folder / "runs").iterdir()
    with (folder / "tasks.csv").open(newline="", encoding="utf-8") as file:
        tasks = [Path(row["workspace"]).name for row in csv.DictReader(file)]
    items = pd.read_parquet(run / "items.parquet")
    items["repair"] = items["doc_id"].map(dict(enumerate(tasks)))
    calls: dict[str, list[CallRow]] = {}
    for call in sorted(read_run(run).calls(), key=lambda row: row.started_s):
        calls.setdefault(call.session, []).append(call)
    kept = {path.stem: json.loads(path.read_text()) for path in Path(environment["KEPT"]).iterdir()}
    return Example(folder, run, items.set_index(["system", "repair"]), calls, kept)


@dataclass(frozen=True)
class Alone:
    """An attempt of mini-swe-agent without wattbench."""

    trajectory: dict[str, Any]
    solved: bool


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Iterator[str]:
    line = "import server; s = server.ThreadingHTTPServer(('127.0.0.1', 0), server.Server)"
    line += "; print(s.server_port, flush=True); s.serve_forever()"
    process = subprocess.Popen(
        [sys.executable, "-B", "-c", line], cwd=EXAMPLE, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    process.kill()
    process.communicate()


def alone(row: dict[str, str], folder: Path, environment: dict[str, str], base_url: str) -> Alone:
    """Run mini-swe-agent on a task with the large model, and then the tests that count."""
    shutil.copytree(EXAMPLE / row["workspace"], folder)
    home = folder.parent / "home"
    own = {
        "HOME": str(home),
        "MSWEA_CONFIGURED": "true",
        "LITELLM_LOCAL_MODEL_COST_MAP": "true",
        "LITELLM_MODEL_REGISTRY_PATH": str(EXAMPLE / "prices.json"),
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": "none",
    }
    options = ["--agent-class", "default", "--yolo", "--exit-immediately", "--output", "traj.json"]
    limit = ["--config", "mini.yaml", "--config", f"agent.step_limit={MOST_CALLS}"]
    task = ["--model", "openai/scripted-large", "--task", row["issue"]]
    done = commands.run([*options, *limit, *task], cwd=folder, env=environment | own, module="minisweagent.run.mini")
    assert done.returncode == 0, done.stderr
    shutil.copytree(EXAMPLE / row["check"], folder, dirs_exist_ok=True)
    check = commands.run([], cwd=folder, env=environment, module="unittest")
    return Alone(json.loads((folder / "traj.json").read_text()), check.returncode == 0)


def test_tokens_calls_and_money_are_those_of_its_own_trajectory(example: Example) -> None:
    assert len(example.items) == 12
    assert set(example.trajectories) == set(example.items["session"]) == set(example.calls)
    for item in example.items.reset_index().itertuples():
        trajectory, calls = example.trajectories[item.session], example.calls[item.session]
        answered = [call for call in calls if call.status == 200]
        own = usage_of(trajectory)
        assert [(call.prompt_tokens, call.cached_tokens, call.output_tokens) for call in answered] == own
        assert (item.prompt_tokens, item.cached_tokens, item.output_tokens) == tuple(map(sum, zip(*own, strict=True)))
        assert all(call.tool_calls == 1 and call.finish_reason == "tool_calls" for call in answered)
        stats = trajectory["info"]["model_stats"]
        assert item.calls == len(answered)
        if item.ended == "answered":
            assert stats["api_calls"] == len(calls) == len(answered)
        else:  # the call over the limit, which mini-swe-agent may be stopped in
            assert (item.repair, item.calls) == ("wrapping", MOST_CALLS)
            assert [call.sent for call in calls] == [True] * MOST_CALLS + [False]
        assert item.reported_cost == pytest.approx(stats["instance_cost"])
        assert item.reported_currency == "USD"


def test_money_at_the_price_of_the_suite_is_what_its_own_price_list_gives(example: Example) -> None:
    recomputed = pd.read_json(example.run / "spending.jsonl", lines=True)
    assert set(recomputed["currency"]) == {"USD"}
    own = [(trajectory["info"]["model_stats"]["instance_cost"]) for trajectory in example.trajectories.values()]
    assert sorted(recomputed["cost"]) == pytest.approx(sorted(own))


def test_it_solves_what_it_solves_on_its_own(
    example: Example, environment: dict[str, str], server: str, tmp_path: Path
) -> None:
    with (EXAMPLE / "tasks.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    (tmp_path / "home").mkdir()
    for row in rows:
        repair = Path(row["workspace"]).name
        own = alone(row, tmp_path / repair, environment | {"KEPT": ""}, server)
        item = example.items.loc[("mini-large", repair)]
        status = own.trajectory["info"]["exit_status"]
        assert bool(item["correct"]) == own.solved
        assert item["ended"] == {"Submitted": "answered", "LimitsExceeded": "limit"}[status]
        assert len([call for call in example.calls[item["session"]] if call.status == 200]) == len(
            usage_of(own.trajectory)
        )


def test_the_readme_says_what_came_out(example: Example) -> None:
    text = (EXAMPLE / "README.md").read_text()
    solved = example.items["correct"].groupby("system").sum()
    assert dict(solved) == {"mini-large": 4, "mini-small": 3}
    for system, count in solved.items():
        assert re.search(rf"^{system} +{count / 6:.1%} ", text, re.MULTILINE)
    assert "mini-large" in (example.folder / "report.html").read_text()
