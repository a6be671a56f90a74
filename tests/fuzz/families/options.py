"""Texts in options of the command line, and in arguments of the Python API."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.fuzz.targets import Target, of_text
from tests.made_up.whole_run import write_whole_run
from wattbench.cli import main
from wattbench.cli._options import names
from wattbench.cli.records import pairs
from wattbench.cli.rescore import _metrics
from wattbench.records.answer_forms import ALL_FORMS, answer_in, target_in, targets_of
from wattbench.records.schema.carbon import Carbon as CarbonSettings
from wattbench.records.schema.decide import Decide
from wattbench.records.schema.workload import Workload as WorkloadSettings
from wattbench.redaction import hide_command
from wattbench.scenarios.interleaved.planted_faults import Plant
from wattbench.tasks.bounded_pattern import compiled
from wattbench_reports.metrics.carbon.overrides import CarbonChoice, carbon
from wattbench_reports.metrics.decision_settings import DecisionChoice, decision_settings, parsed_bound, parsed_seconds
from wattbench_reports.metrics.impacts.settings import impacts_of_suite
from wattbench_reports.metrics.money.prices import prices_of
from wattbench_reports.metrics.workload import WorkloadChoice, workload
from wattbench_reports.tables.suite_record import SuiteRecord

DOMAINS = ("arithmetic", "text")
SYSTEMS = ("big", "small")

RUN = "run"
COMMANDS = (
    ("runs", "compare", RUN),
    ("runs", "compare", RUN, "--mix", "arithmetic=3,text=1"),
    ("runs", "compare", RUN, "--requests", "1e6", "--price", "0.3", "--currency", "EUR"),
    ("runs", "compare", RUN, "--min-accuracy", "80%", "--max-p95", "300ms", "--max-joules", "5", "--worth-right", "1"),
    ("runs", "compare", RUN, "--system-price", "big:input_per_million=1,currency=USD", "--minimise", "money"),
    ("runs", "compare", RUN, "--region", "FRA", "--pue", "1.2", "--embodied", "none"),
    ("runs", "compare", RUN, "--region", "FRA", "--impacts", "ecologits"),
    ("runs", "compare", RUN, "--sessions", "sessions.json", "--cluster", "task"),
    ("runs", "export", RUN, "--to", "csv", "--what", "items"),
    ("runs", "items", RUN, "--wrong", "--system", "big", "--task", "add", "--limit", "2"),
    ("runs", "verify", RUN),
    ("runs", "history", "folder", "--sql", "SELECT 1"),
    ("suites", "plan", "quick", "--systems", "generalist", "--limit", "3"),
    ("gate", RUN, "--baseline", "big", "--candidate", "small"),
    ("runs", "import", "table.csv", "--map", "model=system", "--name", "x"),
    ("route", RUN, "--members", "big,small", "--requests-per-hour", "10"),
    (
        "dev",
        "schema",
    ),
)


_LOOKING = {words[:2] for words in COMMANDS}


def _decision(text: str) -> Any:
    return decision_settings(Decide(), DecisionChoice(min_accuracy=text), DOMAINS)


def _p95(text: str) -> Any:
    return decision_settings(Decide(), DecisionChoice(max_p95_s=parsed_seconds(text)), DOMAINS)


def _bounds(text: str) -> Any:
    bound = parsed_bound(text)
    choice = DecisionChoice(
        max_joules_per_request=bound, max_memory_gib=bound, worth_right=bound, carbon_price_per_tonne=bound
    )
    return decision_settings(Decide(), choice, DOMAINS)


def _prices(text: str) -> Any:
    suite = SuiteRecord.of({"suite": {"name": "s"}, "systems": {name: {} for name in SYSTEMS}}, "run", "run.json")
    return prices_of(suite, SYSTEMS, [text])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _answer(text: str) -> Any:
    return [(answer_in(text, (form,)), target_in(text, (form,)), targets_of(text)) for form in ALL_FORMS]


def _commands(folder: Path) -> Sequence[bytes]:
    write_whole_run(folder).rename(folder / RUN)
    (folder / "table.csv").write_text("model,task,output,correct\na,t,o,1\nb,t,o,0\n")  # of no item: nothing is written
    return ["\n".join(words).encode() for words in COMMANDS]


def _command(path: Path) -> None:
    """Run the command whose words are the lines of a file, next to a run."""
    text = path.read_bytes().replace(b"\0", b"").decode("utf-8", "surrogateescape")  # no word of a process has a NUL
    words = text.split("\n")
    if tuple(words[:2]) not in _LOOKING:
        return  # a text that was spliced from others may name a command that asks a system
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        result = CliRunner().invoke(main, words, catch_exceptions=False)
    finally:
        os.chdir(before)
    print(result.stderr)  # noqa: T201 - the property looks at what is printed
    assert result.exit_code in (0, 1, 2, 3), result.exit_code


TARGETS = (
    of_text(
        "mix",
        lambda text: workload(WorkloadSettings(), DOMAINS, WorkloadChoice(mix=text)),
        "arithmetic=3,text=1",
        "items",
    ),
    of_text("currency", lambda text: workload(WorkloadSettings(), DOMAINS, WorkloadChoice(currency=text)), "EUR"),
    of_text(
        "requests",
        lambda text: workload(WorkloadSettings(), DOMAINS, WorkloadChoice(None, _number(text), _number(text))),
        "1e6",
        "0.3",
    ),
    of_text("min-accuracy", _decision, "0.8", "80%", "0.8,arithmetic=90%", "none"),
    of_text("max-p95", _p95, "0.3s", "300ms", "none"),
    of_text("bounds", _bounds, "0.3", "none", "1e3"),
    of_text(
        "minimise",
        lambda text: decision_settings(Decide(), DecisionChoice(minimise=text)),
        "joules",
        "money",
    ),
    of_text(
        "system-price",
        _prices,
        "big:input_per_million=0.15,output_per_million=0.6,currency=USD",
        "small:per_request=1,currency=EUR,source=a, b",
    ),
    of_text("region", lambda text: carbon(CarbonChoice(region=text)), "FRA", "DEU"),
    of_text("pue", lambda text: carbon(CarbonChoice(region="FRA", pue=_number(text))), "1.2"),
    of_text(
        "impacts",
        lambda text: impacts_of_suite(None, CarbonSettings(region="FRA"), text),
        "ecologits",
        "none",
        "{site: {wue_l_per_kwh: 0.3, source: a report, year: 2025}}",
        "{electricity: [{adpe_kg_sb_per_kwh: 5e-8, source: a, year: 2024}, {use: ecologits, zone: WOR}]}",
    ),
    of_text("plant", lambda text: Plant.parse(text.split(" ")), "delay=20%", "drop@sums=10% work=5%", "gain@sums=5%"),
    of_text("map", lambda text: pairs((text,)), "model=system"),
    of_text("metric", lambda text: _metrics((text,)), "sums=exact_match"),
    of_text("names", lambda text: names(None, None, text), "a,b , c"),  # type: ignore[arg-type]
    of_text("regex", compiled, r"(-?[0-9.,]+)", r"(?P<a>x+)|y{2,5}", r"\bA\b"),
    of_text("answer", _answer, "The answer is 42.", '["a", "b"]', "'x'"),
    of_text(
        "words",
        lambda text: hide_command(text.split(" ")),
        "wattbench run --api-key x http://u:p@h/?token=1",
        "curl -u a:b",
    ),
    Target("command-line", "text", _commands, _command, "words.txt", named=False, weight=0.05),
)
