"""Define the messages between a driver and a worker: one line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["begin", "ask", "ready", "note", "done", "failed"]
"""From the driver: ``begin`` (a suite and its deal, once) and ``ask`` (a block). From the worker: ``ready`` (its node
and what it can do), ``note`` (a line of progress), ``done`` (a block, and the name of its shard) and ``failed`` (a
sentence; it ends with it)."""


def encode(kind: Kind, **fields: Any) -> bytes:
    """Return a message as a line."""
    return json.dumps({"is": kind, **fields}).encode() + b"\n"


def decode(line: bytes) -> Mapping[str, Any] | None:
    """Return the message in a line. None if the line is no message."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and isinstance(message.get("is"), str) else None
