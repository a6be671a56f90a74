"""Fifty secrets in a suite's command and in the environment, echoed by answers and failures, are in no output."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import commands

Wattbench = Callable[..., "subprocess.CompletedProcess[str]"]

DATA = Path(__file__).parents[1] / "data"

POSITIONS = [
    'bash -lc "ipmitool -H bmc -U admin -P {} sdr"', "sh -c 'curl -s -u admin:{} http://pdu'",
    """ssh bmc "sh -c 'snmpget -v2c -c {} rack .1'\"""", """bash -c "curl -H 'X-Auth: {}' http://pdu\"""",
    "env PDU={} x", "docker run -e PDU={} image", "docker run --env=PDU_PASS={} image", "x --auth {}", "x --auth={}",
    "x --cred {}",
    "x --login {}", "x --pdu-pass {}", "x --user admin:{}", "x -p {}", "x -p{}", 'sh -c "echo {} | sudo -S x"',
    """python -c "x.login('admin', '{}')\"""", "curl -d 'user=a&pwd={}' http://pdu", "curl -b 'session={}' http://pdu",
    """su -c "mysql -p{} -e 'select w'" root""", "PGPASSWORD={} psql", "https://u:{}@pdu/", "http://pdu/?key={}",
    "x login {}",
]  # fmt: skip
"""Twenty-four, each of which has two secrets."""
VARIABLES = ("HF_TOKEN", "RACK_AUTH", "SSHPASS", "THEIR_API_KEY")
SECRETS = [
    f"{'ZQXJKVWY'[number % 8]}7{number:02}rT{number * 7919 % 100:02}mKq{number * 104729 % 10000:04}Lw"
    for number in range(52)
]

SUITE = """
name: planted
tasks: {{include: [{tasks}], select: [{{task: sums, domain: arithmetic, limit: 8}}]}}
meters:
  - {{use: external, component: psu, command: {{run: {command}, pattern: "([0-9]+) W", power_unit: W}}}}
systems:
  define:
    adder: {{kind: specialist, domain: arithmetic, engine: python, call: "./echo.py:add"}}
    small: {{kind: generalist, engine: python, call: "./echo.py:add_small"}}
measure: {{idle_s: 0.1, warmup: 1, min_window_s: 0.1, blocks: 1, effort: quick}}
carbon: {{region: DEU, pue: 1.2}}
"""
ECHO = """
import os, re, sys, time
ALL = os.environ["ECHOED"]

def add(prompt):
    time.sleep(0.01)
    print(ALL)
    a, b = re.findall(r"(\\d+) \\+ (\\d+)", prompt)[-1]
    return f"{int(a) + int(b)}" if "FAILS" not in os.environ else fail(prompt, ALL)

def add_small(prompt):
    time.sleep(0.01)
    print(ALL, file=sys.stderr)
    return f"{ALL} <script>alert(1)</script> | \\x1b[31m ::error::{ALL}"

def fail(prompt, everything):
    raise RuntimeError("the server says " + everything)
"""


def leaks(text: str) -> list[int]:
    """Return the numbers of the secrets of which eight characters are in a text, whatever is between them."""
    plain = re.sub(r"[^A-Za-z0-9]", "", re.sub(r"\x1b\[[0-9;]*m", "", text))
    found = []
    for number, secret in enumerate(SECRETS):
        forms = [secret, re.sub(r"[^A-Za-z0-9]", "", base64.b64encode(secret.encode()).decode())]
        if any(form[at : at + 8] in plain for form in forms for at in range(len(form) - 7)):
            found.append(number)
    return found


def below(*folders: Path) -> str:
    """Return the names and contents of all files."""
    texts = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
        texts.append(path.name)
        parquet = path.suffix == ".parquet"
        texts.append(
            json.dumps(pq.read_table(path).to_pylist(), default=str) if parquet else path.read_text(errors="replace")
        )
    return "\n".join(texts)


@pytest.fixture
def planted(tmp_path: Path, environment: dict[str, str]) -> Path:
    """Write the suite; its meter is a real command that prints 5 W and has secrets as arguments."""
    command = " ".join(['sh -c "echo 5 W" _', *map(str.format, POSITIONS * 2, SECRETS)])
    (tmp_path / "echo.py").write_text(ECHO)
    (tmp_path / "suite.yaml").write_text(SUITE.format(tasks=DATA / "tasks", command=json.dumps(command)))
    environment |= dict(zip(VARIABLES, SECRETS[2 * len(POSITIONS) :], strict=True)) | {
        "ECHOED": " / ".join(SECRETS), "WATTBENCH_LOCKS": str(tmp_path / "locks"), "WATTBENCH_WATCH": "off",
        "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "out" / "summary.md"),
    }  # fmt: skip
    (tmp_path / "out").mkdir()
    return tmp_path


def test_the_search_finds_what_is_there() -> None:
    assert len(set(SECRETS)) == 2 * len(POSITIONS) + len(VARIABLES)
    assert leaks(" / ".join(SECRETS)) == list(range(len(SECRETS)))


def test_no_output_of_any_command_holds_one(planted: Path, wattbench: Wattbench) -> None:
    said = []

    def call(*arguments: object, code: int = 0) -> str:
        done = wattbench(*arguments)
        assert done.returncode == code, f"{arguments}: {done.stderr}"
        said.append(done.stdout + done.stderr)
        return done.stdout.strip()

    call("suites", "plan", "suite.yaml")
    run = call("run", "suite.yaml", "--report", "out/report.html").splitlines()[-1]
    call("runs", "items", run)
    call("runs", "compare", run, "--format", "json")
    call("runs", "export", run, "--to", "csv", "--what", "items", "-o", "out/items.csv")
    call("runs", "verify", run)
    call(
        "gate", run, run, "--baseline", "adder", "--candidate", "small", "--markdown", "out/gate.md", "--json",
        "out/gate.json", "--junit", "out/gate.xml", "--report", "out/gate.html", code=1,
    )  # fmt: skip
    call("runs", "history", "nights", "--add", run)
    call("runs", "history", "nights", "--rebuild")
    assert "[secret]" in (planted / run / "run.json").read_text()
    written = below(planted / "runs", planted / "out", planted / "nights")
    for kind in (
        "report.html",
        "gate.md",
        "gate.json",
        "gate.xml",
        "gate.html",
        "items.csv",
        "summary.md",
        "index.html",
    ):
        assert kind in written
    assert leaks("\n".join(said)) == []
    assert leaks(written) == []


def test_a_failure_in_a_system_says_none(planted: Path, environment: dict[str, str], wattbench: Wattbench) -> None:
    environment["FAILS"] = "yes"
    done = wattbench("run", "suite.yaml")
    assert done.returncode != 0
    gate = wattbench(
        "gate", "suite.yaml", "--baseline", "small", "--candidate", "adder", "--markdown", "out/gate.md", "--json",
        "out/gate.json", "--junit", "out/gate.xml",
    )  # fmt: skip
    assert gate.returncode == 3
    assert "the server says" in gate.stderr
    assert "the server says" in (planted / "out" / "gate.md").read_text()
    assert leaks(done.stdout + done.stderr + gate.stdout + gate.stderr) == []
    assert leaks(below(planted / "out", *planted.glob("runs"))) == []


FAILING = """
import logging, os, sys
import pytest

EVERYTHING = os.environ["ECHOED"]

@pytest.mark.wattbench(suite="suite.yaml")
def test_locals(wattbench, capfd):
    everything, parts = EVERYTHING, EVERYTHING.split(" / ")
    adder, small = wattbench.measure("adder", "small")
    logging.getLogger("theirs").warning("asked with %s", everything)
    print(everything)
    assert parts == [], f"answered with {everything}"

@pytest.mark.wattbench(suite="suite.yaml")
def test_raises(wattbench):
    wattbench.measure("adder", "small")
    def call(key):
        raise ValueError({"key": key})
    for each in EVERYTHING.split(" / "):
        try:
            call(each)
        except ValueError as error:
            raise RuntimeError(EVERYTHING) from error

@pytest.mark.wattbench(suite="suite.yaml")
def test_gates(wattbench):
    print(EVERYTHING, file=sys.stderr)
    assert wattbench.compare("adder", "small").passed, EVERYTHING
"""


def test_pytest_shows_none(planted: Path, environment: dict[str, str]) -> None:
    (planted / "test_it.py").write_text(FAILING)
    words = ["-l", "--tb=long", "-vv", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", "--junitxml", "out/junit.xml"]
    done = commands.run(words, cwd=planted, env=environment, module="pytest")
    assert done.returncode == 1, done.stdout
    assert "3 failed" in done.stdout
    assert done.stdout.count("[secret]") > 100
    assert leaks(done.stdout + done.stderr) == []
    assert leaks(below(planted / "out", planted / ".wattbench")) == []


def test_ray_s_logs_hold_none(planted: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("ray")
    (planted / "all.txt").write_text(environment.pop("ECHOED"))
    (planted / "echo.py").write_text(ECHO.replace('os.environ["ECHOED"]', f"open({str(planted / 'all.txt')!r}).read()"))
    (planted / "suite.yaml").write_text((planted / "suite.yaml").read_text().replace("blocks: 1", "blocks: 2"))
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # a socket's path has to be short
    variables = environment | {"FAILS": "yes", "RAY_ADDRESS": "local", "RAY_TMPDIR": str(folder)}
    try:
        done = commands.run(["run", "suite.yaml", "--cluster", "ray"], cwd=planted, env=variables)
        assert "the server says" in done.stderr
        assert leaks(done.stdout + done.stderr) == []
        logs = [path for path in folder.rglob("*") if path.is_file()]
        assert len(logs) > 10
        assert leaks("".join(path.read_bytes().decode(errors="replace") for path in logs)) == []
    finally:
        shutil.rmtree(folder, ignore_errors=True)
