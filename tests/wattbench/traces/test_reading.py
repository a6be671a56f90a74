"""Traces of arrivals: every row is read, counted as no request, or refused with its line."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.traces import AZURE, azure, mooncake, otlp, span, write
from tests.wattbench.importers.others_data import others
from wattbench.errors import UserError
from wattbench.traces import read_trace


def test_seven_decimals_are_read_exactly(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", azure([3.97996, 4.0319605, 4.0319605, 59.9999999]))
    trace = read_trace(path)
    assert [arrival.at_s for arrival in trace.arrivals] == pytest.approx(
        [0, 0.0520005, 0.0520005, 56.0200399], abs=1e-9
    )
    assert [arrival.row for arrival in trace.arrivals] == [2, 3, 4, 5]  # two at one moment are two requests
    assert (trace.arrivals[1].input_tokens, trace.arrivals[1].output_tokens) == (101, 1)
    assert (trace.rows, trace.others, trace.out_of_order) == (4, 0, 0)
    assert trace.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "no conversations" in (trace.no_sessions or "")


def test_rows_out_of_order_are_put_in_order_and_counted(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path / "a.csv", azure([5, 2, 9, 2])))
    assert [arrival.at_s for arrival in trace.arrivals] == [0, 0, 3, 7]
    assert [arrival.row for arrival in trace.arrivals] == [3, 5, 2, 4]
    assert trace.out_of_order == 2


@pytest.mark.parametrize("zone", ["", "Z", "+00:00", "+02:00", " UTC", "-0730"])
def test_time_zones_move_nothing_if_all_rows_have_the_same(zone: str, tmp_path: Path) -> None:
    assert read_trace(write(tmp_path / "a.csv", azure([1, 2.5], zone=zone))).span_s == 1.5


def test_a_change_of_zone_is_a_change_of_time(tmp_path: Path) -> None:
    rows = [AZURE, "2024-05-10 00:59:59.5+01:00,1,1", "2024-05-10 00:00:00.25+00:00,1,1"]
    assert read_trace(write(tmp_path / "a.csv", "\n".join(rows))).span_s == 0.75


def test_packed_with_a_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    text = "\ufeff\r\n" + azure([1, 2]).replace("\r\n", "\r\n\r\n") + "\r\n\r\n"
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert len(read_trace(path).arrivals) == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2023-11-16 18:17:05,-3,2", ":4: ContextTokens is '-3'"),
        ("2023-11-16 18:17:05,nan,2", ":4: ContextTokens is 'nan'"),
        ("2023-11-16 18:17:05,1.5,2", ":4: ContextTokens is '1.5'"),
        (f"2023-11-16 18:17:05,{'9' * 40},2", ":4: ContextTokens is '999"),
        ("2023-11-16 18:17:05,1", ":4: 2 values, and the heading names 3"),
        ("2023-11-16 18:17:05,1,2,3", ":4: 4 values, and the heading names 3"),
        ("nan,1,2", ":4: TIMESTAMP is 'nan'"),
        ("1e999,1,2", ":4: TIMESTAMP is '1e999'"),
        ("2023-13-16 18:17:05,1,2", "which is no date and time"),
        ("0001-01-01 00:00:00,1,2", "outside the years"),
        ("9999-12-31 23:59:59,1,2", "outside the years"),
        ("2023-11-16 18:17:05+01:00,1,2", ":4: TIMESTAMP has a time zone in some rows"),
        ('"2023-11-16 18:17:05,1,2', "not valid CSV"),
        ("\x00,1,2", ":4: TIMESTAMP is '?'"),
    ],
)
def test_a_wrong_row_of_a_csv_is_named_with_its_line(row: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.csv") as refused:
        read_trace(write(tmp_path / "a.csv", f"{azure([1, 2])}\r\n{row}\r\n"))
    assert said in str(refused.value)
    assert str(tmp_path / "a.csv") in str(refused.value)


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=":1: the column ContextTokens is missing"):
        read_trace(write(tmp_path / "a.csv", azure([1, 2]).replace("ContextTokens", "Tokens")))
    with pytest.raises(UserError, match="the column TIMESTAMP is there twice"):
        read_trace(write(tmp_path / "a.csv", azure([1, 2]).replace("TIMESTAMP", "TIMESTAMP,TIMESTAMP")))


def test_more_columns_in_another_order_are_read(tmp_path: Path) -> None:
    text = "User,GeneratedTokens,TIMESTAMP,ContextTokens\nx,3,2023-11-16 18:17:05,4\ny,5,2023-11-16 18:17:06,6\n"
    trace = read_trace(write(tmp_path / "a.csv", text))
    assert [(each.input_tokens, each.output_tokens) for each in trace.arrivals] == [(4, 3), (6, 5)]


def test_a_turn_follows_the_request_whose_prompt_and_answer_it_holds(tmp_path: Path) -> None:
    text = mooncake(
        (0, 1030, 100, [1, 2, 3]),  # two whole blocks
        (500, 1030, 100, [1, 2, 9]),  # the same beginning, but no longer than the first with its answer
        (9000, 2000, 50, [1, 2, 4, 5]),  # the next turn of the latest of both
        (9000, 2500, 50, [1, 2, 4, 5, 6]),  # at the same moment as the one before: no turn of it
        (20000, 3000, 50, [1, 2, 4, 7, 8, 9]),  # as long as it may be, and of the third's blocks only three of three
        (30000, 600, 5, [77, 78]),
    )
    trace = read_trace(write(tmp_path / "m.jsonl", text))
    assert [arrival.after for arrival in trace.arrivals] == [(), (), (1,), (1,), (2,), ()]
    assert [arrival.session for arrival in trace.arrivals] == ["0", "1", "1", "1", "1", "5"]
    assert trace.arrivals[2].at_s == 9.0
    assert trace.no_sessions is None


def test_a_part_begins_at_its_first_arrival_and_forgets_what_came_before(tmp_path: Path) -> None:
    text = mooncake((0, 512, 1, [1]), (2000, 1024, 1, [1, 2]), (4000, 1536, 1, [1, 2, 3]), (9000, 5, 1, [8]))
    part = read_trace(write(tmp_path / "m.jsonl", text)).part(1.0, 8.0)
    assert [arrival.at_s for arrival in part.arrivals] == [0.0, 2.0]
    assert [arrival.after for arrival in part.arrivals] == [(), (0,)]
    with pytest.raises(UserError, match=r"1 of its 4 arrivals are between 5 s and its end.*start_s or duration_s"):
        read_trace(tmp_path / "m.jsonl").part(5.0, None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"timestamp": -1, "input_length": 1}', "timestamp is '-1'"),
        ('{"timestamp": NaN}', "timestamp is 'nan'"),
        ('{"timestamp": 1e400}', "timestamp is 'inf'"),
        ('{"timestamp": true}', "timestamp is 'True'"),
        ('{"timestamp": "1"}', "timestamp is '1'"),
        ("{}", "timestamp is 'None'"),
        ('{"timestamp": 1, "input_length": 1.5}', "input_length is '1.5'"),
        ('{"timestamp": 1, "output_length": -1}', "output_length is '-1'"),
        ('{"timestamp": 1, "hash_ids": ["a"]}', "hash_ids is"),
        ('{"timestamp": 1, "hash_ids": 7}', "hash_ids is"),
        ('{"timestamp": 1', "not a JSON object on one line"),
        ("[1]", "a list, and not an object"),
        ("[" * 100_000, "not a JSON object on one line"),
        (f'{{"timestamp": {"9" * 5000}}}', "3:"),
    ],
)
def test_a_wrong_line_of_mooncakes_is_named(line: str, said: str, tmp_path: Path) -> None:
    text = mooncake((0, 5, 5, [1]), (1, 5, 5, [2])) + line
    with pytest.raises(UserError, match=r"m\.jsonl:3: ") as refused:
        read_trace(write(tmp_path / "m.jsonl", text))
    assert said in str(refused.value)


def test_spans_that_overlap_do_not_wait_and_those_after_them_wait_for_all(tmp_path: Path) -> None:
    spans = [
        span(0, 2),
        span(2.5, 4.5),
        span(3, 5),
        span(3.2, 3.4, operation="execute_tool"),
        span(6, 9),
        span(2.5, 4, trace="t2", conversation="c"),
        span(7, 8, trace="t3", conversation="c"),
    ]
    trace = read_trace(write(tmp_path / "o.json", otlp(*spans)))
    assert [arrival.at_s for arrival in trace.arrivals] == [0, 2.5, 2.5, 3, 6, 7]
    assert [arrival.after for arrival in trace.arrivals] == [(), (0,), (), (0,), (1, 3), (2,)]
    assert (trace.rows, trace.others) == (7, 1)
    assert trace.arrivals[0].input_tokens == 12


def test_lines_of_batches_and_lists_of_spans_are_read(tmp_path: Path) -> None:
    lines = "\n".join([otlp(span(0, 1)), otlp(span(2, 3), span(4, 5)), ""])
    assert len(read_trace(write(tmp_path / "o.json", lines)).arrivals) == 3
    plain = {
        "trace_id": "t", "start_time": "2026-02-25T10:00:00.000000", "end_time": "2026-02-25T10:00:02.500000",
        "attributes": {"gen_ai.operation.name": "chat"},
    }  # fmt: skip
    later = {**plain, "start_time": "2026-02-25T10:00:03Z", "end_time": "2026-02-25T10:00:04Z"}
    for shape in ([plain, later], {"trace_id": "t", "spans": [plain, later]}):
        trace = read_trace(write(tmp_path / "o.json", json.dumps(shape)))
        assert trace.span_s == 3.0
        assert trace.arrivals[1].after == (0,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("time,tokens\n1,2\n", ":1: not a trace that wattbench reads"),
        ("{}", "JSON without spans"),
        ('{"spans": 3}', "not in a list"),
        ('{"spans": [3]}', "a int where a span"),
        ("[" * 100_000, "nested too deeply"),
        (otlp(span(0, 1))[:-20], "not valid JSON"),
        (otlp(span(2, 1), span(1, 2)), "span 1: it ends before it begins"),
        (otlp(span(0, 1), span(1, 2)).replace('"1700000001000000000"', '"x"'), "endTimeUnixNano is 'x'"),
        (otlp(span(0, 1, operation="embeddings"), span(1, 2)), "1 of its 2 rows are requests"),
        (azure([1]), "1 of its 1 rows are requests"),
    ],
)
def test_what_is_no_trace_is_refused_in_words(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"x\.json") as refused:
        read_trace(write(tmp_path / "x.json", text))
    assert said in str(refused.value)


def test_files_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for content, said in (
        (azure([1, 2]).encode("utf-16"), "UTF-16"),
        (azure([1, 2]).encode() + b"\r\n\xff", "x.csv:4: not UTF-8"),
        (gzip.compress(azure([1, 2]).encode())[:-9], "cannot be unpacked"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=said):
            read_trace(path)
    with pytest.raises(UserError, match="a folder"):
        read_trace(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        read_trace(tmp_path / "none.csv")


def test_a_file_beyond_the_bounds_is_refused(tmp_path: Path, monkeypatch) -> None:
    path = write(tmp_path / "a.csv", azure([1, 2, 3]))
    monkeypatch.setattr("wattbench.traces.model.MOST_ARRIVALS", 2)
    with pytest.raises(UserError, match="more than 2 arrivals"):
        read_trace(path)
    monkeypatch.setattr("wattbench.traces.reading.MOST_BYTES", 20)
    path.write_bytes(gzip.compress(azure([1, 2, 3]).encode() + b"\n" * 10_000))
    with pytest.raises(UserError, match="cut the trace"):
        read_trace(path)


@given(st.lists(st.integers(0, 599_999_999), min_size=2, max_size=30))
def test_no_arrival_is_lost_whatever_their_order(tmp_path_factory, ticks: list[int]) -> None:
    path = tmp_path_factory.mktemp("trace") / "a.csv"
    trace = read_trace(write(path, azure([tick / 1e7 for tick in ticks])))
    assert sorted(arrival.row for arrival in trace.arrivals) == list(range(2, len(ticks) + 2))
    moments = [round(arrival.at_s * 1e7) for arrival in trace.arrivals]
    assert moments == [tick - min(ticks) for tick in sorted(ticks)]


@pytest.mark.parametrize(
    ("name", "arrivals", "last"),
    [
        ("AzureLLMInferenceTrace_code.csv", 8_819, 3435.9482),
        ("AzureLLMInferenceTrace_conv.csv", 19_366, 3501.72168),
        ("mooncake_synthetic_trace.jsonl", 3_993, 1022.025),
        ("mooncake_conversation_trace.jsonl", 12_031, 3536.999),
    ],
)
def test_the_real_traces_are_read_without_a_loss(name: str, arrivals: int, last: float) -> None:
    path = others("traces", name)
    trace = read_trace(path)
    assert len(trace.arrivals) == trace.rows == arrivals
    assert trace.span_s == pytest.approx(last, abs=1e-3)
    assert all(arrival.input_tokens is not None and arrival.output_tokens is not None for arrival in trace.arrivals)
    assert [arrival.at_s for arrival in trace.arrivals] == sorted(arrival.at_s for arrival in trace.arrivals)


@pytest.mark.parametrize(("name", "turns"), [("conversation", 7_763), ("synthetic", 306)])
def test_turns_of_mooncakes_real_traces(name: str, turns: int) -> None:
    trace = read_trace(others("traces", f"mooncake_{name}_trace.jsonl"))
    assert sum(bool(arrival.after) for arrival in trace.arrivals) == turns
    for number, arrival in enumerate(trace.arrivals):
        for before in arrival.after:
            assert before < number
            assert trace.arrivals[before].session == arrival.session


def test_the_real_spans_of_inference_perf_are_read() -> None:
    for path in sorted(others("traces", "otel").glob("*.json")):
        spans = json.loads(path.read_text())["spans"]
        trace = read_trace(path)
        assert len(trace.arrivals) == trace.rows == len(spans)
        assert any(arrival.after for arrival in trace.arrivals)
