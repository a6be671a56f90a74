"""Parse a YAML file that many tasks include once while lm-eval lists the tasks of a folder.

lm-eval parses the files of all its tasks to know their names: half of that work is for files that they include, some of
them hundreds of times. The function that parses them is lm-eval's own and not part of its API: of a version in which it
is not what it was, nothing is replaced, and listing takes its time.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def includes_parsed_once() -> Iterator[None]:
    """Keep what is included from the second time on; what is listed is the same."""
    try:
        from lm_eval.tasks import _yaml_loader

        original = _yaml_loader.load_yaml
        is_known = "_seen" in inspect.signature(original).parameters
    except (ImportError, AttributeError):
        is_known = False
    if not is_known:
        yield
        return
    kept: dict[object, tuple[dict[str, Any], frozenset[Path]]] = {}
    """What a file says, and the files that it takes it from: lm-eval skips a task that needs one of them twice."""

    def load_yaml(path: str | Path, *, _seen: set[Path] | None = None, **how: bool) -> Any:
        if _seen is None:
            return original(path, **how)
        key = (str(path), *sorted(how.items()))
        if key in kept and kept[key][1].isdisjoint(_seen):
            _seen |= kept[key][1]
            return copy.deepcopy(kept[key][0])
        before = frozenset(_seen)
        said = original(path, _seen=_seen, **how)
        kept[key] = (copy.deepcopy(said), frozenset(_seen) - before)
        return said

    _yaml_loader.load_yaml = load_yaml
    try:
        yield
    finally:
        _yaml_loader.load_yaml = original
