"""Read lm-eval's results, made with ``--log_samples``: scores, prompts and answers; no times, tokens or joules.

Under its output path lm-eval (0.4.13: `loggers.evaluation_tracker.EvaluationTracker`) writes a folder per model with
``results_<date>.json`` and, per task, ``samples_<task>_<date>.jsonl``: a line per document and filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.importers.answer import Answer, whole_number
from wattbench.importers.fields import read_fields, words
from wattbench.importers.files import digest, mapping, read_object, read_objects, text
from wattbench.importers.imported import Format, ImportDraft

_DATE = r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:\.\d+)?"
RESULTS = re.compile(rf".*_({_DATE})\.json")
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")
"""Of a function that a task names: another one in each process."""
SAMPLES = re.compile(rf"samples_(.+)_({_DATE})\.jsonl")
TEXTS = {
    "doc_hash": words("doc_hash"),
    "prompt_hash": words("prompt_hash"),
    "target": words("target"),
}
"""Of a sample; the other texts are in lists."""
SETTINGS = ("model_source", "chat_template_sha", "system_instruction_sha", "fewshot_as_multiturn")
"""What is kept of the settings of a model."""


@dataclass(frozen=True)
class _Evaluation:
    """One results file and the samples of the same time."""

    results: Path
    date: str
    raw: Mapping[str, Any]
    samples: Mapping[str, Path]
    """Task to file."""

    @property
    def model(self) -> str:
        named = self.raw.get("model_name")
        return str(named) if named else self.results.parent.name


def _looks_like(source: Path) -> bool:
    if source.is_dir():
        return any(SAMPLES.fullmatch(path.name) for path in source.rglob("samples_*.jsonl"))
    return bool(SAMPLES.fullmatch(source.name)) or bool(RESULTS.fullmatch(source.name))


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read every evaluation under some folders; if a model has several on one task, the last.

    Correctness is the chosen metric in every task that has it, else a task's first.
    """
    evaluations = [each for source in sources for each in _evaluations(source)]
    names = _names(evaluations)
    latest: dict[tuple[str, str], tuple[_Evaluation, Path]] = {}
    for each in sorted(evaluations, key=lambda each: each.date):
        for task, path in each.samples.items():
            draft.left_out["older evaluations of the same model and task"] += (names[each.results], task) in latest
            latest[names[each.results], task] = each, path
    used = {key: _chosen_metric(path, key[1], each, draft.metric) for key, (each, path) in latest.items()}
    if draft.metric is not None and not any(draft.metric in _names_of(key) for key in used.values()):
        raise UserError(f"--metric {draft.metric}: no task has it{nearest(draft.metric, used.values())}")
    for version in sorted({text(each.raw.get("lm_eval_version")) for each, _ in latest.values()}):
        draft.add_version(version)
    for (system, task), (each, samples) in latest.items():
        draft.files += [each.results, samples]
        settings = {name: each.raw.get(name) for name in SETTINGS}
        draft.add_system(system, None, engine="lm-eval", model=each.raw.get("model_name"), **settings)
        draft.facts[system, task] = _facts(task, each)
        yield from _answers(system, task, samples, each, used[system, task], draft)


def _evaluations(source: Path) -> Iterator[_Evaluation]:
    files = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    results = [(path, match[1]) for path in files if (match := RESULTS.fullmatch(path.name))]
    if not results:
        raise UserError(f"{source}: there is no results_<date>.json of lm-eval")
    with_samples = 0
    for path, date in results:
        samples = {
            match[1]: each
            for each in sorted(path.parent.glob("samples_*.jsonl"))
            if (match := SAMPLES.fullmatch(each.name)) and match[2] == date
        }
        with_samples += bool(samples)
        if samples:
            yield _Evaluation(path, date, read_object(path), samples)
    if not with_samples:
        raise UserError(f"{results[0][0]}: it has only totals, without a file of samples. Evaluate with --log_samples")


def _names(evaluations: Sequence[_Evaluation]) -> dict[Path, str]:
    """Map each results file to its system: the model's name, with its folder where two folders have the same name."""
    folders: dict[str, set[Path]] = {}
    for each in evaluations:
        folders.setdefault(each.model, set()).add(each.results.parent)
    return {
        each.results: each.model if len(folders[each.model]) == 1 else f"{each.model} ({_folder(each.results.parent)})"
        for each in evaluations
    }


def _folder(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _chosen_metric(path: Path, task: str, evaluation: _Evaluation, metric: str | None) -> str:
    """Return the metric of a task that counts as correctness, as lm-eval names it: ``exact_match,none``."""
    first = ""
    known: dict[str, None] = {}
    for where, sample in read_objects(path):
        first = first or where
        known |= dict.fromkeys(f"{name},{_filter(sample)}" for name in _metrics(where, sample, task, evaluation))
    if not first:
        raise UserError(f"{path}: it has no samples")
    if not known:
        raise UserError(f"{first}: this sample has no metric; it was written by a very old lm-eval")
    return next((key for key in known if metric in _names_of(key)), next(iter(known)))


def _names_of(metric: str) -> tuple[str, str]:
    """Return the names by which a metric may be chosen: ``exact_match,none`` and ``exact_match``."""
    return metric, metric.partition(",")[0]


def _answers(
    system: str, task: str, path: Path, evaluation: _Evaluation, metric: str, draft: ImportDraft
) -> Iterator[Answer]:
    """Yield a task's answers: the samples of the metric's filter, with the metrics of all filters."""
    name, _, filter_name = metric.partition(",")
    others: dict[int | None, dict[str, Any]] = {}
    for where, sample in read_objects(path):
        doc_id = whole_number(sample.get("doc_id"), "doc_id", where)
        if _filter(sample) != filter_name:
            others.setdefault(doc_id, {}).update(_scores(where, sample, task, evaluation))
    for where, sample in read_objects(path):
        if _filter(sample) == filter_name:
            doc_id = whole_number(sample.get("doc_id"), "doc_id", where)
            metrics = _scores(where, sample, task, evaluation) | others.get(doc_id, {})
            yield _answer(system, task, where, doc_id, sample, name, metrics, draft)


def _scores(where: str, sample: Mapping[str, Any], task: str, evaluation: _Evaluation) -> dict[str, Any]:
    return {f"{name},{_filter(sample)}": sample[name] for name in _metrics(where, sample, task, evaluation)}


def _answer(
    system: str,
    task: str,
    where: str,
    doc_id: int | None,
    sample: Mapping[str, Any],
    metric: str,
    metrics: Mapping[str, Any],
    draft: ImportDraft,
) -> Answer:
    if doc_id is None:
        raise UserError(f"{where}: no doc_id; this is not a sample of lm-eval")
    others = "another of the task's metrics with --metric, or its range with --score-range"
    arguments = _arguments(sample)
    replies, filtered = sample.get("resps"), sample.get("filtered_resps")
    chosen = _filtered(filtered, arguments)
    return Answer(
        where=where,
        system=system,
        task=task,
        item=str(doc_id),
        score=draft.share(sample.get(metric), f"metric {metric!r}", where, others),
        prompt=text(arguments[0][0]) if arguments and arguments[0] else "",
        answer=_innermost(replies) if len(arguments) == 1 else chosen,
        filtered=chosen,
        metrics=metrics,
        **read_fields(TEXTS, sample, where),
    )


def _metrics(where: str, sample: Mapping[str, Any], task: str, evaluation: _Evaluation) -> list[str]:
    names = sample.get("metrics")
    if not isinstance(names, list):  # before they were named in each sample
        config = mapping(mapping(evaluation.raw.get("configs")).get(task))
        listed = config.get("metric_list")
        names = [mapping(each).get("metric") for each in listed] if isinstance(listed, list) else []
        return [str(name) for name in names if name in sample]
    if any(not isinstance(name, str) or name not in sample for name in names):
        raise UserError(f"{where}: it names metrics ({names!r:.80}) that are missing; the file is damaged")
    return names


def _filter(sample: Mapping[str, Any]) -> str:
    return str(sample.get("filter", "none"))


def _arguments(sample: Mapping[str, Any]) -> list[list[Any]]:
    """Return the arguments of each request, from ``{"gen_args_0": {"arg_0": ...}}``."""
    given = sample.get("arguments")
    if isinstance(given, Mapping):
        return [list(each.values()) for each in given.values() if isinstance(each, Mapping)]
    return [list(each) for each in given if isinstance(each, list)] if isinstance(given, list) else []


def _filtered(answers: Any, arguments: Sequence[Sequence[Any]]) -> str:
    """Return what was compared with the target: the filtered text, or the likeliest choice."""
    if not isinstance(answers, list) or not answers:
        return text(answers)
    if len(answers) > 1 and len(answers) == len(arguments) and all(isinstance(each, list) and each for each in answers):
        try:
            likelihoods = [float(each[0]) for each in answers]
        except (OverflowError, TypeError, ValueError):
            return text(answers)
        likeliest = arguments[likelihoods.index(max(likelihoods))]
        return text(likeliest[1]).strip() if len(likeliest) > 1 else ""
    return text(answers[0])


def _innermost(replies: Any) -> str:
    """Return the first reply's text, from nested lists."""
    while isinstance(replies, list):
        if not replies:
            return ""
        replies = replies[0]
    return text(replies)


def _facts(task: str, evaluation: _Evaluation) -> dict[str, Any]:
    """Return the task's version, and a digest of the settings by which it asks and scores."""
    version = mapping(evaluation.raw.get("versions")).get(task)
    settings = mapping(mapping(evaluation.raw.get("configs")).get(task))
    described = {key: value for key, value in settings.items() if key != "metadata"}
    facts = {} if version is None else {"task_version": str(version)}
    return facts | ({"task_sha256": digest(_ADDRESS.sub("", text(described)))} if described else {})


LM_EVAL = Format(
    "lm-eval",
    _looks_like,
    _read,
    needs="samples_<task>_<date>.jsonl of --log_samples, alone or in a folder",
    scored=True,
)
