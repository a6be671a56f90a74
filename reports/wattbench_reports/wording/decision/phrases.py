"""The sentences of a decision, with fields in braces: the page's script fills the same."""

from __future__ import annotations

STEPS = 3
"""The number of prices of a further right answer that the advice states at most."""

ASK = "say what you need with --min-accuracy, --max-p95 or --worth-right"
"""What a reader of a terminal can do where nothing is required; the page asks in words of its own."""

PHRASES = {
    # Advice. `fits` says what the system is like, `rest` what is with the others.
    "run": "Run {name}: it {fits}{rest}.",
    "tied": "Run {names}, statistically tied for the {goal}: {name} {fits}{rest}.",
    "goal_cost": "least cost",
    "goal_benefit": "highest net benefit",
    "goal_accuracy": "highest accuracy",
    "goal_prices": "best choice",
    # What a system is like.
    "is_accurate": "is {accuracy} accurate",
    "is_required": "is {accuracy} accurate ({required}: probability {sure})",
    "has_required": "has {figure} ({required}: probability {sure})",
    "has_none": "has {figure}",
    "no_known": "no known {quantity}",
    "meets_all": "meets all {count} requirements with a probability of {sure}",
    "at_cost": "{fits} at {cost}",
    "costs": "costs {cost}",
    "has_benefit": "has a net benefit of {benefit}",
    "has_loss": "has a net benefit of {benefit}, a loss",
    "most_accurate": "is the most accurate ({accuracy})",
    "best_of_both": "is the most accurate ({accuracy}) and costs the least ({cost})",
    # What is with the other systems.
    "only_one": "; there is no other system to compare it with",
    "none_reaches": "; no other system reaches {bound}",
    "none_meets_it": "; no other system meets the requirement",
    "none_meets_them": "; no other system meets the requirements",
    "next": "; next is {name} at {figure}",
    "best_with": "; best with a probability of {sure}",
    "costs_unknown": "; what a request costs cannot be compared",
    # Prices of a further right answer.
    "price": "A further right answer costs {price} with {dearer} in place of {cheaper}",
    "price_many": "{many} further right answers cost {price} with {dearer} in place of {cheaper}",
    "next_price": ", {price} with {dearer} in place of {cheaper}",
    "last_price": ", and up to {price} with {dearer}",
    "gap": ", which {useless}",
    "none_worth": ", and no other system is worth its cost at any price",
    "maybe_worth": ", and it is open whether {names} can be worth the cost",
    "nothing_else": ", so that no other system is worth its cost at any price",
    "may_be_else": "; it is open whether {names} can be worth the cost",
    "ask": "; {ask}",
    # No system to advise.
    "none_has": "No system has {required}: {name} comes nearest ({figures}).",
    "none_meets": "No system meets the {count} requirements: {name} comes nearest ({figures}){rest}.",
    "none_may": "No system is likely to have {required}: {name} comes nearest ({figures}).",
    "none_may_meet": "No system is likely to meet the {count} requirements: {name} comes nearest ({figures}){rest}.",
    "with_sure": "{figures}; probability {sure}",
    "others_fail": "; {clauses}",
    "fails": "{names} fails by {quantities}",
    "fail": "{names} fail by {quantities}",
    "none": "No system can be advised: {reason}.",
    "nothing": "no system can be judged",
    # Requirements, and what systems have.
    "at_least": "at least {bound}",
    "at_most": "at most {bound}",
    "in_domain": "{text} in {domain}",
    "figure_accuracy": "an accuracy of {value}",
    "figure_p95": "a p95 of {value}",
    "figure_cost": "a cost of {value}",
    "figure_joules": "an energy use of {value}",
    "figure_grams": "emissions of {value}",
    "figure_memory": "a memory of {value}",
    "quantity_accuracy": "accuracy",
    "quantity_p95": "p95",
    "quantity_cost": "cost",
    "quantity_joules": "joules",
    "quantity_grams": "grams",
    "quantity_memory": "memory",
    # Costs.
    "per_request": "{value} per request",
    "per_many": "{value} per {many} requests",
    "per_right": "{value} per right answer",
    "per_many_right": "{value} per {many} right answers",
    "modelled": "{value} (modelled)",
    "partly_modelled": "{value} (partly modelled)",
    # The column of a table that says who qualifies.
    "yes": "yes ({sure})",
    "may": "may ({sure})",
    "may_unknown": "not known: {reason}",
    "no": "no: {figures}",
    "no_useless": "no: fails a domain",
    "apart": "not judged: {reason}",
    "figure_short": "{quantity} {value}",
    # The column of a table that says what a further right answer costs.
    "cheapest": "costs the least",
    "cheapest_useless": "costs the least, fails a domain",
    "dominated": "dominated by {name}",
    "between": "never best",
    "cost_unknown": "cost not known",
    # Evidence.
    "at_rate": "All of it is {rate}.",
    "tie": "Statistically tied for the {goal}: {names}.",
    "tie_items": "Statistically tied for the {goal}: {names}; about {items} more items would leave one.",
    "sure": "{name} is best with a probability of {sure}; the expected regret of running it is {regret}.",
    "may_meet": "Whether {name} qualifies is open: {figures}.",
    "with": "{figure} ({required}: probability {sure})",
    "with_items": "{figure} ({required}: probability {sure}; about {items} more items would decide)",
    "useless_one": "{names} {useless}, and is never advised.",
    "useless_several": "{names}: each {useless}, and is never advised.",
    "not_judged": "Not judged: {clauses}.",
    "because": "{names} ({reason})",
    "leads": "Best by estimate as a right answer is worth more: {clauses}.",
    "leads_first": "{name} at first",
    "leads_from": "{name} from {price}",
}
