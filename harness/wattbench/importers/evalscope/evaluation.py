"""Read the results of an evaluation by evalscope: scores, texts, tokens and times of every sample; no joules.

A work folder has ``reviews/<model>/<benchmark>_<subset>.jsonl`` (`ReviewResult`: scores, messages, target) and
``predictions/`` with the same names (`ModelResult`: usage and, with ``collect_perf``, times), both in the order in
which they ended, and ``configs/task_config.yaml``. This reads the format of evalscope 1.0 to 1.14.

A sample of several turns is one answer: its seconds and tokens are sums over its turns, and its first token is that of
the first turn. evalscope's own performance summary counts each turn as a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.importers.answer import UNIT_RANGE, Answer, ScoreRange, whole_number
from wattbench.importers.evalscope.predictions import read_predictions, sample_number
from wattbench.importers.files import digest, mapping, read_objects, read_yaml, text, without_credentials
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.importers.system_names import AT_ONCE

REVIEWS, PREDICTIONS, REPORTS = "reviews", "predictions", "reports"
CONFIG = Path("configs") / "task_config.yaml"
USABLE = ("success", "degraded")
"""The status of a score that counts; an older file has none."""


def looks_like(source: Path) -> bool:
    """Return whether a folder is a work folder of evalscope, or holds some."""
    return source.is_dir() and bool(_work_folders(source))


def read(
    sources: Sequence[Path],
    metric: str | None = None,
    scratch: Path | None = None,
    scores: ScoreRange = UNIT_RANGE,
) -> Imported:
    """Read every benchmark of some work folders. Each model is a system.

    Args:
        sources: work folders, or the folder of several.
        metric: which score is correctness, in every benchmark that has it; None takes the main one.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.
        scores: the range of that score.

    Raises:
        UserError: a folder has no reviews, a file is damaged, or a score is out of its range.
    """
    benchmarks = [each for source in sources for each in _benchmarks(source)]
    names = _names(benchmarks)
    left_out: Counter[str] = Counter()
    has_metric = metric is None

    def answers() -> Iterator[Answer]:
        nonlocal has_metric
        for each in benchmarks:
            for answer in _answers(names[each.work, each.model], each, metric, left_out, scores):
                has_metric = has_metric or metric in answer.metrics
                yield answer

    spool = Spool.of(answers(), scratch)
    if not has_metric:
        known = dict.fromkeys(name for answer in spool for name in answer.metrics)
        raise UserError(f"--metric {metric}: no benchmark has it{nearest(str(metric), known)}")
    settings = {names[each.work, each.model]: each.settings for each in benchmarks}
    versions = dict.fromkeys(
        str(each["evalscope_version"]) for each in settings.values() if "evalscope_version" in each
    )
    return Imported(
        format="evalscope",
        version=", ".join(versions) or None,
        files=tuple(dict.fromkeys(path for each in benchmarks for path in each.files)),
        answers=spool,
        left_out=left_out,
        scenario={system: _load(each) for system, each in settings.items()},
        configs={names[each.work, each.model]: _config(each.model, each.settings) for each in benchmarks},
    )


@dataclass(frozen=True)
class _Benchmark:
    """The reviews of one model on one subset of a benchmark."""

    work: Path
    model: str
    reviews: Path
    settings: Mapping[str, Any]

    @property
    def task(self) -> str:
        return self.reviews.stem

    @property
    def predictions(self) -> Path:
        return self.work / PREDICTIONS / self.model / self.reviews.name

    @property
    def domain(self) -> str:
        """The benchmark: the longest name of a report or a dataset that the file's name starts with."""
        listed = self.settings.get("datasets")
        known = [str(name) for name in listed] if isinstance(listed, list) else []
        known += [path.stem for path in (self.work / REPORTS / self.model).glob("*.json")]
        fits = [name for name in known if self.task == name or self.task.startswith(f"{name}_")]
        return max(fits, key=len, default=self.task)

    @property
    def files(self) -> list[Path]:
        """Those that were read."""
        return [path for path in (self.reviews, self.predictions, self.work / CONFIG) if path.is_file()]


def _work_folders(source: Path) -> list[Path]:
    """Return the folder itself, or those in it, that have reviews."""
    if (source / REVIEWS).is_dir():
        return [source]
    return sorted(path.parent for path in source.glob(f"*/{REVIEWS}") if path.is_dir())


def _benchmarks(source: Path) -> list[_Benchmark]:
    benchmarks = []
    for work in _work_folders(source):
        config = work / CONFIG
        settings = read_yaml(config) if config.is_file() else {}
        files = sorted((work / REVIEWS).glob("*/*.jsonl"))
        benchmarks += [_Benchmark(work, path.parent.name, path, settings) for path in files]
    if not benchmarks:
        raise UserError(
            f"{source}: there is no {REVIEWS}/<model>/<benchmark>.jsonl; this is no work folder of evalscope"
        )
    return benchmarks


def _names(benchmarks: Sequence[_Benchmark]) -> dict[tuple[Path, str], str]:
    """Map work folder and model to a system: the model's name, with its folder where two have the same."""
    works: dict[str, set[Path]] = {}
    for each in benchmarks:
        works.setdefault(each.model, set()).add(each.work)
    return {
        (each.work, each.model): each.model
        if len(works[each.model]) == 1
        else f"{each.model} ({each.work.resolve().name})"
        for each in benchmarks
    }


def _answers(
    system: str, each: _Benchmark, metric: str | None, left_out: Counter[str], scale: ScoreRange
) -> Iterator[Answer]:
    predictions = read_predictions(each.predictions, left_out)
    repeats = _repeats(each.reviews)
    for where, review in read_objects(each.reviews):
        index = sample_number(review, where)
        prediction = predictions.pop(index, None)
        scores, main = _scores(review, where, metric)
        if main is None:
            left_out["samples whose answer could not be scored"] += 1
            continue
        sample = mapping(review.get("sample_score"))
        detail = mapping(sample.get("score"))
        before, answered = _messages(review)
        target = text(review.get("target"))
        yield Answer(
            where=where,
            system=system,
            task=each.task,
            domain=each.domain,
            item=repeats[index][0],
            repeat=repeats[index][1],
            score=_main_score(scores, main, where, scale),
            doc_hash=digest(before, target),
            prompt=before,
            answer=text(detail.get("prediction")) or answered,
            filtered=text(detail.get("extracted_prediction")),
            target=target,
            metrics=scores,
            **(vars(prediction) if prediction else {}),
        )
    left_out["predictions without a review"] += len(predictions)


def _repeats(path: Path) -> dict[str, tuple[str, int]]:
    """Map each sample to its item and how often that was asked before: samples of one group are repeats of an item."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for where, review in read_objects(path):
        index = sample_number(review, where)
        sample = mapping(review.get("sample_score"))
        group = sample.get("group_id")
        position = whole_number(sample.get("generation_index"), "generation_index", where)
        position = int(index) if position is None and index.isdecimal() and len(index) < 16 else position or 0
        groups.setdefault(index if group is None else str(group), []).append((position, index))
    return {
        index: (group, repeat) for group, samples in groups.items() for repeat, (_, index) in enumerate(sorted(samples))
    }


def _scores(review: Mapping[str, Any], where: str, metric: str | None) -> tuple[dict[str, Any], str | None]:
    """Return all scores of a sample, and the name of the one that is correctness; None if it was not scored."""
    score = mapping(mapping(review.get("sample_score")).get("score"))
    scores = score.get("value")
    if not isinstance(scores, Mapping):
        raise UserError(f"{where}: no sample_score.score.value; this is no review of evalscope")
    if not scores or text(score.get("status") or "success") not in USABLE:
        return dict(scores), None
    names = (metric, score.get("main_score_name"), next(iter(scores)))
    return dict(scores), next(name for name in names if isinstance(name, str) and name in scores)


def _main_score(scores: Mapping[str, Any], main: str, where: str, scale: ScoreRange) -> float:
    try:
        score = scale.share(scores[main], f"score {main!r:.60}", where)
    except UserError as error:
        raise UserError(
            f"{error} to count as correctness. Name another of the benchmark's scores with --metric, or its range with "
            "--score-range"
        ) from error
    if score is None:
        raise UserError(f"{where}: score {main!r:.60} is {scores[main]!r:.60}: it must be a number")
    return score


def _messages(review: Mapping[str, Any]) -> tuple[str, str]:
    """Return what was asked, up to the first answer, and the last answer, as texts."""
    messages = review.get("messages")
    if not isinstance(messages, list):
        return text(review.get("input")), ""
    roles = [mapping(each).get("role") for each in messages]
    end = roles.index("assistant") if "assistant" in roles else len(messages)
    before = [mapping(each) for each in messages[:end]]
    prompt = (
        text(before[0].get("content"))
        if len(before) == 1
        else text([{"role": each.get("role"), "content": each.get("content")} for each in before])
    )
    answers = [mapping(each).get("content") for each, role in zip(messages, roles, strict=True) if role == "assistant"]
    return prompt, text(answers[-1]) if answers else ""


def _load(settings: Mapping[str, Any]) -> dict[str, Any]:
    generation = mapping(settings.get("generation_config"))
    load = {AT_ONCE: settings.get("eval_batch_size") or generation.get("batch_size")}
    return {name: value for name, value in load.items() if isinstance(value, int) and not isinstance(value, bool)}


def _config(model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    url = settings.get("api_url")
    named = settings.get("model")
    kept = {
        "model": named if isinstance(named, str) and named else model,
        "base_url": without_credentials(url) if isinstance(url, str) else None,
        "generation_config": {
            name: value
            for name, value in mapping(settings.get("generation_config")).items()
            if isinstance(value, bool | int | float)
        }
        or None,
    }
    return {"engine": "evalscope"} | {name: value for name, value in kept.items() if value is not None}
