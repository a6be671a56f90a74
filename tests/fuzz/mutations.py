"""Make hostile inputs out of a target's seeds.

Every choice is drawn from one `random.Random`. Hypothesis gives one whose choices it can repeat and make simpler; the
long run a seeded one, which is faster.
"""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import yaml

from tests.fuzz import odd
from tests.fuzz.changed_bytes import changed_bytes
from tests.fuzz.tables import mutated_arrays, mutated_table

MAX_BYTES = 1 << 20
"""Of an input: what is larger takes the time of thousands of others. Limits of size have tests of their own."""

MAX_PLACES = 5000


def mutated(choose: Random, seeds: Sequence[bytes], form: str) -> bytes:
    """Return an input made of the seeds of a target.

    Args:
        choose: where choices come from.
        seeds: real inputs.
        form: ``json``, ``jsonl``, ``yaml``, ``csv``, ``parquet``, ``npz``, or anything else: text.
    """
    data = choose.choice(seeds)
    change = _BY_FORM.get(form, _text)
    kind = choose.random()
    if kind < 0.02:
        return choose.choice(odd.TEXTS).encode("utf-8", "surrogatepass")
    if kind < 0.75:
        for _ in range(choose.choice((1, 1, 1, 2, 3, 6))):
            data = change(choose, data)
    if kind >= 0.6:
        for _ in range(choose.choice((1, 1, 2, 4))):
            data = changed_bytes(choose, data, seeds)
    return data[:MAX_BYTES]


def _text(choose: Random, data: bytes) -> bytes:
    """Change words, numbers and separators of a text."""
    words = data.decode("utf-8", "replace").split(" ")
    lines = data.decode("utf-8", "replace").split("\n")
    match choose.randrange(5):
        case 0:
            words[choose.randrange(len(words))] = choose.choice(odd.TEXTS)
            return " ".join(words).encode("utf-8", "surrogatepass")
        case 1:
            lines[choose.randrange(len(lines))] = choose.choice(odd.TEXTS)
        case 2:
            lines.insert(choose.randrange(len(lines) + 1), choose.choice(lines))
        case 3:
            del lines[choose.randrange(len(lines))]
        case _:
            return _numbers(choose, data)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _numbers(choose: Random, data: bytes) -> bytes:
    """Replace digits by other text."""
    at = choose.randrange(len(data) + 1)
    start = next((place for place in range(at, len(data)) if data[place : place + 1].isdigit()), len(data))
    end = next((place for place in range(start, len(data)) if not data[place : place + 1].isdigit()), len(data))
    return data[:start] + choose.choice(odd.TEXTS).encode("utf-8", "surrogatepass") + data[end:]


# Trees of JSON and YAML


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every container with each of its keys."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    seen: set[int] = set()  # an alias of YAML can be of what it is in
    while waiting and len(found) < MAX_PLACES:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        found += [(here, key) for key in keys]
        waiting += [here[key] for key in keys]
    return found


def _edited(choose: Random, tree: Any, raw: Sequence[str]) -> Any:
    """Change one value or key of a tree; a text in `_MARK` is replaced by what it stands for when it is written."""
    tree = copy.deepcopy(tree)
    places = _places(tree)
    if not places:
        return _value(choose, raw)
    holder, key = choose.choice(places)
    match choose.randrange(8):
        case 0 | 1 | 2:
            holder[key] = _value(choose, raw)
        case 3:
            del holder[key]
        case 4:
            other, other_key = choose.choice(places)
            holder[key] = copy.deepcopy(other[other_key])
        case 5 if isinstance(holder, dict):
            holder[choose.choice(odd.TEXTS)] = holder.pop(key)
        case 6 if isinstance(holder, list):
            holder += [copy.deepcopy(holder[key])] * choose.choice((1, 2, 300))
        case 7:
            holder[key] = [holder[key]] if choose.random() < 0.5 else {"x": holder[key]}
        case _:
            holder[key] = str(holder[key]) if not isinstance(holder[key], str) else 1
    return tree


_MARK = "@@{}@@"


def _value(choose: Random, raw: Sequence[str]) -> Any:
    return _MARK.format(choose.randrange(len(raw))) if choose.random() < 0.6 else choose.choice(odd.values())


def _unmarked(text: str, raw: Sequence[str]) -> str:
    parts = text.split("@@")
    for place in range(1, len(parts) - 1, 2):
        if parts[place].isdigit() and int(parts[place]) < len(raw):
            before, after = parts[place - 1], parts[place + 1]
            quote = before[-1:] if before[-1:] in ("'", '"') and after[:1] == before[-1:] else ""
            parts[place - 1] = before.removesuffix(quote) if quote else before
            parts[place + 1] = after[1:] if quote else after
            parts[place] = raw[int(parts[place])]
    return "".join(parts)


def _json(choose: Random, data: bytes) -> bytes:
    try:
        tree = json.loads(data)
        text = json.dumps(_edited(choose, tree, odd.RAW_JSON), ensure_ascii=choose.random() < 0.5)
    except (ValueError, RecursionError):
        return _text(choose, data)
    return _unmarked(text, odd.RAW_JSON).encode("utf-8", "surrogatepass")


def _json_lines(choose: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at = choose.randrange(len(lines))
    match choose.randrange(8):
        case 0:
            lines.insert(choose.randrange(len(lines) + 1), lines[at])
        case 1:
            del lines[at]
        case 2:
            lines[at], lines[-1] = lines[-1], lines[at]
        case _:
            lines[at] = _json(choose, lines[at])
    return b"\n".join(lines)


def _yaml(choose: Random, data: bytes) -> bytes:
    if choose.random() < 0.3:
        return _yaml_text(choose, data)
    try:
        tree = _edited(choose, yaml.load(data, Loader=_Loader), odd.YAML_VALUES)
        text = yaml.dump(
            tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=choose.random() < 0.2
        )
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, KeyError):
        return _yaml_text(choose, data)
    return _unmarked(text, odd.YAML_VALUES).encode("utf-8", "surrogatepass")


def _yaml_text(choose: Random, data: bytes) -> bytes:
    """Put an odd value where a line has one, or change a line's indent."""
    lines = data.decode("utf-8", "replace").split("\n")
    at = choose.randrange(len(lines))
    key, colon, _ = lines[at].partition(":")
    match choose.randrange(5):
        case 0:
            lines[at] = " " + lines[at]
        case 1:
            lines[at] = lines[at].lstrip()
        case 2:
            lines.insert(at, lines[at])
        case 3:
            lines[at] = f"{key}{colon} &a {lines[at].strip()}"
        case _:
            lines[at] = f"{key}{colon} {choose.choice(odd.YAML_VALUES)}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """The safe loader, for which a tag that it does not know is the plain value."""


def _plain(loader: Any, _: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else loader.construct_mapping(node)


_Loader.add_multi_constructor("", _plain)


class _Dumper(yaml.CSafeDumper if hasattr(yaml, "CSafeDumper") else yaml.SafeDumper):  # type: ignore[misc]
    """The safe dumper."""


# Tables


def _csv(choose: Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    try:
        delimiter = max(",;\t", key=text.split("\n")[0].count)
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return _text(choose, data)
    if not rows:
        return _text(choose, data)
    row = choose.choice(rows)
    column = choose.randrange(len(row))
    match choose.randrange(8):
        case 0 | 1 | 2:
            row[column] = choose.choice(odd.TEXTS)
        case 3:
            del row[column]
        case 4:
            row.insert(column, choose.choice(row))
        case 5:
            rows.insert(choose.randrange(len(rows) + 1), list(row))
        case 6:
            for each in rows:
                each[column : column + 1] = [] if choose.random() < 0.9 else each[column : column + 1] * 2
        case _:
            delimiter = choose.choice(",;\t|")
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter, escapechar="\\").writerows(rows)
    return sink.getvalue().encode("utf-8", "surrogatepass")


_BY_FORM: dict[str, Callable[[Random, bytes], bytes]] = {
    "csv": _csv,
    "json": _json,
    "jsonl": _json_lines,
    "npz": mutated_arrays,
    "parquet": mutated_table,
    "yaml": _yaml,
}
