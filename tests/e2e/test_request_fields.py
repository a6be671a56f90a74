"""Fields that a suite adds to requests, through `wattbench run` against a server that keeps the bytes of each body."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click.testing
import pandas as pd
import pytest
import yaml

from tests import commands
from tests.made_up.recording_server import RecordingServer
from wattbench.cli import main
from wattbench.records import read_run

pytestmark = pytest.mark.slow

FIELDS: dict[str, Any] = {
    "reasoning_effort": "low", "top_p": 1.0, "top_k": 1, "thinking": {"type": "enabled", "budget_tokens": 0},
    "logit_bias": {"50256": -100}, "cache": True, "user": None, "note": "größer 🌍 \"a\"", "text": "1",
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"password": {
        "type": "string", "description": "a password of the user"}}}}}], "empty": {}, "none": [],
}  # fmt: skip
SECRETS = {
    "plain": "correct-horse-battery",
    "key": "sk-abcdef0123456789abcdef",
    "known": "x9f8e7d6c5b4a3",
    "pin": 73519284,
}
QUICK = {"idle_s": 0, "warmup": 1, "min_window_s": 0, "blocks": 2, "busy": "mark", "energy": False}
RIGHT = [str(2 * n) for n in range(8)]


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    server = RecordingServer()
    yield server
    server.close()


@pytest.fixture
def suite(server: RecordingServer, tmp_path: Path) -> Callable[..., Path]:
    rows = [{"question": f"What is {n}+{n}?", "answer": right} for n, right in enumerate(RIGHT)]
    (tmp_path / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def write(systems: dict[str, dict[str, Any]], **measure: Any) -> Path:
        of_all = {"kind": "generalist", "engine": "endpoint", "base_url": server.base_url}
        task = {"task": "sums", "file": "sums.jsonl", "input": "question", "target": "answer", "score": "exact"}
        path = tmp_path / "suite.yaml"
        whole = {
            "name": "fields",
            "tasks": {"select": [{**task, "domain": "sums"}]},
            "systems": {"define": {name: {**of_all, **each} for name, each in systems.items()}},
            "measure": {**QUICK, **measure},
        }
        path.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False))
        return path

    return write


def shown(*arguments: object) -> str:
    """Return what a command that only reads prints, in this process, which knows no secret."""
    done = click.testing.CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def only_run(tmp_path: Path) -> Path:
    [run] = (tmp_path / "runs").iterdir()
    return run


def seeds_of(bodies: list[dict[str, Any]]) -> dict[str, Counter[int]]:
    """Count the seeds that were sent with each prompt."""
    seeds: dict[str, Counter[int]] = {}
    for body in bodies:
        seeds.setdefault(body["prompt"], Counter())[body["seed"]] += 1
    return seeds


@pytest.mark.parametrize("chat", [False, True])
def test_every_field_arrives_as_it_is_written(chat: bool, server, suite, wattbench) -> None:
    path = suite({"a": {"request": {**FIELDS, "extra_body": {"extra": [1, 1.0]}}, "prompt": {"chat": chat}}})
    done = wattbench("run", path)
    assert done.returncode == 0, done.stderr
    assert len(server.bodies) >= 8
    wanted = {**FIELDS, "extra": [1, 1.0]}
    for raw in server.bodies:
        body = json.loads(raw)
        # As texts: there 1 is not 1.0, and true is not 1.
        assert json.dumps({name: body[name] for name in wanted}) == json.dumps(wanted)
        assert (body["stream"], body["model"], body["temperature"], body["seed"]) == (True, "tiny", 0.0, 1234)
        assert ("messages" in body) is chat
        assert "extra_body" not in body


def test_a_system_without_fields_is_asked_by_the_same_bytes_as_ever(server, suite, wattbench) -> None:
    assert wattbench("run", suite({"a": {}})).returncode == 0
    first = json.loads(server.bodies[0])
    assert list(first) == ["temperature", "prompt", "model", "max_tokens", "stream", "seed", "stream_options", "stop"]
    for raw in server.bodies:
        body = {**first, "prompt": json.loads(raw)["prompt"]}
        assert raw == json.dumps(body).encode()
        assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.0, 1234, 256)


def test_a_secret_is_sent_and_is_in_no_file_and_no_output(
    server, suite, wattbench, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["OTHER_API_KEY"] = SECRETS["known"]
    fields = {
        "metadata": {"api_key": SECRETS["plain"], "note": SECRETS["key"], "password": SECRETS["pin"]},
        "Authorization": f"Bearer {SECRETS['known']}", "list": ["as is", SECRETS["known"]],
    }  # fmt: skip
    texts_sent = [SECRETS[name] for name in ("plain", "key", "known")]
    server.answer = lambda _: " ".join(map(str, texts_sent))  # a server may say it again
    path = suite({"a": {"request": fields}, "b": {"request": {"top_p": 0.5}}})
    plans = [wattbench("suites", "plan", path), wattbench("suites", "plan", path, "--json")]
    done = wattbench("run", path)
    assert [each.returncode for each in (*plans, done)] == [0, 0, 0], done.stderr
    run, page = only_run(tmp_path), tmp_path / "page.html"
    sent = [json.loads(raw) for raw in server.bodies]
    assert [{name: body[name] for name in fields} for body in sent if "metadata" in body] == [fields] * (len(sent) // 2)
    texts = {str(each.args): (each.stdout + each.stderr).encode() for each in (*plans, done)}
    for words in (["compare", run], ["compare", run, "--json"], ["verify", run], ["report", run, "-o", page]):
        texts[str(words)] = shown("runs", *words).encode()
    files = [file for file in run.rglob("*") if file.is_file()]
    assert len(files) > 5
    texts |= {str(file): file.read_bytes() for file in (*files, page)}
    for where, text in texts.items():
        for secret in SECRETS.values():
            assert str(secret).encode() not in text, where
    assert b"metadata.api_key" in texts[str(page)]


def test_a_run_is_resumed_with_its_secrets_and_seeds(server, suite, start, wattbench, tmp_path: Path) -> None:
    server.pause_s = 0.02
    path = suite(
        {"a": {"request": {"temperature": 0.7, "metadata": {"api_key": SECRETS["plain"], "password": 12345678}}}}
    )
    process = start("run", path)
    commands.wait_until(lambda: len(server.bodies) >= 12, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = len(server.bodies)
    run = only_run(tmp_path)
    done = wattbench("run", "--resume", run)
    assert done.returncode == 0, done.stderr
    bodies = [json.loads(raw) for raw in server.bodies]
    assert len(bodies) > before
    assert {json.dumps(body["metadata"]) for body in bodies} == {
        json.dumps({"api_key": SECRETS["plain"], "password": 12345678})
    }
    items = pd.read_parquet(run / "items.parquet")
    assert Counter(items["repeat"]) == {0: 8, 1: 8, 2: 8}
    seeds = seeds_of(bodies)
    assert len(seeds) == 8
    assert all(set(each) == {1234, 1235, 1236} for each in seeds.values())


@pytest.mark.parametrize("batch", [1, 3])
def test_a_system_that_samples_is_asked_three_times_with_stated_seeds(
    batch: int, server, suite, wattbench, tmp_path: Path
) -> None:
    """It is right with some seeds alone, and the greedy one always: both figures are those of their own answers."""

    def answer(body: dict[str, Any]) -> str:
        number = int(body["prompt"].rpartition("What is ")[2].partition("+")[0])
        wrong = body["temperature"] > 0 and (number + body["seed"]) % 4 == 0
        return "none" if wrong else str(2 * number)

    server.answer = answer
    path = suite(
        {"greedy": {}, "random": {"request": {"temperature": 0.7, "reasoning_effort": "high"}}},
        batch=batch, scenario="single-stream" if batch == 1 else "throughput",
    )  # fmt: skip
    plan = wattbench("suites", "plan", path)
    assert "- random: temperature 0.7, 3 repeats with seeds 1234, 1235, 1236" in plan.stdout
    assert "32 items to ask" in plan.stdout
    assert "- random: reasoning_effort high, temperature 0.7" in plan.stdout
    done = wattbench("run", path)
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    bodies = [json.loads(raw) for raw in server.bodies]
    assert {body["seed"] for body in bodies if body["temperature"] == 0} == {1234}
    sampled = seeds_of([body for body in bodies if body["temperature"] > 0])
    assert len(sampled) == 8
    assert all(set(each) == {1234, 1235, 1236} for each in sampled.values())

    items = pd.read_parquet(run / "items.parquet")
    asked = items.groupby("system").size()
    assert (asked["greedy"], asked["random"]) == (8, 24)
    compared = json.loads(shown("runs", "compare", run, "--json"))
    rows = {row["system"]: row for row in compared["systems"]}
    assert rows["greedy"]["accuracy"] == 1.0
    assert rows["random"]["accuracy"] == pytest.approx(18 / 24)
    assert compared["requests"] == {"random": {"temperature": 0.7, "reasoning_effort": "high"}}
    [caveat] = [each for each in compared["caveats"] if each["code"] == "sampled"]
    assert caveat["text"] == (
        "Answers of random vary, as they are sampled: temperature 0.7 in its requests, 3 answers to each item with the "
        "seeds 1234, 1235 and 1236. The scores of 75.0% of 8 items differ."
    )
    shown("runs", "verify", run)
    shown("runs", "report", run, "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Fields added to requests" in page
    assert "3 answers to each item with the seeds 1234, 1235 and 1236" in page
    assert read_run(run).header.cells[-1]["sampling"] == {"temperatures": [0.7], "seeds": [1234, 1235, 1236]}


def test_a_refusal_names_the_fields(server, suite, wattbench) -> None:
    server.refuses = lambda body: "Unsupported value: 'minimal'" if "reasoning_effort" in body else None
    done = wattbench("run", suite({"a": {"request": {"reasoning_effort": "minimal"}}}))
    assert done.returncode == 2
    assert "it answered HTTP 400 to a request with reasoning_effort: Unsupported value: 'minimal'" in done.stderr
    assert "Traceback" not in done.stderr
