"""Name ways to choose systems, in a sentence and in a table."""

from __future__ import annotations

from wattbench_reports.formatting import units
from wattbench_reports.routing.model import RoutingChoice
from wattbench_reports.wording.routing.measures import StudyMeasures, part
from wattbench_reports.wording.routing.phrases import PHRASES

ALL = 0.9995
"""From this share on, all requests go to one system."""


def choice_noun(choice: RoutingChoice) -> str:
    """Name a choice in a sentence: ``choosing by domain``, ``a text classifier``, ``the router mine``."""
    return PHRASES[choice.kind].format(name=choice.name)


def choice_with_share(choice: RoutingChoice, measures: StudyMeasures) -> str:
    """Name a choice with its share for the best single system: ``a text classifier (48% of the requests to gpt-4)``.

    Args:
        choice: one that can be built.
        measures: of its study.
    """
    to_best = measures.share_to_best(choice)
    best = measures.study.best_single
    key = "sends" if to_best > 1 - ALL else "sends_none"
    return PHRASES[key].format(name=choice_noun(choice), part=part(to_best), best=best)


def comes_to_best(choice: RoutingChoice, measures: StudyMeasures) -> bool:
    """Return whether a choice sends all requests to the best single system alone."""
    return measures.share_to_best(choice) >= ALL and sum(choice.shares.values()) < 2 - ALL


def row_name(choice: RoutingChoice, kind: str = "") -> str:
    """Name a choice in a table: ``by domain, accurate``, ``k-NN, 1/2``, ``gpt-4``.

    Args:
        choice: any.
        kind: in place of its own.
    """
    name = PHRASES[f"row_{kind or choice.kind}"].format(name=choice.name)
    setting = PHRASES.get(f"row_{choice.setting}") if choice.setting else None
    return name if setting is None else setting.format(name=name)


def shares_text(choice: RoutingChoice, first: str = "share") -> str:
    """Say which part of the requests goes where, the largest first: ``52% to haiku and 48% to gpt-4``.

    Args:
        choice: any.
        first: the phrase of the largest; ``share_first`` says that it is requests.
    """
    ranked = [(name, share) for name, share in sorted(choice.shares.items(), key=lambda each: -each[1]) if share > 0]
    most = MOST_SHARES if len(ranked) == MOST_SHARES else MOST_SHARES - 1
    shown = [
        PHRASES["share" if number else first].format(part=part(share), name=name)
        for number, (name, share) in enumerate(ranked[:most])
    ]
    left = len(ranked) - len(shown)
    return units.listed([*shown, f"{left} more"] if left > 0 else shown)


MOST_SHARES = 3
"""The number of systems whose part of the requests is said; of more systems one fewer, and the others are counted."""
