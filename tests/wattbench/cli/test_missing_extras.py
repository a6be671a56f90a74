"""A command that needs an extra which is not installed ends with its name, before anything is asked or written."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.made_up.inspect_logs import sample, write_log
from wattbench.cli import main

ROOT = Path(__file__).parents[3]
SUITE = """name: tiny
tasks: {select: [{file: tickets.csv, input: text, target: team, score: label, domain: support}]}
systems:
  define:
    rules: {kind: specialist, engine: python, call: "./rules.py:answer"}
    other: {kind: generalist, %s}
%s
"""
PLAIN = ('engine: python, call: "./rules.py:answer"', "")
ENDPOINT = "engine: endpoint, base_url: http://127.0.0.1:9/v1, model: m"
RUN = ("run", "suite.yaml")

CASES = [
    ("agents", "uvicorn", PLAIN, ("meter", "--upstream", "http://127.0.0.1:9/v1", "--", "true")),
    ("agents", "starlette", ("engine: agent, command: agent, base_url: http://127.0.0.1:9/v1", ""), RUN),
    ("amd", "amdsmi", (PLAIN[0], "meters: [{use: amdsmi}]"), RUN),
    ("apis", "ecologits", (f"{ENDPOINT}, estimate: {{provider: openai, model: gpt-4o}}", ""), RUN),
    ("cluster", "ray", PLAIN, (*RUN, "--cluster", "ray")),
    ("hf", "torch", ("engine: transformers, weights: {path: weights}", ""), RUN),
    ("hf", "peft", ("engine: transformers, weights: {path: weights}, adapter: adapter", ""), RUN),
    ("history", "duckdb", PLAIN, ("nightly", "suite.yaml", "--history", "nights")),
    ("inspect", "inspect_ai.analysis", PLAIN, ("runs", "import", "log.eval")),
    ("llamacpp", "xllamacpp", ("engine: endpoint, serve: {llamacpp: {weights: {path: weights}}}", ""), RUN),
    ("load", "mlperf_loadgen", (
        PLAIN[0], "measure: {scenario: load, load: {rates_per_s: [1], deadline_s: 9}}",
    ), RUN),
    ("router", "skops", ("engine: sklearn, model: m.skops", ""), RUN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("extra", "module", "suite", "words"), CASES, ids=[f"{extra}-{module}" for extra, module, *_ in CASES]
)
def test_the_extra_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    extra: str, module: str, suite: tuple[str, str], words: tuple[str, ...],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.startswith(f"{module}.")]:  # a test before may have loaded it
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    Path("suite.yaml").write_text(SUITE % suite)
    Path("tickets.csv").write_text("text,team\n" + "a,b\n" * 8)
    Path("rules.py").write_text("def answer(prompt):\n    return 'b'\n")
    write_log(tmp_path / "log.eval", [sample(1)])
    done = CliRunner().invoke(main, words)
    assert f"pip install 'wattbench[{extra}]'" in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert done.exit_code == (3 if words[0] == "nightly" else 2)  # of a night, 2 is: no verdict
    assert [*tmp_path.glob("runs/*"), *tmp_path.glob("nights/runs/*")] == []


@pytest.mark.slow
def test_drawing_the_documents_of_tasks_names_its_extra() -> None:
    folder = ROOT / "benchmarks" / "tasks"
    code = (
        "import runpy, sys; sys.modules['reasoning_gym'] = None; sys.path.insert(0, sys.argv[1]); "
        "runpy.run_path(sys.argv[1] + '/generate.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert done.stderr == (
        "generate: drawing documents anew needs an optional dependency. "
        "Install it with: pip install 'wattbench[tasks]'\n"
    )  # fmt: skip
    assert done.returncode == 2


def test_every_extra_is_tried() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {extra for extra, *_ in CASES} | {"tasks"} == set(extras)
