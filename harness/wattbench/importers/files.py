"""Reading files that a stranger wrote: every failure names the file and the line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattbench.errors import UserError

MAX_LINE_BYTES = 64_000_000
"""A longer line is no answer of a model."""


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file whose top level is an object.

    Raises:
        UserError: it cannot be read, or is none.
    """
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is one
        raise UserError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: its top level is a {type(value).__name__}, and should be an object")
    return value


def read_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line of a file of JSON lines as an object, with ``file:line``; empty lines are passed over.

    Raises:
        UserError: the file cannot be read, or a line is not an object.
    """
    try:
        with path.open("rb") as file:
            for line_number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
                where = f"{path}:{line_number}"
                if len(line) > MAX_LINE_BYTES:
                    raise UserError(f"{where}: a line of more than {MAX_LINE_BYTES:,} bytes is no answer")
                if line.strip():
                    yield where, _object(line, where)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(value, dict):
        raise UserError(f"{where}: a {type(value).__name__}, and should be an object")
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """A value of a JSON document, if it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str:
    """A value as text: as it is, or as JSON; empty where there is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def without_credentials(url: str | None) -> str | None:
    """A server's address without names, passwords and keys: scheme, host and port. None where it is none."""
    if url is None:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return None
    host = parts.hostname
    return None if not host else f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def digest(*parts: str) -> str:
    """SHA-256 over some texts, kept apart."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
