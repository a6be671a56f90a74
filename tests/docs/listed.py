"""Snippets that the tests of this folder do not run: the test that does, or why none can.

A snippet is named by its page and how its first line begins, a command by all its words.
"""

from __future__ import annotations

RUN_BY = {
    ("docs/adding-a-meter.md", ""): "e2e/test_plugins.py",
    ("docs/adding-a-metric.md", ""): "docs/test_adding_a_metric.py",
    ("docs/adding-a-router.md", ""): "e2e/test_plugins.py",
    ("docs/adding-a-system.md", "[build-system]"): "e2e/test_plugins.py",
    ("docs/adding-a-system.md", "import hashlib"): "e2e/test_plugins.py",
    ("docs/adding-a-system.md", "small:"): "e2e/test_plugins.py",
    ("docs/apis.md", ""): "e2e/test_apis.py",
    ("docs/gates.md", "(echo text,topic"): "e2e/test_gate_base.py",
    ("docs/gates.md", "# .github/workflows/"): "github/test_docs.py",
    ("docs/gates.md", "# .gitlab-ci.yml"): "github/test_docs.py",
    ("docs/judged-answers.md", "wattbench init"): "e2e/test_judged_answers.py",
    ("docs/many-machines.md", "#!/bin/sh"): "e2e/test_shards.py",
    ("docs/many-machines.md", "apiVersion"): "e2e/test_shards.py",
    ("docs/many-machines.md", "mkdir -p shards"): "e2e/test_shards.py",
    ("docs/many-machines.md", "wattbench run my-suite.yaml --slot "): "e2e/test_slots.py",
    ("docs/many-machines.md", "wattbench run my-suite.yaml --slots"): "e2e/test_slots.py",
    ("docs/nightly.md", "(echo text,topic"): "e2e/test_nightly_example.py",
    ("docs/pytest.md", "import pytest"): "wattbench/pytest_plugin/test_docs.py",
    ("docs/pytest.md", "judged = "): "wattbench/pytest_plugin/test_docs.py",
    ("docs/python.md", ""): "wattbench/api/test_docs.py",
    ("docs/routers.md", "def "): "wattbench/routers/test_docs.py",
    ("docs/running.md", "wattbench run SUITE --block"): "e2e/test_shards.py",
    ("docs/running.md", "wattbench run SUITE --wait"): "e2e/test_together.py",
    ("docs/start/gate.md", "git checkout"): "examples/test_projects.py",
    ("docs/start/gate.md", "printf "): "examples/test_projects.py",
    ("docs/start/run.md", "wattbench "): "examples/test_projects.py",
    ("docs/your-own-data.md", ""): "e2e/test_your_own_data.py",
    ("examples/an-agent/README.md", "wattbench run"): "e2e/test_mini_swe_agent.py",
    ("examples/api-or-local/README.md", "python server.py"): "examples/test_projects.py",
    ("examples/support-tickets/README.md", "wattbench dev tasks export"): "examples/test_projects.py",
}
"""Snippet to the test file, under tests/, that runs it. An empty beginning: all snippets of the page."""

SHOWN = {
    ("docs/architecture.md", "suite.yaml ─> plan"): "a drawing",
    ("docs/comparing-runs.md", "Run hybrid: it is"): "output",
    ("docs/import-export.md", "Data: 500 items"): "output",
    ("docs/nightly.md", "INCONCLUSIVE: The night of"): "output, which tests/e2e/test_nightly_example.py compares",
    ("docs/records.md", "runs/<UTC>-<suite>-<id>/"): "a listing",
    ("docs/rescoring.md", "Scores depend on how"): "output",
    ("docs/routing.md", "Worth building:"): "output",
    ("docs/running.md", "wattbench: waiting for process"): "output",
    ("docs/running.md", "  system   items"): "output",
    ("docs/running.md", "wattbench: nothing is merged"): "output",
    ("docs/start/decide.md", "Run hybrid: it is"): "output, which tests/examples compares",
    ("docs/start/gate.md", "REGRESSED: Keep"): "output",
    ("docs/start/run.md", "Run rules: it is"): "output, whose accuracies tests/examples compares",
    ("docs/start/run.md", "input: message"): "output, which tests/examples compares",
    ("docs/why/client.md", "request throughput "): "a formula",
    ("docs/why/money.md", "(prompt tokens - cached)"): "a formula",
    (
        "examples/an-agent/README.md",
        "Choose between",
    ): "output, whose accuracies tests/e2e/test_mini_swe_agent.py compares",
    ("examples/api-or-local/README.md", "Run api or rules"): "output, whose accuracies tests/examples compares",
    ("examples/support-tickets/README.md", "Measure about"): "output, whose accuracies tests/examples compares",
}
"""What is shown and is nothing to run."""

CHECKED = {
    ("docs/routers.md", "def choose(text, members)"): "a router",
    ("docs/routers.md", "def answer(prompt)"): "a system that leaves what it does not know",
    ("docs/nightly.md", "17 2 * * *"): "a line of cron",
    ("docs/nightly.md", "for host in"): "copies from three machines",
    ("docs/nightly.md", "run: "): "the reference of nights",
    ("docs/nightly.md", "-- joules per correct"): "queries",
    ("docs/records.md", "import pandas as pd"): "a run's table",
    ("docs/routing.md", "router,task,doc_id"): "routes",
}
"""What a test of tests/docs/test_snippets.py checks by itself, as far as it can be."""

NOT_RUN = {
    "wattbench view RUN": "serves a page until Ctrl-C; tests/e2e/test_view.py does, of a run of its own",
    "pre-commit install": "changes the checkout's hooks",
    "wattbench dev family build": "hours: trains the reference family",
    "wattbench gate --base main": "tests/e2e/test_gate_base.py runs it on a repository of its own",
    "wattbench gate --resume runs/<gate>": "tests/e2e/test_gate.py kills a gate and resumes it",
    "wattbench init tickets.csv --system rules.py:answer --system always=rules.py:commonest":
        "tests/examples/test_projects.py makes that suite and runs it",
    "wattbench run tickets.yaml --report report.html": "tests/examples/test_projects.py",
    "wattbench meter --upstream http://localhost:8000/v1 -- my-agent 'Fix the tests'":
        "tests/e2e/test_meter.py runs programs behind servers that are there",
    "wattbench nightly suites/nightly.yaml --history nights --commit v2.3..main":
        "needs a repository with both tags; tests/e2e/test_nightly.py makes up for nights at their commits",
    "wattbench suites plan gpu": "reads the YAML of every task that lm-eval ships, 6 to 30 seconds",
    "wattbench router fit suite.yaml": "tests/wattbench/api/routers/test_fit_router.py does, on a suite that is there",
    "wattbench route RUN --write routed": "tests/wattbench/api/routers/test_write_route.py does, on a made-up run",
    "wattbench run --resume RUN": "tests/e2e/test_resume.py kills a run and resumes it",
    "wattbench run --resume RUN --retry-failed": "tests/wattbench/scenarios/blocks/test_failed_requests.py",
    "wattbench run accuracy": "hours: the reference family",
    "wattbench run gpu --allow-unsafe-code --report report.html": "needs a GPU",
    "wattbench run gpu --limit 3 --allow-unsafe-code": "needs a GPU",
    "wattbench run nightly": "two hours: the reference family",
    "wattbench run quick": "minutes of real models; tests/e2e/test_quick.py runs it with fewer items",
    "wattbench gate gate --baseline generalist-tuned --candidate moe": "minutes of real models; tests/e2e/test_gate.py",
    "wattbench run mine.yaml --report report.html": "needs an adapter and a server; `plan` checks it",
    "wattbench run suite.yaml --cluster ray": "starts a cluster; tests/e2e/test_cluster.py",
    "wattbench run suite.yaml --cluster head.example.org:6379": "needs a cluster; python -m benchmarks.cluster_kills",
    "wattbench run suite.yaml --cluster ray://head.example.org:10001 --gpus-per-slot 2": "needs a cluster with GPUs",
    "wattbench run routed/suite.yaml": "`route --write` makes it: tests/wattbench/api/routers/test_write_route.py",
    "wattbench runs import jobs/2026-09-21/": "made by Harbor: tests/wattbench/importers/test_agents.py",
    "wattbench runs import results/ --out runs": "made by lm-eval itself: tests/wattbench/importers",
}  # fmt: skip
"""Commands of which only the words are checked: that command and options exist, and take such values."""
