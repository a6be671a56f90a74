"""`wattbench view` (docs/running.md): the page of a run that is finished, under way, killed and resumed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.commands import wait_until
from tests.e2e.conftest import DATA
from tests.made_up.whole_run import write_whole_run

UNTIL_S = 60.0


class Viewed:
    """A `wattbench view` that serves, and what it answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process, self.address = process, process.stdout.readline().strip()

    def get(self, path: str = "") -> tuple[int, str]:
        """Return status and text of a path below the token."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def asked_as(self, host: str, path: str, method: str = "GET") -> HTTPResponse:
        """Return the reply to a request whose `Host` is another one."""
        connection = HTTPConnection("127.0.0.1", urlsplit(self.address).port or 0, timeout=60)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        return connection.getresponse()

    def state(self) -> dict[str, Any]:
        """Return what the script of the page gets."""
        given: dict[str, Any] = json.loads(self.get("state.json")[1])
        return given

    def until(self, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Poll as the page does until a condition holds."""
        until_s = time.monotonic() + UNTIL_S
        while not reached(given := self.state()):
            assert time.monotonic() < until_s, given
            time.sleep(0.1)
        return given

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C, and return exit code and standard error."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@pytest.fixture
def view(start) -> Iterator[Callable[..., Viewed]]:
    viewed: list[Viewed] = []

    def show(run: Path) -> Viewed:
        viewed.append(Viewed(start("view", "--no-open", run)))
        return viewed[-1]

    yield show
    for each in viewed:
        each.process.kill()
        each.process.communicate()


HELD = """

import pathlib


def add_held(prompt: str) -> str:
    calls = pathlib.Path(os.environ["CALLS"])
    calls.touch()
    allowed = calls.with_name("allowed")
    while allowed.exists() and calls.stat().st_size >= int(allowed.read_text()):
        time.sleep(0.02)
    with calls.open("a") as file:
        file.write(".")
    time.sleep(0.02)
    return add(prompt)
"""
ALLOWED = 20
"""Calls after which a system waits: two to warm up, a first block of 13 or 14, and some of the second block."""


@pytest.fixture
def held(tmp_path: Path, suite: Callable[..., Path]) -> Iterator[Path]:
    """A suite of two systems in three blocks, one of which stops in the second block while a file is there."""
    (tmp_path / "held.py").write_text((DATA / "answers.py").read_text() + HELD)
    (tmp_path / "allowed").write_text(str(ALLOWED))
    yield suite(
        ('"./answers.py:add"', f'"{tmp_path}/held.py:add_held"'),
        ("idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2", "idle_s: 0, min_window_s: 0, blocks: 3, busy: mark"),
    )
    (tmp_path / "allowed").unlink(missing_ok=True)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.slow
def test_a_finished_run_is_served_as_its_report_and_ctrl_c_ends_it(tmp_path: Path, view) -> None:
    served = view(write_whole_run(tmp_path))
    status, page = served.get()
    assert status == 200
    assert "which system to run – wattbench" in page
    assert served.state() == {"state": "finished", "content": ""}
    code, said = served.end()
    assert code == 0
    assert "Traceback" not in said


@pytest.mark.slow
def test_only_who_has_the_address_gets_an_answer(tmp_path: Path, view) -> None:
    served = view(write_whole_run(tmp_path))
    path, port = urlsplit(served.address).path, urlsplit(served.address).port
    for other in (
        "/",
        "/state.json",
        path[:-2] + "/",
        "/x/state.json",
        f"{path}../",
        f"{path}report.html",
        f"{path}..",
    ):
        assert served.asked_as(f"127.0.0.1:{port}", other).status == 404
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "127.0.0.1:x"):
        assert served.asked_as(host, path).status == 421
    assert served.asked_as(f"127.0.0.1:{port}", path, "POST").status == 501
    reply = served.asked_as("localhost:9", path)  # of a port that is forwarded
    assert reply.status == 200
    assert "frame-ancestors 'none'" in (reply.getheader("Content-Security-Policy") or "")
    assert (reply.getheader("X-Content-Type-Options"), reply.getheader("Referrer-Policy")) == ("nosniff", "no-referrer")
    assert reply.getheader("Access-Control-Allow-Origin") is None


@pytest.mark.slow
def test_an_answer_is_served_whole_as_text(tmp_path: Path, view) -> None:
    served = view(write_whole_run(tmp_path))
    with urllib.request.urlopen(f"{served.address}answers/big/add/3", timeout=60) as reply:
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        text = reply.read().decode()
    assert text.startswith("big on add, document 3\n\n--- prompt\nQuestion 3 ä\n")
    assert "--- key\n42" in text
    for missing in ("big/add/999", "big/other/3", "none/add/3", "big/add/x", "big/add", "..%2f..%2frun.json/add/3"):
        assert served.get(f"answers/{missing}")[0] == 404


@pytest.mark.slow
def test_a_run_is_followed_through_a_kill_to_its_report(tmp_path: Path, held: Path, start, wattbench, view) -> None:
    runs = tmp_path / "runs"
    run = start("run", held)
    wait_until(lambda: any(runs.glob("*/items/*/*.jsonl")), run)
    root = next(runs.iterdir())

    served = view(runs)  # of a folder the one under way
    begun = served.until(lambda given: "1 of 3 blocks complete" in given["content"])
    assert begun["state"] == "being written"
    page = text_of(served.get()[1])
    assert "This page changes as answers are recorded" in page
    assert "do not say which system is better" in page
    row = re.search(r"adder (\d+) of 40", text_of(begun["content"]))
    assert row is not None
    assert 13 <= int(row[1]) <= ALLOWED - 2

    run.kill()
    run.communicate()
    stopped = served.until(lambda given: given["state"] == "resumable")
    said = text_of(stopped["content"])
    assert f"wattbench run --resume {root}" in said
    assert "Report the 1 complete block of 3 with: wattbench" in said
    doc = json.loads((root / "items" / "adder" / "sums.jsonl").read_text().splitlines()[0])["doc_id"]
    status, text = served.get(f"answers/adder/sums/{doc}")
    assert (status, "--- answer" in text, "--- key" in text) == (200, True, False)  # it is scored when the run ends

    (tmp_path / "allowed").unlink()
    assert wattbench("run", "--resume", root).returncode == 0
    assert served.until(lambda given: given["state"] == "finished")["content"] == ""
    assert "which system to run – wattbench" in served.get()[1]
    assert served.end()[0] == 0


@pytest.mark.slow
def test_a_damaged_record_is_named(tmp_path: Path, held: Path, start, wattbench, view) -> None:
    refused = wattbench("view", "--no-open", tmp_path / "none")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no such run directory" in refused.stderr

    run = start("run", held)
    wait_until(lambda: any(tmp_path.glob("runs/*/blocks.jsonl")), run)
    run.kill()
    run.communicate()
    (root,) = (tmp_path / "runs").iterdir()
    served = view(root)
    assert served.state()["state"] == "resumable"
    lines = next(root.glob("items/*/*.jsonl"))
    with lines.open("a") as file:
        file.write('{"doc_id": "<script>alert(1)</script>"}\n')
    damaged = served.state()
    assert damaged["state"] == "damaged"
    assert f"{lines.name}: line" in damaged["content"]
    assert "<script>alert" not in damaged["content"]
    assert "Damaged" in served.get()[1]

    refused = wattbench("view", "--no-open", root)
    assert refused.returncode == 2
    assert "the record is damaged" in refused.stderr
    assert "Traceback" not in refused.stderr
