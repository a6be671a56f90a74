"""The rows of a power trace: what they say, and what is no row of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.records import trace_rows
from wattbench.records.trace import COLUMNS

HEAD = ",".join(COLUMNS) + "\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + text)
    return path


def test_rows_say_what_was_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "1.5,nvml,gpu0,10.5,100.0,40.0,b | a,counter,0.1\n"
        '1.5,nvml,gpu1,,,,"gap: lost, ""gone""\n | c",integrated,0.1\n',
    )
    first, second = trace_rows(path)
    assert (first.line, first.at_s, first.meter, first.component) == (2, 1.5, "nvml", "gpu0")
    assert (first.energy_j, first.power_w, first.temperature_c) == (10.5, 100.0, 40.0)
    assert (first.notes, first.gap, first.provenance, first.step_s) == (("b", "a"), None, "counter", 0.1)
    assert (second.energy_j, second.power_w, second.gap, second.notes) == (None, None, 'lost, "gone"\n', ("c",))


def test_rows_come_before_the_damage_does(tmp_path: Path) -> None:
    path = written(tmp_path, "1,m,cpu,1,2,,,rapl,0.1\n2,m,cpu,1\n3,m,cpu,hot,2,,,rapl,0.1\n")
    rows = trace_rows(path)
    assert next(rows).at_s == 1.0
    with pytest.raises(UserError, match=r"t\.csv:4: energy_j: 'hot' is not a number"):  # the torn one is passed over
        next(rows)


@pytest.mark.parametrize("figure", ["nan", "inf", "-5"])
def test_no_meter_gives_such_watts(tmp_path: Path, figure: str) -> None:
    with pytest.raises(UserError, match=r"power_w: .* is not a valid meter reading"):
        list(trace_rows(written(tmp_path, f"1,m,cpu,1,{figure},,,rapl,0.1\n")))


def test_what_is_no_trace_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        list(trace_rows(tmp_path / "none.csv"))
    (tmp_path / "t.csv").write_bytes(b"")
    with pytest.raises(UserError, match="not a power trace"):
        list(trace_rows(tmp_path / "t.csv"))
