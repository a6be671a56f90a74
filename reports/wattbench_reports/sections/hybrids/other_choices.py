"""What other choices would have given on the same items, and cost, and whether the replay agrees with the live run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from wattbench_reports.formatting import units
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.presenter.model import Cell, Column, Passage, Table, numbers
from wattbench_reports.routing.hybrids.other_choices import Choice
from wattbench_reports.routing.hybrids.study import ReplayCheck, Study
from wattbench_reports.sections.hybrids.words import absent, choice_name, joules, joules_interval, latency, signed
from wattbench_reports.stats import Interval


def choices_passage(each: Study, money: RunMoney | None = None) -> Passage | None:
    """Make the passage on other choices of members; None where hybrid and members share no answered item.

    Args:
        each: one hybrid.
        money: of the run; None: no system has a cost.
    """
    if not each.choices or (not each.bench.present and len(each.choices) == 1):
        return None
    sentences = [*_replay(each), *_control(each), *_oracle(each), *_no_joules(each)]
    tables = (_table(each), *money_table(each, money))
    return Passage(f"{each.routing.system}: other choices", tuple(sentences), tables)


def _replay(each: Study) -> Iterable[str]:
    check = each.check
    if check is None:
        yield "Its routes cannot be replayed: no item was answered by members that are in this run."
        return
    which = "all its items" if len(check.live.rows) == check.of else f"{len(check.live.rows):,} of {check.of:,} items"
    yield f"Replayed with its members' own answers over {which}, {_accuracy(check)}{_energy(check)}."
    yield (
        f"On {units.percent(check.same_score)} of these items the recorded answer has the same score as the hybrid's "
        "own."
    )
    yield from _why_apart(each, check)


def _why_apart(each: Study, check: ReplayCheck) -> Iterable[str]:
    """Explain why live and replayed joules differ, as far as it is known."""
    if check.energy_j is None or check.energy_agrees:
        return
    idle_j = 0.0 if each.resident is None else each.resident.j_per_request
    if idle_j * check.energy_j.estimate > 0:
        yield (
            f"According to the idle windows, resident members account for a difference of {signed(idle_j, 'J')} per "
            "request."
        )
    yield (
        f"Mean latency of a request: {latency(check.live)} live, {latency(check.replayed)} by its members' recorded "
        "answers."
    )


def _accuracy(check: ReplayCheck) -> str:
    verb = "agrees" if check.accuracy_agrees else "does not agree"
    return (
        f"its accuracy {verb} with the live run ({units.percent(check.live.accuracy)} live, "
        f"{units.percent(check.replayed.accuracy)} replayed; a difference of {units.points_interval(check.accuracy)})"
    )


def _energy(check: ReplayCheck) -> str:
    if check.energy_j is None:
        return ""
    verb = "agree" if check.energy_agrees else "do not agree"
    return (
        f", and its joules per request {verb} ({joules(check.live.j_per_request)} live, "
        f"{joules(check.replayed.j_per_request)} replayed; a difference of {joules_interval(check.energy_j)})"
    )


def _control(each: Study) -> Iterable[str]:
    control = next((one for one in each.choices if one.kind == "shuffled"), None)
    if control is None or control.p is None or control.better is None:
        return
    yield (
        "Shuffled-label control: the same routes permuted at random over the items have a mean accuracy of "
        f"{units.percent(control.outcome.accuracy)}; {units.p_value(control.p)} that a permutation does as well as the "
        f"hybrid ({control.draws:,} permutations)."
    )


def _oracle(each: Study) -> Iterable[str]:
    if each.bench.missing:
        yield (
            f"No oracle, best single member or random member is listed: {absent(each.routing)}, so that the best of "
            "all members is not known, and that of the others would bound nothing."
        )
    if each.other.why_no_item_oracle:
        yield f"The per-item oracle is left out: {each.other.why_no_item_oracle}."
    oracle = next((one for one in each.choices if one.kind == "item"), None)
    if oracle is None:
        return
    if oracle.draws:
        yield (
            "The per-item oracle was chosen on half of the repeats and scored on the other half, both ways, so it is "
            "not inflated by luck."
        )
    else:
        yield (
            "With one answer per item, the per-item oracle is scored on the same answers that it was chosen by, "
            "which inflates it where members are right by luck: an upper bound, not a goal. Repeats would remove "
            "this bias."
        )


def _no_joules(each: Study) -> Iterable[str]:
    if each.bench.no_joules:
        yield f"Joules of the hybrid and its members are not compared, because {each.bench.no_joules}."


def _table(each: Study) -> Table:
    base = "replayed" if each.bench.fully_replayable else "live"
    items = len(each.bench.rows)
    return Table(
        caption=f"Other choices for {each.routing.system}",
        columns=(
            Column("Choice"),
            *numbers(
                "Accuracy",
                "Joules per request",
                "Joules per correct answer",
                "Mean latency",
                "Accuracy gained",
                "Joules saved per request",
            ),
        ),
        rows=tuple(_row(choice, items) for choice in each.choices),
        note=(
            f"Over {units.plural(items, 'item')} that the hybrid and its members in this run all answered. Gained "
            f"and saved: the choice compared with the hybrid, {base}, with 95% confidence intervals over the items; "
            "below 0 the hybrid is better. The oracles and the random member include no router cost; the "
            "replayed hybrid and its shuffled routes include the hybrid's."
        ),
    )


def _row(choice: Choice, items: int) -> tuple[Cell, ...]:
    outcome = choice.outcome
    return (
        Cell(choice_name(choice, items)),
        Cell(units.percent(outcome.accuracy)),
        Cell(joules(outcome.j_per_request)),
        Cell(joules(outcome.j_per_correct)),
        Cell(latency(outcome)),
        Cell(units.NONE if choice.better is None else units.points_interval(choice.better)),
        Cell(joules_interval(choice.saved_j)),
    )


def money_table(each: Study, money: RunMoney | None) -> Iterable[Table]:
    """Make the table of money, where the money of the hybrid or of some choice is known."""
    choices = [*each.choices, *each.always]
    if money is None or all(choice.outcome.money_per_request is None for choice in choices):
        return
    factor, scale = units.money_scale(choice.outcome.money_per_request for choice in choices)
    of_correct, scale_of_correct = units.money_scale(
        (choice.outcome.money_per_correct for choice in choices), noun="correct answer"
    )
    base = "replayed" if each.bench.fully_replayable else "live"
    items = len(each.bench.rows)

    def row(choice: Choice) -> tuple[Cell, ...]:
        outcome = choice.outcome
        return (
            Cell(choice_name(choice, items)),
            Cell(units.percent(outcome.accuracy)),
            Cell(_money(outcome.money_per_request, factor, money.currency)),
            Cell(_money(outcome.money_per_correct, of_correct, money.currency)),
            Cell(_saved(choice.saved_money, factor, money.currency)),
        )

    yield Table(
        caption=f"Money of other choices for {each.routing.system}",
        columns=(
            Column("Choice"),
            *numbers(
                "Accuracy",
                f"{money.currency} per {scale}",
                f"{money.currency} per {scale_of_correct}",
                f"Saved per {scale}",
            ),
        ),
        rows=tuple(map(row, choices)),
        note=(
            "Over the same items. Every member that is asked is billed, also where its answer is not taken. Saved: "
            f"the choice compared with the hybrid, {base}, with 95% confidence intervals over the items; below 0 the "
            "hybrid costs less. A dash: the price of a member is not known, or the routing itself pays for tokens or "
            "hours, which other routes would change. The oracles, the random member and always the same member "
            "include no cost of routing."
        ),
    )


def _money(value: float | None, factor: float, currency: str) -> str:
    if value is not None and math.isinf(value):
        return "none correct"
    return units.money(None if value is None else value * factor, currency)


def _saved(saved: Interval | None, factor: float, currency: str) -> str:
    if saved is None:
        return units.NONE
    # Sums of the same prices in another order differ by rounding, which is no saving.
    estimate = saved.estimate if abs(saved.estimate) > 1e-9 * (saved.high - saved.low) else 0.0
    scaled = replace(saved, estimate=estimate).times(factor)
    if math.isinf(scaled.high):
        return f"{units.money(scaled.estimate, currency)} [−∞, ∞]".replace("-", "−")
    return units.money_interval(scaled, currency).replace("-", "−")
