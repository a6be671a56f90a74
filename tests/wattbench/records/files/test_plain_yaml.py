"""YAML from any author: values, or the loader's own error."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wattbench.records.files.plain_yaml import MAX_NODES, parse_yaml, yaml_problem

PIECES = st.sampled_from(
    ["a", "b: ", ": ", "- ", "? ", "[", "]", "{", "}", "&x ", "*x", "<<: ", "!!bool ", "!!int ", "!!float ", "!!map ",
     "!!set ", "!!omap ", "!!pairs ", "!!binary ", "!!timestamp ", "!!null ", "!!str ", "!f ",
     "!!python/name:os.system ", "\n", "  ", ", ", "'", '"', "0x", "1", "2026-02-31", "\\ud800", "|\n",
     "---\n", "~user", "=", "%YAML 9.9\n"]
)  # fmt: skip


def problem(text: str) -> tuple[str, int | None]:
    with pytest.raises(yaml.YAMLError) as caught:
        parse_yaml(text)
    return yaml_problem(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: 1\na: !!bool x", ("'x' is not a valid bool", 2)),
        ("x: 1\na: !!timestamp foo", ("'foo' is not a valid timestamp", 2)),
        ("x: 1\na: 2026-02-31", ("'2026-02-31' is not a valid timestamp", 2)),
        ("x: 1\na: !!int ''", ("'' is not a valid int", 2)),
        ("x: 1\na: !!float x", ("'x' is not a valid float", 2)),
        ("x: 1\na: 0x_", ("'0x_' is not a valid int", 2)),
        ("x: 1\n? [a, b]\n: 3", ("a key is a list; write it as plain text", 2)),
        ("x: 1\n? {a: b}\n: 3", ("a key is a mapping; write it as plain text", 2)),
        ("x: 1\nx: 2", ("key 'x' appears twice", 2)),
        ('x: 1\na: "\\ud800"', ("half of a surrogate pair, which no text can hold", 2)),
        ("x: 1\na: &a [*a]", ("an alias of what it is in", 2)),
        ("a: &a {<<: *a}", ("an alias of what it is in", 1)),
        ("a: !function x.y", ("could not determine a constructor for the tag '!function'", 1)),
        ("a: !!map [b]", ("expected a mapping node, but found sequence", 1)),
        ("a: " + "[" * 20_000, ("nested too deeply", None)),
        ("a: 1" + "0" * 5_000, (f"'1{'0' * 39}' is not a valid int", 1)),
    ],
)
def test_what_is_wrong_has_its_line(text: str, expected: tuple[str, int | None]) -> None:
    assert problem(text) == expected


def test_aliases_that_expand_to_more_than_any_memory_holds_are_refused() -> None:
    text = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['x'] * 9)}]\n" for n in range(9))
    assert f"{MAX_NODES:,}" in problem(text)[0]


@given(st.lists(PIECES, max_size=12).map("".join))
def test_it_is_parsed_or_it_is_an_error_of_yaml(text: str) -> None:
    try:
        parse_yaml(text)
    except yaml.YAMLError as error:
        said = yaml_problem(error)[0]
    else:
        said = "parsed"
    assert said
    assert "\n" not in said
