"""Read from its YAML alone which code loading a task would run, and which metrics it gives: nothing is imported.

What can run code: `!function` (wherever in the file or in those that it includes, used or not), a task that is a class,
a metric that lm-eval does not have, which Hugging Face `evaluate` then loads as a script, and a prompt of a library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from wattbench.config import benchmarks_folder
from wattbench.records.files.regular_file import read_regular

_FUNCTION = "!function"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""lm-eval's own parser: another could read a crafted file in another way."""
_ORDER_OF_CHOICES = (
    "acc", "f1", "mcc", "acc_norm", "acc_bytes", "exact_match", "brier_score", "likelihood", "acc_mutual_info",
)  # fmt: skip
"""The order in which lm-eval gives the metrics of a task with choices, whatever the order of its YAML."""


@dataclass(frozen=True)
class TaskCode:
    """The code that loading a task would run."""

    owner: Literal["suite", "wattbench", "lm-eval"]
    """Who wrote it: what is installed with wattbench and lm-eval is theirs, all else the suite's."""
    named: tuple[str, ...]
    """As the task names it: ``sums.load``. Empty if loading the task runs none."""

    @property
    def a_strangers(self) -> bool:
        """Return whether the code is part of neither wattbench nor lm-eval."""
        return bool(self.named) and self.owner == "suite"


def code_in(path: Path | None, written: Mapping[str, Any]) -> TaskCode:
    """Return the code that loading a task would run, as names.

    Args:
        path: its YAML.
        written: what is in it and in the files that it includes, with functions as text.

    Raises:
        UserError, ValueError, yaml.YAMLError: a file cannot be read; lm-eval could not either.
    """
    functions: list[str] = []
    for _, root in () if path is None else files_of(path):
        # A tag can be written in many ways: the file is parsed, not searched.
        _find(root, functions)
    functions = list(dict.fromkeys(functions))
    named = list(functions)
    if "class" in written and not functions:
        named.append(str(written["class"]))
    if written.get("process_results") is None:  # else lm-eval looks no metric up
        named += [f"metric {name}" for name in foreign_metrics(written) if not name.endswith(tuple(functions) or "\0")]
    if written.get("use_prompt") is not None:
        named.append(f"prompt {written['use_prompt']}")
    return TaskCode(_owner(path), tuple(named))


def files_of(path: Path) -> Iterator[tuple[Path, yaml.Node | None]]:
    """Yield a task's file and the files that it includes, each once and parsed, in the order of precedence."""
    waiting, seen = [path], set[Path]()
    while waiting:
        file = waiting.pop().expanduser().resolve()
        if file in seen:
            continue
        seen.add(file)
        root = composed(read_regular(file))
        yield file, root
        waiting += [file.parent / name for name in included_in(root)]


def _find(node: yaml.Node | None, names: list[str]) -> None:
    """Add the functions that a file names with `!function` to the names."""
    waiting, seen = [node], set[int]()
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
    """Parse a task file as lm-eval does, into nodes of YAML: no object is built from them.

    Raises:
        ValueError, yaml.YAMLError: it is no YAML.
    """
    return yaml.compose(data, Loader=_LOADER)


def included_in(root: yaml.Node | None) -> list[str]:
    """Return the files that a file includes."""
    return [str(each.value) for value in values_of(root, "include") for each in _each(value)]


def values_of(root: yaml.Node | None, key: str) -> list[yaml.Node]:
    """Return the values of a key of a file, including values that a merge key (`<<`) brings."""
    values: list[yaml.Node] = []
    waiting = [root]
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if not isinstance(here, yaml.MappingNode) or id(here) in seen:
            continue
        seen.add(id(here))
        for name, value in here.value:
            if name.value == key:
                values.append(value)
            elif name.tag == "tag:yaml.org,2002:merge":
                waiting += _each(value)
    return values


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


def written_metrics(written: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the metrics that a task's YAML names, with its filters.

    Empty where code names them, or where they are named in a way that lm-eval would refuse.
    """
    from lm_eval.api.registry import DEFAULT_METRIC_REGISTRY

    output_type = str(written.get("output_type", "generate_until"))
    listed = written.get("metric_list", [{"metric": name} for name in DEFAULT_METRIC_REGISTRY.get(output_type, ())])
    filters = written.get("filter_list") or [{"name": "none"}]
    try:
        if written.get("process_results") is not None or foreign_metrics(written):
            return ()
        names = [str(each["metric"]) for each in listed]
        if output_type == "multiple_choice":
            names.sort(key=_ORDER_OF_CHOICES.index)
        return tuple(f"{name},{each['name']}" for each in filters for name in names)
    except (TypeError, KeyError, ValueError, AttributeError):
        return ()


def _owner(path: Path | None) -> Literal["suite", "wattbench", "lm-eval"]:
    import lm_eval

    if path is None:
        return "suite"
    file = path.resolve()
    if file.is_relative_to(benchmarks_folder().resolve()):
        return "wattbench"
    shipped = Path(str(lm_eval.__file__)).resolve().parent / "tasks"
    return "lm-eval" if file.is_relative_to(shipped) else "suite"
