"""Scores of lm-eval alone next to wattbench's, item by item: the same documents, prompts and weights.

lm-eval alone is `lm_eval.simple_evaluate`: of the rules with a model class written here, of the language model with
lm-eval's own HFLM around the weights that wattbench loads. wattbench's side is a run of a suite, from its records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import wattbench
from benchmarks.ground_truth.line import Line, Sources
from benchmarks.systems.rules.arithmetic import solve
from wattbench.config import Resolved, load_suite
from wattbench.systems import Engine, open_engine, release_base
from wattbench.tasks.loading import quiet_lm_eval

BENCHMARKS = Path(__file__).parents[1]
RULES, MODEL = "rules-arithmetic", "generalist-tuned"
CELLS: Mapping[str, tuple[Sequence[str], int]] = {
    RULES: (("addition", "gcd", "days_between"), 100),
    MODEL: (("addition", "gcd", "syllogism"), 16),
}
"""System to its tasks, and how many documents of each."""
MODELS = {RULES: "rules", MODEL: "SmolLM2-135M with an adapter"}

SCORE = "exact_match,none"

SUITE = """
name: items
tasks:
  include: [{benchmarks}/tasks]
  select: [{tasks}]
systems:
  include: [{benchmarks}/systems/smol.yaml]
  select: [{system}]
measure: {{idle_s: 0, warmup: 0, min_window_s: 0, blocks: 2, busy: mark, seed: 1234}}
"""


def lines(sources: Sources) -> Iterator[Line]:
    """Yield two lines for each system and task: the mean score, and the items that agree."""
    quiet_lm_eval()
    for system, (tasks, limit) in CELLS.items():
        suite = sources.folder / f"{system}.yaml"
        select = ", ".join(f"{{task: {task}, domain: d, limit: {limit}}}" for task in tasks)
        suite.write_text(SUITE.format(benchmarks=BENCHMARKS, tasks=select, system=system), encoding="utf-8")
        run = wattbench.run(suite, out=sources.folder / "runs", wait=True)
        rows = [(row.task, row.item, row.answer, float(row.score)) for row in run.items().itertuples()]
        alone = _alone(load_suite(suite), system)
        for task in tasks:
            yield from of_task(system, task, alone, {item: rest for of, item, *rest in rows if of == task})
    release_base()


def of_task(system: str, task: str, alone: Mapping[str, Any], ours: Mapping[int, Sequence[Any]]) -> Iterator[Line]:
    """Yield the lines of a task: lm-eval's results of it, and doc_id to answer and score of wattbench's."""
    samples = {each["doc_id"]: [each["resps"][0][0], each["exact_match"]] for each in alone["samples"][task]}
    same = sum(ours.get(item) == sample for item, sample in samples.items())
    what = f"{MODELS[system]}, {task}"
    mean = sum(score for _, score in ours.values()) / len(ours)
    yield Line(f"{system}-{task}-score", f"{what}: mean score", "share", alone["results"][task][SCORE], mean)
    what = f"{what}: items with the same answer and score"
    yield Line(f"{system}-{task}-items", what, "items", len(samples), same)


def _alone(resolved: Resolved, system: str) -> Mapping[str, Any]:
    """Return the result of `simple_evaluate` on a model without wattbench."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    prompt = resolved.systems[system].prompt
    with open_engine(system, resolved.systems[system], batch=1, seed=0) as engine:
        return lm_eval.simple_evaluate(  # type: ignore[no-any-return]  # lm-eval has no types
            model=_rules() if system == RULES else _hflm(engine),
            tasks=[each.task for each in resolved.tasks],
            num_fewshot=prompt.fewshot,
            limit=resolved.tasks[0].limit,
            task_manager=TaskManager(include_path=str(BENCHMARKS / "tasks"), include_defaults=False),
            apply_chat_template=prompt.chat,
            fewshot_as_multiturn=prompt.chat and prompt.multiturn,
            bootstrap_iters=0,
            log_samples=True,
        )


def _hflm(engine: Engine) -> Any:
    from lm_eval.models.huggingface import HFLM

    lm: Any = engine.lm
    return HFLM(pretrained=lm.model, tokenizer=lm.tokenizer, backend="causal", batch_size=1)


def _rules() -> Any:
    from lm_eval.api.model import LM

    class Rules(LM):  # type: ignore[misc]  # lm-eval has no types
        """Answers by the rules, which the tasks ask for text alone: the other requests are never made."""

        def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
            return [solve(request.args[0]) for request in requests]

        def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
            raise NotImplementedError  # the tasks ask for text alone

        def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
            raise NotImplementedError  # the tasks ask for text alone

    return Rules()
