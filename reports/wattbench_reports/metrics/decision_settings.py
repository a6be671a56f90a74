"""Read what a system must meet, what answers are worth and what is minimised, from a suite or a reader."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from wattbench.errors import UserError, nearest
from wattbench.records.schema.decide import OVERALL, ChosenBy, Decide
from wattbench_reports.metrics.costs import CostUnit

NONE = "none"
"""In place of a bound: the suite's requirement is dropped."""

RISK = 0.1
"""Of a one-sided bound, unless a reader or a suite says another."""

Quantity = Literal["accuracy", "p95", "cost", "joules", "grams", "memory"]
"""What a requirement bounds: accuracy from below, all others from above."""


@dataclass(frozen=True)
class DecisionChoice:
    """How a reader wants to decide. What is None stays as the suite has it."""

    min_accuracy: str | None = None
    """``0.8``, ``80%`` or ``0.8,arithmetic=0.9``, in place of all that the suite requires of accuracy; ``none``."""
    max_p95_s: float | None = None
    """In seconds. Infinite: the suite's requirement is dropped; so for the other maxima."""
    max_cost_per_request: float | None = None
    max_joules_per_request: float | None = None
    max_grams_per_request: float | None = None
    max_memory_gib: float | None = None
    risk: float | None = None
    """Above 0 and below 0.5."""
    worth_right: float | None = None
    """Money; 0: it is not counted. So for the next two."""
    cost_wrong: float | None = None
    carbon_price_per_tonne: float | None = None
    minimise: str | None = None

    def as_options(self) -> list[str]:
        """Return the choice as options of the command line."""
        numbers = {
            "--max-p95": self.max_p95_s,
            "--max-cost": self.max_cost_per_request,
            "--max-joules": self.max_joules_per_request,
            "--max-grams": self.max_grams_per_request,
            "--max-memory": self.max_memory_gib,
            "--risk": self.risk,
            "--worth-right": self.worth_right,
            "--cost-wrong": self.cost_wrong,
            "--carbon-price": self.carbon_price_per_tonne,
        }
        texts = {name: _as_text(value) for name, value in numbers.items() if value is not None}
        if "--max-p95" in texts and self.max_p95_s != math.inf:
            texts["--max-p95"] += "s"
        options = {"--min-accuracy": self.min_accuracy} | texts | {"--minimise": self.minimise}
        return [word for name, value in options.items() if value is not None for word in (name, value)]


DECISION_AS_IN_SUITE = DecisionChoice()
"""Everything as the suite has it."""


@dataclass(frozen=True)
class Requirement:
    """One bound that a system must meet."""

    quantity: Quantity
    bound: float
    """Accuracy: the least share, 0 to 1. ``p95``: seconds. Cost, joules and grams: per request. Memory: GiB."""
    domain: str | None = None
    """Of accuracy in one domain; None: over all domains."""


@dataclass(frozen=True)
class Worth:
    """Money that is counted in addition to what a request costs. 0: it is not counted."""

    right: float = 0.0
    """Of a correct answer."""
    wrong: float = 0.0
    """What a wrong answer costs."""
    carbon_per_tonne: float = 0.0
    """Per tonne of CO2 equivalent."""
    per_second: float = 0.0

    @property
    def of_answers(self) -> bool:
        """Return whether answers are worth anything, so that net benefit is more than a cost."""
        return self.right > 0 or self.wrong > 0


@dataclass(frozen=True)
class DecisionSettings:
    """The settings of a decision."""

    requirements: tuple[Requirement, ...] = ()
    """Accuracy first, over all domains and then by domain; then in the order of `Quantity`."""
    worth: Worth | None = None
    """None where nothing of it is named."""
    minimise: CostUnit | None = None
    """None: the decision chooses by what is known, see `wattbench_reports.decision`."""
    risk: float = RISK
    """Of each one-sided bound by which a requirement is met or not met."""


def decision_settings(
    settings: ChosenBy, choice: DecisionChoice = DECISION_AS_IN_SUITE, domains: Sequence[str] = ()
) -> DecisionSettings:
    """Return the settings of a suite's block ``decide`` or ``measure.stop``, where a reader sets no others.

    Args:
        settings: the block.
        choice: the reader's.
        domains: those of the run. A requirement of the suite on another domain is left out, as the run is of a part of
            the suite.

    Raises:
        UserError: an unknown domain or unit, or a figure that is impossible.
    """
    accuracy = (
        {name: share for name, share in settings.accuracy_by_domain.items() if name == OVERALL or name in domains}
        if choice.min_accuracy is None
        else parsed_accuracy(choice.min_accuracy, domains)
    )
    bounds: Mapping[Quantity, tuple[str, float | None]] = {
        "p95": ("max_p95_s", _either(choice.max_p95_s, settings.max_p95_s)),
        "cost": ("max_cost_per_request", _either(choice.max_cost_per_request, settings.max_cost_per_request)),
        "joules": ("max_joules_per_request", _either(choice.max_joules_per_request, settings.max_joules_per_request)),
        "grams": ("max_grams_per_request", _either(choice.max_grams_per_request, settings.max_grams_per_request)),
        "memory": ("max_memory_gib", _either(choice.max_memory_gib, settings.max_memory_gib)),
    }
    overall_first = sorted(accuracy.items(), key=lambda each: each[0] != OVERALL)
    requirements = [
        Requirement("accuracy", _share(name, share), None if name == OVERALL else name)
        for name, share in overall_first
        if share != 0
    ]
    for quantity, (name, bound) in bounds.items():
        if bound is not None and bound != math.inf:
            requirements.append(Requirement(quantity, _above_zero(name, bound)))
    minimise = settings.minimise if choice.minimise is None else choice.minimise
    return DecisionSettings(
        tuple(requirements),
        _worth(
            right=("worth_right", _either(choice.worth_right, settings.worth_right)),
            wrong=("cost_wrong", _either(choice.cost_wrong, settings.cost_wrong)),
            carbon=(
                "carbon_price_per_tonne",
                _either(choice.carbon_price_per_tonne, settings.carbon_price_per_tonne),
            ),
            second=("cost_per_second", settings.cost_per_second),
        ),
        None if minimise is None else _unit(minimise),
        _risk(_either(choice.risk, settings.risk if isinstance(settings, Decide) else None)),
    )


def parsed_accuracy(text: str, domains: Sequence[str]) -> dict[str, float]:
    """Read ``0.8,arithmetic=90%``: domain to share, `OVERALL` for all; ``none`` and ``0`` require nothing.

    Raises:
        UserError: it is not of that form, or names an unknown domain or a domain twice.
    """
    required: dict[str, float] = {}
    if text.strip() == NONE:
        return required
    for part in text.split(","):
        name, _, share = part.rpartition("=")
        name = name.strip() or OVERALL
        if name != OVERALL and name not in domains:
            raise UserError(f"min_accuracy: no domain {name!r:.60} in this run{nearest(name, [*domains, OVERALL])}")
        if name in required:
            named = "the share of all" if name == OVERALL else f"domain {name!r:.60}"
            raise UserError(f"min_accuracy: {named} is named twice")
        required[name] = parsed_share(share)
    return required


def parsed_share(text: str) -> float:
    """Read ``0.8`` or ``80%`` as 0.8.

    Raises:
        UserError: it is neither.
    """
    given = text.strip()
    try:
        share = float(given.removesuffix("%").rstrip()) / (100 if given.endswith("%") else 1)
    except ValueError as error:
        raise UserError(f"min_accuracy: {given!r:.60} is not a share such as 0.8, 80% or arithmetic=0.9") from error
    if 1 < share <= 100 and not given.endswith("%"):
        raise UserError(f"min_accuracy: {given:.40} is more than all: write {given:.40}% or {share / 100:g}")
    return share


def parsed_risk(text: str) -> float:
    """Read ``0.1`` or ``10%`` as 0.1.

    Raises:
        UserError: it is neither, or no risk.
    """
    given = text.strip()
    try:
        risk = float(given.removesuffix("%").rstrip()) / (100 if given.endswith("%") else 1)
    except ValueError as error:
        raise UserError(f"risk: {given!r:.60} is not a share such as 0.1 or 10%") from error
    return _risk(risk)


def _risk(risk: float | None) -> float:
    if risk is None:
        return RISK
    if not 0 < risk < 0.5:
        raise UserError(f"risk is {risk:g}: it must be a share above 0 and below 0.5, such as 0.1 or 10%")
    return float(risk)


_SECONDS = re.compile(r"\s*([0-9.eE+-]+)\s*(ms|s|)\s*")


def parsed_seconds(text: str) -> float:
    """Read ``0.3s`` or ``300ms`` as seconds; ``none`` is infinite.

    Raises:
        UserError: it has another form, or no unit: 300 may be milliseconds or seconds.
    """
    if text.strip() == NONE:
        return math.inf
    match = _SECONDS.fullmatch(text)
    try:
        seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else _no_seconds(text)
    except ValueError:
        return _no_seconds(text)
    if match and not match[2]:
        raise UserError(f"max_p95: {match[1]:.40} has no unit: write {match[1]:.40}ms or {match[1]:.40}s")
    return seconds if math.isfinite(seconds) else _no_seconds(text)


def parsed_bound(text: str) -> float:
    """Read a number; ``none`` is infinite.

    Raises:
        UserError: it is neither.
    """
    if text.strip() == NONE:
        return math.inf
    try:
        number = float(text)
    except ValueError as error:
        raise UserError(f"{text.strip()!r:.60} is not a number") from error
    if not math.isfinite(number):
        raise UserError(f"{text.strip()!r:.60} is not a finite number; write {NONE} for no bound")
    return number


def _no_seconds(text: str) -> float:
    raise UserError(f"max_p95: {text.strip()!r:.60} is not a time such as 300ms or 0.3s")


def _as_text(value: float) -> str:
    return NONE if value == math.inf else f"{value:.12g}"


def _either(chosen: float | None, of_suite: float | None) -> float | None:
    return of_suite if chosen is None else chosen


def _share(name: str, share: float) -> float:
    if not 0 <= share <= 1:
        where = "min_accuracy" if name == OVERALL else f"min_accuracy: {name}"
        raise UserError(f"{where} is {share:g}: it must be a share of correct answers, such as 0.8 or 80%")
    return share


def _above_zero(name: str, bound: float) -> float:
    if not 0 < bound <= 1e15:
        raise UserError(f"{name} is {bound!r:.60}: it must be a number above 0")
    return float(bound)


def _worth(**named: tuple[str, float | None]) -> Worth | None:
    for name, value in named.values():
        if value is not None and not 0 <= value <= 1e15:
            raise UserError(f"{name} is {value!r:.60}: it must be a number of 0 or more")
    right, wrong, carbon, second = (float(named[key][1] or 0.0) for key in ("right", "wrong", "carbon", "second"))
    worth = Worth(right, wrong, carbon, second)
    return None if worth == Worth() else worth


def _unit(name: str) -> CostUnit:
    try:
        return CostUnit(name)
    except ValueError as error:
        known = [str(unit) for unit in CostUnit]
        raise UserError(f"minimise: {name!r:.60} is not one of {', '.join(known)}{nearest(name, known)}") from error
