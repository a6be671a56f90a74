"""Read the results of a file of a serving benchmark, and make an import of them: what vLLM and SGLang share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import NAME_LENGTH, Answer
from wattbench.importers.bench_serving.requests import answers, has_requests
from wattbench.importers.bench_serving.totals import add_totals
from wattbench.importers.files import head, read_object, read_objects
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated
from wattbench.importers.system_names import system_name


@dataclass(frozen=True)
class Form:
    """What one of the two formats has of its own."""

    name: str
    """As ``--from`` takes it."""
    marks: tuple[str, ...]
    """Keys by which a result is recognised."""
    settings: frozenset[str]
    """Keys that are no figures."""
    described: Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, Any]]]
    """Returns the load, and the settings that are kept: the ``model`` among them, and None for what is not there."""
    version: Callable[[Mapping[str, Any]], str | None]

    def looks_like(self, source: Path) -> bool:
        """Return whether a file is a result."""
        if source.suffix not in (".json", ".jsonl") or not source.is_file():
            return False
        start = head(source)
        return all(f'"{key}"' in start for key in self.marks)

    def read(self, sources: Sequence[Path], scratch: Path | None = None) -> Imported:
        """Read every result of some files. Each is a system, as each has a load of its own.

        Args:
            sources: files of results.
            scratch: where the answers are kept meanwhile, as `Spool` takes it.

        Raises:
            UserError: a file is damaged, or has no result.
        """
        return _read_results(sources, self, scratch)


def _read_results(sources: Sequence[Path], form: Form, scratch: Path | None) -> Imported:
    stated = Stated()
    scenario: dict[str, Mapping[str, Any]] = {}
    configs: dict[str, Mapping[str, Any]] = {}
    versions: dict[str, None] = {}

    def every_answer() -> Iterator[Answer]:
        for path in sources:
            for where, result in _results(path):
                if "request_throughput" not in result:
                    raise UserError(f"{where}: no request_throughput; this is no result of {form.name}")
                load, config = form.described(result)
                model = config["model"]
                system = system_name(model if isinstance(model, str) and model else path.stem, load, scenario)
                scenario[system] = load
                configs[system] = {key: value for key, value in config.items() if value is not None}
                if version := form.version(result):
                    versions[version] = None
                add_totals(stated, system, result, where, form.settings)
                if has_requests(result):
                    yield from answers(system, result, where)

    spool = Spool.of(every_answer(), scratch)
    return Imported(
        form.name, ", ".join(versions) or None, tuple(sources), spool, {}, scenario, configs, summaries=stated.rows
    )


def plain(result: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """Return short texts and numbers under other names, and "inf" for what is infinite."""
    kept: dict[str, Any] = {}
    for key, label in keys.items():
        value = result.get(key)
        if isinstance(value, float) and not math.isfinite(value):
            value = "inf" if value > 0 else None
        if isinstance(value, str | int | float) and len(str(value)) <= NAME_LENGTH:
            kept[label] = value
    return kept


def _results(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each result of a file: one per line, or one over several lines."""
    first = True
    try:
        for where, result in read_objects(path):
            yield where, result
            first = False
    except UserError:
        if not first:
            raise
        yield str(path), read_object(path)
        return
    if first:
        raise UserError(f"{path}: it is empty")
