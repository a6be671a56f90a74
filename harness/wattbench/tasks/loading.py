"""Find, load and check tasks through lm-eval, one at a time.

Find the files of an included task next to the YAML that names them.

lm-eval hands `data_files` to Hugging Face `datasets`, which looks in the current folder: a suite would work from one
folder alone. Here a relative path is first looked for in the folder of the YAML that names it, then, as lm-eval has it,
in the current folder.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from wattbench.config import FileTask, InspectTask, Resolved, TaskChoice
from wattbench.errors import UserError, nearest
from wattbench.records.files.regular_file import MissingFileError, read_regular
from wattbench.tasks.file_task.accepted import accepted_freely
from wattbench.tasks.file_task.build import BuiltTask, build_once, lm_eval_task
from wattbench.tasks.file_task.scores import FREE, Score
from wattbench.tasks.grading import Grader, free_metrics
from wattbench.tasks.inspect_task import documents as of_inspect
from wattbench.tasks.judged.rubric import judging_identity
from wattbench.tasks.task_code import TaskCode, code_in, composed, files_of, included_in, values_of, written_metrics
from wattbench.tasks.template_sandbox import TemplateLimitError, sandbox_templates

_FILE_FORMATS = ("arrow", "csv", "json", "parquet", "text")
"""The `dataset_path` of tasks whose documents are in files that their YAML names (`datasets`' packaged modules)."""

_ELSEWHERE = frozenset({"cache_dir", "download_config", "download_mode", "revision", "storage_options", "token"})
"""Settings of a data set that are about another place than the files that it names."""


def _is_local(written: Mapping[str, Any]) -> bool:
    """Return whether a task's documents are in local files.

    Args:
        written: the task's YAML.
    """
    settings = written.get("dataset_kwargs") or {}
    places = json.dumps(settings, default=str)
    elsewhere = "://" in places or "::" in places or not _ELSEWHERE.isdisjoint(settings)
    return written.get("dataset_path") in _FILE_FORMATS and not elsewhere


def _with_found_files(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's `dataset_kwargs` with the real paths of its files.

    Args:
        path: the task's YAML.
        settings: its `dataset_kwargs`, those of the files that it includes among them.

    Raises:
        UserError: a file is in neither folder.
    """
    # A task's own `dataset_kwargs` count, else those of the last file that it includes.
    naming = (file for file, root in files_of(path) if values_of(root, "dataset_kwargs"))
    folder = next(naming, path.resolve()).parent
    paths = dict(settings)
    if settings.get("data_dir") is not None:  # data_files are then relative to it
        paths["data_dir"] = _path_of(str(settings["data_dir"]), folder)
    elif settings.get("data_files") is not None:
        paths["data_files"] = _each(settings["data_files"], folder)
    return paths


def _each(value: Any, folder: Path) -> Any:
    if isinstance(value, Mapping):
        return {split: _each(each, folder) for split, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each(each, folder) for each in value]
    return _path_of(str(value), folder)


def _path_of(written: str, folder: Path) -> str:
    if "://" in written or "::" in written or Path(written).is_absolute():
        return written
    try:
        for base in (folder, Path.cwd()):
            if next(base.glob(written), None) is not None or (base / written).exists():
                return str(base / written)
    except (ValueError, NotImplementedError):  # no pattern that pathlib knows
        return written
    raise UserError(
        f"data_files: {written} is not in {folder}, whose YAML names it, and not in the current folder, {Path.cwd()}"
    )


def check_task_files(folder: Path, most_files: int | None = None) -> None:
    """Check that every YAML file below a folder, and every file that these include, is no device.

    What is missing, or is no YAML, is lm-eval's to name.

    Args:
        folder: of tasks.
        most_files: how many files it may hold; None: any number.

    Raises:
        UserError: a file is none, cannot be read or is too large; or there are too many.
    """
    number = 0
    seen: set[Path] = set()
    for root, _, names in os.walk(folder):
        number += len(names)
        if most_files is not None and number > most_files:
            raise UserError(f"{folder}: it holds more than {most_files:,} files")
        waiting = [Path(root, name) for name in names if name.endswith(".yaml")]
        while waiting:
            path = waiting.pop().resolve()
            if path in seen:
                continue
            seen.add(path)
            try:
                waiting += [path.parent / Path(name).expanduser() for name in included_in(composed(read_regular(path)))]
            except (MissingFileError, yaml.YAMLError, ValueError, RecursionError, RuntimeError):
                continue


@dataclass(frozen=True)
class TaskOutline:
    """The settings of a task that its YAML states."""

    choice: TaskChoice
    output_type: str
    """lm-eval's word for what it asks: `generate_until`, `multiple_choice`, ..."""
    unsafe_code: bool = False
    """It runs code that a model wrote."""
    multimodal: bool = False
    metrics: tuple[str, ...] = ()
    """All that its YAML names, as ``exact_match,none``; empty where its code names them."""
    local: bool = True
    """Its documents come with it. Others may have to be fetched, and need what only a run may need."""

    @property
    def request_type(self) -> str:
        """Return the kind of lm-eval request that the task makes."""
        return "loglikelihood" if self.output_type == "multiple_choice" else self.output_type


@dataclass(frozen=True)
class LoadedTask:
    """A loaded task of a suite. lm-eval changes a task when it runs it: load a new one per cell."""

    choice: TaskChoice
    task: Any
    """lm-eval's `Task`."""
    items: int
    """How many documents will be asked."""
    docs_sha256: str
    """A hash of those documents, in order."""
    asking_sha256: str = ""
    """A hash of how they are asked and scored, without the prompt: see `asking_digest`."""
    note: str = ""
    """What a reader of a plan should know of its documents."""
    accepts: str = ""
    """When an answer is right, in words; empty where the task's metric says it."""
    grader: Grader | None = None
    """The suite's own function that scores the answers; None without one."""

    @property
    def doc_ids(self) -> Sequence[int]:
        """Return the documents that will be asked."""
        return self.choice.doc_ids(self.items)

    @cached_property
    def doc_hashes(self) -> tuple[str, ...]:
        """Return the hash of each document that will be asked, as a record of its answers has it, in order."""
        from lm_eval.utils import handle_non_serializable, hash_string

        documents = self.task.eval_docs
        texts = (
            json.dumps(documents[number], indent=2, default=handle_non_serializable, ensure_ascii=False)
            for number in self.doc_ids
        )
        return tuple(map(hash_string, texts))

    @property
    def outline(self) -> TaskOutline:
        """Return the outline of the task."""
        return TaskOutline(
            self.choice,
            str(self.task.OUTPUT_TYPE),
            unsafe_code=bool(getattr(self.task, "UNSAFE_CODE", False)),
            multimodal=bool(getattr(self.task, "MULTIMODAL", False)),
        )

    @property
    def request_type(self) -> str:
        """Return the kind of lm-eval request that the task makes."""
        return self.outline.request_type

    @property
    def generation(self) -> dict[str, Any]:
        """Return the task's settings of generation; empty where it generates nothing."""
        return dict(getattr(getattr(self.task, "config", None), "generation_kwargs", None) or {})

    @property
    def version(self) -> str:
        """Return the version that the task's YAML declares."""
        return str(self.task.VERSION)


def quiet_lm_eval() -> None:
    """Import lm-eval without its output: no progress bars, no messages on standard output."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is first imported
    # Read when datasets is first imported, which else asks a host to count each file that it opens.
    os.environ["HF_UPDATE_DOWNLOAD_COUNTS"] = "0"
    if "datasets" in sys.modules:
        sys.modules["datasets"].config.HF_UPDATE_DOWNLOAD_COUNTS = False

    import lm_eval  # noqa: F401  # configures its loggers on import

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    logging.getLogger("datasets").setLevel(logging.ERROR)


def allow_model_code() -> None:
    """Let tasks run code that a model wrote: set the variable that Hugging Face `evaluate` wants for that."""
    os.environ.setdefault("HF_ALLOW_CODE_EVAL", "1")


def forget_task_files() -> None:
    """Read task files anew from now on: they may have been edited since."""
    _manager.cache_clear()
    of_inspect.forget_samples()


def tasks_in(folder: Path) -> list[str]:
    """Return the names of the tasks in a folder, as its files are now.

    Raises:
        UserError: one of its files cannot be read.
    """
    quiet_lm_eval()
    try:
        return sorted(_manager((folder,), defaults=False).all_subtasks)
    except Exception as error:  # YAML by others
        raise UserError(f"{folder}: its tasks cannot be read: {reason(error)}") from error


def outline_task(resolved: Resolved, choice: TaskChoice) -> TaskOutline | None:
    """Read a task's YAML, without fetching a data set or running its code.

    Returns:
        None for a task that is a Python class, of which nothing can be known so.

    Raises:
        UserError: it is unknown, or a group rather than a task.
    """
    quiet_lm_eval()
    if isinstance(choice, FileTask):
        return TaskOutline(choice, "generate_until")
    if isinstance(choice, InspectTask):
        return TaskOutline(choice, "generate_until", local=bool(choice.files()))
    entry = _manager_of(resolved, choice).task_index[choice.task]
    written = entry.cfg or {}
    if "class" in written:
        return None
    made = "custom_dataset" in written and bool(code_of_task(resolved, choice).named)
    output_type = str(written.get("output_type", "generate_until"))
    if choice.is_free:
        _check_texts(_where(resolved, choice), output_type)
    return TaskOutline(
        choice,
        output_type,
        unsafe_code=bool(written.get("unsafe_code")),
        multimodal=bool(written.get("doc_to_image") or written.get("doc_to_audio")),
        metrics=free_metrics(choice) if choice.is_free else written_metrics(written),
        local=choice.source == "include" and (made or _is_local(written)),
    )


def code_of_task(resolved: Resolved, choice: TaskChoice) -> TaskCode:
    """Name the code that loading a task would run, without running it.

    Raises:
        UserError: it is unknown, a group rather than a task, or its file cannot be read.
    """
    if isinstance(choice, FileTask):
        return TaskCode("wattbench", ())
    if isinstance(choice, InspectTask):
        return TaskCode("suite", (f"inspect_ai's {choice.inspect}",))
    entry = _manager_of(resolved, choice).task_index[choice.task]
    try:
        return code_in(entry.yaml_path, entry.cfg or {})
    except Exception as error:  # YAML by others
        raise UserError(f"{_where(resolved, choice)}: its file cannot be read: {reason(error)}") from error


def load_task(resolved: Resolved, choice: TaskChoice) -> LoadedTask:
    """Load one task of a suite. This runs its code; its templates are rendered in a sandbox.

    Raises:
        UserError: it is unknown, broken, a group rather than a task, or has no documents.
    """
    quiet_lm_eval()  # before anything of a file's task imports tqdm
    where = _where(resolved, choice)
    try:
        if isinstance(choice, InspectTask):
            return _of_inspect(choice)
        built = build_once(choice) if isinstance(choice, FileTask) else None
        task = _of_lm_eval(resolved, choice) if built is None else _of_file(built)
        documents = _documents(task, choice)
        judging = judging_identity(resolved, choice)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    except TemplateLimitError as error:
        raise UserError(f"{where}: {over_limit(error, _settings(resolved, choice))}") from error
    except Exception as error:  # a task file is YAML, templates and code by others: anything can go wrong in it
        raise UserError(f"{where}: the task cannot be loaded: {reason(error)}") from error
    if not documents:
        raise UserError(f"{where}: the task has no documents")
    digest = _digest(documents)
    scoring, note, accepts = ("", "", "") if built is None else (built.scoring, built.note, built.accepts)
    grader = None
    if choice.is_free:
        _check_texts(where, str(task.OUTPUT_TYPE))
        _leave_whole_answers(task)
        accepts = accepted_freely(choice)
    if choice.graded is not None:
        grader = Grader(where, choice.graded, None if built is None else built.names)
        scoring += grader.identity
    asking = asking_digest(task, choice, scoring, judging)
    return LoadedTask(choice, task, len(documents), digest, asking, note, accepts, grader)


def _check_texts(where: str, output_type: str) -> None:
    """Check that the answers to a task are texts, as a judge or a grading function scores them."""
    if output_type != "generate_until":
        raise UserError(
            f"{where}: score: the task compares likelihoods ({output_type}), and a judge or a function scores texts. "
            "Choose a task that generates, or remove score"
        )


def _leave_whole_answers(task: Any) -> None:
    """Make a task leave the text after a model's thoughts, in place of its own filters and metrics."""
    from lm_eval.filters import build_filter_ensemble

    whole = Score(FREE, "")
    task._filters = [build_filter_ensemble(FREE, [("custom", {"filter_fn": whole.filter_replies})])]
    task.process_results = whole.process_results


def _of_inspect(choice: InspectTask) -> LoadedTask:
    task = of_inspect.lm_eval_task(choice)
    documents = _documents(task, choice)
    accepts = f"as inspect_ai's {choice.metric or 'first scorer'} decides"
    asking = asking_digest(task, choice, of_inspect.scoring_of(choice))
    return LoadedTask(choice, task, len(documents), _digest(documents), asking, accepts=accepts)


def _digest(documents: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(documents, sort_keys=True, default=str).encode()).hexdigest()


def _of_lm_eval(resolved: Resolved, choice: TaskChoice) -> Any:
    manager = _manager_of(resolved, choice)
    entry = manager.task_index[choice.task]
    written = entry.cfg or {}
    spec: Any = choice.task
    if choice.source == "include" and entry.yaml_path and _is_local(written) and written.get("dataset_kwargs"):
        files = _with_found_files(Path(entry.yaml_path), written["dataset_kwargs"])
        # A group may override the settings of its tasks.
        spec = {"group": "one task", "task": [{"task": choice.task, "dataset_kwargs": files}]}
    return manager.load([spec])["tasks"][choice.task]


def _of_file(built: BuiltTask) -> Any:
    sandbox_templates()
    return lm_eval_task(built)


def asking_digest(task: Any, choice: TaskChoice, scoring: str = "", judging: Mapping[str, Any] | None = None) -> str:
    """Return a SHA-256 over how a task's answers are made and scored: limits and stop words, filters, metrics.

    A task's version identifies these only if its author has raised it. Code is identified by its text.

    Args:
        task: lm-eval's.
        choice: for its metric.
        scoring: what identifies the scores of a task whose code does not: those of a file.
        judging: of `judging_identity`; None: no judge scores it.
    """
    config = getattr(task, "config", None)
    names = ("output_type", "generation_kwargs", "filter_list", "metric_list", "process_results", "repeats")
    settings = {name: getattr(config, name, None) for name in names} | {"metric": choice.metric}
    if scoring:
        settings["scoring"] = scoring
    if judging is not None:
        settings["judging"] = dict(judging)
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=_source).encode()).hexdigest()


def _source(value: Any) -> str:
    """Return the source code of a function or class, which is the same in every process."""
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        return getattr(value, "__qualname__", type(value).__qualname__)


def _manager_of(resolved: Resolved, choice: TaskChoice) -> Any:
    """Return the task manager that knows the task.

    Raises:
        UserError: it is unknown, or a group rather than a task.
    """
    quiet_lm_eval()
    manager = _manager(tuple(resolved.suite.tasks.include), defaults=choice.source == "lm_eval")
    if choice.task not in manager.all_subtasks:
        raise UserError(_unknown(_where(resolved, choice), choice, manager))
    return manager


def _where(resolved: Resolved, choice: TaskChoice) -> str:
    return f"{resolved.path}: tasks.select: {choice.task!r}"


@lru_cache(maxsize=4)
def _manager(include: tuple[Path, ...], *, defaults: bool) -> Any:
    from lm_eval.tasks import TaskManager

    sandbox_templates()
    for folder in include:
        check_task_files(folder)
    return TaskManager(include_path=[str(path) for path in include] or None, include_defaults=defaults)


def _settings(resolved: Resolved, choice: TaskChoice) -> Mapping[str, Any]:
    if isinstance(choice, FileTask | InspectTask):
        return choice.model_dump()
    return _manager_of(resolved, choice).task_index[choice.task].cfg or {}


def _documents(task: Any, choice: TaskChoice) -> Sequence[Any]:
    documents = task.eval_docs
    known = len(documents)
    if choice.documents is None:
        return [documents[index] for index in range(min(choice.limit or known, known))]
    if choice.documents[-1] >= known:
        raise UserError(
            f"documents: the task has no document {choice.documents[-1]}; its {known} are numbered "
            f"from 0 to {known - 1}"
        )
    return [documents[index] for index in choice.documents[: choice.limit]]


def _unknown(where: str, choice: TaskChoice, manager: Any) -> str:
    if choice.task in manager.all_tasks:
        return f"{where}: this is a group of tasks; select its members, such as {_members(manager, choice.task)}"
    hint = nearest(choice.task, manager.all_subtasks)
    if choice.source == "include":
        hint += " (for a task that lm-eval ships, add source: lm_eval)"
    return f"{where}: unknown task{hint}"


def _members(manager: Any, group: str) -> str:
    entry = manager.task_index[group]
    named = list(entry.tags) or [m for m in (entry.cfg or {}).get("task", []) if isinstance(m, str)]
    return ", ".join(sorted(named)[:3]) or "those in its YAML"


def over_limit(error: TemplateLimitError, settings: Mapping[str, Any]) -> str:
    """Say in a line which template takes too much.

    Args:
        error: what was raised.
        settings: of the task, in which the template is looked up to name its field.
    """
    field = next((name for name, value in settings.items() if value == error.template), "a template")
    return f"{field} ({error.template[:60]!r}): {error}, more than a template may"


def reason(error: Exception) -> str:
    """Say in a line what went wrong in a task, which is YAML, templates and code by others."""
    text = " ".join(str(error).split())
    if isinstance(error, IndexError):
        return "it has no documents"  # lm-eval looks at the first document while loading
    return f"{type(error).__name__}: {text[:300]}"
