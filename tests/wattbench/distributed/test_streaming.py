"""A copy of a growing folder, piece by piece."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.made_up.folders import contents
from wattbench.distributed import streaming
from wattbench.distributed.streaming import Incoming, Outgoing, OutOfStepError, Piece


def append(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


def test_what_is_appended_is_sent_once_and_in_order(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    outgoing, incoming = Outgoing(source), Incoming(copy)
    assert outgoing.pieces() == []  # there is no folder yet
    answers = source / "run" / "items" / "adder" / "sums.jsonl"
    append(answers, b"one\ntwo\n")
    append(source / "run" / "blocks.jsonl", b"")
    first = outgoing.pieces()
    assert [(piece.path, piece.offset, piece.data, piece.answers) for piece in first] == [
        ("run/blocks.jsonl", 0, b"", 0),
        ("run/items/adder/sums.jsonl", 0, b"one\ntwo\n", 2),
    ]
    append(answers, b"three\n")
    second = outgoing.pieces()
    assert [(piece.offset, piece.data) for piece in second] == [(8, b"three\n")]
    assert outgoing.pieces() == []
    incoming.take(first)
    incoming.take(second)
    assert contents(copy) == contents(source)


def test_a_replaced_file_is_sent_anew(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    outgoing, incoming = Outgoing(source), Incoming(copy)
    append(source / "run" / "systems.jsonl", b"a long first line\n")
    incoming.take(outgoing.pieces())
    (source / "run" / "new").write_bytes(b"other\n")
    (source / "run" / "new").replace(source / "run" / "systems.jsonl")
    incoming.take(outgoing.pieces())
    assert contents(copy) == {"run/systems.jsonl": b"other\n"}


def test_a_torn_line_that_is_cut_off_goes_from_the_copy_too(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    outgoing, incoming = Outgoing(source), Incoming(copy)
    path = source / "run" / "windows.jsonl"
    append(path, b"whole\nhal")
    incoming.take(outgoing.pieces())
    os.truncate(path, 6)
    incoming.take(outgoing.pieces())
    assert contents(copy) == {"run/windows.jsonl": b"whole\n"}


def test_the_end_of_a_run_comes_after_all_else_of_it_however_large(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(streaming, "PIECE_BYTES", 4)
    monkeypatch.setattr(streaming, "BATCH_BYTES", 4)
    source, copy = tmp_path / "source", tmp_path / "copy"
    for name in ("finished.json", "items.parquet", "zz.csv"):
        append(source / "run" / name, name.encode())
    outgoing, incoming = Outgoing(source), Incoming(copy)
    batches = []
    while pieces := outgoing.pieces():
        assert all(len(piece.data) <= 4 for piece in pieces)
        batches.append(pieces)
        incoming.take(pieces)
        if (copy / "run" / "finished.json").exists():
            assert {name: data for name, data in contents(copy).items() if "finished" not in name} == {
                "run/items.parquet": b"items.parquet",
                "run/zz.csv": b"zz.csv",
            }
    assert len(batches) > 5
    assert contents(copy) == contents(source)


def test_locks_and_files_on_their_way_to_a_name_stay(tmp_path: Path) -> None:
    for name in ("run.lock", ".wattbench-0123456789abcdef.tmp"):
        append(tmp_path / "source" / "run" / name, b"x")
    assert Outgoing(tmp_path / "source").pieces() == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "run/../../x", "", "run/\0"])
def test_no_piece_is_written_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutOfStepError, match="not below its folder"):
        Incoming(tmp_path / "copy").take([Piece(name, 0, b"x")])
    assert not (tmp_path / "copy").exists()


def test_a_gap_is_found(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path)
    incoming.take([Piece("run/windows.jsonl", 0, b"123")])
    with pytest.raises(OutOfStepError, match=r"byte 5 of run/windows.jsonl where byte 3"):
        incoming.take([Piece("run/windows.jsonl", 5, b"6")])
    assert contents(tmp_path) == {"run/windows.jsonl": b"123"}


def test_a_removed_folder_can_come_again(tmp_path: Path) -> None:
    outgoing = Outgoing(tmp_path)
    append(tmp_path / "run" / "a", b"x")
    assert len(outgoing.pieces()) == 1
    (tmp_path / "run" / "a").unlink()
    outgoing.forget("run")
    assert outgoing.pieces() == []
    append(tmp_path / "run" / "a", b"yy")
    assert [(piece.offset, piece.data) for piece in outgoing.pieces()] == [(0, b"yy")]
