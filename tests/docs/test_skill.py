"""SKILL.md: the format of Agent Skills, its length, that it ships, and that what it says of JSON is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from click.testing import CliRunner
from hatchling.builders.sdist import SdistBuilder

from tests.made_up.runs import write_run
from tests.made_up.standard_runs import recorded
from wattbench.cli import main

ROOT = Path(__file__).parents[2]
_, HEAD, TEXT = (ROOT / "SKILL.md").read_text("utf-8").split("---\n", 2)


def test_the_front_matter_is_that_of_a_skill() -> None:
    head = yaml.safe_load(HEAD)
    assert head.keys() <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", head["name"])
    assert len(head["name"]) <= 64
    assert 0 < len(head["description"]) <= 1024
    assert len((HEAD + TEXT).split()) <= 700


def test_it_ships_with_the_source() -> None:
    files = {each.distribution_path for each in SdistBuilder(str(ROOT)).recurse_included_files()}
    assert {"SKILL.md", "examples/answers.csv"} <= files


def test_the_keys_that_it_names_are_in_the_answer(tmp_path: Path) -> None:
    run = write_run(tmp_path, recorded("a"))
    done = CliRunner().invoke(main, ["compare", str(run), "--format", "json", "--min-accuracy", "0.5"])
    answer = json.loads(done.stdout)
    for name in re.findall(r"^- `([a-z_]+)`:", TEXT, re.MULTILINE):
        assert name in answer["decision"], name
    assert answer["decision"]["systems"][0]["qualifies"] in ("yes", "no", "open")
    assert {"items_to_decide"} <= answer["decision"].keys()
    assert {"data", "caveats"} <= answer.keys()
