"""Identify a document of an imported run by the name that its source gave it."""

from __future__ import annotations

import hashlib


def named_item_hash(task: str, item: str) -> str:
    """Return what the records of an imported run have as `doc_hash`, where the source has none of its own."""
    return hashlib.sha256(f"{task}\0{item}".encode("utf-8", "surrogatepass")).hexdigest()
