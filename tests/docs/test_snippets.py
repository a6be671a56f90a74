"""Every command and snippet of the docs works: it is run, checked as far as it can be, or listed with the reason."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import click.testing
import pandas as pd
import pytest
import yaml
from pydantic import TypeAdapter

import wattbench
from tests.docs.listed import CHECKED, NOT_RUN, RUN_BY, SHOWN
from tests.docs.snippets import (
    ROOT,
    Snippet,
    inline_commands,
    pages,
    snippets,
    snippets_of,
    variants,
    wattbench_arguments,
)
from tests.docs.world import World
from wattbench.cli import command_at, every_command, main
from wattbench.cli._tree import OLD_NAMES, SHORT_NAMES
from wattbench.config import Suite
from wattbench.config.arms import without_grids
from wattbench.config.systems.system import System
from wattbench.config.yamlfile import yaml_file
from wattbench_reports.history.loader import KEYS as REFERENCE_KEYS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SUITE: dict[str, Any] = {
    "name": "base",
    "tasks": {"select": [{"task": "t", "domain": "d"}]},
    "systems": {"define": {"s": {"kind": "specialist", "engine": "python", "call": "m:f"}}},
}
ENGINES: list[dict[str, Any]] = [
    {"engine": "python", "call": "m:f"},
    {"engine": "agent", "asks": "s", "command": "c"},
    {"engine": "sklearn", "model": "m.skops"},
    {"engine": "endpoint", "base_url": "http://localhost:8000/v1"},
    {"engine": "transformers", "weights": {"path": "m"}},
    {"engine": "moe", "weights": {"path": "m"}, "experts": {"a": "b"}, "router": "r.safetensors", "top_k": 1},
    {
        "kind": "hybrid", "engine": "hybrid", "fallback": "rest", "router": {"type": "random"},
        "members": {"arithmetic": "a", "text": "t", "rest": "r", "large": "l"},
    },
]  # fmt: skip
"""The least that a system of each engine has: a fragment of a system replaces keys of one of them."""
REPOSITORY = r"git\+https://github\.com/OWNER/wattbench"
MEASURING = {"dev calibrate", "dev family build", "init", "nightly", "run"}
"""Commands that take minutes, or write what is asked for: no snippet runs them here."""
VERDICT = re.compile(r"^(PASS|IMPROVED|REGRESSED|INCONCLUSIVE|NOT COMPARABLE|NOT MEASURED): ", re.MULTILINE)


def listed(snippet: Snippet, entries: Any) -> Any:
    """Return a list's entry of a snippet, if it has one."""
    for (page, start), value in entries.items():
        if page == snippet.page and snippet.first.startswith(start):
            return value
    return None


def names(found: tuple[Snippet, ...] | list[Snippet]) -> list[str]:
    return [str(each) for each in found]


def own() -> list[Snippet]:
    """Return the snippets that no other test runs."""
    return [each for each in snippets() if listed(each, RUN_BY) is None]


COMMANDS = [each for each in own() if each.holds_commands and listed(each, CHECKED) is None]
FRAGMENTS = [each for each in own() if each.language == "yaml" and listed(each, CHECKED) is None]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("world")
        patch.setenv("WATTBENCH_CACHE", str(folder / "cache"))
        patch.setattr("os.fsync", lambda _: None)  # what is made up need not survive a power cut
        patch.setattr("webbrowser.open", lambda *_: True)
        world = World(folder)
        patch.chdir(folder)
        yield world


def invoke(words: list[str]) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, words)


NAMES = [name for name, _ in every_command()]


def command_of(words: list[str]) -> str:
    """Return the name of the command that words begin with, as it is now."""
    new = (OLD_NAMES | SHORT_NAMES).get(words[0], words[0])
    text = " ".join([new, *words[1:]])
    found = [name for name in NAMES if text == name or text.startswith(f"{name} ")]
    assert found, f"there is no command {text!r}"
    return found[0]


def check_words(arguments: str) -> None:
    """Fail if a command or one of its options does not exist. The rest of its words may be open."""
    words = shlex.split(arguments, comments=True)
    options = {
        name for each in command_at(command_of(words)).params if isinstance(each, click.Option) for name in each.opts
    }
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert given - options - {"-h", "--help"} == set(), arguments


# Which snippets there are.


@pytest.mark.parametrize("snippet", snippets(), ids=names(snippets()))
def test_something_runs_every_snippet(snippet: Snippet) -> None:
    own_tests = snippet in COMMANDS or snippet in FRAGMENTS or listed(snippet, CHECKED) is not None
    assert own_tests or listed(snippet, RUN_BY) or listed(snippet, SHOWN), (
        f"{snippet}: nothing runs it ({snippet.first!r}): see tests/docs/listed.py"
    )


def test_a_snippet_that_is_new_and_not_listed_fails() -> None:
    [new] = snippets_of("docs/gates.md", "# A\n\n```python\nprint(1)\n```\n")
    with pytest.raises(AssertionError, match="nothing runs it"):
        test_something_runs_every_snippet(new)


def test_the_lists_name_what_is_there() -> None:
    for entries in (RUN_BY, SHOWN, CHECKED):
        for page, start in entries:
            assert any(each.page == page and each.first.startswith(start) for each in snippets()), (page, start)
    commands = {shlex.join(shlex.split(line, comments=True)) for each in COMMANDS for line in each.commands()}
    assert [line for line in NOT_RUN if shlex.join(shlex.split(line)) not in commands] == []


@pytest.mark.parametrize("page", sorted({page for page, _ in RUN_BY}))
def test_what_another_test_runs_it_reads_from_the_page(page: str) -> None:
    for test in {test for (one, _), test in RUN_BY.items() if one == page}:
        assert Path(page).stem in (ROOT / "tests" / test).read_text()


# Commands.


@pytest.mark.slow
@pytest.mark.parametrize("snippet", COMMANDS, ids=names(COMMANDS))
def test_commands_run(snippet: Snippet, world: World) -> None:
    for line in snippet.commands():
        for part in line.split(" && "):
            words = shlex.split(part, comments=True)
            if shlex.join(words) in {shlex.join(shlex.split(each)) for each in NOT_RUN}:
                check_words(shlex.join(words[1:])) if words[0] == "wattbench" else None
            elif words[0] == "wattbench":
                run_wattbench(world, snippet, words[1:])
            else:
                CHECKS[words[0]](words[1:])


def run_wattbench(world: World, snippet: Snippet, words: list[str]) -> None:
    assert command_of(words) not in MEASURING, (
        f"wattbench {shlex.join(words)}: say in tests/docs/listed.py which test runs it"
    )
    done = invoke(world.filled(snippet.page, command_of(words), words))
    if words[0] == "gate":
        assert done.exit_code in (0, 1, 2), done.output
        assert VERDICT.search(done.stdout), done.output
    else:
        assert done.exit_code == 0, f"{snippet}: wattbench {shlex.join(words)}\n{done.output}"


READING = [
    (name, example)
    for name, command in every_command()
    if name.startswith(("runs ", "suites ", "dev schema", "dev tasks", "dev completion"))
    and name not in ("runs merge", "runs view")
    for example in getattr(command, "examples", ())
    if "--signers" not in example and "eval " not in example
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "example"), READING, ids=[example for _, example in READING])
def test_examples_of_help_run(name: str, example: str, world: World) -> None:
    words = shlex.split(example.partition(" > ")[0])[1 + len(name.split()) :]
    there = {"runs": "RUN", "runs/first": "runs/<a>", "runs/second": "runs/<b>"}
    if name == "runs rescore":
        there["runs"] = "runs/<run>"
    if name == "runs list":
        there = {"archive": "runs"}
    filled = world.filled("", name, [there.get(word, word) for word in words])
    done = invoke([*name.split(), *filled])
    assert done.exit_code == 0, done.output


def check_pip(words: list[str], installed: bool = False) -> None:
    """Check that wattbench is installed from a checkout or a repository, with extras that it has.

    Where it is installed already, its name alone adds an extra.
    """
    assert words[0] == "install"
    for word in words[1:]:
        if word.startswith(("wattbench", ".")):
            named = re.fullmatch(rf"(?:wattbench|\.)(?:\[([a-z,]+)\])?(?: @ {REPOSITORY})?", word)
            assert named, word
            assert installed or "@ git+" in word or word.startswith("."), f"{word}: no index has it yet"
            assert set((named[1] or "").split(",")) - {""} <= PROJECT["optional-dependencies"].keys()


def check_tox(words: list[str]) -> None:
    sections = re.findall(r"^\[testenv:(?:\{(\S+)\})?(\S+)\]$", (ROOT / "tox.ini").read_text(), re.M)
    if words[:1] == ["-e"]:
        assert words[1] in {f"{prefix}{name}" for prefixes, name in sections for prefix in prefixes.split(",")}
    for path in words[3:] if words[2:3] == ["--"] else []:
        assert not path.startswith("tests/") or (ROOT / path).exists(), path


def check_pytest(words: list[str]) -> None:
    path = words[0]
    assert (ROOT / path).exists() or path == "benches", path  # `benches` is the reader's own


def check_python(words: list[str]) -> None:
    assert (ROOT / words[0]).exists(), words


def check_docker(words: list[str]) -> None:
    """Check that its arguments are the Dockerfile's, and that it runs commands of wattbench."""
    arguments = set(re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    given = dict(words[place + 1].split("=", 1) for place, word in enumerate(words) if word == "--build-arg")
    assert given.keys() <= arguments
    assert set(given.get("EXTRAS", "").split(",")) - {""} <= PROJECT["optional-dependencies"].keys()
    image = next(place for place, word in enumerate(words) if re.fullmatch(r"wattbench(:\w+)?", word))
    if words[0] == "run":
        check_words(shlex.join(words[image + 1 :]))


CHECKS = {
    "docker": check_docker,
    "pip": check_pip,
    "tox": check_tox,
    "pytest": check_pytest,
    "python": check_python,
    "zensical": lambda _: None,
}


@pytest.mark.parametrize("page", pages())
def test_every_command_that_is_named_exists_with_its_options(page: str) -> None:
    """In prose, in workflows, in scripts: wherever a page writes `wattbench ...`."""
    texts = [each.text for each in snippets() if each.page == page and (each.holds_commands or each.language == "yaml")]
    for arguments in [*inline_commands(page), *(found for text in texts for found in wattbench_arguments(text))]:
        check_words(arguments.split(" 2>")[0].split(" >")[0])


@pytest.mark.parametrize("page", pages())
def test_no_page_has_an_old_name_of_a_command(page: str) -> None:
    texts = [each.text for each in snippets() if each.page == page]
    called = [*inline_commands(page), *(found for text in texts for found in wattbench_arguments(text))]
    assert [arguments for arguments in called if arguments.split()[:1] and arguments.split()[0] in OLD_NAMES] == []


@pytest.mark.parametrize("page", pages())
def test_what_pip_installs_is_there(page: str) -> None:
    text = "\n".join(each.text for each in snippets() if each.page == page)
    for line in re.findall(r"^ *(?:- )?pip (install .*)$", text, re.MULTILINE):
        check_pip(shlex.split(line.partition(" && ")[0], comments=True))
    for line in inline_commands(page, "pip install"):
        check_pip(["install", *shlex.split(line)], installed=True)


@pytest.mark.slow
def test_the_repository_of_the_readme_is_one_that_pip_installs(tmp_path: Path) -> None:
    """It is here this checkout's own; that a checkout installs is for tests/e2e/test_wheel.py."""
    repository = shlex.split(only("README.md", "pip install 'wattbench @"))
    here = re.sub(REPOSITORY, f"git+file://localhost{ROOT}", repository[2])
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    there = tmp_path / "there"
    subprocess.run([*pip, "--no-compile", "--target", there, here], check=True, timeout=120)
    assert (there / "wattbench" / "_benchmarks" / "suites" / "quick.yaml").is_file()
    assert (there / "bin" / "wattbench").is_file()


# YAML.


@pytest.mark.parametrize("snippet", FRAGMENTS, ids=names(FRAGMENTS))
def test_yaml_is_of_a_suite(snippet: Snippet) -> None:
    text = snippet.text.replace("b179...", "b1" * 32).replace("{...}", "{path: m.gguf}")
    for fragment in variants(text):
        check_fragment(fragment)


def check_fragment(fragment: dict[str, Any]) -> None:
    """Check a whole suite, keys of a suite, systems by name, or keys of a system."""
    if fragment.keys() <= Suite.model_fields.keys():
        check_suite(SUITE | fragment)
        return
    if all(isinstance(each, dict) and "engine" in each for each in fragment.values()):
        check_suite(SUITE | {"systems": {"define": fragment}})
        return
    problems = []
    for least in ENGINES:
        try:
            TypeAdapter(System).validate_python({"kind": "specialist"} | least | fragment)
        except ValueError as error:
            problems.append(str(error))
        else:
            return
    pytest.fail("no engine takes it:\n" + "\n".join(problems))


def check_suite(suite: dict[str, Any]) -> None:
    """Check a suite with the systems of its grids in place of the grids, as the loader does."""
    file = yaml_file(Path("suite.yaml"), yaml.safe_dump(suite, sort_keys=False).encode())
    Suite.model_validate(without_grids(file, ("systems", "define")).data)


@pytest.mark.parametrize(
    "fragment",
    [
        {"measure": {"idle": 3}},
        {"price": {"input_per_million": 1, "curency": "EUR"}},
        {"router": {"type": "classifier", "modl": "m.npz"}},
        {"one": {"kind": "specialist", "engine": "python", "cal": "m:f"}},
        {"one": {"kind": "specialist", "engine": "python", "call": "m:f", "grid": {"promt.chat": [True]}}},
    ],
)
def test_a_key_that_is_none_fails(fragment: dict[str, Any]) -> None:
    with pytest.raises((ValueError, pytest.fail.Exception)):
        check_fragment(fragment)


def test_alternatives_of_a_key_are_all_checked() -> None:
    assert variants("a: 1\nb: {c: 2}\na: 3\n") == [{"a": 1, "b": {"c": 2}}, {"a": 3, "b": {"c": 2}}]
    assert variants("a:\n  b: 1\n  b: [2]\n") == [{"a": {"b": 1}}, {"a": {"b": [2]}}]


# What is particular to one page.


def only(page: str, start: str) -> str:
    [found] = [each.text for each in snippets() if each.page == page and each.first.startswith(start)]
    return found


def test_the_reference_of_nights_has_its_keys() -> None:
    assert yaml.safe_load(only("docs/nightly.md", "run: ")).keys() == set(REFERENCE_KEYS)


@pytest.mark.slow
def test_the_query_of_a_history_runs(world: World) -> None:
    history = wattbench.history(world.folder / "nights")
    assert not history.sql(only("docs/nightly.md", "-- joules per correct")).empty


def test_the_frame_of_a_run_is_read_without_wattbench(world: World) -> None:
    text = only("docs/records.md", "import pandas as pd")
    assert "runs/<run>" in text
    defined: dict[str, Any] = {}
    exec(text.replace("runs/<run>", str(world.names["RUN"])), defined)
    assert isinstance(defined["items"], pd.DataFrame)


def test_the_routes_of_another_router_are_judged(world: World) -> None:
    from tests.made_up.runs import FakeRun, FakeSystem, write_run

    systems = tuple(FakeSystem(name, accuracy=0.5) for name in ("specialist-arithmetic", "distilled", "generalist"))
    run = write_run(world.folder / "routed-runs", FakeRun(systems, (("chain_sum", "arithmetic"),), items=2))
    (world.folder / "routes.csv").write_text(only("docs/routing.md", "router,task,doc_id"))
    done = invoke(["route", str(run), "--routes", str(world.folder / "routes.csv")])
    assert done.exit_code == 0, done.output
    assert "mine" in done.stdout


def test_the_functions_of_the_page_on_routers_choose_and_abstain() -> None:
    defined: dict[str, Any] = {}
    for start in ("def choose(text, members)", "def answer(prompt)"):
        exec(only("docs/routers.md", start), defined)
    members = ["small", "large"]
    assert [defined["choose"]("a" * length, members) for length in (10, 500)] == members
    assert (defined["answer"]("an invoice"), defined["answer"]("hello")) == ("Billing", None)


def test_the_line_of_cron_and_the_loop_over_machines_are_for_a_shell() -> None:
    assert only("docs/nightly.md", "17 2 * * *").startswith("17 2 * * *  cd ")
    assert only("docs/nightly.md", "for host in").rstrip().endswith("done")
