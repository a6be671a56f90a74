"""Name requirements, and what systems have of what is required."""

from __future__ import annotations

from wattbench_reports.decision.model import Check
from wattbench_reports.formatting import units
from wattbench_reports.metrics.decision_settings import Requirement
from wattbench_reports.wording.decision.costs import money_words, plain
from wattbench_reports.wording.decision.phrases import PHRASES

_PER_REQUEST = frozenset({"cost", "joules", "grams"})
_UNITS = {"p95": "s", "joules": "J", "grams": "g"}


def value_text(requirement: Requirement, value: float, currency: str = "") -> str:
    """Format a value of what is required: ``81.3%``, ``212 ms``, ``4.67 J per request``.

    Args:
        requirement: says the quantity.
        value: in its unit: a share, seconds, money, joules or grams per request, GiB.
        currency: of money.
    """
    quantity = requirement.quantity
    if quantity == "accuracy":
        return units.percent(value)
    if quantity == "memory":
        return f"{units.digits(value)} GiB"
    if quantity == "cost":
        words = money_words(currency, [value])
        return words.of_requests(words.amount(value))
    text = units.quantity(value, _UNITS[quantity])
    return text if quantity == "p95" else PHRASES["per_request"].format(value=text)


def bound_text(requirement: Requirement, currency: str = "") -> str:
    """Format the bound: ``80%``, ``300 ms``."""
    return plain(value_text(requirement, requirement.bound, currency))


def required_text(requirement: Requirement, currency: str = "") -> str:
    """Say the bound: ``at least 80%``, ``at most 300 ms``."""
    side = "at_least" if requirement.quantity == "accuracy" else "at_most"
    return PHRASES[side].format(bound=bound_text(requirement, currency))


def full_text(requirement: Requirement, currency: str = "") -> str:
    """Say what is required: ``an accuracy of at least 80% in text``."""
    value = required_text(requirement, currency)
    return _in_domain(PHRASES[f"figure_{requirement.quantity}"].format(value=value), requirement)


def figure_text(check: Check, currency: str = "") -> str:
    """Say what a system has: ``an accuracy of 71.2% in text``; that it is not known, where it is not."""
    requirement = check.requirement
    if check.estimate is None:
        return PHRASES["no_known"].format(quantity=quantity_text(requirement))
    value = value_text(requirement, check.estimate, currency)
    return _in_domain(PHRASES[f"figure_{requirement.quantity}"].format(value=value), requirement)


def short_text(check: Check, currency: str = "") -> str:
    """Say what a system has, for a table: ``accuracy 71.2% in text``, ``8.98 J per request``."""
    requirement = check.requirement
    value = units.NONE if check.estimate is None else value_text(requirement, check.estimate, currency)
    if requirement.quantity in _PER_REQUEST:  # its unit says what it is
        return value
    quantity = PHRASES[f"quantity_{requirement.quantity}"]
    return _in_domain(PHRASES["figure_short"].format(quantity=quantity, value=value), requirement)


def quantity_text(requirement: Requirement) -> str:
    """Name the quantity: ``accuracy in text``."""
    return _in_domain(PHRASES[f"quantity_{requirement.quantity}"], requirement)


def _in_domain(text: str, requirement: Requirement) -> str:
    return text if requirement.domain is None else PHRASES["in_domain"].format(text=text, domain=requirement.domain)
