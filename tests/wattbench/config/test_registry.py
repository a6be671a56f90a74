"""Names to classes: what is listed, what is imported and when, and how what cannot be used is said."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up.suites import suite_of
from wattbench.config import ENGINES, METERS, ROUTERS, Registry, Suite, resolved_from_record
from wattbench.config.systems import engine_hints
from wattbench.errors import UserError

ROOT = Path(__file__).parents[3]
ENGINE = '''
from pathlib import Path
from wattbench.config import RelativePath, SystemBase
from wattbench.systems import Engine, Facts

class Settings(SystemBase):
    """Of an engine."""
    bricks: int
    plan: RelativePath = Path("plan.txt")

class BrickEngine(Engine):
    Settings = Settings
    @classmethod
    def check(cls, name, config): ...
    @classmethod
    def open(cls, name, config, *, batch, seed): return cls()
    def answer(self, request_type, requests): return []
    def facts(self): return Facts()

class Unfinished(Engine):
    Settings = Settings
    @classmethod
    def check(cls, name, config): ...

class Foreign:
    Settings = Settings

class Bare(Engine): ...

class Rude(SystemBase):
    @classmethod
    def model_validate(cls, *_, **__): raise KeyError("rude")

class RudeEngine(BrickEngine):
    Settings = Rude
'''
ROUTER = """
from wattbench.config import RouterBase
from wattbench.routers import Choice, Chooser

class Settings(RouterBase):
    first: str
    min_score: float = 0.0
    def labels(self): return {"first": [self.first]}

class FirstRouter(Chooser):
    Settings = Settings
    @classmethod
    def open(cls, config, setup): return cls(setup)
    def choose(self, questions): return [Choice(None) for _ in questions]
"""
SUITE = """name: demo
tasks: {select: [{task: sums, domain: arithmetic}]}
systems:
  include: [catalogue.yaml]
  select: [wall]
"""
CATALOGUE = """systems:
  wall: {kind: specialist, engine: brick, bricks: 3}
  other: {kind: specialist, engine: uninstalled, stones: 3}
"""


Install = Callable[..., None]


@pytest.fixture
def bricks(install: Install) -> None:
    """An engine and a router of another distribution, and some classes that cannot be used."""
    install(
        "wattbench-bricks",
        "[wattbench.systems]\nbrick = bricks:BrickEngine\nunfinished = bricks:Unfinished\nforeign = bricks:Foreign\n"
        "bare = bricks:Bare\nrude = bricks:RudeEngine\nabsent = bricks:Absent\nraises = raises:Engine\n"
        "exits = exits:Engine\npython = bricks:BrickEngine\n[wattbench.routers]\nfirst = first:FirstRouter\n",
        bricks=ENGINE,
        first=ROUTER,
        raises="raise RuntimeError('no licence')",
        exits="raise SystemExit(3)",
    )


@pytest.fixture
def load(tmp_path: Path):
    def read(catalogue: str = CATALOGUE, suite: str = SUITE):
        (tmp_path / "catalogue.yaml").write_text(catalogue)
        return suite_of(suite, tmp_path)

    return read


@pytest.mark.parametrize("registry", [METERS, ENGINES, ROUTERS], ids=lambda registry: registry.noun)
def test_wattbenchs_own_are_entry_points_too_and_have_their_settings(registry: Registry) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"][registry.group] == registry.built_in
    assert (ROOT / registry.page).is_file()


@pytest.mark.parametrize("name", METERS.built_in)
def test_a_meter_of_wattbenchs_own_brings_its_settings(name: str) -> None:
    assert METERS.settings_of(name).model_fields["use"].annotation.__args__ == (name,)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "openai",
            "'endpoint' asks every server that has OpenAI's protocol: set base_url to https://api.openai.com/v1",
        ),
        ("OpenAI", "set base_url to https://api.openai.com/v1, and api_key_env"),
        ("vllm", "set base_url to http://localhost:8000/v1"),
        ("ollama", "set base_url to http://localhost:11434/v1"),
        ("llama.cpp", "'endpoint' with serve: {llamacpp: ...} starts llama.cpp's server"),
        ("llamacpp", "'endpoint' with serve: {llamacpp: ...}"),
        ("hf", "'transformers' loads a Hugging Face model in this process"),
        ("HuggingFace", "'transformers' loads"),
        ("joblib", "'sklearn' takes a pipeline that skops saved"),
        ("cascade", "'hybrid' is a router"),
        ("lm-eval", "'lm_eval' takes any model type"),
        ("endpiont", "did you mean 'endpoint'?"),
    ],
)
def test_a_likely_name_of_an_engine_names_the_one_to_use(load, written: str, said: str) -> None:
    with pytest.raises(UserError) as refusal:
        load(CATALOGUE.replace("brick,", f"{written},"))
    assert f"systems.wall.engine: no engine {written!r} is known here; " in str(refusal.value)
    assert said in str(refusal.value)


def test_every_engine_that_a_hint_names_exists() -> None:
    named = {clause.split("'")[1] for clause in engine_hints._HINTS}
    assert named <= set(ENGINES.built_in)
    assert not [name for name in ENGINES.built_in if name != "lm_eval" and engine_hints.hint(name)]


@pytest.mark.usefixtures("bricks")
def test_an_engine_that_is_installed_needs_no_hint(load, install) -> None:
    install("wattbench-vllm", "[wattbench.systems]\nvllm = bricks:BrickEngine\n")
    assert load(CATALOGUE.replace("brick,", "vllm,")).systems["wall"].engine == "vllm"


@pytest.mark.usefixtures("bricks")
def test_names_are_listed_without_an_import() -> None:
    assert {*ENGINES.built_in, "brick", "raises"} <= {*ENGINES.names()}
    assert {"auto", "nvml"} <= {*METERS.names()}
    assert not {"bricks", "raises", "first"} & sys.modules.keys()


@pytest.mark.usefixtures("bricks")
def test_a_system_of_another_distribution_is_checked_by_its_own_model(load, tmp_path: Path) -> None:
    resolved = load()
    wall = resolved.systems["wall"]
    assert type(wall).__module__ == "bricks"
    assert (wall.bricks, wall.plan) == (3, Path("plan.txt"))
    assert load(CATALOGUE.replace("bricks: 3", "bricks: 3, plan: p")).systems["wall"].plan == tmp_path / "p"
    again = resolved_from_record(resolved.as_record())
    assert again == resolved
    assert again.sha256 == resolved.sha256


@pytest.mark.usefixtures("bricks")
def test_each_system_of_a_grid_is_checked_by_the_model_of_its_engine(load, tmp_path: Path) -> None:
    resolved = load(CATALOGUE.replace("bricks: 3", "grid: {bricks: [3, 5]}"))
    assert [(name, wall.bricks, wall.arm.labels) for name, wall in resolved.systems.items()] == [
        ("wall-3", 3, {"bricks": "3"}),
        ("wall-5", 5, {"bricks": "5"}),
    ]
    assert resolved_from_record(json.loads(json.dumps(resolved.as_record()))).systems == resolved.systems
    with pytest.raises(UserError) as refusal:
        load(CATALOGUE.replace("bricks: 3", "grid: {bricks: [3, many]}"))
    assert str(refusal.value) == (
        f"{tmp_path}/catalogue.yaml:2: system 'wall', bricks=many: systems.wall-many.bricks: "
        "input should be a valid integer, unable to parse string as an integer (here: 'many')"
    )


@pytest.mark.usefixtures("bricks")
def test_what_takes_no_part_is_neither_looked_for_nor_imported(load) -> None:
    resolved = load(
        CATALOGUE + '  mine: {kind: specialist, engine: python, call: "x:y"}\n', SUITE.replace("wall", "mine")
    )
    assert list(resolved.systems) == ["mine"]
    assert "bricks" not in sys.modules


DEFINED = SUITE.replace("  include: [catalogue.yaml]\n  select: [wall]\n", "  define:\n    wall: {kind: moe, %s}\n")


@pytest.mark.usefixtures("bricks")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("engine: brick, brick: 3", "suite.yaml:5: systems.define.wall.brick: unknown key; did you mean 'bricks'?"),
        ("engine: brick, bricks: many", "suite.yaml:5: systems.define.wall.bricks: input should be a valid integer"),
        ("engine: brick", "suite.yaml:5: systems.define.wall.bricks: missing; this key is required"),
        ("engine: brick, bricks: 3, promt: {}", "wall.promt: unknown key; did you mean 'prompt'?"),
        ("engine: brik", "suite.yaml:5: systems.define.wall.engine: no engine 'brik' is known here; did you mean"),
        ("engine: xyz", "or install the distribution that provides it"),
        ("engine: 3", "systems.define.wall.engine: input should be a valid string"),
        ("engine: absent", "wall.engine: the engine 'absent' (bricks:Absent, from wattbench-bricks 1.0) cannot be "
         "imported (AttributeError("),
        ("engine: raises", "from wattbench-bricks 1.0) cannot be imported (RuntimeError('no licence')); update or "
         "reinstall that distribution, or uninstall it and remove 'raises' from the suite"),
        ("engine: exits", "cannot be imported (SystemExit(3))"),
        ("engine: bare", "lacks Settings, a model derived from wattbench.config.SystemBase, the method answer"),
        ("engine: foreign", "lacks the base class wattbench.systems.base.Engine; update that distribution "
         "(docs/adding-a-system.md has the rules)"),
        ("engine: unfinished", "lacks the method answer, the method facts, the method open; update"),
        ("engine: rude", "the settings of the engine 'rude' cannot be checked (KeyError('rude')); this is a fault of "
         "wattbench-bricks 1.0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_key_and_distribution(load, settings: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(suite=DEFINED % settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("bricks")
def test_a_name_of_wattbenchs_own_cannot_be_claimed() -> None:
    with pytest.raises(UserError, match=r"'python' is wattbench's own, and wattbench-bricks 1\.0 claims.*uninstall"):
        ENGINES.load("python")
    assert ROUTERS.load("oracle").__name__ == "Oracle"


@pytest.mark.usefixtures("bricks")
def test_a_name_that_two_distributions_provide_is_ambiguous(install: Install) -> None:
    install("Other.Bricks", "[wattbench.systems]\nbrick = bricks:BrickEngine\n")
    with pytest.raises(UserError, match=r"'brick' is provided by Other\.Bricks 1\.0 and wattbench-bricks 1\.0; uninst"):
        ENGINES.load("brick")


def test_wattbench_itself_may_be_installed_in_another_version(install: Install) -> None:
    install("wattbench", "[wattbench.routers]\noracle = somewhere.old:Oracle\nold = somewhere.old:Old\n")
    assert ROUTERS.load("oracle").__name__ == "Oracle"
    assert "old" not in ROUTERS.names()


HYBRID = CATALOGUE + "  mix: {kind: hybrid, engine: hybrid, members: {a: wall, b: wall}, router: {type: first, %s}}\n"


@pytest.mark.usefixtures("bricks")
def test_a_router_of_another_distribution_is_checked_with_its_hybrid(load) -> None:
    resolved = load(HYBRID % "first: a", SUITE.replace("wall", "mix"))
    mix = resolved.systems["mix"]
    assert mix.router.first == "a"
    assert mix.pool["wall"].bricks == 3
    again = resolved_from_record(resolved.as_record())
    assert again == resolved
    assert again.sha256 == resolved.sha256


@pytest.mark.usefixtures("bricks")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("first: c", "catalogue.yaml:4: systems.mix: first: 'c' is not one of the members: a, b"),
        ("first: a, min_score: 0.5", "systems.mix: fallback: missing"),
        ("frist: a", "catalogue.yaml:4: systems.mix.router.frist: unknown key; did you mean 'first'?"),
    ],
)
def test_a_router_that_does_not_fit_is_said(load, settings: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(HYBRID % settings, SUITE.replace("wall", "mix"))
    assert said in str(caught.value)


@pytest.mark.usefixtures("bricks")
def test_a_record_whose_distribution_is_gone_says_so(load, monkeypatch: pytest.MonkeyPatch) -> None:
    record = load().as_record()
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "wattbench-bricks" not in entry])
    with pytest.raises(UserError, match=r"the suite in this run's record: systems\.wall\.engine: no engine 'brick'"):
        resolved_from_record(record)


def test_the_schema_gives_a_name_of_wattbenchs_own_to_one_model_only() -> None:
    definitions = Suite.model_json_schema()["$defs"]
    for model, key, registry in (
        ("OtherSystem", "engine", ENGINES),
        ("OtherRouter", "type", ROUTERS),
    ):
        assert {*definitions[model]["properties"][key]["not"]["enum"]} == {*registry.built_in, *registry.reserved}
        assert definitions[model]["additionalProperties"] is True
