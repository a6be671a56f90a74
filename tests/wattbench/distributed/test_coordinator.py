"""Blocks handed out to slots that are made up: what they write, say and lose comes as it would from a cluster."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.progress import Quiet
from tests.made_up.rows import HEADER
from wattbench.distributed import coordinator
from wattbench.distributed.agent import SlotReport
from wattbench.distributed.coordinator import Coordinator, Deal, drop_incomplete, why_not_whole
from wattbench.distributed.slots import SlotLink, SlotLostError
from wattbench.distributed.streaming import Outgoing, Piece
from wattbench.errors import UserError
from wattbench.records import RunWriter

ANSWERS = 3
"""Of each block."""
NUMBERS = itertools.count()
"""Of shards, so that no two have one name."""


def write_shard(folder: Path, name: str, block: int, *, suite_sha256: str = "", **shard: Any) -> None:
    own = {"blocks": [block], "of": 9, "seed": 1} | shard
    header = replace(HEADER, run=name, suite_sha256=suite_sha256, shard=own)
    with RunWriter.create(folder / name, header) as writer:
        answers = writer.layout.answers("adder", "sums")
        answers.parent.mkdir(parents=True)
        answers.write_text("{}\n" * ANSWERS)
        writer.finish([], [], "2026-01-02T03:10:00+00:00")


@dataclass
class Faked:
    """A slot whose worker answers when it is polled, two polls a block: first half of what it wrote, then the rest."""

    name: str
    folder: Path
    script: deque[str]
    """What becomes of its blocks, in order; those after them are done."""
    asked: list[int] = field(default_factory=list)
    closed: bool = False
    forgotten: list[str] = field(default_factory=list)
    _reports: deque[SlotReport | Exception] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._reports.append(SlotReport(messages=[{"is": "ready"}]))

    def send(self, message: bytes) -> None:
        block = json.loads(message)["block"]
        self.asked.append(block)
        self._reports.extend(self._of_block(block, self.script.popleft() if self.script else "done"))

    def poll(self) -> SlotReport:
        report = self._reports.popleft() if self._reports else SlotReport()
        if isinstance(report, Exception):
            raise report
        return report

    def forget(self, shard: str) -> None:
        self.forgotten.append(shard)

    def close(self) -> None:
        self.closed = True

    def _of_block(self, block: int, fate: str) -> Iterator[SlotReport | Exception]:
        shard = f"{self.name}-{next(NUMBERS)}-of-{block}"
        write_shard(self.folder, shard, block)
        pieces = [piece for piece in Outgoing(self.folder).pieces() if piece.path.startswith(shard)]
        half, rest = pieces[:2], pieces[2:]
        yield SlotReport(pieces=half)
        done = SlotReport(messages=[{"is": "done", "block": block, "shard": shard}])
        if fate == "done":
            yield SlotReport(pieces=rest)
            yield done
        elif fate == "torn":
            yield SlotReport(pieces=[piece for piece in rest if "windows.parquet" not in piece.path])
            yield done
        elif fate == "gap":
            yield SlotReport(pieces=[Piece(half[-1].path, 10**6, b"x")])
        elif fate == "lost":
            yield SlotLostError("its node was lost")
        elif fate == "killed":
            yield SlotReport(ended="was ended by SIGKILL")
        elif fate == "failed":
            yield SlotReport(messages=[{"is": "failed", "message": f"{self.name} has no memory left"}], ended="ended")
        elif fate == "refused":
            yield SlotReport(messages=[{"is": "failed", "message": "the task is damaged"}], ended="ended")
        elif fate == "done twice":
            yield SlotReport(pieces=rest)
            yield SlotReport(messages=[*done.messages, *done.messages])
        else:
            yield from self._forged(fate, shard, block)

    def _forged(self, fate: str, shard: str, block: int) -> Iterator[SlotReport]:
        """What a worker sends that no wattbench wrote, or that is not what it was asked."""
        if fate == "elsewhere":
            yield SlotReport(pieces=[Piece(f"./{shard}/run.json", 0, b"{}")], ended="ended")
        elif fate == "a file alone":
            yield SlotReport(pieces=[Piece("run.json", 0, b"{}")], ended="ended")
        elif fate == "no name":
            yield SlotReport(pieces=[Piece("\ud800/x", 0, b"x"), Piece(f"{shard}/\ud800", 0, b"x")])
        elif fate == "of others":
            theirs = min(self.folder.parent.joinpath("shards").iterdir()).name
            yield SlotReport(pieces=[Piece(f"{theirs}/finished.json", 0, b"{}")])
        else:
            deal = {"another block": {"blocks": [block + 1]}, "two blocks": {"blocks": [block, block + 1]},
                    "another deal": {"seed": 2}, "another suite": {"suite_sha256": "ab"}}[fate]  # fmt: skip
            other = f"{shard}-forged"
            write_shard(self.folder, other, block, **deal)
            pieces = [piece for piece in Outgoing(self.folder).pieces() if piece.path.startswith(other)]
            yield SlotReport(pieces=pieces, messages=[{"is": "done", "block": block, "shard": other}])


@dataclass
class Provider:
    """Slots by name, started again as often as their scripts go on."""

    folder: Path
    scripts: dict[str, list[list[str]]]
    """SlotLink to the script of each of its workers, in order."""
    waits_for: str | None = None
    made: list[Faked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wanted = list(self.scripts)

    def new_slots(self, setup: bytes) -> Sequence[SlotLink]:
        new = [
            Faked(name, self.folder, deque(scripts.pop(0) if (scripts := self.scripts[name]) else []))
            for name in self._wanted
        ]
        self._wanted = []
        self.made += new
        return new

    def gone(self, slot: SlotLink, *, again: bool) -> None:
        self._wanted += [slot.name] if again else []

    def why_none(self) -> str | None:
        return self.waits_for

    def asked(self, name: str) -> list[int]:
        return [block for slot in self.made if slot.name == name for block in slot.asked]


@dataclass
class Run:
    """A coordinator with its provider, and a clock that moves as it sleeps."""

    folder: Path
    provider: Provider
    quiet: Quiet
    now_s: float = 0.0

    def ask(self, blocks: Sequence[int]) -> dict[int, Path]:
        def sleep(seconds: float) -> None:
            self.now_s += seconds

        deal = Deal("", 9, 1)
        Coordinator(self.folder, self.provider, b"", self.quiet, deal, now=lambda: self.now_s, sleep=sleep).ask(blocks)
        return self.blocks

    @property
    def blocks(self) -> dict[int, Path]:
        """Block to its shard."""
        whole = drop_incomplete(self.folder)
        by_block = {json.loads((root / "run.json").read_text())["shard"]["blocks"][0]: root for root in whole}
        assert len(by_block) == len(whole)
        return by_block


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    def make(waits_for: str | None = None, **scripts: list[list[str]]) -> Run:
        return Run(tmp_path / "shards", Provider(tmp_path / "nodes", scripts, waits_for), Quiet())

    return make


def test_every_block_is_asked_once_and_copied_whole(run) -> None:
    made = run(a=[], b=[])
    blocks = made.ask(range(5))
    assert sorted(blocks) == list(range(5))
    assert sorted(made.provider.asked("a") + made.provider.asked("b")) == list(range(5))
    assert len(made.provider.asked("a")) in (2, 3)
    assert made.quiet.advanced == 5 * ANSWERS
    assert all(slot.closed for slot in made.provider.made)
    assert sorted(name for slot in made.provider.made for name in slot.forgotten) == sorted(
        p.name for p in blocks.values()
    )


@pytest.mark.parametrize("fate", ["lost", "killed", "torn", "gap"])
def test_the_block_of_a_lost_worker_is_asked_again_whole(run, fate: str) -> None:
    made = run(a=[["done", fate]], b=[])
    blocks = made.ask(range(4))
    assert sorted(blocks) == list(range(4))
    every = sorted(made.provider.asked("a") + made.provider.asked("b"))
    assert len(every) == 5
    assert made.quiet.advanced == 4 * ANSWERS  # what came of the lost one does not count
    assert [slot.name for slot in made.provider.made].count("a") == 2  # it was started again
    assert any("asked again" in note for note in made.quiet.notes)


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        ("done twice", "it was asked no block"),
        ("elsewhere", "which is not its own"),
        ("a file alone", "which is not below its folder"),
        ("no name", "which is not below its folder"),
        ("of others", "which is not its own"),
        ("another block", "it holds other blocks"),
        ("two blocks", "it holds other blocks"),
        ("another deal", "it is of another deal"),
        ("another suite", "it is of another suite"),
    ],
)
def test_what_a_worker_forges_counts_for_nothing_and_harms_no_other_shard(run, fate: str, said: str) -> None:
    made = run(a=[["done", fate]], b=[])
    blocks = made.ask(range(4))
    assert sorted(blocks) == list(range(4))
    assert all(why_not_whole(root) is None for root in blocks.values())
    assert made.quiet.advanced == 4 * ANSWERS
    assert any(note.startswith("a: ") and said in note for note in made.quiet.notes)
    assert sorted(path.name for path in made.folder.iterdir()) == sorted(root.name for root in blocks.values())


def test_a_slot_that_fails_says_why_and_others_take_its_block(run) -> None:
    made = run(a=[["failed"]], b=[])
    assert sorted(made.ask(range(3))) == [0, 1, 2]
    assert made.provider.asked("a") == [0]
    assert [slot.name for slot in made.provider.made] == ["a", "b"]  # it is not started again
    assert any(note.startswith("a is out of service: a has no memory left") for note in made.quiet.notes)


def test_what_two_slots_refuse_ends_the_run_in_a_sentence(run) -> None:
    made = run(a=[["done", "refused"]], b=[["done", "refused"]])
    with pytest.raises(UserError, match=r"^(a and b|b and a): the task is damaged$"):
        made.ask(range(6))
    assert sorted(made.blocks) == [0, 1]  # what is complete stays
    assert all(slot.closed for slot in made.provider.made)


def test_a_block_that_ends_every_worker_ends_the_run(run) -> None:
    made = run(a=[["killed"]] * coordinator.MOST_LOSSES)
    with pytest.raises(
        UserError, match=r"3 workers ended in block 1, the last one on a: its worker was ended by SIGKILL"
    ):
        made.ask([0])
    assert made.provider.asked("a") == [0] * coordinator.MOST_LOSSES


def test_a_node_that_is_lost_again_and_again_is_left_out(run) -> None:
    made = run(a=[["lost"]] * 9, b=[])
    assert sorted(made.ask(range(4))) == [0, 1, 2, 3]
    assert len([slot for slot in made.provider.made if slot.name == "a"]) <= coordinator.MOST_LOSSES


def test_without_any_slot_it_waits_as_long_as_one_may_come(run) -> None:
    made = run(waits_for="a node with processors")
    with pytest.raises(UserError, match="no device slot is there to ask: a node with processors"):
        made.ask([0])
    assert made.now_s >= coordinator.WAITS_S
    hasty = run()
    with pytest.raises(UserError, match="no device slot is there"):
        hasty.ask([0])
    assert hasty.now_s == 0.0


def test_nothing_is_started_where_nothing_is_left(run) -> None:
    made = run(a=[])
    assert made.ask([]) == {}
    assert made.provider.made == []


def test_what_is_damaged_or_not_finished_is_dropped(tmp_path: Path) -> None:
    for number, name in enumerate(("whole", "torn", "changed")):
        write_shard(tmp_path, name, number)
    (tmp_path / "torn" / "finished.json").unlink()
    (tmp_path / "changed" / "items" / "adder" / "sums.jsonl").write_text("{}\n")
    reasons: dict[str, Any] = {root.name: why_not_whole(root) for root in tmp_path.iterdir()}
    assert reasons["whole"] is None
    assert "not finished" in reasons["torn"]
    assert "SHA-256 differs" in reasons["changed"]
    assert [root.name for root in drop_incomplete(tmp_path)] == ["whole"]
    assert [root.name for root in tmp_path.iterdir()] == ["whole"]
    assert list(drop_incomplete(tmp_path / "nowhere")) == []
