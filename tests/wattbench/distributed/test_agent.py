"""The process of a slot's worker: what it says and writes is handed over in order, and it ends with what started it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from wattbench.distributed.agent import SlotAgent, SlotReport, decode, encode, node_environment

pytestmark = pytest.mark.slow
BEGIN = """
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1]) / "shards" / "run"
folder.mkdir(parents=True)
def say(**fields):
    print(json.dumps(fields), flush=True)
"""


@pytest.fixture
def agent() -> Callable[..., SlotAgent]:
    """Start an agent whose worker is a few lines of Python."""
    made: list[SlotAgent] = []

    def start(script: str, **settings) -> SlotAgent:
        made.append(SlotAgent(encode("begin"), command=(sys.executable, "-c", BEGIN + script), **settings))
        return made[-1]

    yield start
    for each in made:
        each.close()


def reports_until(agent: SlotAgent, condition: Callable[[SlotReport], bool]) -> list[SlotReport]:
    reports = []
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        reports.append(agent.poll())
        if condition(reports[-1]):
            return reports
        time.sleep(0.01)
    raise AssertionError(reports)


def test_what_was_written_comes_before_what_is_said_of_it(agent) -> None:
    made = agent(
        "(folder / 'answers.jsonl').write_text('{}\\n' * 3)\n"
        "say(**{'is': 'done', 'block': 4})\nprint('no message', flush=True)\nsys.stdin.read()"
    )
    reports = reports_until(made, lambda report: bool(report.messages))
    assert [dict(message) for message in reports[-1].messages] == [{"is": "done", "block": 4}]
    pieces = [piece for report in reports for piece in report.pieces]
    assert [(piece.path, piece.data) for piece in pieces] == [("run/answers.jsonl", b"{}\n{}\n{}\n")]
    assert all(not report.pieces for report in reports[-1:])
    made.forget("run")
    assert made.poll() == SlotReport()


def test_it_gets_messages_and_the_settings_of_its_slot(agent, tmp_path: Path) -> None:
    made = agent(
        "line = sys.stdin.readline()\nsay(**{'is': 'ready', 'given': json.loads(line)['is'], 'cwd': os.getcwd(),"
        " 'gpus': os.environ['CUDA_VISIBLE_DEVICES'], 'more': sys.argv[2:]})\nsys.stdin.read()",
        environment={"CUDA_VISIBLE_DEVICES": "GPU-7"}, folder=str(tmp_path), shares=True,
    )  # fmt: skip
    (message,) = reports_until(made, lambda report: bool(report.messages))[-1].messages
    assert message == {"is": "ready", "given": "begin", "cwd": str(tmp_path), "gpus": "GPU-7", "more": ["shares"]}


def test_how_it_ended_is_said_with_the_last_lines_of_its_log(agent) -> None:
    killed = agent("os.kill(os.getpid(), 9)")
    assert reports_until(killed, lambda report: report.ended is not None)[-1].ended == "was ended by SIGKILL"
    failed = agent("sys.exit('no room')")
    ended = reports_until(failed, lambda report: report.ended is not None)[-1].ended
    assert ended == "ended with exit code 1; the last lines of its log:\nno room"
    failed.send(encode("ask", block=1))  # goes nowhere, and fails nothing


def test_what_a_library_writes_to_the_log_shows_no_secret_of_the_node(agent) -> None:
    failed = agent(
        "os.write(2, os.environ['RACK_TOKEN'].encode()); sys.exit(1)", environment={"RACK_TOKEN": "kQ7x9ZmW2p"}
    )
    ended = reports_until(failed, lambda report: report.ended is not None)[-1].ended
    assert ended == "ended with exit code 1; the last lines of its log:\n[secret]"


def test_it_ends_with_its_input_and_leaves_nothing(agent) -> None:
    made = agent("say(**{'is': 'ready', 'folder': sys.argv[1], 'pid': os.getpid()})\nsys.stdin.read()")
    (message,) = reports_until(made, lambda report: bool(report.messages))[-1].messages
    assert Path(message["folder"]).is_dir()
    made.close()
    assert not Path(message["folder"]).exists()
    assert not psutil.pid_exists(message["pid"])


def test_a_ctrl_c_at_the_drivers_terminal_is_the_drivers(agent) -> None:
    made = agent("say(**{'is': 'ready', 'group': os.getpgid(0)})\nsys.stdin.read()")
    (message,) = reports_until(made, lambda report: bool(report.messages))[-1].messages
    assert message["group"] != os.getpgid(0)


def test_the_environment_is_that_of_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS_OF_A_LIBRARY", "1")
    assert "OMP_NUM_THREADS_OF_A_LIBRARY" not in node_environment()
    (tmp_path / "environ").write_bytes(b"A=1=2\0B=\0broken\0")
    assert node_environment(tmp_path / "environ") == {"A": "1=2", "B": ""}
    assert node_environment(tmp_path / "nowhere") == dict(os.environ)


@pytest.mark.parametrize("line", [b"", b"text", b"[]", b"{}", b'{"is": 1}', b"\xff", b'{"is": "x"'])
def test_a_line_that_is_no_message_is_none(line: bytes) -> None:
    assert decode(line) is None
