"""Score the timed requests with lm-eval, item by item."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from wattbench.config import Measure, Prompt, TaskChoice
from wattbench.errors import UserError
from wattbench.records import ScoreRow
from wattbench.tasks.loading import LoadedTask
from wattbench.tasks.task_scores import chosen_metric

_NONE: Mapping[int, float] = {}


def evaluate(
    lm: Any,
    loaded: LoadedTask,
    prompt: Prompt,
    measure: Measure,
    *,
    documents: Sequence[int] | None = None,
    allow_unsafe_code: bool = False,
) -> list[dict[str, Any]]:
    """Have lm-eval ask an LM a task's documents, and score the answers.

    This is `lm_eval.simple_evaluate` without its report on the environment, which takes seconds, and so without
    what it does around `lm_eval.evaluate`: set the seeds, and the task's number of worked examples.

    Args:
        lm: who answers.
        loaded: the task.
        prompt: the form of the questions.
        measure: for its seed.
        documents: these alone, by doc_id and ascending. lm-eval numbers their requests from 0, and its samples by
            doc_id. None: all that the suite asks, numbered by doc_id.
        allow_unsafe_code: as the user said.

    Returns:
        lm-eval's samples: one per document and filter.
    """
    from lm_eval import evaluate as lm_evaluate

    task = loaded.task
    set_up(loaded, prompt, measure)
    chosen = documents is None and loaded.choice.documents is not None
    if chosen:
        restrict(task, loaded.doc_ids)
    if documents is not None:
        look_up(task, documents)
    results = lm_evaluate(
        lm,
        {"tasks": {loaded.choice.task: task}},
        limit=loaded.items if documents is None and not chosen else None,
        samples=None if documents is None else {loaded.choice.task: list(documents)},
        apply_chat_template=prompt.chat,
        fewshot_as_multiturn=prompt.chat and prompt.multiturn,
        system_instruction=prompt.system,
        log_samples=True,
        bootstrap_iters=0,  # intervals are reports' work, over the items
        confirm_run_unsafe_code=allow_unsafe_code,
    )
    samples: list[dict[str, Any]] = results["samples"][loaded.choice.task]
    return samples


def look_up(task: Any, documents: Sequence[int]) -> None:
    """Let a task read only some of its documents: for its `samples` lm-eval reads all of them, twice.

    Args:
        task: lm-eval's.
        documents: by their doc_id, ascending. Their requests are numbered from 0, as lm-eval's `samples` has it.
    """

    def chosen(**_: Any) -> Iterator[tuple[int, Any]]:
        every = task.eval_docs
        return enumerate(every[doc_id] for doc_id in documents)

    task.doc_iterator = chosen


def set_up(loaded: LoadedTask, prompt: Prompt, measure: Measure) -> None:
    """Set the seeds, and a task's number of worked examples, before its requests are built.

    Raises:
        UserError: there are fewer worked examples than the prompt asks for.
    """
    _seed(measure.seed)
    task = loaded.task
    # As lm-eval has it: a task that insists on 0 worked examples keeps it, and one that says nothing has none.
    if prompt.fewshot is not None and task.get_config("num_fewshot") != 0:
        _check_examples(loaded, prompt.fewshot)
        task.set_config(key="num_fewshot", value=prompt.fewshot)
    elif task.get_config("num_fewshot") is None:
        task.set_config(key="num_fewshot", value=0)
    task.set_fewshot_seed(seed=measure.seed)


def _check_examples(loaded: LoadedTask, wanted: int) -> None:
    """Check that a fixed list of worked examples has as many as the suite wants."""
    from lm_eval.api.samplers import FirstNSampler

    sampler = getattr(loaded.task, "sampler", None)
    if isinstance(sampler, FirstNSampler) and wanted > len(sampler.df):
        raise UserError(
            f"task {loaded.choice.task!r}: prompt.fewshot: {wanted} worked examples are asked for, and the task has "
            f"{len(sampler.df)}"
        )


def restrict(task: Any, documents: Sequence[int]) -> None:
    """Let a task ask and score only some of its documents, each with its usual prompt and number.

    lm-eval's own `samples` numbers requests anew, and draws other worked examples: those of a document depend on how
    many were built before it. So all up to the last one are built here, and the others thrown away.

    Args:
        task: lm-eval's.
        documents: by their doc_id.
    """
    wanted, until = frozenset(documents), max(documents) + 1
    build, every = task.build_all_requests, task.doc_iterator

    def chosen(**_: Any) -> Iterator[tuple[int, Any]]:
        return ((doc_id, doc) for doc_id, doc in every(limit=until) if doc_id in wanted)

    def build_chosen(**settings: Any) -> None:
        task.doc_iterator = every
        build(**{**settings, "limit": until, "samples": None})
        task._instances = [request for request in task.instances if request.doc_id in wanted]
        task.doc_iterator = chosen

    task.build_all_requests = build_chosen


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # lm-eval's samplers and models draw from the global generator
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


@contextmanager
def generators_kept() -> Iterator[None]:
    """Restore the global random generators at the end: `evaluate` seeds them, and systems may draw from them."""
    state, numpy_state = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    with ExitStack() as stack:
        if torch is not None:
            devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
            stack.enter_context(torch.random.fork_rng(devices=devices))
        try:
            yield
        finally:
            random.setstate(state)
            np.random.set_state(numpy_state)


def score_rows(
    samples: Sequence[Mapping[str, Any]],
    choice: TaskChoice,
    repeat: int,
    *,
    failed: Collection[int] = (),
    checked: Mapping[int, float] = _NONE,
) -> list[ScoreRow]:
    """Return one row per document, with every metric and the suite's metric of correctness.

    Args:
        samples: lm-eval's.
        choice: the task.
        repeat: how often it was asked before.
        failed: documents without an answer. They are not correct, whatever an empty text would score.
        checked: what the check of the task said of an agent's attempt at a document, in place of the metric.

    Raises:
        UserError: the task has no such metric, or it does not run from 0 to 1.
    """
    metric = _metric(samples, choice)
    filter_name = metric.partition(",")[2]
    by_document: dict[int, dict[str, Any]] = {}
    for sample in samples:
        metrics = by_document.setdefault(int(sample["doc_id"]), {})
        metrics |= {f"{name},{sample['filter']}": _plain(sample[name]) for name in sample["metrics"]}
    for doc_id, said in checked.items():
        by_document[doc_id][metric] = said
    return [
        ScoreRow(
            doc_id=int(sample["doc_id"]),
            repeat=repeat,
            doc_hash=str(sample["doc_hash"]),
            target=str(sample["target"]),
            filtered=_filtered(sample),
            correct=0.0
            if int(sample["doc_id"]) in failed
            else _correct(by_document[int(sample["doc_id"])][metric], metric, choice),
            metrics=by_document[int(sample["doc_id"])],
        )
        for sample in samples
        if sample["filter"] == filter_name
    ]


def _metric(samples: Sequence[Mapping[str, Any]], choice: TaskChoice) -> str:
    """Return the metric that counts as correctness, by its name in lm-eval: ``exact_match,none``."""
    known = list(dict.fromkeys(f"{name},{sample['filter']}" for sample in samples for name in sample["metrics"]))
    return chosen_metric(known, choice)


def _correct(value: Any, metric: str, choice: TaskChoice) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0.0 <= number <= 1.0:
        raise UserError(
            f"task {choice.task!r}: metric {metric!r} gives {value!r} for an item, but correctness is between 0 and 1. "
            "Name another of the task's metrics with metric:"
        )
    return number


def _filtered(sample: Mapping[str, Any]) -> str:
    """Return the answer that was compared with the target: the filtered text, or the likeliest choice."""
    answers = sample["filtered_resps"]
    if len(answers) > 1 and all(isinstance(answer, (tuple, list)) for answer in answers):
        likeliest = max(range(len(answers)), key=lambda index: float(answers[index][0]))
        return str(sample["arguments"][likeliest][1]).strip()
    return str(answers[0])


def _plain(value: Any) -> Any:
    """Return a metric for JSON: NumPy's numbers as numbers, any other type as text."""
    if hasattr(value, "item"):
        value = value.item()
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return str(value)
    return value
