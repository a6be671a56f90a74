"""Read the results of an evaluation by evalscope: scores, texts, tokens and times of every sample; no joules.

A work folder has ``reviews/<model>/<benchmark>_<subset>.jsonl`` (`ReviewResult`: scores, messages, target) and
``predictions/`` with the same names (`ModelResult`: usage and, with ``collect_perf``, times), both in the order in
which they ended, and ``configs/task_config.yaml``. This reads the format of evalscope 1.0 to 1.14.

A sample of several turns is one answer: its seconds and tokens are sums over its turns, and its first token is that of
the first turn. evalscope's own performance summary counts each turn as a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, whole_number
from wattbench.importers.fields import at, count, figure, read_fields, section, words, words_or_none
from wattbench.importers.files import digest, mapping, read_objects, read_yaml, text, without_credentials
from wattbench.importers.imported import AT_ONCE, ImportDraft

REVIEWS, PREDICTIONS, REPORTS = "reviews", "predictions", "reports"
CONFIG = Path("configs") / "task_config.yaml"
USABLE = ("success", "degraded")
"""The status of a score that counts; an older file has none."""

REVIEW = {
    "filtered": words("sample_score.score.extracted_prediction"),
    "target": words("target"),
}
TURN = {
    "seconds": figure("latency"),
    "first_token_seconds": figure("ttft"),
    "prompt_tokens": count("input_tokens"),
    "output_tokens": count("output_tokens"),
}
"""Of a turn's ``perf_metrics``."""
PREDICTION = {
    "seconds": figure("model_output.time"),
    "prompt_tokens": count("model_output.usage.input_tokens"),
    "output_tokens": count("model_output.usage.output_tokens"),
    "failure": words_or_none("model_output.error"),
    "finish_reason": words_or_none("model_output.choices.0.stop_reason"),
}
"""Seconds and tokens count where a turn has none."""
OF_ONE_TURN = {
    "cached_tokens": count("model_output.usage.input_tokens_cache_read"),
    "cache_write_tokens": count("model_output.usage.input_tokens_cache_write"),
    "reasoning_tokens": count("model_output.usage.reasoning_tokens"),
}
"""Stated of the last turn alone."""


@dataclass(frozen=True)
class _Benchmark:
    """The reviews of one model on one subset of a benchmark."""

    work: Path
    model: str
    reviews: Path
    settings: Mapping[str, Any]

    @property
    def predictions(self) -> Path:
        return self.work / PREDICTIONS / self.model / self.reviews.name

    @property
    def domain(self) -> str:
        """Return the name of the benchmark: the longest name of a report or dataset that begins the file's name."""
        datasets = self.settings.get("datasets")
        known = [str(name) for name in datasets] if isinstance(datasets, list) else []
        known += [path.stem for path in (self.work / REPORTS / self.model).glob("*.json")]
        fits = [name for name in known if f"{self.reviews.stem}_".startswith(f"{name}_")]
        return max(fits, key=len, default=self.reviews.stem)


def work_folders(source: Path) -> list[Path]:
    """Return the folders with reviews: the given folder, or else folders directly in it."""
    if (source / REVIEWS).is_dir():
        return [source]
    return sorted(path.parent for path in source.glob(f"*/{REVIEWS}") if path.is_dir())


def read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read every benchmark of some work folders. Each model is a system.

    Correctness is the chosen score in every benchmark that has it, else the main one.

    Raises:
        UserError: a folder has no reviews, a file is damaged, or a score is out of its range.
    """
    benchmarks = [each for source in sources for each in _benchmarks(source)]
    works: dict[str, set[Path]] = {}
    for each in benchmarks:
        works.setdefault(each.model, set()).add(each.work)
    metrics: dict[str, None] = {}
    for each in benchmarks:
        several = len(works[each.model]) > 1
        system = f"{each.model} ({each.work.resolve().name})" if several else each.model
        draft.add_system(system, _load(each.settings), **_config(each.model, each.settings))
        if "evalscope_version" in each.settings:
            draft.add_version(str(each.settings["evalscope_version"]))
        draft.files += [path for path in (each.reviews, each.predictions, each.work / CONFIG) if path.is_file()]
        for answer in _answers(system, each, draft):
            metrics |= dict.fromkeys(answer.metrics)
            yield answer
    draft.check_metric(metrics, "benchmark")


def _benchmarks(source: Path) -> list[_Benchmark]:
    benchmarks = []
    for work in work_folders(source):
        config = work / CONFIG
        settings = read_yaml(config) if config.is_file() else {}
        files = sorted((work / REVIEWS).glob("*/*.jsonl"))
        benchmarks += [_Benchmark(work, path.parent.name, path, settings) for path in files]
    if not benchmarks:
        raise UserError(
            f"{source}: there is no {REVIEWS}/<model>/<benchmark>.jsonl; this is no work folder of evalscope"
        )
    return benchmarks


def _load(settings: Mapping[str, Any]) -> dict[str, Any]:
    most = settings.get("eval_batch_size") or at(settings, "generation_config.batch_size")
    return {AT_ONCE: most} if isinstance(most, int) and not isinstance(most, bool) else {}


def _config(model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    url, stated = settings.get("api_url"), settings.get("model")
    generation = section(settings, "generation_config")
    return {
        "engine": "evalscope",
        "model": stated if isinstance(stated, str) and stated else model,
        "base_url": without_credentials(url) if isinstance(url, str) else None,
        "generation_config": {k: v for k, v in generation.items() if isinstance(v, bool | int | float)} or None,
    }


def _answers(system: str, each: _Benchmark, draft: ImportDraft) -> Iterator[Answer]:
    predictions = _predictions(each.predictions, draft)
    repeats = _repeats(each.reviews)
    domain = each.domain
    for where, review in read_objects(each.reviews):
        index = _sample_number(review, where)
        prediction = predictions.pop(index, {})
        scores, main = _scores(review, where, draft.metric)
        if main is None:
            draft.left_out["samples whose answer could not be scored"] += 1
            continue
        prompt, answered = _messages(review)
        fields = read_fields(REVIEW, review, where)
        yield Answer(
            where=where,
            system=system,
            task=each.reviews.stem,
            domain=domain,
            item=repeats[index][0],
            repeat=repeats[index][1],
            score=_main_score(scores, main, where, draft),
            doc_hash=digest(prompt, fields["target"]),
            prompt=prompt,
            answer=text(at(review, "sample_score.score.prediction")) or answered,
            metrics=scores,
            **fields,
            **prediction,
        )
    draft.left_out["predictions without a review"] += len(predictions)


def _sample_number(entry: Mapping[str, Any], where: str) -> str:
    index = entry.get("index")
    if not isinstance(index, int | str) or isinstance(index, bool):
        raise UserError(f"{where}: index is {index!r:.60}; this is no line of evalscope")
    return str(index)


def _predictions(path: Path, draft: ImportDraft) -> dict[str, dict[str, Any]]:
    """Map samples to the fields that predictions add to reviews. The last prediction of a sample counts."""
    predictions: dict[str, dict[str, Any]] = {}
    for where, entry in read_objects(path) if path.is_file() else ():
        index = _sample_number(entry, where)
        draft.left_out["predictions that were made again"] += index in predictions
        predictions[index] = _prediction(entry, where)
    return predictions


def _prediction(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    messages = entry.get("messages")
    measured = [
        mapping(each["perf_metrics"])
        for each in (messages if isinstance(messages, list) else [])
        if mapping(each).get("role") == "assistant" and mapping(each).get("perf_metrics") is not None
    ] or [section(entry, "model_output.perf_metrics")]
    turns = [read_fields(TURN, each, where) for each in measured]
    fields = read_fields(PREDICTION, entry, where) | {"first_token_seconds": turns[0]["first_token_seconds"]}
    for name in ("seconds", "prompt_tokens", "output_tokens"):
        if all(turn[name] is not None for turn in turns):
            fields[name] = sum(turn[name] for turn in turns)
    return fields | (read_fields(OF_ONE_TURN, entry, where) if len(turns) == 1 else {})


def _repeats(path: Path) -> dict[str, tuple[str, int]]:
    """Map samples to (item, repeat): samples of one group are repeats of an item."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for where, review in read_objects(path):
        index = _sample_number(review, where)
        sample = section(review, "sample_score")
        group = sample.get("group_id")
        position = whole_number(sample.get("generation_index"), "generation_index", where)
        position = int(index) if position is None and index.isdecimal() and len(index) < 16 else position or 0
        groups.setdefault(index if group is None else str(group), []).append((position, index))
    return {
        index: (group, repeat) for group, samples in groups.items() for repeat, (_, index) in enumerate(sorted(samples))
    }


def _scores(review: Mapping[str, Any], where: str, metric: str | None) -> tuple[dict[str, Any], str | None]:
    """Return the scores of a sample, and the name of the score that is its correctness, if it has one."""
    score = section(review, "sample_score.score")
    scores = score.get("value")
    if not isinstance(scores, Mapping):
        raise UserError(f"{where}: no sample_score.score.value; this is no review of evalscope")
    if not scores or text(score.get("status") or "success") not in USABLE:
        return dict(scores), None
    names = (metric, score.get("main_score_name"), next(iter(scores)))
    return dict(scores), next(name for name in names if isinstance(name, str) and name in scores)


def _main_score(scores: Mapping[str, Any], main: str, where: str, draft: ImportDraft) -> float:
    others = "another of the benchmark's scores with --metric, or its range with --score-range"
    score = draft.share(scores[main], f"score {main!r:.60}", where, others)
    if score is None:
        raise UserError(f"{where}: score {main!r:.60} is {scores[main]!r:.60}: it must be a number")
    return score


def _messages(review: Mapping[str, Any]) -> tuple[str, str]:
    """Return the prompt (all before the first answer) and the last answer, as texts."""
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
