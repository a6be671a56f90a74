"""How long a run will take, from the speed of each system: on a clock that only moves when the run does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.progress import PlannedTurn, Remaining, TimeLeft
from wattbench.progress.remaining import duration

FAST_AND_SLOW = {"rules": 0.001, "small": 0.5, "large": 12.0}


@dataclass
class Simulated:
    """A run in which each system takes its own time, and what was estimated meanwhile."""

    item_s: Mapping[str, float]
    turns: list[PlannedTurn]
    before_s: Mapping[str, float] = field(default_factory=dict)
    """What comes before a turn that follows one of another system, such as loading."""
    first_s: float = 0.0
    """What the first item of a turn takes on top: its warm-up, and the prefill of what they have in common."""
    after_s: float = 0.0
    """What comes after the last item of a turn: passes that fill a window, scoring."""
    now_s: float = 0.0

    def run(self) -> Iterator[tuple[float, TimeLeft]]:
        """Yield the time and the estimate at every event; the last time is the end."""
        self.remaining = remaining = Remaining(list(self.turns), lambda: self.now_s)
        for before, turn in itertools.pairwise([None, *self.turns]):
            assert turn is not None
            if before is None or before.system != turn.system:
                self.now_s += self.before_s.get(turn.system, 0.0)
            remaining.begin(turn, 0)
            yield self.now_s, remaining.of_all()
            self.now_s += self.first_s
            for _ in range(turn.items):
                self.now_s += self.item_s[turn.system]
                remaining.advance(1)
                yield self.now_s, remaining.of_all()
            self.now_s += self.after_s
            remaining.end()
            yield self.now_s, remaining.of_all()


def in_blocks(systems: Sequence[str], blocks: int, items: int) -> list[PlannedTurn]:
    return [PlannedTurn(name, items) for number in range(blocks) for name in (systems if number % 2 else systems[::-1])]


def cell_by_cell(systems: Sequence[str], tasks: Sequence[str], items: int) -> list[PlannedTurn]:
    return [PlannedTurn(system, items, task) for system, task in itertools.product(systems, tasks)]


def errors(run: Simulated, after_turns: int) -> list[float]:
    """The errors of the estimates after some turns, as shares of the time of the whole run."""
    seen = list(run.run())
    whole_s, begun = run.now_s, sum(1 + each.items + 1 for each in run.turns[:after_turns])
    return [abs(estimate.seconds - (whole_s - at_s)) / whole_s for at_s, estimate in seen[begun:]]


def test_before_anything_is_timed_it_says_so() -> None:
    remaining = Remaining(in_blocks(["a", "b"], 2, 3), lambda: 0.0)
    assert str(remaining.of_all()) == "time left not known yet"
    remaining.begin(PlannedTurn("a", 3), 0)
    assert not remaining.of_all().is_known


def test_a_system_that_is_not_timed_yet_is_not_taken_for_the_fast_one() -> None:
    run = Simulated(FAST_AND_SLOW, cell_by_cell(["rules", "small", "large"], ["x"], 60))
    seen = dict(run.run())
    assert not seen[max(at_s for at_s in seen if at_s < 0.1)].is_known
    first = seen[min(at_s for at_s in seen if at_s > 0.1)]
    assert str(first) == "more than 30 s left"
    halfway = seen[min(at_s for at_s in seen if at_s >= 15)]
    assert halfway.unknown == ("large",)
    assert halfway.seconds == pytest.approx(15, abs=1)
    in_large = seen[max(at_s for at_s in seen if at_s < 70)]
    assert in_large == TimeLeft(pytest.approx(57 * 12))


@pytest.mark.parametrize(
    "run",
    [
        Simulated(FAST_AND_SLOW, in_blocks([*FAST_AND_SLOW], 6, 10)),
        Simulated(FAST_AND_SLOW, in_blocks([*FAST_AND_SLOW], 6, 10), before_s={"small": 20, "large": 90}),
        Simulated(FAST_AND_SLOW, in_blocks([*FAST_AND_SLOW], 6, 10), after_s=5),
        Simulated(FAST_AND_SLOW, in_blocks([*FAST_AND_SLOW], 6, 10), first_s=8),
    ],
    ids=["blocks", "loaded for each turn", "windows are filled", "warm-up and prefill"],
)
def test_once_every_system_had_a_turn_the_estimate_is_right(run: Simulated) -> None:
    assert max(errors(run, after_turns=5)) < 0.07


def test_a_run_of_twelve_minutes_is_not_one_of_six_seconds() -> None:
    """Fast systems answer at once, and then ask again until their windows are long enough."""
    run = Simulated({"a": 0.01, "b": 3.0}, in_blocks(["a", "b"], 10, 20), after_s=5)
    seen = list(run.run())
    assert run.now_s > 600
    for at_s, estimate in seen:
        if at_s > 0.5:
            assert estimate.unknown or estimate.seconds >= 0.5 * (run.now_s - at_s)


def test_what_was_timed_before_the_first_turn_is_used() -> None:
    turns = [PlannedTurn(name, 10, expected_s=seconds) for name, seconds in (("a", 100.0), ("b", 5.0))]
    remaining = Remaining(turns, lambda: 0.0)
    assert remaining.of_all() == TimeLeft(105.0)
    remaining.begin(PlannedTurn("a", 10), 5)
    assert remaining.of_all().seconds == 55


def test_rates_say_how_long_their_requests_take() -> None:
    now = 0.0
    remaining = Remaining(
        [PlannedTurn("a", 400, "x", 120.0, paced=True), PlannedTurn("b", 400, "x", 120.0, paced=True)], lambda: now
    )
    remaining.begin(remaining.left[0], 0)
    remaining.advance(100)
    now = 30.0
    assert remaining.of_all().seconds == 90 + 120
    remaining.advance(300)
    remaining.end()
    assert remaining.of_all().seconds == 120


def test_a_block_that_is_asked_again_takes_its_time_again() -> None:
    turns = in_blocks(["a", "b"], 2, 10)
    run = Simulated({"a": 1, "b": 2}, turns)
    *_, (_, last) = run.run()
    assert last.seconds == 0
    run.remaining.expect([PlannedTurn("a", 10), PlannedTurn("b", 10)])
    assert run.remaining.of_all().seconds == pytest.approx(30)


def test_what_was_answered_before_says_nothing_of_the_speed() -> None:
    now = 0.0
    remaining = Remaining([PlannedTurn("a", 100, "x"), PlannedTurn("a", 100, "y")], lambda: now)
    remaining.begin(PlannedTurn("a", 100, "x"), 90)
    now = 20.0
    remaining.advance(2)
    assert remaining.of_all().seconds == pytest.approx(80 + 1000), "the other task is guessed from this one"
    complete = Remaining([PlannedTurn("a", 5), PlannedTurn("b", 5)], lambda: 0.0)
    complete.begin(PlannedTurn("a", 5), 5)
    complete.end()
    assert complete.of_all().unknown == ("b",)


_seconds = st.floats(0, 1e4)


@given(
    item_s=st.dictionaries(st.sampled_from("abcd"), _seconds, min_size=1),
    blocks=st.integers(1, 4),
    items=st.integers(0, 5),
    before_s=_seconds,
    first_s=_seconds,
    after_s=_seconds,
)
def test_an_estimate_is_never_below_zero_and_ends_at_zero(
    item_s: dict[str, float], blocks: int, items: int, before_s: float, first_s: float, after_s: float
) -> None:
    turns = in_blocks(sorted(item_s), blocks, items)
    run = Simulated(item_s, turns, dict.fromkeys(item_s, before_s), first_s, after_s)
    last = TimeLeft(0.0)
    for _, last in run.run():
        assert last.seconds >= 0
        assert str(last)
    assert last == TimeLeft(0.0)


@given(
    item_s=st.dictionaries(st.sampled_from("abcd"), st.floats(1e-3, 1e3), min_size=1),
    items=st.integers(1, 6),
    before_s=_seconds,
    first_s=_seconds,
    after_s=_seconds,
)
def test_where_systems_keep_their_speed_the_estimate_between_turns_becomes_exact(
    item_s: dict[str, float], items: int, before_s: float, first_s: float, after_s: float
) -> None:
    run = Simulated(item_s, in_blocks(sorted(item_s), 8, items), dict.fromkeys(item_s, before_s), first_s, after_s)
    seen = list(run.run())
    between = list(itertools.islice(seen, items + 1, None, items + 2))
    systems = len(item_s)
    for number, (at_s, estimate) in enumerate(between, 1):
        if number >= 3 * systems:
            assert estimate.seconds == pytest.approx(run.now_s - at_s, rel=1e-6, abs=1e-3)


@given(events=st.lists(st.tuples(st.sampled_from(["begin", "advance", "end", "expect", "wait"]), st.integers(0, 50))))
def test_any_order_of_events_ends_in_an_estimate(events: list[tuple[str, int]]) -> None:
    now = 0.0
    remaining = Remaining([PlannedTurn("a", 10), PlannedTurn("b", 10)], lambda: now)
    for event, number in events:
        turn = PlannedTurn("ab"[number % 2], number, expected_s=float(number) if number % 3 == 0 else None)
        if event == "begin":
            remaining.begin(turn, number // 2)
        elif event == "advance":
            remaining.advance(number)
        elif event == "end":
            remaining.end()
        elif event == "expect":
            remaining.expect([turn] * (number % 4))
        else:
            now += number - 10  # a clock that was set back, too
        assert remaining.of_all().seconds >= 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (723, "12 min 3 s"), (3600, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_a_time_has_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds) == said
