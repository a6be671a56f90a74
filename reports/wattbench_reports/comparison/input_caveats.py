"""State what a look at the data of a run limits, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparability.common_items import apart_pairs, overlaps
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.input_check import JOULES, SECONDS, InputCheck
from wattbench_reports.comparability.joules import JouleOwner
from wattbench_reports.comparison.paired_tests import EqualPairs
from wattbench_reports.formatting.units import NAMED, count, listed, named, percent, plural, points_interval
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.tables.answer_checks import DocDifference
from wattbench_reports.tables.streamed.load import MOST_IN_MEMORY, SAMPLED_ANSWERS

_MOST_PAIRS = 3
"""The number of pairs of systems that are compared in a sentence each."""


def missing_items(
    check: InputCheck, measured: Mapping[str, Measures], lacking: Mapping[str, str], *, weighed: bool
) -> Iterator[Caveat]:
    """State which systems lack items, and the worst and the best accuracy that the missing items allow.

    Source of the two: C. F. Manski, "Partial Identification of Probability Distributions" (2003), chapter 1: nothing
    is assumed of the items that are missing.

    Args:
        check: of the data.
        measured: the systems' figures.
        lacking: the systems of which it is said, and of which tasks the items are; empty where that is not said.
        weighed: whether accuracies are those of a mix of domains, of which a missing item is no fixed part.
    """
    for each in check.systems:
        if each.system not in lacking or not each.missing:
            continue
        where = lacking[each.system]
        text = (
            f"{each.system} did not answer {each.missing:,} of {plural(check.items, 'item')} that were asked"
            f"{where and f' ({where})'}: its figures are over the other {each.items:,}."
        )
        accuracy = measured[each.system].accuracy
        if accuracy is not None and not weighed:
            there = each.items / check.items
            low, high = there * accuracy.estimate, there * accuracy.estimate + 1 - there
            text += f" Over all of them its accuracy would be between {percent(low)} and {percent(high)}."
        yield Caveat("different-documents", text, (each.system,))


def lacking_of_run(differences: Sequence[DocDifference]) -> dict[str, str]:
    """Return the systems of a run that lack items, with their number by task: ``2 of sums and 1 of text``."""
    gaps: dict[str, list[str]] = {}
    for gap in differences:
        gaps.setdefault(gap.system, []).append(f"{gap.missing:,} of {gap.task}")
    return {name: named(each) for name, each in gaps.items()}


def lacking_of_runs(check: InputCheck, prints: Mapping[str, Fingerprint]) -> dict[str, str]:
    """Return the systems that lack items answered by a system that they are ranked against."""
    shared = overlaps(prints)
    return {
        each.system: ""
        for each in check.systems
        for other in [shared.of(each.system, name) for name in prints]
        if other.same_work and other.common < other.second_items
    }


def few_in_common(prints: Mapping[str, Fingerprint], pairs: EqualPairs | None) -> Iterator[Caveat]:
    """Compare systems that have too few items in common to be ranked, over the items in common.

    Args:
        prints: name to fingerprint.
        pairs: comparisons over all items, each counting the same; None: not available item by item.
    """
    shared = overlaps(prints)
    partly = [
        pair for pair in apart_pairs(shared, prints) if shared.of(*pair).same_tasks and shared.of(*pair).common > 0
    ]
    for first, second in partly[:_MOST_PAIRS]:
        between = shared.of(first, second)
        text = f"{first} and {second} have only {between.common:,} of {plural(between.most, 'item')} in common."
        gap = None if pairs is None else pairs.accuracy(first, second, detectable=False)
        if gap is not None:
            text += (
                f" Over these the accuracy of {first} minus that of {second} is {points_interval(gap.difference)}, and "
                "the figures of each are over all of its items."
            )
        yield Caveat("few-in-common", text, (first, second))


def input_caveats(check: InputCheck, of_equal_text: int) -> Iterator[Caveat]:
    """Say which figures are the same in every answer, which items are repeats, and whose joules are a client's.

    Args:
        check: of a run's data.
        of_equal_text: how many of its items have the text of another one.
    """
    alike = {
        what: tuple(each.system for each in check.systems if each.figures[column].constant)
        for column, what in ((JOULES, "joules"), (SECONDS, "seconds"))
    }
    for names in dict.fromkeys(each for each in alike.values() if each):
        figures = listed([what for what, each in alike.items() if each == names])
        text = (
            f"The {figures} of {named(names)} are the same in every answer, as where a total was divided: their "
            "intervals and percentiles say nothing of how requests differ."
        )
        yield Caveat("constant-figures", text, names)
    if of_equal_text:
        text = (
            f"{of_equal_text:,} of {plural(check.items, 'item')} have the text of another item of their task: answers "
            "to equal texts are counted as repeats of one item, so that intervals are those between texts."
        )
        yield Caveat("equal-texts", text, tuple(each.system for each in check.systems))
    clients = tuple(each.system for each in check.systems if each.joules_of == JouleOwner.CLIENT)
    if clients:
        text = (
            f"The joules of {named(clients, most=NAMED)} are those of a client that waits, and not of the machine that "
            "runs the model: they are ranked with no other system's."
        )
        yield Caveat("client-joules", text, clients)


def pooled_caveats(answers: int, sizes: NDArray[np.int64]) -> Iterator[Caveat]:
    """Return the caveat of a run whose items are pooled.

    Args:
        answers: of the run.
        sizes: shape (pools,): the items of each.
    """
    pools = len(sizes)
    known = 1 / np.sqrt(2 * pools)
    text = (
        f"This run has {count(answers)} answers, more than {count(MOST_IN_MEMORY)}: estimates are of all of them, and "
        f"errors and tests are of {plural(pools, 'pool')} of up to {int(sizes.max())} random items each, so that a "
        f"standard error is known to {percent(float(known))}. Routers, hybrids, Pareto fronts, fleets, times of "
        f"tokens, distillation and disagreements are of about {count(SAMPLED_ANSWERS)} answers: a random sample of the "
        "items."
    )
    yield Caveat("pooled-items", text, ())
