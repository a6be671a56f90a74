"""Workflows and the action, read and run as GitHub runs them: each script in a bash of its own, in a folder of its own.

Of GitHub's expressions only what the scripts' environments use is known here: names with dots in them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"

Step = dict[str, Any]

# Stands in for `wattbench gate`: keeps what it was given, writes what it was asked for, and ends as it was told to.
GATE = """
import json, os, sys
from pathlib import Path

told = json.loads(os.environ["TOLD"])
given = sys.argv[1:]
Path(os.environ["CALLS"]).write_text(json.dumps(given))
for option in ("--junit", "--markdown", "--json", "--report"):
    if told["verdict"]:
        Path(given[given.index(option) + 1]).write_text(json.dumps({"verdict": told["verdict"]}))
if "--out" in given:
    Path(given[given.index("--out") + 1], "20260101T000000Z-sums-abc123").mkdir(parents=True)
sys.exit(told["code"])
"""


def read(path: Path) -> dict[str, Any]:
    """Read a workflow or an action. YAML reads the key `on` as true."""
    return {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text()).items()}


def resolved(text: object, context: Mapping[str, Any]) -> str:
    """Replace the expressions of a text; an unknown name fails the test."""

    def value(expression: re.Match[str]) -> str:
        found: Any = context
        for name in expression[1].split("."):
            found = found[name]
        return str(found)

    return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", value, str(text))


@dataclass
class Job:
    """A job's machine: its folders, stand-ins for programs, and the outputs of its steps so far."""

    root: Path
    context: dict[str, Any]
    env: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.workspace, self.temp, self.bin):
            folder.mkdir(parents=True)
        self.context = {"steps": self.outputs, "runner": {"temp": self.temp}} | self.context

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def temp(self) -> Path:
        return self.root / "temp"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def summary(self) -> Path:
        return self.root / "summary.md"

    def stand_in(self, name: str, script: str) -> None:
        """Write a Python script that is on the path under this name; its first argument is in `sys.argv[1]`."""
        program = self.bin / name
        program.write_text(f"#!{sys.executable}\n{script}")
        program.chmod(0o755)

    def run(self, step: Step) -> subprocess.CompletedProcess[str]:
        """Run one step's script; those that follow have what it writes to GITHUB_OUTPUT."""
        written, script, event = self.root / "output", self.root / "script.sh", self.root / "event.json"
        written.write_text("")
        script.write_text(step["run"])
        event.write_text(json.dumps(self.context.get("github", {}).get("event", {})))
        here = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GIT_"))}
        own = {name: resolved(value, self.context) for name, value in step.get("env", {}).items()}
        github = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(written),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.temp),
            "PATH": f"{self.bin}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.workspace, env=here | github | self.env | own, capture_output=True, text=True, check=False,
            timeout=300,
        )  # fmt: skip
        said = dict(line.split("=", 1) for line in written.read_text().splitlines())
        if "id" in step:
            self.outputs[step["id"]] = {"outputs": said}
        return done

    def run_all(self, steps: Iterable[Step]) -> subprocess.CompletedProcess[str]:
        """Run the scripts in order up to the first that fails, and return the last that ran."""
        done = None
        for step in steps:
            if "run" in step:
                done = self.run(step)
                if done.returncode:
                    break
        assert done is not None
        return done
