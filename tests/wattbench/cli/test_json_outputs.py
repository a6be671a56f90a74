"""`--json`: what each command prints is one object of its schema, and says what its text says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from tests.docs.world import World
from tests.made_up.large_run import SYSTEMS, make_run
from wattbench.api.outputs import OUTPUTS, output_schema
from wattbench.cli import command_at, every_command, main

ELSEWHERE = {
    "dev calibrate": "minutes",
    "dev family build": "hours",
    "init": "tests/wattbench/cli/test_init.py",
    "label": "tests/wattbench/cli/test_label.py",
    "meter": "tests/e2e/test_meter.py",
    "router fit": "tests/wattbench/api/routers/test_fit_router.py",
}
TEXT_ALONE = {"dev schema", "dev completion", "runs view"}
"""What prints JSON or a script anyway, or has a test of its own."""
COMMANDS = (
    "decide ONE",
    "decide ONE TWO",
    "decide answers.csv --map model=system",
    "run suite.yaml --energy off --limit 6 --out new",
    "runs list runs",
    "runs compare ONE",
    "runs compare ONE TWO",
    "runs items ONE --wrong",
    "runs verify WHOLE",
    "runs rescore ANSWERED --strip --out rescored",
    "runs report ONE -o page.html",
    "runs export ONE --to csv -o systems.csv",
    "runs import answers.csv --map model=system --out imported",
    "runs import result.json --from vllm --out imported",
    "runs history nights",
    "runs history nights --system generalist --metric accuracy",
    "runs history nights --prune --dry-run",
    "suites list",
    "suites plan suite.yaml",
    "route ONE",
    "gate OLD NEW --no-github",
    "nightly --history nights --no-github",
    "dev doctor",
    "dev tasks export suite.yaml -o exported",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("world")
        patch.setenv("WATTBENCH_CACHE", str(folder / "cache"))
        patch.setenv("WATTBENCH_LOCKS", str(folder / "locks"))
        patch.setattr("os.fsync", lambda _: None)
        world = World(folder)
        patch.chdir(folder)
        (folder / "whole").mkdir()
        make_run(folder / "whole", 40, SYSTEMS[:2])
        yield world


def called(world: World, words: str) -> Result:
    gate = world.filled("", "gate", ["runs/<a>", "runs/<b>"])
    there = {
        "ONE": world.names["RUN"],
        "TWO": world.names["runs/<b>"],
        "OLD": gate[0],
        "NEW": gate[1],
        "ANSWERED": world.filled("", "runs rescore", ["runs/<run>"])[0],
        "WHOLE": world.folder / "whole",
    }
    return CliRunner().invoke(main, [str(there.get(word, word)) for word in words.split()])


def name_of(words: str) -> str:
    return next(name for name, _ in every_command() if words == name or words.startswith(f"{name} "))


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS)
def test_what_a_command_prints_is_one_object_of_its_schema(world: World, words: str) -> None:
    done = called(world, f"{words} --json")
    assert done.exit_code in (0, 1, 2, 3), done.output
    assert "Traceback" not in done.output
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    jsonschema.validate(document, output_schema(name_of(words)))
    assert document.keys() <= properties(name_of(words))


def properties(name: str) -> set[str]:
    """Return all keys that an object of a schema may have, so that one which is open does not hide a misspelt key."""
    schema = output_schema(name)
    defined = schema.get("$defs", {})
    kinds = [schema, *(defined[each["$ref"].rpartition("/")[2]] for each in schema.get("anyOf", ()))]
    return {key for each in kinds for key in each.get("properties", {})}


def test_every_command_that_prints_text_takes_it() -> None:
    takes = {name for name, each in every_command() if any("--json" in option.opts for option in each.params)}
    assert {name for name, _ in every_command()} - takes <= TEXT_ALONE
    assert OUTPUTS.keys() <= takes
    assert takes - OUTPUTS.keys() <= TEXT_ALONE
    tested = {name_of(words) for words in COMMANDS} | ELSEWHERE.keys()
    assert OUTPUTS.keys() - {"runs merge"} <= tested, "runs merge prints what run prints"


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_schema_is_one_and_refuses_another_object(name: str) -> None:
    done = CliRunner().invoke(main, ["dev", "schema", "--of", name])
    assert done.exit_code == 0, done.output
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"nothing": 1}, schema)


def test_a_schema_of_nothing_is_refused() -> None:
    done = CliRunner().invoke(main, ["dev", "schema", "--of", "runs compaer"])
    assert (done.exit_code, "did you mean 'runs compare'?" in done.stderr) == (2, True)
    assert CliRunner().invoke(main, ["dev", "schema", "--of", "run", "--records"]).exit_code == 2


@pytest.mark.parametrize(
    "words", ["runs compare nowhere", "runs verify nowhere", "suites plan nowhere.yaml", "runs list x"]
)
def test_an_error_is_said_on_standard_error(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, [*words.split(), "--json"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("wattbench: ")


@pytest.mark.slow
def test_the_text_says_what_the_object_says(world: World) -> None:
    def document(words: str) -> Any:
        return json.loads(called(world, f"{words} --json").stdout)

    compared = document("runs compare ONE")
    assert compared["decision"]["advice"] in " ".join(called(world, "runs compare ONE").stdout.split())
    assert compared == json.loads(called(world, "runs compare ONE --format json").stdout)
    gate = document("gate OLD NEW --no-github")
    text = called(world, "gate OLD NEW --no-github")
    assert text.stdout.startswith(f"{gate['verdict'].replace('_', ' ').upper()}: ")
    assert gate["exit_code"] == text.exit_code
    verified = document("runs verify WHOLE")
    assert f"checked: {'; '.join(verified['checked'])}" in called(world, "runs verify WHOLE").stdout
    read = document("runs items ONE --wrong")
    assert [each["system"] for each in read["systems"]]
    for each in read["systems"]:
        assert f"{each['wrong']:,} of" in called(world, "runs items ONE --wrong").stdout
    ended = document("run suite.yaml --energy off --limit 6 --out ended")
    assert Path(ended["run"]).is_dir()
    again = json.loads(CliRunner().invoke(main, ["runs", "compare", ended["run"], "--json"]).stdout)
    assert ended["compared"] == again


@pytest.mark.slow
def test_a_damaged_run_is_an_object_and_an_error(world: World) -> None:
    root = Path(json.loads(called(world, "run suite.yaml --energy off --limit 6 --out damaged --json").stdout)["run"])
    (root / "systems.jsonl").write_text((root / "systems.jsonl").read_text() + " ")
    done = CliRunner().invoke(main, ["runs", "verify", str(root), "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["ok"] is False
    assert "damaged, or changed since it was written" in done.stderr


@pytest.mark.slow
def test_a_verdict_is_printed_or_written_to_a_file(world: World) -> None:
    verdict = json.loads(called(world, "gate OLD NEW --no-github --json").stdout)
    written = called(world, "gate OLD NEW --no-github --json verdict.json")
    assert json.loads((world.folder / "verdict.json").read_text())["verdict"] == verdict["verdict"]
    assert "{" not in written.stdout
    again = called(world, "gate --no-github --json verdict.json OLD NEW")
    assert "{" not in again.stdout, "a verdict is replaced"
    first = called(world, "gate --no-github --json OLD NEW")
    assert json.loads(first.stdout)["verdict"] == verdict["verdict"], "a run is no file to replace"
    suite = (world.folder / "suite.yaml").read_text()
    assert called(world, "gate --json suite.yaml --baseline a --candidate b --no-github").exit_code == 3
    assert (world.folder / "suite.yaml").read_text() == suite
    benches = (world.folder / "old.json").read_text()
    assert json.loads(called(world, "gate --no-github --json old.json new.json").stdout)["metrics"] is not None
    assert (world.folder / "old.json").read_text() == benches


def test_the_options_of_commands_that_write_verdicts_stay() -> None:
    for name in ("gate", "nightly"):
        (option,) = (each for each in command_at(name).params if "--json" in each.opts)
        assert option.metavar == "[FILE]"
