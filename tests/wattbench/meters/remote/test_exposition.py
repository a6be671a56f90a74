"""Pages in Prometheus' text format, written by its own library, and hostile ones."""

from __future__ import annotations

import math

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from wattbench.meters.remote import exporters
from wattbench.meters.remote.exporters import (
    EXPORTERS,
    PageError,
    PageFigures,
    PageSample,
    TensorRtLlmPage,
    UnreadLine,
    samples,
)

LABELS = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), st.text(max_size=20), min_size=1, max_size=4
)


@hypothesis.settings(max_examples=30)
@given(st.lists(st.tuples(LABELS, st.floats()), max_size=5), st.floats(min_value=0, max_value=1e15))
def test_what_prometheus_own_library_writes_is_read(gauges: list[tuple[dict[str, str], float]], joules: float) -> None:
    registry = CollectorRegistry()
    for number, (labels, value) in enumerate(gauges):
        Gauge(f"watts_{number}", "power", list(labels), registry=registry).labels(**labels).set(value)
    Counter("joules", "counted", registry=registry).inc(joules)
    page = generate_latest(registry).decode()
    wanted = {f"watts_{number}" for number in range(len(gauges))}
    read = list(samples(page, wanted | {"joules_total"}))
    expected = [(f"watts_{i}", labels, value) for i, (labels, value) in enumerate(gauges)]
    expected.append(("joules_total", {}, joules))
    got = [(s.metric, dict(s.labels), s.value) for s in read if isinstance(s, PageSample)]
    assert [(m, labels) for m, labels, _ in got] == [(m, labels) for m, labels, _ in expected]
    for (*_, a), (*_, b) in zip(got, expected, strict=True):
        assert a == b or (math.isnan(a) and math.isnan(b))


@given(st.text(max_size=80), st.sampled_from(["m", "m{", 'm{a="', "m ", ""]))
def test_whatever_a_line_holds_it_is_a_sample_or_said_to_be_none(junk: str, before: str) -> None:
    for line in samples(before + junk, {"m"}):
        assert isinstance(line, PageSample | UnreadLine)
        assert line.metric == "m"


@given(st.binary(max_size=300), st.sampled_from(["text/plain", "application/openmetrics-text", "", "x"]))
def test_whatever_an_exporter_sends_it_is_figures_or_a_reason(body: bytes, content_type: str) -> None:
    for reader in (*EXPORTERS.values(), TensorRtLlmPage()):
        for sent in (body, b'DCGM_FI_DEV_POWER_USAGE{gpu="0"} ' + body, b'{"total_energy_j": ' + body + b"}"):
            try:
                page = reader(sent, content_type)
            except PageError:
                continue
            assert page.parts or page.unread
            for figure in page.parts.values():
                known = [each for each in (figure.energy_j, figure.power_w) if each is not None]
                assert known
                assert all(math.isfinite(each) and each >= 0.0 for each in known)


@pytest.mark.parametrize(
    ("line", "open_metrics", "stamp_s"),
    [
        ("m 1", False, None),
        ("m 1 1700000000123", False, 1700000000.123),
        ("m 1 1700000000.123", True, 1700000000.123),
        ('m{a="x # {"} 1 1700000000123', False, 1700000000.123),
        ('m 1 1700000000.123 # {trace="x"} 0.5', True, 1700000000.123),
    ],
)
def test_time_stamps_are_in_seconds(line: str, open_metrics: bool, stamp_s: float | None) -> None:
    (sample,) = samples(line, {"m"}, open_metrics=open_metrics)
    assert isinstance(sample, PageSample)
    assert sample.stamp_s == (None if stamp_s is None else pytest.approx(stamp_s))


def test_a_line_that_is_none_costs_no_other() -> None:
    read = list(samples('m{ 1\nother{ 1\nm 2\nmm 3\nm{a="b"} 4\n', {"m"}))
    assert [s.value if isinstance(s, PageSample) else s.why for s in read] == ["a line that is no sample", 2.0, 4.0]


@pytest.mark.parametrize(
    "line",
    [
        "m{" + ",".join(f'l{i}="x"' for i in range(400_000)) + "} 1",
        'm{a="' + '\\"' * 1_500_000 + '"} 1',
        "m" * 4_000_000,
        "m " + "9" * 4_000_000,
        "{" * 4_000_000,
    ],
)
def test_a_line_of_megabytes_is_not_parsed(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(text: str) -> None:
        raise AssertionError(f"{len(text)} characters for a parser that takes minutes for them")

    monkeypatch.setattr("prometheus_client.parser.text_string_to_metric_families", parse)
    assert [type(each) for each in samples(line, {"m"})] in ([UnreadLine], [])


def test_a_page_of_one_metric_for_ever_is_cut_off() -> None:
    read = list(samples("m 1\n" * (exporters.MOST_SAMPLES + 5), {"m"}))
    assert len(read) == exporters.MOST_SAMPLES + 1
    assert isinstance(read[-1], UnreadLine)


def read(exporter: str, *lines: str) -> PageFigures:
    return EXPORTERS[exporter]("\n".join(lines).encode(), "text/plain")


ENERGY, POWER = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "DCGM_FI_DEV_POWER_USAGE"


def test_a_gpu_in_several_lines_is_one_and_not_their_sum() -> None:
    page = read(
        "dcgm",
        f'{ENERGY}{{gpu="0",UUID="GPU-a",GPU_I_ID="1"}} 5000',
        f'{ENERGY}{{gpu="0",UUID="GPU-a",GPU_I_ID="2"}} 5000',
        f'{POWER}{{gpu="0",UUID="GPU-a"}} 70.5',
    )
    (figure,) = page.parts.values()
    assert (figure.energy_j, figure.power_w, figure.identity) == (5.0, 70.5, "GPU-a")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([f'{ENERGY}{{gpu="0"}} 9223372036854775794'], "which the exporter does not know"),
        ([f'{ENERGY}{{gpu="0"}} NaN'], "no valid figure"),
        ([f'{ENERGY}{{gpu="0"}} -1'], "no valid figure"),
        ([f'{ENERGY}{{gpu="0"}} +Inf'], "no valid figure"),
        ([f'{ENERGY}{{gpu="0"}} 5', f'{ENERGY}{{gpu="0"}} 9'], "2 lines of one device, with different figures"),
        ([f'{ENERGY}{{gpu="0"}} 5', f"{ENERGY}{{"], "a line that is no sample"),
    ],
)
def test_a_figure_that_is_none_is_not_zero(lines: list[str], why: str) -> None:
    page = read("dcgm", *lines)
    assert not page.parts
    assert why in page.unread["gpu0"]


@pytest.mark.parametrize("use", ["NaN", "+Inf", "-1", "1e300", "9223372036854775794"])
def test_a_use_that_is_none_costs_no_joule(use: str) -> None:
    page = read("dcgm", f'{ENERGY}{{gpu="0"}} 5000', f'DCGM_FI_DEV_GPU_UTIL{{gpu="0"}} {use}')
    assert (page.parts["gpu0"].energy_j, page.parts["gpu0"].use) == (5.0, None)
    alone = read("dcgm", 'DCGM_FI_DEV_GPU_UTIL{gpu="0"} 90')
    assert (alone.parts, list(alone.unread)) == ({}, ["gpu0"])


def test_of_a_gpu_without_a_counter_power_is_left() -> None:
    page = read("dcgm", f'{ENERGY}{{gpu="0"}} 9223372036854775794', f'{POWER}{{gpu="0"}} 70')
    assert (page.parts["gpu0"].energy_j, page.parts["gpu0"].power_w) == (None, 70.0)


@pytest.mark.parametrize(
    ("exporter", "lines", "why"),
    [
        ("dcgm", ["up 1"], f"a page without {ENERGY}, {POWER}"),
        ("dcgm", [f'{POWER}{{gpu="x"}} 1', f'{POWER}{{gpu="-1"}} 1', f"{POWER} 1"], "a page without"),
        ("dcgm", [f'{POWER}{{gpu="0",Hostname="{h}"}} 1' for h in "ab"], "lines of several machines"),
        ("kepler", [f'kepler_node_cpu_joules_total{{zone="package",node_name="{n}"}} 1' for n in "ab"], "several"),
        ("dcgm", [f'{POWER}{{gpu="{i}"}} 1' for i in range(300)], "more than 256 devices"),
    ],
)
def test_a_page_of_something_else_is_refused(exporter: str, lines: list[str], why: str) -> None:
    with pytest.raises(PageError, match=why):
        read(exporter, *lines)


def test_what_kepler_estimates_is_modelled() -> None:
    lines = ['kepler_node_package_joules_total{mode="dynamic",package="0",source="rapl-sysfs"} 5',
             'kepler_node_dram_joules_total{mode="dynamic",package="0",source="estimator"} 5']  # fmt: skip
    page = read("kepler", *lines)
    assert {part: figure.modelled for part, figure in page.parts.items()} == {"cpu": False, "dram": True}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"7", b'{"error": "Energy monitoring is not available"}', b'{"total_energy_j": "5"}',
     b'{"total_energy_j": true}', b"[" * 100_000],
)  # fmt: skip
def test_an_answer_of_a_server_that_counts_no_joules_is_refused(body: bytes) -> None:
    with pytest.raises(PageError, match="total_energy_j"):
        TensorRtLlmPage()(body, "application/json")


@pytest.mark.parametrize("number", [b"NaN", b"-1", b"1e999", b"9" * 400])
def test_joules_that_are_no_number_are_none(number: bytes) -> None:
    page = TensorRtLlmPage()(b'{"total_energy_j": ' + number + b"}", "application/json")
    assert (page.parts, list(page.unread)) == ({}, ["gpus"])
