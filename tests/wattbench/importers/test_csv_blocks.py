"""CSV that Arrow reads in blocks is divided as Python's strict reader divides it, with the same lines and messages."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.importers import read_sources
from wattbench.importers.table import csvfile, csvrows
from wattbench.importers.table.tablefile import blocks_of, columns_of
from wattbench.records.files.csv_text import from_spreadsheet

PIECES = ('"', '""', ",", "\n", "\r", "\r\n", "a", "b c", "é", "語", "'", "'=1", '"x"', '"x\ny"', '"a""b"', "\0", " ")


def in_blocks(path: Path) -> object:
    """Return every row with its position, or the message that says why there are none."""
    try:
        return [
            (where, list(row.values())) for block in blocks_of(path, columns_of(path)) for where, row in block.rows()
        ]
    except UserError as error:
        return str(error)


def row_by_row(path: Path) -> object:
    try:
        with path.open("rb") as file, closing(csvrows.rows(path, file, 1)) as every:
            if file.read(3) != b"\xef\xbb\xbf":
                file.seek(0)
            _, header = next(every)
            rows = []
            for line, fields in every:
                if len(fields) != len(header):
                    raise UserError(f"{path}:{line}: {len(fields)} fields, but the header has {len(header)}")
                rows.append((f"{path}:{line}", [from_spreadsheet(field) for field in fields]))
            return rows
    except UserError as error:
        return str(error)


@pytest.mark.slow
@pytest.mark.parametrize("block_bytes", [1, 7, 64, 8_000_000])
def test_rows_and_lines_are_those_of_pythons_reader(tmp_path, monkeypatch, block_bytes) -> None:
    monkeypatch.setattr(csvfile, "BLOCK_BYTES", block_bytes)
    rng = random.Random(block_bytes)
    path = tmp_path / "table.csv"
    refused = 0
    for number in range(150):
        rows = [
            ",".join(
                rng.choice(("", "1", '"a,b"', '"a\nb"', '"a\r\nb"', '"a""b"', '""', "'=x", "é", "x y"))
                for _ in range(3)
            )
            for _ in range(rng.randrange(12))
        ]
        if number % 2:
            rows.insert(rng.randrange(len(rows) + 1), "".join(rng.choices(PIECES, k=rng.randrange(9))))
        text = (
            rng.choice(("", "\ufeff"))
            + "p,q,r\n"
            + "".join(row + rng.choice(("\n", "\r\n", "\r", "\n\n")) for row in rows)
        )
        path.write_text(text.rstrip("\n") if number % 5 == 0 else text, encoding="utf-8", newline="")
        expected = row_by_row(path)
        refused += isinstance(expected, str)
        assert in_blocks(path) == expected, text
    assert 15 < refused < 135


def test_a_field_of_many_lines_moves_the_lines_after_it(table) -> None:
    path = table('system,item,score,note\na,1,1,"one\ntwo\r\nthree"\n\na,2,1,x\na,3,7,x\n')
    with pytest.raises(UserError, match=r"table.csv:7: score is '7'"):
        read_sources([path])


def test_a_mistake_in_a_later_block_has_its_line(table, monkeypatch) -> None:
    monkeypatch.setattr(csvfile, "BLOCK_BYTES", 100)
    rows = [f"a,{item},1\n" for item in range(500)]
    path = table("system,item,score\n" + "".join([*rows, "a,x,2\n"]))
    with pytest.raises(UserError, match=r"table.csv:502: score is '2'"):
        read_sources([path])
    path = table("system,item,score\n" + "".join([*rows, 'a,"x"y,1\n']))
    with pytest.raises(UserError, match=r"table.csv:502: not valid CSV"):
        read_sources([path])
    path = table("system,item,score\n" + "".join([*rows, "a,x,1,1\n"]))
    with pytest.raises(UserError, match=r"table.csv:502: 4 fields, but the header has 3"):
        read_sources([path])


def test_quotes_inside_of_plain_fields_are_read_too(table) -> None:
    path = table('system,item,score,answer\na,1,1,5" pipe\na,2,0,"6"" pipe"\n')
    assert [answer.answer for answer in read_sources([path]).answers] == ['5" pipe', '6" pipe']


@pytest.mark.slow
def test_rows_end_where_they_do_in_every_block_size(table, monkeypatch) -> None:
    path = table(
        "system,item,score,prompt\r\n" + "".join(f'a,{item},1,"{item}\r\n,""{item}"""\r\n' for item in range(15))
    )
    whole = [vars(answer) for answer in read_sources([path]).answers]
    for size in range(1, 60):
        monkeypatch.setattr(csvfile, "BLOCK_BYTES", size)
        assert [vars(answer) for answer in read_sources([path]).answers] == whole
    assert whole[14]["prompt"] == '14\r\n,"14"'
    assert whole[14]["where"] == f"{path}:30"


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (lambda most: "a,1,1," + "x" * (most - 500), 2, "field larger than field limit"),
        (lambda most: "a,1,1," + ",".join(["x" * 90] * (most // 50)), 2, "the row is longer than"),
        (lambda most: "\0" * (3 * most), 2, "the row is longer than"),
        (lambda most: 'a,1,1,"' + "x\n" * most, 2, "field larger than field limit"),
    ],
)
def test_a_row_without_end_is_refused(
    tmp_path, monkeypatch, content: Callable[[int], str], line: int, said: str
) -> None:
    monkeypatch.setattr(csvfile, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(csvrows, "MAX_FIELD_CHARACTERS", 3000)
    monkeypatch.setattr(csvrows, "MAX_ROW_BYTES", 4000)
    path = tmp_path / "long.csv"
    path.write_text("system,item,score,prompt\n" + content(4000))
    with pytest.raises(UserError, match=said) as error:
        read_sources([path])
    assert f"{path}:{line}: " in str(error.value)
