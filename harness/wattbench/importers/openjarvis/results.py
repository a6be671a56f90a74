"""Read the results of OpenJarvis: correctness, times, tokens, joules and dollars of every sample.

Its evaluations write ``<benchmark>_<model>.jsonl`` and ``<benchmark>_<model>.summary.json``; its hybrids, per cell, a
folder with ``results.jsonl``, ``config.json`` and ``summary.json``, with joules of the cell alone; its agents
``traces.jsonl``. This reads the format of OpenJarvis 1.0.

Joules of a sample are what its meter counted while the sample was answered: where several were answered at once, they
hold the others' too, which no file says. Joules of a hybrid are those of the GPUs of its own machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.files import mapping, read_object, read_objects, text
from wattbench.importers.imported import Imported
from wattbench.importers.openjarvis.rows import ANSWERS, kind_of
from wattbench.importers.openjarvis.summary import add_summary
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated
from wattbench.importers.system_names import unique

MOST_DEVICES = 1024


def looks_like(source: Path) -> bool:
    """Return whether a file has lines of OpenJarvis, or a folder such files."""
    if source.is_dir():
        results = source / "results.jsonl"
        if results.is_file():
            return _kind(results) is not None
        return any(_summary_of(path).is_file() and _kind(path) for path in source.glob("*.jsonl"))
    return source.suffix == ".jsonl" and source.is_file() and _kind(source) is not None


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read some results. Each file is a system: a model, or a cell.

    Args:
        sources: files of lines, or folders of them.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is damaged, or has no lines of OpenJarvis.
    """
    stated = Stated()
    configs: dict[str, Mapping[str, Any]] = {}
    machines: dict[str, Mapping[str, Any]] = {}
    left_out: Counter[str] = Counter()
    files: list[Path] = []
    by_model: dict[tuple[str, str], str] = {}
    hybrids: list[str] = []

    def answers() -> Iterator[Answer]:
        for path in (path for source in sources for path in _paths(source)):
            kind = _kind(path)
            if kind is None:
                raise UserError(f"{path}: its first line is not one of OpenJarvis's results")
            settings_path, summary_path = path.with_name("config.json"), _summary_of(path)
            settings = read_object(settings_path) if kind == "hybrid" and settings_path.is_file() else {}
            summary = read_object(summary_path) if summary_path.is_file() else {}
            model, task = _described(path, kind, settings, summary)
            # One model on several benchmarks is one system; on the same benchmark again it is another.
            name = model if (model, task) not in by_model else unique(model, configs)
            by_model.setdefault((model, task), name)
            configs[name] = {"engine": "openjarvis", "model": model} | _kept(settings, summary)
            if machine := _machine(mapping(summary.get("hardware_info"))):
                machines[name] = machine
            if kind == "hybrid":
                hybrids.append(name)
            add_summary(stated, name, summary, summary_path)
            files.extend(each for each in (path, summary_path, settings_path) if each.is_file() and each not in files)
            for where, row in read_objects(path):
                if kind_of(row) != kind and not row.get("error"):
                    raise UserError(f"{where}: this line is not one of OpenJarvis's results, as the first one is")
                answer = ANSWERS[kind](name, where, row, settings, left_out)
                if answer is not None:
                    yield answer

    spool = Spool.of(answers(), scratch)
    named = ", ".join(hybrids[:5])
    local = f"Joules of {named} are those of the GPUs of its own machine: what services drew is not in them"
    return Imported(
        format="openjarvis",
        version=None,
        files=tuple(files),
        answers=spool,
        left_out=left_out,
        configs=configs,
        machines=machines,
        remarks={"local-joules": local} if hybrids else {},
        summaries=stated.rows,
    )


def _paths(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    results = source / "results.jsonl"
    paths = [results] if results.is_file() else sorted(path for path in source.glob("*.jsonl") if _kind(path))
    if not paths:
        raise UserError(f"{source}: it has no .jsonl with results of OpenJarvis")
    return paths


def _kind(path: Path) -> str | None:
    try:
        first = next(iter(read_objects(path)), None)
    except UserError:
        return None
    return None if first is None else kind_of(first[1])


def _summary_of(path: Path) -> Path:
    return path.with_name("summary.json") if path.name == "results.jsonl" else path.with_suffix(".summary.json")


def _described(path: Path, kind: str, settings: Mapping[str, Any], summary: Mapping[str, Any]) -> tuple[str, str]:
    """Return the system's name and its benchmark."""
    if kind == "hybrid":
        return text(settings.get("name")) or path.resolve().parent.name, text(settings.get("bench"))
    if kind == "trace":
        return text(summary.get("model")) or path.resolve().parent.name, text(summary.get("benchmark"))
    _, first = next(iter(read_objects(path)))
    return text(first.get("model")) or path.stem, text(first.get("benchmark"))


def _kept(settings: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that name models and meters, and no address or key."""
    kept = {
        "method": settings.get("method"),
        "local": mapping(settings.get("local")).get("model"),
        "cloud": mapping(settings.get("cloud")).get("model"),
        "backend": summary.get("backend"),
        "energy_method": summary.get("energy_method"),
    }
    return {name: value for name, value in kept.items() if isinstance(value, str) and value}


def _machine(hardware: Mapping[str, Any]) -> dict[str, Any]:
    gpu = mapping(hardware.get("gpu"))
    name, number = gpu.get("name"), gpu.get("count")
    if not isinstance(name, str) or not isinstance(number, int) or not 0 < number <= MOST_DEVICES:
        return {}
    return {"gpus": [{"name": name}] * number}
