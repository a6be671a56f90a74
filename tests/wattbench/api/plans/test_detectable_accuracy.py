"""What a number of items can show is said before they are asked."""

from __future__ import annotations

import pytest

from wattbench.api.plans.detectable_accuracy import detectable_accuracy, detectable_passage
from wattbench_reports.presenter.model import Passage
from wattbench_reports.presenter.text import passage_lines
from wattbench_reports.stats import minimum_detectable_difference, power_of


def test_all_items_and_each_domain_are_stated(golden) -> None:
    sizes = detectable_accuracy({"arithmetic": 300, "text": 5, "none": 0})
    assert [(size.domain, size.items) for size in sizes] == [(None, 305), ("arithmetic", 300), ("text", 5)]
    golden("detectable.txt", "\n".join(passage_lines(detectable_passage(sizes))) + "\n")


def test_it_is_what_reports_say_of_a_run() -> None:
    (size,) = detectable_accuracy({"x": 300}, shares=[0.2])
    assert size.differences == {0.2: minimum_detectable_difference(0.2, 300)}
    assert size.as_record()["detectable"] == [{"disagreement_share": 0.2, "accuracy_difference": size.differences[0.2]}]


@pytest.mark.parametrize("items", [6, 40, 300])
def test_what_is_printed_is_found_as_often(items: int) -> None:
    (size,) = detectable_accuracy({"x": items})
    printed = passage_lines(detectable_passage([size]))[-1].split()
    assert printed[:2] == ["all", str(items)]
    for share, points in zip(size.differences, printed[2::2], strict=True):
        assert power_of(float(points) / 100, share, items) >= 0.8


def test_without_items_nothing_is_said() -> None:
    assert detectable_passage(detectable_accuracy({})) == Passage()
    assert passage_lines(detectable_passage(detectable_accuracy({"x": 5})))[-1].split() == ["all", "5", "none", "none"]
