"""Bound the cost of a run before it starts: by the first prompt of each task and the longest answers allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench.config import AskingSystem, EndpointSystem, HybridSystem, Resolved
from wattbench.config.judged import PAIR
from wattbench.measure.judging.planned import planned_judging
from wattbench.measure.plan import Planned, requests
from wattbench.measure.services.spending_of_run import tariffs_of
from wattbench.measure.shown_prompts import ShownPrompt
from wattbench.quantities import money
from wattbench.systems.endpoint.request import most_prompt_tokens
from wattbench.tasks.judged.prompt import REPLY_TOKENS, ShownAnswer, judge_prompt
from wattbench.tasks.judged.rubric import rubric_text
from wattbench.tasks.output_limit import output_limit
from wattbench.tasks.task_scores import TaskScores


@dataclass(frozen=True)
class ExpectedCost:
    """What the requests of one system can cost."""

    system: str
    requests: int
    """Warm-up included."""
    most: float | None
    """Money, if every prompt is as long as the first of its task and every answer takes all its tokens; None where it
    is not known."""
    currency: str
    why_unknown: str = ""


def expected_costs(
    resolved: Resolved, cells: Sequence[Planned], prompts: Sequence[ShownPrompt], scores: Sequence[TaskScores]
) -> list[ExpectedCost]:
    """Return the highest cost of each endpoint, agent and judge with a price, and a row for each hybrid with one.

    Args:
        resolved: the suite.
        cells: its cells.
        prompts: the first item of each task, at least, as systems are asked them.
        scores: how answers of each task end.
    """
    tariffs, measure = tariffs_of(resolved.with_judges), resolved.suite.measure
    limits = {each.task: each.max_tokens for each in scores}
    costs: list[ExpectedCost] = []
    for name, config in resolved.systems.items():
        if isinstance(config, HybridSystem):
            paid = [tariffs[each].currency for each in config.resident if each in tariffs]
            if paid:
                costs.append(ExpectedCost(name, 0, None, paid[0], "it depends on what its router chooses"))
            continue
        tariff = tariffs.get(name)
        if tariff is not None and isinstance(config, AskingSystem):
            costs.append(_of_attempts(name, config, cells, resolved, tariff.currency))
            continue
        if tariff is None or not isinstance(config, EndpointSystem):
            continue
        number, most, why = 0, 0.0, ""
        for cell in (each for each in cells if each.system == name):
            task = cell.choice.task
            first = next((each for each in prompts if each.task == task and name in each.systems), None)
            if cell.items is None or first is None:
                why = f"the documents of {task} were not read"
                continue
            sent = requests(cell.items, measure, config) + measure.warmup
            texts = [turn.text for turn in first.turns]
            tokens = output_limit(config, limits.get(task)).tokens
            number += sent
            most += sent * tariff.most(most_prompt_tokens(texts), tokens)
        costs.append(ExpectedCost(name, number, None if why else most, tariff.currency, why))
    return [*costs, *_of_judges(resolved, cells, prompts, limits)]


def _of_judges(
    resolved: Resolved, cells: Sequence[Planned], prompts: Sequence[ShownPrompt], limits: Mapping[str, int | None]
) -> Iterator[ExpectedCost]:
    """Yield the highest cost of each judge with a price: it reads rubric, item and the longest answers."""
    tariffs, choices = tariffs_of(resolved.judges), {choice.task: choice for choice in resolved.tasks}
    planned = planned_judging(resolved, cells)
    for judge, tariff in tariffs.items():
        of_judge = [each for each in planned if each.judge == judge]
        if not of_judge:  # the member of a hybrid, or the server of an agent, that judges
            continue
        config, title = resolved.judges[judge], f"{judge} (judge)"
        number, most, why = sum(each.requests or 0 for each in of_judge), 0.0, ""
        if not isinstance(config, EndpointSystem):
            why = "it makes several calls for a verdict"
        for each in of_judge:
            judged, item = choices[each.task].judged, next((one for one in prompts if one.task == each.task), None)
            if each.requests is None or item is None or judged is None:
                why = why or f"the documents of {each.task} were not read"
                continue
            answer = max(output_limit(cell.config, limits.get(each.task)).tokens for cell in cells)
            shown = ShownAnswer("".join(turn.text for turn in item.turns), "", "" if each.scale == PAIR else None)
            prompt = judge_prompt(shown, judged, rubric_text(judged), resolved.suite.measure.seed)
            tokens = most_prompt_tokens([prompt, item.target]) + answer * (2 if each.scale == PAIR else 1)
            most += each.requests * tariff.most(tokens, output_limit(config, REPLY_TOKENS).tokens)
        yield ExpectedCost(title, number, None if why else most, tariff.currency, why)


def _of_attempts(
    name: str, config: AskingSystem, cells: Sequence[Planned], resolved: Resolved, currency: str
) -> ExpectedCost:
    """Return the highest cost of an agent: by the limit of an attempt, which the calls under way may exceed."""
    items = [cell.items for cell in cells if cell.system == name]
    known = [requests(number, resolved.suite.measure, config) for number in items if number is not None]
    why = "what an attempt may cost has no limit (max_cost)" if config.max_cost is None else ""
    if len(known) < len(items):
        why = "the documents of a task were not read"
    most = None if why or config.max_cost is None else sum(known) * config.max_cost
    return ExpectedCost(name, sum(known), most, currency, why)


def costs_in_words(
    costs: Sequence[ExpectedCost], max_cost: str | None, listed: Callable[[Sequence[str]], str] = ", ".join
) -> list[str]:
    """Word the cost of each system, and the budget; empty without costs.

    Args:
        costs: of the systems; equal ones share a line.
        max_cost: the budget.
        listed: lists systems.
    """
    alike: dict[str, list[str]] = {}
    for each in costs:
        what = f"not known: {each.why_unknown}" if each.most is None else money(each.most, each.currency)
        alike.setdefault(what + (f", {each.requests:,} requests" if each.requests else ""), []).append(each.system)
    lines = [f"{listed(systems)}: {what}{' each' if len(systems) > 1 else ''}" for what, systems in alike.items()]
    return [*lines, f"budget: {max_cost or 'none (max_cost)'}"] if lines else []
