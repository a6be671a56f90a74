"""Name the code that loading a task would run, from its YAML alone: nothing is imported.

What can run code: `!function` (wherever in the file or in those that it includes, used or not), a task that is a class,
a metric that lm-eval does not have, which Hugging Face `evaluate` then loads as a script, and a prompt of a library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from wattbench.config import benchmarks_folder
from wattbench.records.files.regular_file import read_regular

_FUNCTION = "!function"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""lm-eval's own parser: another could read a crafted file in another way."""


@dataclass(frozen=True)
class TaskCode:
    """The code that loading a task would run."""

    owner: Literal["suite", "wattbench", "lm-eval"]
    """Who wrote it: what is installed with wattbench and lm-eval is theirs, all else the suite's."""
    named: tuple[str, ...]
    """As the task names it: ``sums.load``. Empty if loading the task runs none."""

    @property
    def a_strangers(self) -> bool:
        """Return whether it is code of neither wattbench nor lm-eval."""
        return bool(self.named) and self.owner == "suite"


def code_in(path: Path | None, written: Mapping[str, Any]) -> TaskCode:
    """Name the code of a task.

    Args:
        path: its YAML.
        written: what is in it and in the files that it includes, with functions as text.

    Raises:
        UserError, ValueError, yaml.YAMLError: a file cannot be read; lm-eval could not either.
    """
    functions = [] if path is None else list(dict.fromkeys(_functions(path.resolve(), frozenset())))
    named = list(functions)
    if "class" in written and not functions:
        named.append(str(written["class"]))
    if written.get("process_results") is None:  # else lm-eval looks no metric up
        named += [f"metric {name}" for name in foreign_metrics(written) if not name.endswith(tuple(functions) or "\0")]
    if written.get("use_prompt") is not None:
        named.append(f"prompt {written['use_prompt']}")
    return TaskCode(_owner(path), tuple(named))


def _functions(path: Path, including: frozenset[Path]) -> list[str]:
    """Return what a file and those that it includes name with `!function`. A tag can be written in many ways, so that
    the file is parsed and not searched."""
    if path in including:
        raise ValueError(f"{path} includes itself")
    root = composed(read_regular(path))
    names: list[str] = []
    _find(root, names, set())
    for name in included_in(root):
        names += _functions((path.parent / name).expanduser().resolve(), including | {path})
    return names


def _find(node: yaml.Node | None, names: list[str], seen: set[int]) -> None:
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here is None or id(here) in seen:
            continue
        seen.add(id(here))
        if here.tag == _FUNCTION:
            names.append(str(here.value) if isinstance(here, yaml.ScalarNode) else "a function")
        if isinstance(here, yaml.MappingNode):
            waiting += [each for pair in reversed(here.value) for each in reversed(pair)]
        elif isinstance(here, yaml.SequenceNode):
            waiting += reversed(here.value)


def composed(data: bytes) -> yaml.Node | None:
    """Parse a task file as lm-eval does, without making anything of it.

    Raises:
        ValueError, yaml.YAMLError: it is no YAML.
    """
    return yaml.compose(data, Loader=_LOADER)


def included_in(root: yaml.Node | None) -> list[str]:
    """Return the files that a file includes. A merge key (`<<`) can bring the list, too."""
    names: list[str] = []
    waiting = [root]
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if not isinstance(here, yaml.MappingNode) or id(here) in seen:
            continue
        seen.add(id(here))
        for key, value in here.value:
            if key.value == "include":
                names += [str(each.value) for each in _each(value)]
            elif key.tag == "tag:yaml.org,2002:merge":
                waiting += _each(value)
    return names


def _each(node: yaml.Node) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]


def foreign_metrics(written: Mapping[str, Any]) -> list[str]:
    """Return the metrics of a task's YAML that lm-eval does not have itself."""
    import lm_eval.api.metrics  # noqa: F401  # registers them
    from lm_eval.api.registry import metric_registry

    listed = written.get("metric_list")
    entries = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    names = [(str(each.get("metric")), each.get("hf_evaluate")) for each in entries if each.get("metric") is not None]
    return [name for name, elsewhere in names if elsewhere or name not in metric_registry]


def _owner(path: Path | None) -> Literal["suite", "wattbench", "lm-eval"]:
    import lm_eval

    if path is None:
        return "suite"
    file = path.resolve()
    if file.is_relative_to(benchmarks_folder().resolve()):
        return "wattbench"
    shipped = Path(str(lm_eval.__file__)).resolve().parent / "tasks"
    return "lm-eval" if file.is_relative_to(shipped) else "suite"
