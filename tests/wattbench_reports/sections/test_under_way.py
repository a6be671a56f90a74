"""What is shown of a run that is not finished: figures without a conclusion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wattbench_reports.presenter.text import as_text
from wattbench_reports.sections.under_way import RunUnderWay, SystemUnderWay, under_way_section

RUN = RunUnderWay(
    running=True,
    complete_blocks=2,
    blocks=16,
    title="block 3 of 16, moe",
    left="about 12 min 3 s left",
    systems=[
        SystemUnderWay(
            system="moe", answers=45, planned=320, failed=1, right=30.5, scored=40, joules=120.0, windows=3, invalid=1,
            provenance="counter",
        ),
        SystemUnderWay(system="rules", answers=40, planned=320, failed=0),
    ],
)  # fmt: skip


def test_a_run_under_way_and_one_that_was_stopped(golden: Callable[[str, str], None]) -> None:
    stopped = replace(
        RUN, running=False, resume="wattbench run --resume RUN", report="none of its 16 blocks is complete yet"
    )
    texts = [as_text(under_way_section(each)) for each in (RUN, stopped)]
    golden("under_way.txt", "\n----\n\n".join(texts))
    assert "wattbench run --resume RUN" not in texts[0]
    assert "about 12 min" not in texts[1]


def test_an_unknown_number_of_answers_is_not_summed() -> None:
    systems = [replace(RUN.systems[0], planned=None), RUN.systems[1]]
    text = as_text(under_way_section(replace(RUN, systems=systems, blocks=None, complete_blocks=None)))
    assert "85 answers recorded; about 12 min 3 s left." in text.splitlines()
