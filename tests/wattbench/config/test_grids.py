"""Grids of systems: which systems they make, and how each thing that can be wrong is said."""

from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.suites import replaced, suite_of
from wattbench.config import Stop, Suite, resolved_from_record, with_secrets
from wattbench.config.arms import WithoutGrids, without_grids
from wattbench.config.systems.grid import SHORT_NAMES
from wattbench.config.yamlfile import yaml_file
from wattbench.errors import UserError
from wattbench.measure.plan import order
from wattbench.records.schema.base import MOST_OF_NAME, NAME
from wattbench.redaction import hide

SUITE = """
name: demo
tasks:
  select:
    - {task: gsm8k, domain: arithmetic, source: lm_eval, limit: 20}
systems:
  define:
    before: {kind: specialist, engine: python, call: "./answers.py:solve"}
    llama:
      kind: generalist
      engine: endpoint
      description: A small model.
      serve: {llamacpp: {slots: 2, weights: {path: a.gguf}}}
      grid:
        n_ctx: [512, 2048]
        max_tokens: [64, 128]
        quantisation: {set: serve.llamacpp.weights.path, values: {q4: files/a.gguf, q8: b.gguf}}
    after: {kind: generalist, engine: lm_eval, model: dummy}
"""
GRID = SUITE[SUITE.index("        n_ctx") : SUITE.index("    after")]
ARMS = [f"llama-{context}-{tokens}-{file}" for context in (512, 2048) for tokens in (64, 128) for file in ("q4", "q8")]
PLAIN = replaced(SUITE, (f"      grid:\n{GRID}", ""))


def with_axes(axes: str, text: str = SUITE) -> str:
    return replaced(text, (GRID, "".join(f"        {line}\n" for line in axes.splitlines())))


def message(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        suite_of(text, folder)
    said = str(caught.value)
    assert "\n" not in said
    return said.replace(str(folder), "DIR")


def test_each_combination_is_a_system_where_the_grid_was(tmp_path: Path) -> None:
    resolved = suite_of(SUITE, tmp_path)
    assert list(resolved.systems) == ["before", *ARMS, "after"]
    assert resolved.grids == {"llama": ARMS}
    system: Any = resolved.systems["llama-2048-64-q4"]
    assert (system.serve.llamacpp.context, system.max_output_tokens, system.serve.llamacpp.slots) == (2048, 64, 2)
    assert system.serve.llamacpp.weights.path == tmp_path / "files" / "a.gguf"
    assert system.description == "A small model."
    assert system.arm.grid == "llama"
    assert list(system.arm.labels.items()) == [("n_ctx", "2048"), ("max_tokens", "64"), ("quantisation", "q4")]
    assert resolved.systems["before"].arm is None


def test_the_record_has_the_systems_and_no_grid(tmp_path: Path) -> None:
    resolved = suite_of(SUITE, tmp_path)
    record = json.loads(json.dumps(resolved.as_record()))
    assert "grid" not in record["systems"]["llama-512-64-q4"]
    assert list(record["suite"]["systems"]["define"]) == list(record["systems"])
    again = resolved_from_record(with_secrets(record))
    assert (again.systems, again.suite.measure, again.sha256) == (
        resolved.systems,
        resolved.suite.measure,
        resolved.sha256,
    )


def test_a_system_of_a_grid_is_measured_like_the_same_system_written_out(tmp_path: Path) -> None:
    one = with_axes("n_ctx: [512]") + "measure: {stop: false}\n"
    written = replaced(PLAIN, ("slots: 2", "slots: 2, context: 512"), ("    llama:", "    llama-512:"))
    assert suite_of(one, tmp_path).sha256 == suite_of(written, tmp_path).sha256


@pytest.mark.parametrize(
    ("axis", "labels"),
    [
        ("prompt.chat: [true, false]", ["true", "false"]),
        ("domain: [null, law]", ["none", "law"]),
        ("timeout_s: [0.5, 10.0]", ["0.5", "10.0"]),
        ("model: [org/some-7B.v2, org/other]", ["some-7B.v2", "other"]),
        ("serve.llamacpp.weights.path: [x/a.Q4_0.gguf, b.gguf]", ["a.Q4_0", "b"]),
        ("shots: {set: prompt.fewshot, values: {0: 0, true: 1, five: 5}}", ["0", "true", "five"]),
        ("sampler: {values: {greedy: {}, chat: {prompt: {chat: true}}}}", ["greedy", "chat"]),
        ("asked: {set: prompt, values: {as a chat: {chat: true}, plain: {}}}", ["as a chat", "plain"]),
    ],
)
def test_a_label_is_its_value_unless_one_is_written(tmp_path: Path, axis: str, labels: list[str]) -> None:
    resolved = suite_of(with_axes(axis), tmp_path)
    arms = [system.arm for system in resolved.systems.values() if system.arm is not None]
    assert [list(arm.labels.values()) for arm in arms] == [[label] for label in labels]
    assert resolved.grids["llama"] == [f"llama-{label.replace(' ', '-')}" for label in labels]


def test_values_that_are_mappings_of_settings_are_merged_into_the_system(tmp_path: Path) -> None:
    axes = "form: {values: {bare: {}, chat: {prompt: {chat: true}, serve: {llamacpp: {context: 64}}}}}"
    text = replaced(with_axes(axes), ("slots: 2", "slots: 2, threads: 3"))
    systems: dict[str, Any] = dict(suite_of(text, tmp_path).systems)
    bare, chat = systems["llama-bare"], systems["llama-chat"]
    assert (bare.prompt.chat, bare.serve.llamacpp.context) == (False, 4096)
    assert (chat.prompt.chat, chat.serve.llamacpp.context, chat.serve.llamacpp.threads) == (True, 64, 3)


def test_engine_and_kind_may_vary_and_a_hybrid_may_have_a_grid(tmp_path: Path) -> None:
    text = """
name: demo
tasks: {select: [{task: gsm8k, domain: arithmetic, source: lm_eval}]}
systems:
  define:
    one:
      kind: specialist
      grid: {how: {values: {rule: {engine: python, call: "./a.py:f"}, dummy: {engine: lm_eval, model: dummy}}}}
    both:
      kind: hybrid
      engine: hybrid
      members: {rule: one-rule, dummy: one-dummy}
      router: {type: cascade, order: [rule, dummy]}
      grid: {router.min_probability: [0.5, 0.9]}
"""
    resolved = suite_of(text, tmp_path)
    assert [(name, system.engine) for name, system in resolved.systems.items()] == [
        ("one-rule", "python"),
        ("one-dummy", "lm_eval"),
        ("both-0.5", "hybrid"),
        ("both-0.9", "hybrid"),
    ]
    hybrid: Any = resolved.systems["both-0.9"]
    assert (hybrid.router.min_probability, list(hybrid.pool)) == (0.9, ["one-rule", "one-dummy"])
    assert resolved_from_record(json.loads(json.dumps(resolved.as_record()))).systems == resolved.systems
    of_a_grid = replaced(text, ("rule: one-rule, ", "rule: one, "))
    assert message(tmp_path, of_a_grid) == (
        "DIR/suite.yaml: system 'both-0.5': members: 'one' is a grid of 2 systems; name one of them: "
        "one-rule, one-dummy"
    )
    taught = replaced(text, ("      kind: specialist\n", "      kind: distilled\n      teacher: both\n"))
    assert message(tmp_path, taught) == (
        "DIR/suite.yaml:8: system 'one', how=rule: teacher: 'both' is a grid of 2 systems; name one of them: "
        "both-0.5, both-0.9"
    )


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        (
            "max_tokns: [5]",
            "DIR/suite.yaml:15: system 'llama', max_tokns=5: systems.define.llama-5.max_tokns: unknown key; "
            "did you mean 'max_output_tokens'?",
        ),
        (
            "n_ctx: [512]\nmax_tokens: [64, 0]",
            "DIR/suite.yaml:16: system 'llama', n_ctx=512, max_tokens=0: "
            "systems.define.llama-512-0.max_output_tokens: input should be greater than 0 (here: 0)",
        ),
        (
            "serve.llamcpp.context: [512]",
            "DIR/suite.yaml:15: system 'llama', serve.llamcpp.context=512: "
            "systems.define.llama-512.serve.llamcpp: unknown key; did you mean 'llamacpp'?",
        ),
        (
            "engine: [endpoint, endpiont]",
            "DIR/suite.yaml:15: system 'llama', engine=endpiont: systems.define.llama-endpiont.engine: "
            "no engine 'endpiont' is known here; did you mean 'endpoint'?",
        ),
        (
            "kind: [generalist, genralist]",
            "DIR/suite.yaml:15: system 'llama', kind=genralist: systems.define.llama-genralist.kind: "
            "'genralist' is not known here; did you mean 'generalist'?",
        ),
        (
            "max_tokens: [64, 64]",
            "DIR/suite.yaml:15: systems.define.llama.grid.max_tokens: two values are called '64': "
            "name labels: values: {label: value}",
        ),
        (
            "max_tokens: [64, '64']",
            "DIR/suite.yaml:15: systems.define.llama.grid.max_tokens: two values are called '64': "
            "name labels: values: {label: value}",
        ),
        (
            "prompt: [{chat: true}]",
            "DIR/suite.yaml:15: systems.define.llama.grid.prompt: value 1 has no short name: "
            "name labels: values: {label: value}",
        ),
        (
            "model: [日本]",
            "DIR/suite.yaml:15: systems.define.llama.grid.model: value 1 has no short name: "
            "name labels: values: {label: value}",
        ),
        (
            "max_tokens: {values: {few: 10}}",
            "DIR/suite.yaml:15: systems.define.llama.grid.max_tokens: few: a mapping of settings; or say with set: "
            "which setting the values are of",
        ),
        (
            "max_tokens: [64]\nmax_output_tokens: [32]",
            "DIR/suite.yaml:16: systems.define.llama.grid.max_output_tokens: "
            "the axis max_tokens sets max_output_tokens too",
        ),
        (
            "n_ctx: [64]\nall: {values: {a: {serve: {llamacpp: {}}}}}",
            "DIR/suite.yaml:16: systems.define.llama.grid.all: the axis n_ctx sets serve.llamacpp too",
        ),
        (
            "engine.name: [a]",
            "DIR/suite.yaml:15: systems.define.llama.grid.engine.name: it sets engine.name, "
            "and engine is str, not a mapping",
        ),
        (
            "grid.n_ctx: [[1]]",
            "DIR/suite.yaml:15: systems.define.llama.grid.grid.n_ctx: an axis cannot set grid",
        ),
        (
            "max_tokens: []",
            "DIR/suite.yaml:15: systems.define.llama.grid.max_tokens.values: an axis needs one value or more",
        ),
        (
            "max_tokens: 5",
            "DIR/suite.yaml:15: systems.define.llama.grid.max_tokens: write a list of values, or a mapping "
            "with `values`",
        ),
        (
            "max_tokens: {set: a.b}",
            "DIR/suite.yaml:15: systems.define.llama.grid.max_tokens.values: missing; this key is required",
        ),
        (
            "\n".join(f"prompt.fewshot{n}: [0, 1, 2, 3]" for n in range(5)),
            "DIR/suite.yaml:14: systems.define.llama.grid: 1,024 systems; the grids of a file make 1,000 at most: "
            "leave values out",
        ),
        (
            "model: {set: model, values: {a-b: x, a: y}}\napi_key_env: {set: api_key_env, values: {c: X, b-c: Y}}",
            "DIR/suite.yaml:14: systems.define.llama.grid: two systems would be called 'llama-a-b-c': "
            "choose another name, or name labels: values: {label: value}",
        ),
    ],
)
def test_what_is_wrong_names_the_line_of_the_axis_and_the_combination(tmp_path: Path, axes: str, said: str) -> None:
    assert message(tmp_path, with_axes(axes)) == said


def test_a_fault_of_the_system_itself_names_its_line(tmp_path: Path) -> None:
    text = replaced(with_axes("max_tokens: [1, 2]"), ("slots: 2", "slots: none"))
    assert message(tmp_path, text).startswith(
        "DIR/suite.yaml:13: system 'llama', max_tokens=1: systems.define.llama-1.serve.llamacpp.slots: input should be"
    )


BY_HAND = "arm: {grid: llama, labels: {a: b}}"
IS_FILLED_IN = "arm: arm is filled in from grid; leave it out"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  engine: endpoint", f"  {BY_HAND}\n      engine: endpoint", f"define.llama-512-64-q4.{IS_FILLED_IN}"),
        ("before: {", f"before: {{{BY_HAND}, ", f"define.before.{IS_FILLED_IN}"),
        ("    after:", "    llama-512-64-q4:", "two systems would be called 'llama-512-64-q4'"),
        ("    llama:", "    la ma:", "'la ma' does not have the right form"),
        ("      grid:\n" + GRID, "      grid:\n", "systems.define.llama.grid: input should be a valid dictionary"),
        ("before: {", "before: {teacher: llama, ", "DIR/suite.yaml:8: teacher: 'llama' is a grid of 8 systems; name"),
    ],
)
def test_what_is_wrong_around_a_grid(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in message(tmp_path, replaced(SUITE, (old, new)))


def test_a_label_shows_no_secret(tmp_path: Path) -> None:
    secret = "correct-horse-battery-staple"
    axes = f"meta: {{set: args.api_key, values: [{secret}]}}"
    said = message(tmp_path, with_axes(axes))
    assert "meta: value 1 is hidden wherever it is written, and a label is shown: name labels" in said
    assert secret not in said
    assert secret not in hide(f"it is {secret}")


def test_a_long_name_is_cut_and_stays_unique(tmp_path: Path) -> None:
    texts = [f"{'very ' * 30}{end}" for end in ("short", "long")]
    resolved = suite_of(with_axes(f"prompt.system: {json.dumps(texts)}"), tmp_path)
    names = resolved.grids["llama"]
    labels = [system.arm.labels["prompt.system"] for system in resolved.systems.values() if system.arm is not None]
    assert len({*names}) == len({*labels}) == 2
    assert all(len(name) <= MOST_OF_NAME for name in names)
    assert all(len(label) <= 60 and label.startswith("very very") for label in labels)


CATALOGUE = """
x-small: &small {kind: generalist, engine: lm_eval, model: dummy}
systems:
  one: {<<: *small, grid: {args.seed: [1, 2]}}
  two: *small
"""
OF_CATALOGUE = """
name: demo
tasks: {select: [{task: gsm8k, domain: arithmetic, source: lm_eval}]}
systems: {include: [more.yaml]}
"""


def test_a_grid_of_a_catalogue_is_selected_by_its_name_or_system_by_system(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(CATALOGUE)

    def systems(selected: str) -> list[str]:
        return list(suite_of(replaced(OF_CATALOGUE, ("[more.yaml]", f"[more.yaml]{selected}")), tmp_path).systems)

    assert systems("") == ["one-1", "one-2", "two"]
    assert systems(", select: [two, one]") == ["two", "one-1", "one-2"]
    assert systems(", select: [one-2]") == ["one-2"]

    def refused(changed: str) -> str:
        return message(tmp_path, replaced(OF_CATALOGUE, ("[more.yaml]", f"[more.yaml], {changed}")))

    assert refused("select: [one, one-2]").endswith("systems.select: 'one-2' is selected twice")
    assert refused("select: [onne]").endswith("systems.select: unknown system 'onne'; did you mean 'one'?")
    assert refused("define: {one-2: {kind: moe, engine: lm_eval, model: dummy}}").endswith(
        "systems.define: 'one-2' is already in a catalogue; choose another name"
    )
    assert refused("define: {one: {kind: moe, engine: lm_eval, model: dummy}}").endswith(
        "'one' is a grid, and also in another of its files; choose another name"
    )
    (tmp_path / "more.yaml").write_text(replaced(CATALOGUE, ("[1, 2]", "[1, {a: 2}]")))
    assert message(tmp_path, OF_CATALOGUE) == (
        "DIR/more.yaml:4: systems.one.grid.args.seed: value 2 has no short name: name labels: values: {label: value}"
    )


def test_a_run_is_narrowed_to_a_grid_or_to_one_of_its_systems(tmp_path: Path) -> None:
    resolved = suite_of(SUITE, tmp_path)
    assert list(resolved.narrowed(systems=["llama", "after"]).systems) == [*ARMS, "after"]
    assert list(resolved.narrowed(systems=[ARMS[3], "before"]).systems) == ["before", ARMS[3]]
    with pytest.raises(UserError, match="no system 'lama' in this suite; did you mean 'llama'"):
        resolved.narrowed(systems=["lama"])
    assert resolved.no_system("llama").startswith("'llama' is a grid of 8 systems; name one of them: llama-512-64-q4, ")


LOAD = "scenario: load, load: {rates_per_s: [1], deadline_s: 1, min_duration_s: 60}"
DECIDE = "decide: {min_accuracy: {arithmetic: 0.5}, minimise: seconds, risk: 0.2}\n"
OF_DECIDE = Stop(min_accuracy={"arithmetic": 0.5}, minimise="seconds")


@pytest.mark.parametrize(
    ("text", "more", "stop"),
    [
        (SUITE, "", Stop()),
        (SUITE, DECIDE, OF_DECIDE),
        (SUITE, "measure: {stop: null}\n" + DECIDE, OF_DECIDE),
        (SUITE, "measure: {stop: true}\n" + DECIDE, OF_DECIDE),
        (SUITE, "measure: {stop: {error: 0.01}}\n" + DECIDE, OF_DECIDE.model_copy(update={"error": 0.01})),
        (SUITE, "measure: {stop: {max_p95_s: 3}}\n" + DECIDE, Stop(max_p95_s=3)),
        (SUITE, "measure: {stop: false}\n" + DECIDE, None),
        (SUITE, "measure: {blocks: 1}\n", None),
        (SUITE, f"measure: {{{LOAD}}}\n", None),
        (PLAIN, DECIDE, None),
        (PLAIN, "measure: {stop: true}\n", Stop()),
    ],
)
def test_a_grid_stops_asking_unless_the_suite_says_otherwise(
    tmp_path: Path, text: str, more: str, stop: Stop | None
) -> None:
    resolved = suite_of(text + more, tmp_path)
    assert resolved.suite.measure.stop == stop
    assert resolved.stops_by_default is (stop is not None and ("stop:" not in more or "stop: null" in more))
    assert resolved_from_record(json.loads(json.dumps(resolved.as_record()))).suite.measure.stop == stop


AFTER_A_BLOCK = "and systems are only left out after a block: remove stop"


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("stop: true, blocks: 1", f": there is one block, {AFTER_A_BLOCK}"),
        (f"stop: {{error: 0.1}}, {LOAD}", f": scenario: load has no blocks, {AFTER_A_BLOCK}"),
        ("stop: {min_accuracy: {b: 0.5}}", ".min_accuracy: no task has the domain 'b'; choose one of: arithmetic"),
        ("stop: {eror: 0.1}", ".eror: unknown key; did you mean 'error'?"),
        ("stop: {error: 0.6}", ".error: input should be less than 0.5 (here: 0.6)"),
        ("stop: soon", ": input should be a valid boolean, unable to interpret input (here: 'soon')"),
    ],
)
def test_a_stop_that_cannot_be(tmp_path: Path, measure: str, said: str) -> None:
    line = len(SUITE.splitlines()) + 1
    assert message(tmp_path, f"{SUITE}measure: {{{measure}}}\n") == f"DIR/suite.yaml:{line}: measure.stop{said}"


def test_a_default_leaves_with_the_last_system_of_a_grid(tmp_path: Path) -> None:
    resolved = suite_of(SUITE, tmp_path)
    assert resolved.narrowed(systems=["llama-512-64-q4"]).suite.measure.stop == Stop()
    narrowed = resolved.narrowed(systems=["before", "after"])
    assert (narrowed.suite.measure.stop, narrowed.stops_by_default) == (None, False)
    assert (
        suite_of(f"{SUITE}measure: {{stop: true}}\n", tmp_path).narrowed(systems=["after"]).suite.measure.stop == Stop()
    )


def test_only_a_suite_that_stops_has_another_hash(tmp_path: Path) -> None:
    def sha256(text: str) -> str:
        return suite_of(text, tmp_path).sha256

    plain = sha256(PLAIN)
    assert sha256(f"{PLAIN}measure: {{stop: false}}\n") == plain == sha256(PLAIN + DECIDE)
    stopping = sha256(f"{PLAIN}measure: {{stop: true}}\n")
    assert len({plain, stopping, sha256(f"{PLAIN}measure: {{stop: true}}\n{DECIDE}")}) == 3


def test_the_schema_knows_a_grid() -> None:
    schema = Suite.model_json_schema()
    described = schema["$defs"]["EndpointSystem"]["properties"]["grid"]
    assert "each combination" in described["description"]
    (axis,) = described["anyOf"][0]["patternProperties"].values()
    assert axis == {"anyOf": [{"items": {}, "type": "array"}, {"$ref": "#/$defs/Axis"}]}
    assert all(name in described["description"] for name in SHORT_NAMES)
    assert {"description"} <= schema["$defs"]["Axis"]["properties"]["values"].keys()


_VALUES = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text(max_size=90)
_NAMES = st.from_regex(r"[a-z][a-z0-9.]{0,78}", fullmatch=True).filter(lambda name: name not in ("first", "last"))


def made_of(axes: list[Any], name: str) -> WithoutGrids:
    """Return a file whose only grid has these axes, between two systems of no grid."""
    grid = {f"key{n}": {"set": f"within.key{n}", "values": values} for n, values in enumerate(axes)}
    data = {"systems": {"first": {"a": 1}, name: {"engine": "any", "within": {"kept": 1}, "grid": grid}, "last": {}}}
    file = yaml_file(Path("/suite.yaml"), yaml.safe_dump(data, sort_keys=False).encode())
    made = without_grids(file, ("systems",))
    assert list(without_grids(file, ("systems",)).arms) == list(made.arms)
    assert list(made.data["systems"]) == ["first", *made.arms, "last"]
    return made


@given(
    axes=st.lists(
        st.dictionaries(st.from_regex(r"[A-Za-z0-9._]{1,30}", fullmatch=True), _VALUES, min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    ),
    name=_NAMES,
)
def test_all_combinations_of_any_axes_are_systems_in_order(axes: list[Any], name: str) -> None:
    made = made_of(axes, name)
    chosen = list(itertools.product(*axes))
    assert [tuple(arm.arm.labels.values()) for arm in made.arms.values()] == chosen
    for (called, arm), labels in zip(made.arms.items(), chosen, strict=True):
        whole = "-".join([name, *labels])
        assert called == whole or (len(whole) > MOST_OF_NAME and called.startswith(whole[:70]))
        assert list(arm.arm.labels) == [f"key{n}" for n in range(len(axes))]
        values = {f"key{n}": axes[n][label] for n, label in enumerate(labels)}
        assert made.data["systems"][called] == {"engine": "any", "within": {"kept": 1, **values}}


@given(
    axes=st.lists(
        st.lists(_VALUES, min_size=1, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=90), _VALUES, min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    ),
    name=_NAMES,
)
def test_any_values_make_systems_of_valid_names_or_are_refused_with_their_line(axes: list[Any], name: str) -> None:
    try:
        made = made_of(axes, name)
    except UserError as error:
        if not re.match(r"/suite\.yaml:\d+: systems\..*name labels: values:", str(error)):
            raise
        return
    assert len(made.arms) == math.prod(map(len, axes))
    assert all(re.match(NAME, called) and len(called) <= MOST_OF_NAME for called in made.arms)


def test_systems_of_a_grid_that_one_server_can_serve_are_asked_in_a_row(tmp_path: Path) -> None:
    resolved = suite_of(with_axes("max_tokens: [8, 16]\nn_ctx: [64, 128]"), tmp_path)
    assert resolved.grids["llama"] == ["llama-8-64", "llama-8-128", "llama-16-64", "llama-16-128"]
    in_order = ["before", "llama-8-64", "llama-16-64", "llama-8-128", "llama-16-128", "after"]
    assert order(resolved.systems) == in_order
