"""CSV is read in blocks of any size with the same rows, and a mistake has its line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wattbench.errors import UserError
from wattbench.importers import read_sources
from wattbench.importers.table import csvfile


def test_a_field_of_many_lines_moves_the_lines_after_it(table) -> None:
    path = table('system,item,score,note\na,1,1,"one\ntwo\r\nthree"\n\na,2,1,x\na,3,7,x\n')
    with pytest.raises(UserError, match=r"table.csv:7: score is '7'"):
        read_sources([path])


def test_a_mistake_in_a_later_block_has_its_line(table, monkeypatch) -> None:
    monkeypatch.setattr(csvfile, "CHARACTERS", 100)
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
        monkeypatch.setattr(csvfile, "CHARACTERS", size)
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
    monkeypatch.setattr(csvfile, "CHARACTERS", 1000)
    monkeypatch.setattr(csvfile, "MAX_FIELD_CHARACTERS", 3000)
    monkeypatch.setattr(csvfile, "MAX_ROW_CHARACTERS", 4000)
    path = tmp_path / "long.csv"
    path.write_text("system,item,score,prompt\n" + content(4000))
    with pytest.raises(UserError, match=said) as error:
        read_sources([path])
    assert f"{path}:{line}: " in str(error.value)
