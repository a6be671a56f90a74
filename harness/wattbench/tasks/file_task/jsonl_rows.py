"""Read a file of JSON lines row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.files.byte_order_marks import unmarked


def jsonl_rows(path: Path, longest: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``line n`` and the values of each line, an object; empty lines are skipped.

    Numbers are texts, as they are written; an object in an object is its JSON.

    Args:
        path: the file, in UTF-8.
        longest: bytes that a line may have.

    Raises:
        UserError: a line is no object, or names a key twice.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(longest + 1), b""), start=1):
            where = f"{path}: line {number}"
            if len(line) > longest:
                raise UserError(f"{where}: longer than {longest:,} bytes")
            if not line.strip():
                continue
            try:
                text = unmarked(line).decode()
                value = json.loads(
                    text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_without_twins
                )
            except UnicodeDecodeError as error:
                raise UserError(f"{where}: not text in UTF-8 (byte {error.start + 1} of the line)") from error
            except (ValueError, RecursionError) as error:
                raise UserError(f"{where}: not valid JSON ({error})") from error
            if not isinstance(value, dict):
                raise UserError(f"{where}: of type {type(value).__name__}, not an object: write one object a line")
            yield f"line {number}", {name: _flat(each) for name, each in value.items()}


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r:.80} is there twice")
    return values


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return [json.dumps(each, ensure_ascii=False) if isinstance(each, dict | list) else each for each in value]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
