"""Say what the figures of a routing study rest on: the control, what is counted, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.wording.routing.measures import StudyMeasures, points
from wattbench_reports.wording.routing.phrases import PHRASES

READING = frozenset({"nearest", "classifier"})
"""Kinds of routers that read requests."""

PROMPTS = "prompts"
"""What is in the reason where it is prompts that lack."""


def control_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield what the router with the most gain has once it is fitted to shuffled answers."""
    study = measures.study
    if study.control is None:
        return
    control = study.control
    # Under a requirement anything that asks the dear system less saves, whatever it was fitted to.
    of_mix = study.aim == "cost" and control.above_mix is not None
    gain = control.above_mix if of_mix and control.above_mix is not None else control.gain
    key = ("control_some" if gain.low > 0 else "control_none") + ("_mix" if of_mix else "")
    yield PHRASES[key].format(name=_fitted(study), gain=points(gain) if of_mix else measures.gain(gain))


def _fitted(study: RoutingStudy) -> str:
    """Name the router that the control is of."""
    kind = "" if study.control is None else study.control.name
    return PHRASES[kind if kind in PHRASES else "classifier"]


def condition_sentences(measures: StudyMeasures) -> Iterator[str]:
    """Yield how routers are judged, what is counted, and what is left out."""
    study = measures.study
    if any(each.kind != "file" for each in study.choices):
        key = "held_out" if study.sampled is None else "held_out_sample"
        yield PHRASES[key].format(items="" if study.sampled is None else units.plural(study.sampled, "item"))
    if study.choices:
        yield PHRASES["own"].format(amounts=_router_amounts(study))
    if study.left_out:
        clauses = [PHRASES["because"].format(names=units.named(names), reason=why)
                   for why, names in _by_reason(study.left_out).items()]  # fmt: skip
        yield PHRASES["left_out"].format(clauses="; ".join(clauses))
    if study.not_judged:
        clauses = [PHRASES["not_judged_clause"].format(names=_kinds(kinds), reason=why)
                   for why, kinds in _by_reason(study.not_judged).items()]  # fmt: skip
        yield PHRASES["not_judged"].format(clauses="; ".join(clauses))
        if any(PROMPTS in study.not_judged.get(kind, "") for kind in READING):
            yield PHRASES["with_prompts"]
    yield from (f"{note[:1].upper()}{note[1:]}." for note in study.notes)


def _router_amounts(study: RoutingStudy) -> str:
    """List what is counted for the router itself, by how it is known."""
    counted, clauses = study.router_own, []
    for origin in ("named", "measured", "assumed"):
        mine = {name: value for name, value in counted.items() if study.router_own_from.get(name) == origin}
        shown = [units.quantity(mine[name], unit) for name, unit in ((JOULES, "J"), (SECONDS, "s"), (GRAMS, "g CO2e"))
                 if mine.get(name)]  # fmt: skip
        if mine.get(MONEY) and study.unit is CostUnit.MONEY:
            factor, scale = units.money_scale([mine[MONEY]])
            many = f" per {scale}" if factor > 1 else ""
            shown.append(f"{units.money(factor * mine[MONEY], study.label)}{many}")
        if shown:
            clauses.append(PHRASES[f"own_{origin}"].format(amounts=units.listed(shown)))
    return "; ".join(clauses) or "nothing"


def unjudged_clause(study: RoutingStudy) -> str:
    """Say which routers were not judged, and why, as a clause; empty where all were."""
    clauses = []
    for why, kinds in _by_reason(study.not_judged).items():
        plural = not ({*kinds} == {"domain"} or {*kinds} == {"nearest"})
        names = PHRASES["were" if plural else "was"].format(names=_kinds(kinds))
        clauses.append(PHRASES["not_judged_as"].format(names=names, reason=why))
    return units.listed(clauses)


def _kinds(kinds: list[str]) -> str:
    """Name kinds of routers: ``routers that read requests`` where it is all of these."""
    reading = set(kinds) >= READING
    names = [PHRASES["kind_texts"]] if reading else []
    names += [PHRASES.get(f"kind_{kind}", kind) for kind in kinds if not (reading and kind in READING)]
    return units.listed(names)


def _by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    by: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by.setdefault(reason, []).append(name)
    return by
