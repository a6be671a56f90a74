"""Say by which metric of a task an answer counts, and which answers it accepts, before a model is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wattbench.config import TaskChoice
from wattbench.errors import UserError, nearest
from wattbench.tasks.file_task.accepted import accepted_freely
from wattbench.tasks.grading import free_metrics
from wattbench.tasks.loading import LoadedTask, TaskOutline
from wattbench.tasks.output_limit import limit_of_task

_LIKELIHOODS = {
    "acc": "the right choice is the likeliest",
    "acc_norm": "the right choice is the likeliest, by its log-likelihood for each character",
    "acc_bytes": "the right choice is the likeliest, by its log-likelihood for each byte",
}


@dataclass(frozen=True)
class TaskScores:
    """The metrics and rules by which the answers of a task are scored."""

    task: str
    metric: str | None
    """That counts as correctness, as lm-eval names it: ``exact_match,none``; None where a run alone shows it."""
    metrics: tuple[str, ...] = ()
    """All that are known."""
    accepts: str = ""
    """When an answer is right, in words; empty where it is not known."""
    until: tuple[str, ...] = ()
    """Texts at which a generated answer ends."""
    max_tokens: int | None = None
    """Its limit, which counts of systems without one; None: it sets none, or nothing is generated."""

    def as_record(self) -> dict[str, Any]:
        """Return the metrics and rules as plain data."""
        return asdict(self) | {"metrics": list(self.metrics), "until": list(self.until)}


def scores_of(loaded: LoadedTask) -> TaskScores:
    """Return how the answers of a loaded task are scored.

    Raises:
        UserError: the task has no such metric as the suite names.
    """
    task, choice = loaded.task, loaded.choice
    known = _given(loaded)
    metric = chosen_metric(known, choice) if known else None
    generation = loaded.generation
    until = generation.get("until") or ()
    return TaskScores(
        choice.task,
        metric,
        tuple(known),
        loaded.accepts or _accepted(task, metric),
        (until,) if isinstance(until, str) else tuple(map(str, until)),
        limit_of_task(generation),
    )


def scores_written(outline: TaskOutline) -> TaskScores:
    """Return how a task's answers are scored, as far as its YAML alone says it.

    Raises:
        UserError: the task has no such metric as the suite names.
    """
    known = list(outline.metrics)
    metric = chosen_metric(known, outline.choice) if known else None
    return TaskScores(outline.choice.task, metric, tuple(known), accepted_freely(outline.choice))


def chosen_metric(known: Sequence[str], choice: TaskChoice) -> str:
    """Return the metric that counts as correctness, by its name in lm-eval: ``exact_match,none``.

    Args:
        known: the task's, the first of which counts unless the suite names another.
        choice: the task.

    Raises:
        UserError: the task has no such metric.
    """
    if choice.metric is None:
        return known[0]
    for key in known:
        if choice.metric in (key, key.partition(",")[0]):
            return key
    raise UserError(f"task {choice.task!r}: metric: the task has no {choice.metric!r}{nearest(choice.metric, known)}")


def _given(loaded: LoadedTask) -> list[str]:
    """Return the names of the metrics that lm-eval gives for an answer, by scoring an empty one.

    Empty where that cannot be tried.
    """
    if loaded.choice.is_free:
        return [*free_metrics(loaded.choice)]
    task = loaded.task
    if loaded.outline.unsafe_code:
        return []
    document = task.eval_docs[loaded.doc_ids[0]]
    try:
        if task.OUTPUT_TYPE == "generate_until":
            results: list[Any] = [""]
        elif task.OUTPUT_TYPE == "multiple_choice":
            results = [(-1.0, False)] * len(task.doc_to_choice(document))
        else:
            results = [(-1.0, False)] if task.OUTPUT_TYPE == "loglikelihood" else [-1.0]
        metrics = list(task.process_results(document, results))
        filters = [str(each.name) for each in task._filters]
    except Exception:  # others' code, given what it may not expect; the run itself gives it answers
        return []
    return [f"{metric},{name}" for name in filters for metric in metrics]


def _accepted(task: Any, metric: str | None) -> str:
    """Describe which answers to one of lm-eval's tasks are right, as far as its settings say it."""
    if metric is None:
        return ""
    settings = task.config
    name, _, filter_name = metric.partition(",")
    if callable(settings.process_results):
        return "as the task's own code decides"
    if task.OUTPUT_TYPE != "generate_until":
        return _LIKELIHOODS.get(name, "")
    return "; ".join(part for part in (_compared(task, name), _read_by(settings.filter_list, filter_name)) if part)


def _compared(task: Any, name: str) -> str:
    options = getattr(task, "_metric_fn_kwargs", {}).get(name) or {}
    ignored = [
        *(key.removeprefix("ignore_") for key, value in options.items() if key.startswith("ignore_") and value is True),
        *(repr(each) for each in options.get("regexes_to_ignore") or ()),
    ]
    said = "the reply is the target" if name == "exact_match" else ""
    return said + (f" ({', '.join(ignored)} do not count)" if said and ignored else "")


def _read_by(filters: Iterable[Mapping[str, Any]] | None, name: str) -> str:
    for each in filters or ():
        if each.get("name") == name:
            steps = [_step(step) for step in each.get("filter") or () if step.get("function") != "take_first"]
            return f"a reply is read by {', then '.join(steps)}" if steps else ""
    return ""


def _step(step: Mapping[str, Any]) -> str:
    settings = [
        f"{key}={'code' if callable(value) else repr(value)}" for key, value in step.items() if key != "function"
    ]
    return f"{step.get('function')}" + (f" ({', '.join(settings)})" if settings else "")
